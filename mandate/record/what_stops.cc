// The preview of a revocation: the one place that looks at every node, since revoking itself walks
// none. It looks at each once, never at all of them for each that stops: only people own and are
// members, and nobody owns them. A node's handle is above those of the delegations it is cut from,
// so one pass in the order of handles carries what stops from parents to children.
#include <algorithm>
#include <array>
#include <limits>
#include <tuple>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/record/bounds.h"
#include "mandate/record/command.h"
#include "mandate/record/definitions.h"

namespace mandate::record {
namespace {

class Preview {
 public:
  Preview(const View& view, Instant now, std::size_t stops_max)
      : view_(view),
        now_(now),
        stops_max_(stops_max),
        principals_(view.count(NodeKind::kPrincipal)),
        entitlements_(view.count(NodeKind::kEntitlement)),
        roots_lost_(principals_.size()),
        delegates_(principals_.size()),
        directly_(view.count(NodeKind::kDelegation)),
        authenticators_(view.count(NodeKind::kAuthenticator)) {}

  WhatStops run(NodeKind kind, std::string_view id) {
    start(kind, id);
    carry_through_entitlements();
    carry_through_delegations();
    std::sort(found_.stops.begin(), found_.stops.end(), [](const Stop& a, const Stop& b) {
      return std::tie(a.owner, a.kind, a.id) < std::tie(b.owner, b.kind, b.id);
    });
    return std::move(found_);
  }

 private:
  std::string owner_of(PrincipalHandle handle) const {
    const Principal& principal = *view_.principal(handle);
    if (principal.owner_team) return std::string(view_.id(*principal.owner_team));
    return std::string(view_.id(principal.owner ? *principal.owner : handle));
  }
  bool active(PrincipalHandle handle) const {
    const Principal& principal = *view_.principal(handle);
    return principal.status == Status::kActive && principal.not_after > now_;
  }
  bool live(const AuthenticatorRecord& record) const {
    return record.status == Status::kActive && record.not_after > now_;
  }
  void add(NodeKind kind, std::string_view id, std::string owner) {
    if (found_.stops.size() == stops_max_) {
      ++found_.more;
    } else {
      found_.stops.push_back({kind, std::string(id), std::move(owner)});
    }
  }

  void start(NodeKind kind, std::string_view id) {
    switch (kind) {
      case NodeKind::kPrincipal: return stop_principal(*view_.find_principal(id));
      case NodeKind::kTeam: return stop_team(*view_.find_team(id));
      case NodeKind::kResource: return stop_resource(*view_.find_resource(id));
      case NodeKind::kEntitlement: entitlements_[view_.find_entitlement(id)->index] = true; return;
      case NodeKind::kDelegation: directly_[view_.find_delegation(id)->index] = true; return;
      case NodeKind::kAuthenticator: return stop_authenticator(*view_.find_authenticator(id));
      case NodeKind::kTrustedIssuer: return stop_issuer(id);
      case NodeKind::kToken:
      case NodeKind::kTransaction: return add(kind, id, {});
    }
  }

  void stop_principal(PrincipalHandle handle) {
    if (principals_[handle.index]) return;
    principals_[handle.index] = true;
    add(NodeKind::kPrincipal, view_.id(handle), owner_of(handle));
    for (AuthenticatorHandle authenticator : view_.principal(handle)->authenticators) {
      if (live(*view_.authenticator(authenticator))) {
        add(NodeKind::kAuthenticator, view_.id(authenticator), owner_of(handle));
      }
    }
    if (view_.principal(handle)->kind != PrincipalKind::kHuman) return;
    std::vector<bool> teams(view_.count(NodeKind::kTeam));
    for (std::uint32_t i = 0; i < teams.size(); ++i) {
      teams[i] = loses_last_member(TeamHandle{i}, handle);
    }
    stop_owned(teams, handle);
  }

  bool loses_last_member(TeamHandle handle, PrincipalHandle member) const {
    const Team& team = *view_.team(handle);
    const auto is_member = [&](PrincipalHandle one) { return one == member; };
    return team.status == Status::kActive &&
           std::any_of(team.members.begin(), team.members.end(), is_member) &&
           std::none_of(team.members.begin(), team.members.end(),
                        [&](PrincipalHandle one) { return one != member && active(one); });
  }

  // What one of these teams owns, or the person.
  void stop_owned(const std::vector<bool>& teams, std::optional<PrincipalHandle> person) {
    for (std::uint32_t i = 0; i < principals_.size(); ++i) {
      const Principal& one = *view_.principal({i});
      const bool owned =
          one.owner_team ? teams[(*one.owner_team).index] : one.owner && person == *one.owner;
      if (owned && active({i})) stop_principal({i});
    }
  }

  void stop_team(TeamHandle handle) {
    add(NodeKind::kTeam, view_.id(handle), std::string(view_.id(handle)));
    std::vector<bool> teams(view_.count(NodeKind::kTeam));
    teams[handle.index] = true;
    stop_owned(teams, std::nullopt);
  }

  // One that loses its last way to prove itself acts no more, and so nothing that it was given
  // works.
  void stop_authenticator(AuthenticatorHandle handle) {
    const PrincipalHandle holder = view_.authenticator(handle)->principal;
    add(NodeKind::kAuthenticator, view_.id(handle), owner_of(holder));
    const auto& all = view_.principal(holder)->authenticators;
    authenticators_[handle.index] = true;
    const bool another = std::any_of(all.begin(), all.end(), [&](AuthenticatorHandle other) {
      return live(*view_.authenticator(other)) && !authenticators_[other.index];
    });
    if (another || !active(holder) || delegates_[holder.index]) return;
    delegates_[holder.index] = true;
    add(NodeKind::kPrincipal, view_.id(holder), owner_of(holder));
  }

