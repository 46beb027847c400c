// Routes: how an enforcement point that knows only HTTP names an action and an identifier. A
// request target is brought to the one normal form that an upstream could use, or refused: what
// could be read in two ways is not decided at all (ATTACKS G5).
//
//   resource.routes[0] = {{"GET"}, "/queue/{queue}/{ticket}", "read", "queue/{queue}/{ticket}"};
//   match_route(resource, "GET", "/queue/eu/7?full=1")->identifier.text() == "queue/eu/7"
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mandate/authority/definition.h"

namespace mandate {

struct RouteMatch {
  std::string action;
  Identifier identifier;
  // Name and value, in the order of the path: what stands under `resource.properties.`.
  std::vector<std::pair<std::string, std::string>> captures;
};

// The first route whose methods and path match. `bad_request` for a target that is not plainly one
// path, `outside_authority` where no route matches. Methods compare exactly; the query is cut off.
Result<RouteMatch> match_route(const ResourceDefinition& resource, std::string_view method,
                               std::string_view raw_target);

// A request's path in normal form: its segments, percent-decoded once; a final '/' gives an empty
// last one.
Result<std::vector<std::string>> normalise_target(std::string_view raw_target);

// A route's path: segments between '/', each a literal (as it reads when decoded), `{name}` for one
// segment, or, as the last, `{name...}` or `**` for the rest, one segment or more.
Result<void> check_route_path(std::string_view path);

// An identifier's template over a path's captures: segments that are literals or `{name}`; the
// capture of the rest only as the last. Precondition: the path is good.
Result<void> check_route_identifier(std::string_view path, std::string_view identifier);

bool is_method(std::string_view method);  // RFC 9110 section 9.1, at most 32 bytes

}  // namespace mandate
