// From observed use to the least authority that permits it. (A part of mandate/report/remedy.h.)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/authority/authority.h"
#include "mandate/observe/summary.h"

namespace mandate::report {

// A resource server by the name that a log gives a service: its host, or one under `.invalid`,
// which asks to be replaced.
ResourceId resource_of(std::string_view service);
std::string type_of(std::string_view service);
std::string action_of(std::string_view action);

// Every operation on every thing, and nothing else; without constraints. Nothing where a use holds
// more than it kept, or where even without identifiers it takes more permissions than an authority
// has.
std::optional<Authority> authority_of(const std::vector<const observe::Use*>& uses);

// The same under the networks and hours of the use.
Authority constrained(const Authority& authority, const std::vector<const observe::Use*>& uses);

// `text` in the characters of `extra`, letters (lower-cased where `is_lower`) and digits; others
// become '-'. At most `bytes_max` of it.
std::string slug_of(std::string_view text, std::string_view extra, bool is_lower,
                    std::size_t bytes_max);

}  // namespace mandate::report