  void stop_issuer(std::string_view id) {
    add(NodeKind::kTrustedIssuer, id, {});
    for (std::uint32_t i = 0; i < view_.count(NodeKind::kAuthenticator); ++i) {
      const AuthenticatorRecord& record = *view_.authenticator({i});
      const auto* issued = std::get_if<Authenticator::Issued>(&record.definition->proof);
      if (issued && issued->issuer.text() == id && live(record)) stop_authenticator({i});
    }
  }

  void stop_resource(ResourceHandle handle) {
    const Resource& resource = *view_.resource(handle);
    add(NodeKind::kResource, view_.id(handle),
        resource.resource_server ? owner_of(*resource.resource_server) : std::string());
    const std::vector<ResourceId> there{resource.definition->id};
    const auto only_there = [&](const StoredAuthority& authority) {
      bool only = true;
      for (std::size_t i = 0; i < authority.size(); ++i) {
        only = only && authority[i].terms->locations == there;
      }
      return only;
    };
    for (std::uint32_t i = 0; i < entitlements_.size(); ++i) {
      if (only_there(*view_.entitlement({i})->authority)) entitlements_[i] = true;
    }
    for (std::uint32_t i = 0; i < directly_.size(); ++i) {
      if (only_there(*view_.delegation({i})->authority)) directly_[i] = true;
    }
  }

  void carry_through_entitlements() {
    for (std::uint32_t i = 0; i < entitlements_.size(); ++i) {
      const Entitlement& entitlement = *view_.entitlement({i});
      const bool stops = entitlements_[i] || principals_[entitlement.principal.index];
      if (!stops || entitlement.status != Status::kActive) continue;
      entitlements_[i] = true;
      roots_lost_[entitlement.principal.index] = true;
      add(NodeKind::kEntitlement, view_.id(EntitlementHandle{i}), owner_of(entitlement.principal));
    }
  }

  void carry_through_delegations() {
    const std::uint32_t count = view_.count(NodeKind::kDelegation);
    std::vector<bool> is_live(count);
    std::vector<PrincipalHandle> tops(count);  // who delegates at the top
    stopped_.resize(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      const Delegation& delegation = *view_.delegation({i});
      const std::optional<DelegationHandle> parent = delegation.parent;
      tops[i] = parent ? tops[parent->index] : delegation.delegator;
      is_live[i] = delegation.status == Status::kActive && delegation.not_after > now_ &&
                   (!parent || is_live[parent->index]);
      if (!is_live[i]) continue;
      bool stops = directly_[i] || (parent && stopped_[parent->index]) ||
                   principals_[delegation.delegator.index] ||
                   principals_[delegation.delegate.index] || delegates_[delegation.delegate.index];
      stops = stops || (roots_lost_[tops[i].index] && loses_its_root({i}));
      if (!stops) continue;
      stopped_[i] = true;
      add(NodeKind::kDelegation, view_.id(DelegationHandle{i}), owner_of(delegation.delegate));
    }
  }

  // It used an entitlement that stops, and none of the others covers it.
  bool loses_its_root(DelegationHandle leaf) const {
    std::vector<DelegationDefinition> line{delegation_on_record(view_, leaf)};
    const Delegation* top = view_.delegation(leaf);
    while (top->parent) {
      line.push_back(delegation_on_record(view_, *top->parent));
      top = view_.delegation(*top->parent);
    }
    bool used = false;
    for (EntitlementHandle handle : view_.entitlements_of(top->delegator)) {
      const Entitlement& root = *view_.entitlement(handle);
      if (root.status != Status::kActive) continue;
      const Authority held = root.authority->whole();
      Result<Authority> whole = authority_below(held, line);
      if (!whole || whole->empty()) continue;
      if (entitlements_[handle.index]) {
        used = true;
      } else if (line.front().authority.within(held)) {
        return false;
      }
    }
    return used;
  }

  const View& view_;
  const Instant now_;
  const std::size_t stops_max_;
  WhatStops found_;
  std::vector<bool> principals_;  // by handle: stops altogether
  std::vector<bool> entitlements_;
  std::vector<bool> roots_lost_;  // by principal: one of its entitlements stops
  std::vector<bool> delegates_;   // by principal: cannot act any more, though still delegate
  std::vector<bool> directly_;    // by delegation: itself, not by way of another
  std::vector<bool> stopped_;     // by delegation: all told
  std::vector<bool> authenticators_;
};

}  // namespace

Result<WhatStops> what_stops(const View& view, NodeKind kind, std::string_view id, Instant now,
                             std::size_t stops_max) {
  Result<Plan> plan = plan_revoke(view, kind, id, std::nullopt);
  if (!plan) return fail(plan.error());
  if (plan->changes.empty()) return WhatStops{};
  return Preview(view, now, stops_max).run(kind, id);
}

Result<std::vector<Stop>> what_stops(const View& view, NodeKind kind, std::string_view id,
                                     Instant now) {
  return what_stops(view, kind, id, now, std::numeric_limits<std::size_t>::max())
      .map([](WhatStops found) { return std::move(found.stops); });
}

}  // namespace mandate::record
