#include "mandate/record/bounds.h"

#include <algorithm>

#include "mandate/base/bytes.h"

namespace mandate::record {
namespace {

// The first permission that lies within none of the wider authority's; empty where all do.
std::string outside(const Authority& narrower, const Authority& wider) {
  for (const Permission& permission : narrower.permissions()) {
    const bool covered = std::any_of(
        wider.permissions().begin(), wider.permissions().end(),
        [&](const Permission& alternative) { return subsumes(alternative, permission); });
    if (covered) continue;
    Result<Authority> alone = Authority::of({permission});
    return alone ? json::canonical(alone->to_json().as_array()[0]) : permission.type;
  }
  return {};
}

tl::unexpected<Error> too_deep(const DelegationDefinition& delegation, const std::string& why) {
  return fail(Reason::kDepthExceeded,
              "delegation " + quoted(delegation.id.text()) + " stands too deep: " + why);
}

}  // namespace

std::vector<Root> roots_on_record(const View& view, PrincipalHandle principal) {
  std::vector<Root> roots;
  for (EntitlementHandle handle : view.entitlements_of(principal)) {
    const Entitlement* entitlement = view.entitlement(handle);
    if (entitlement->status != Status::kActive) continue;
    roots.push_back(
        {std::string(view.id(handle)), entitlement->authority->whole(), entitlement->max_depth});
  }
  return roots;
}

Result<Authority> authority_below(const Authority& root,
                                  const std::vector<DelegationDefinition>& parents) {
  Result<Authority> authority = root;
  for (auto parent = parents.rbegin(); authority && parent != parents.rend(); ++parent) {
    authority = authority->attenuated_by(parent->authority);
  }
  return authority;
}

Result<void> check_bounds(const DelegationDefinition& delegation,
                          const std::vector<DelegationDefinition>& parents,
                          const std::vector<Root>& roots) {
  if (parents.size() >= limits::kLineageDepthMax) {
    return too_deep(delegation, "a lineage has at most " +
                                    std::to_string(limits::kLineageDepthMax) + " delegations");
  }
  for (std::size_t i = 0; i < parents.size(); ++i) {
    if (parents[i].max_depth > static_cast<int>(i)) continue;
    return too_deep(delegation, "max_depth of delegation " + quoted(parents[i].id.text()) + " is " +
                                    std::to_string(parents[i].max_depth) + "; expected at least " +
                                    std::to_string(i + 1));
  }
  const std::string name = "delegation " + quoted(delegation.id.text());
  if (!parents.empty()) {
    const std::string wide = outside(delegation.authority, parents.front().authority);
    if (!wide.empty()) {
      return fail(Reason::kOutsideAuthority, Place::kAuthorizationDetails,
                  "permission " + wide + " of " + name + " lies outside delegation " +
                      quoted(parents.front().id.text()));
    }
  }
  std::string wide;
  bool deep = false;
  for (const Root& root : roots) {
    Result<Authority> granted = authority_below(root.authority, parents);
    if (!granted) return fail(granted.error());
    if (delegation.authority.within(*granted)) {
      if (root.max_depth > static_cast<int>(parents.size())) return {};
      deep = true;
    } else if (wide.empty()) {
      wide = outside(delegation.authority, *granted);
    }
  }
  if (deep) {
    return too_deep(delegation, "no entitlement that covers it allows " +
                                    std::to_string(parents.size() + 1) + " delegations below it");
  }
  return fail(Reason::kOutsideAuthority, Place::kAuthorizationDetails,
              wide.empty() ? name + " has no live entitlement at its root"
                           : "permission " + wide + " of " + name +
                                 " lies within no entitlement at its root");
}

}  // namespace mandate::record
