#include "mandate/http/server/route_table.h"

#include <algorithm>
#include <array>

namespace mandate::http {
namespace {

constexpr auto kRoutes = std::to_array<RouteRow>({
    {"GET", "/.well-known/oauth-authorization-server"},
    {"GET", "/.well-known/authzen-configuration"},
    {"GET", "/jwks"},
    {"GET", "/healthz"},
    {"POST", "/token"},
    {"POST", "/introspect"},
    {"POST", "/revoke"},
    {"POST", "/access/v1/evaluation"},
    {"POST", "/access/v1/evaluations"},
    {"GET", "/forward-auth/{resource}"},
    {"POST", "/apply"},
    {"POST", "/revocations"},
    {"POST", "/suspensions"},
    {"POST", "/discoveries"},
    {"POST", "/path"},
    {"GET", "/keys"},
    {"POST", "/keys"},
    {"GET", "/principals"},
    {"GET", "/principals/{id}"},
    {"GET", "/teams"},
    {"GET", "/teams/{id}"},
    {"GET", "/resources"},
    {"GET", "/resources/{id}"},
    {"GET", "/entitlements"},
    {"GET", "/entitlements/{id}"},
    {"GET", "/delegations"},
    {"GET", "/delegations/{id}"},
    {"GET", "/delegations/{id}/statement"},
    {"GET", "/trusted_issuers"},
    {"GET", "/trusted_issuers/{id}"},
    {"GET", "/log/{file...}"},
});

bool matches(std::string_view pattern, std::string_view path) {
  while (!pattern.empty() && !path.empty()) {
    const std::size_t pattern_end = std::min(pattern.find('/', 1), pattern.size());
    const std::size_t path_end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = pattern.substr(0, pattern_end);
    const bool is_name = segment.starts_with("/{");
    if (is_name && segment.ends_with("...}")) return path.size() > 1;
    const bool same = is_name ? path_end > 1 : segment == path.substr(0, path_end);
    if (!same) return false;
    pattern.remove_prefix(pattern_end);
    path.remove_prefix(path_end);
  }
  return pattern.empty() && path.empty();
}

}  // namespace

std::span<const RouteRow> route_table() { return kRoutes; }

std::size_t route_of(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  const auto found = std::find_if(kRoutes.begin(), kRoutes.end(),
                                  [&](const RouteRow& row) { return matches(row.path, path); });
  return static_cast<std::size_t>(found - kRoutes.begin());
}

std::string_view route_name(std::size_t route) {
  return route < kRoutes.size() ? kRoutes[route].path : "none";
}

}  // namespace mandate::http
