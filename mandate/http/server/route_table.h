// Every route by its template: what logs and metrics call a request, whose own path may hold
// anything, and what a description of the interface must name.
//
//   route_of("/delegations/triage-reads?x=1") -> "/delegations/{id}"
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace mandate::http {

struct RouteRow {
  std::string_view method;
  std::string_view path;  // a {name} is one segment; a last {name...} is the rest
};

std::span<const RouteRow> route_table();

// The position of the row for a request target; the table's size where there is none.
std::size_t route_of(std::string_view target);
// "none" past the end.
std::string_view route_name(std::size_t route);

}  // namespace mandate::http
