#include "mandate/record/proposal.h"

#include <algorithm>
#include <map>

#include "mandate/base/bytes.h"
#include "mandate/record/definitions.h"

namespace mandate::record {
namespace {

bool every_action(const Permission& permission) {
  return permission.actions == std::vector<std::string>{std::string(kEveryAction)};
}

bool contains(const std::vector<std::string>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

Proposal::Proposal(const View& view, const Document& document, const ApplyOptions& options)
    : view_(view),
      document_(document),
      options_(options),
      keep_(options.keep.begin(), options.keep.end()) {
  auto index = [&](const auto& list) {
    using Definition = typename std::decay_t<decltype(list)>::value_type;
    auto& positions = positions_[static_cast<std::size_t>(kind_of_definition<Definition>)];
    for (std::size_t i = 0; i < list.size(); ++i) positions.emplace(list[i].id.text(), i);
  };
  index(document.teams);
  index(document.principals);
  index(document.resources);
  index(document.entitlements);
  index(document.delegations);
  index(document.trusted_issuers);
  for (std::size_t i = 0; i < document.entitlements.size(); ++i) {
    entitlements_by_principal_.emplace(document.entitlements[i].principal.text(), i);
  }
}

bool Proposal::in_document(NodeKind kind, std::string_view id) const {
  return positions_[static_cast<std::size_t>(kind)].contains(id);
}

bool Proposal::pruned(NodeKind kind, std::string_view id) const {
  const bool hop_grant = kind == NodeKind::kDelegation && is_hop_grant(id);
  return options_.prune && !hop_grant && !keep_.contains(id) && !in_document(kind, id);
}

Result<void> Proposal::check_stands(NodeKind kind, std::string_view id,
                                    const std::string& what) const {
  if (in_document(kind, id)) return {};
  const std::string node = what + ": " + std::string(name(kind)) + " " + quoted(id);
  std::optional<Status> status = view_.status(kind, id);
  if (!status) {
    return fail(Reason::kBadRequest, node + " is neither in the document nor on record");
  }
  if (*status == Status::kEnded) {
    return fail(Reason::kIdIsDead, Place::kConflict, node + " has ended and never comes back");
  }
  if (*status == Status::kDiscovered) {
    return fail(Reason::kBadRequest, Place::kConflict,
                node + " is only discovered, and inert; expected it in the document");
  }
  if (pruned(kind, id)) {
    return fail(Reason::kBadRequest, node + " is not in the document, so pruning would end it");
  }
  return {};
}

const ResourceDefinition* Proposal::resource(const ResourceId& id) const {
  const auto& positions = positions_[static_cast<std::size_t>(NodeKind::kResource)];
  if (auto found = positions.find(id.text()); found != positions.end()) {
    return &document_.resources[found->second];
  }
  std::optional<ResourceHandle> handle = view_.find_resource(id.text());
  if (!handle || pruned(NodeKind::kResource, id.text())) return nullptr;
  const Resource* resource = view_.resource(*handle);
  return resource->status == Status::kEnded ? nullptr : resource->definition;
}

std::optional<DelegationDefinition> Proposal::delegation(const DelegationId& id) const {
  const auto& positions = positions_[static_cast<std::size_t>(NodeKind::kDelegation)];
  if (auto found = positions.find(id.text()); found != positions.end()) {
    return document_.delegations[found->second];
  }
  std::optional<DelegationHandle> handle = view_.find_delegation(id.text());
  return handle ? std::optional(delegation_on_record(view_, *handle)) : std::nullopt;
}

Result<std::vector<DelegationDefinition>> Proposal::parents_of(
    const DelegationDefinition& leaf) const {
  std::vector<DelegationDefinition> parents;
  const std::string what = "parent of delegation " + quoted(leaf.id.text());
  std::optional<DelegationId> next = leaf.parent;
  while (next && parents.size() <= limits::kLineageDepthMax) {
    if (auto ok = check_stands(NodeKind::kDelegation, next->text(), what); !ok) {
      return fail(ok.error());
    }
    const bool circle =
        *next == leaf.id || std::any_of(parents.begin(), parents.end(),
                                        [&](const auto& seen) { return seen.id == *next; });
    if (circle) {
      return fail(Reason::kBadRequest, "the parents of delegation " + quoted(leaf.id.text()) +
                                           " are a circle through " + quoted(next->text()));
    }
    parents.push_back(*delegation(*next));
    next = parents.back().parent;
  }
  return parents;
}

std::vector<Root> Proposal::roots_of(const PrincipalId& principal) const {
  std::vector<Root> roots;
  auto [begin, end] = entitlements_by_principal_.equal_range(principal.text());
  for (; begin != end; ++begin) {
    const EntitlementDefinition& entitlement = document_.entitlements[begin->second];
    roots.push_back({entitlement.id.text(), entitlement.authority, entitlement.max_depth});
  }
  if (std::optional<PrincipalHandle> handle = view_.find_principal(principal.text())) {
    for (Root& root : roots_on_record(view_, *handle)) {
      const bool replaced =
          in_document(NodeKind::kEntitlement, root.id) || pruned(NodeKind::kEntitlement, root.id);
      if (!replaced) roots.push_back(std::move(root));
    }
  }
  // The document may list entitlements in any order; what a refusal names must not depend on it.
  std::sort(roots.begin(), roots.end(), [](const Root& a, const Root& b) { return a.id < b.id; });
  return roots;
}

namespace {

// The logs are read where management is: one resource, the issuer's own, of two types.
bool reads_the_log(const ResourceDefinition& at, const Permission& permission) {
  return at.type == kManagementType && permission.type == kAuditType &&
         permission.actions == std::vector<std::string>{std::string(kAuditAction)};
}

}  // namespace

Result<void> Proposal::check_resources(const Authority& authority, const std::string& what) const {
  for (const Permission& permission : authority.permissions()) {
    if (permission.locations.empty()) {
      return fail(Reason::kBadRequest, what + ": a permission on record names its locations");
    }
    for (const ResourceId& location : permission.locations) {
      Result<void> stands = check_stands(NodeKind::kResource, location.text(), what);
      if (!stands) return stands;
      const ResourceDefinition& at = *resource(location);
      if (reads_the_log(at, permission)) continue;
      if (at.type != permission.type) {
        return fail(Reason::kBadRequest, what + ": resource " + quoted(location.text()) +
                                             " has type " + quoted(at.type) + "; expected " +
                                             quoted(permission.type));
      }
      for (const std::string& action : permission.actions) {
        if (every_action(permission) || contains(at.actions, action)) continue;
        return fail(Reason::kBadRequest, what + ": resource " + quoted(location.text()) +
                                             " has no action " + quoted(action));
      }
    }
  }
  return {};
}

Result<Authority> Proposal::expanded(const Authority& authority, const std::string& what) const {
  if (auto ok = check_resources(authority, what); !ok) return fail(ok.error());
  std::vector<Permission> permissions;
  for (const Permission& permission : authority.permissions()) {
    if (!every_action(permission)) {
      permissions.push_back(permission);
      continue;
    }
    std::map<std::vector<std::string>, std::vector<ResourceId>> by_actions;
    for (const ResourceId& location : permission.locations) {
      by_actions[resource(location)->actions].push_back(location);
    }
    for (auto& [actions, locations] : by_actions) {
      Permission& each = permissions.emplace_back(permission);
      each.actions = actions;
      each.locations = locations;
    }
  }
  return Authority::of(std::move(permissions));
}

}  // namespace mandate::record
