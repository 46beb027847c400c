#include "mandate/record/command.h"

#include <array>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/record/bounds.h"
#include "mandate/record/definitions.h"

namespace mandate::record {
namespace {

Error unknown(NodeKind kind, std::string_view id) {
  return {Reason::kBadRequest, Place::kPath,
          std::string(name(kind)) + " " + quoted(id) + " is not on record"};
}

// Tokens and transactions are known by their ids alone, so any id may be named.
Result<bool> has_ended(const View& view, NodeKind kind, std::string_view id) {
  if (!has_handle(kind)) {
    if (id.empty() || id.size() > limits::kJtiBytesMax) {
      return fail(Reason::kBadRequest, Place::kPath,
                  quoted(id) + " is no id of a " + std::string(name(kind)) + "; expected 1 to " +
                      std::to_string(limits::kJtiBytesMax) + " bytes");
    }
    return kind == NodeKind::kToken ? view.token_revoked(id) : view.transaction_revoked(id);
  }
  std::optional<Status> status = view.status(kind, id);
  if (!status) return fail(unknown(kind, id));
  if (kind == NodeKind::kAuthenticator) {  // one rotated out could come back
    return view.authenticator(*view.find_authenticator(id))->revoked;
  }
  return *status == Status::kEnded;
}

Result<Plan> plan_status(const View& view, const PrincipalId& principal, Status to, Change change) {
  const std::string& id = principal.text();
  std::optional<Status> status = view.status(NodeKind::kPrincipal, id);
  if (!status) return fail(unknown(NodeKind::kPrincipal, id));
  if (*status == Status::kEnded) {
    return fail(Reason::kIdIsDead, Place::kConflict,
                "principal " + quoted(id) + " is retired and never comes back");
  }
  if (*status == Status::kDiscovered) {
    return fail(Reason::kBadRequest, Place::kConflict,
                "principal " + quoted(id) +
                    " is only discovered, and inert; expected a document that lists it first");
  }
  if (*status == to) return Plan{};
  const auto word = [](Status s) {
    return json::Value::object({{"status", s == Status::kActive ? "active" : "suspended"}});
  };
  Plan plan;
  plan.changes.emplace_back(std::move(change));
  plan.differences.push_back({DifferenceKind::kChanged, std::string(name(NodeKind::kPrincipal)), id,
                              word(*status), word(to)});
  return plan;
}

// The delegations above a hop grant, nearest first.
Result<std::vector<DelegationDefinition>> parents_on_record(const View& view,
                                                            const DelegationDefinition& leaf) {
  std::vector<DelegationDefinition> parents;
  std::optional<DelegationId> next = leaf.parent;
  while (next && parents.size() <= limits::kLineageDepthMax) {
    std::optional<DelegationHandle> handle = view.find_delegation(next->text());
    if (!handle) {
      return fail(Reason::kNoDelegation, Place::kHopGrant,
                  "delegation " + quoted(next->text()) + " is not on record");
    }
    if (view.delegation(*handle)->status == Status::kEnded) {
      return fail(Reason::kAncestorRevoked, Place::kHopGrant,
                  "delegation " + quoted(next->text()) + " is revoked");
    }
    parents.push_back(delegation_on_record(view, *handle));
    next = parents.back().parent;
  }
  return parents;
}

Result<PrincipalHandle> taking_part(const View& view, const PrincipalId& id) {
  std::optional<PrincipalHandle> handle = view.find_principal(id.text());
  if (!handle) {
    return fail(Reason::kBadRequest, Place::kHopGrant,
                "principal " + quoted(id.text()) + " is not on record");
  }
  const Status status = view.principal(*handle)->status;
  if (status == Status::kEnded) {
    return fail(Reason::kPrincipalRetired, Place::kHopGrant,
                "principal " + quoted(id.text()) + " is retired");
  }
  if (status == Status::kDiscovered) {
    return fail(Reason::kPrincipalDiscovered, Place::kHopGrant,
                "principal " + quoted(id.text()) + " is only discovered");
  }
  return *handle;
}

Result<void> check_room(const View& view, const DelegationDefinition& grant, Instant now) {
  const std::size_t live =
      grant.parent ? view.live_hop_grants(*view.find_delegation(grant.parent->text()), now)
                   : view.live_hop_grants(*view.find_principal(grant.delegator->text()), now);
  if (live < kLiveHopGrantsMax) return {};
  return fail(Reason::kLimitExceeded, Place::kHopGrant,
              std::to_string(live) + " hop grants are live below " +
                  quoted(grant.parent ? grant.parent->text() : grant.delegator->text()) +
                  "; expected at most " + std::to_string(kLiveHopGrantsMax));
}

// The same grant again is no change; another one under its id is refused.
Result<Plan> plan_again(const View& view, const DelegationDefinition& delegation,
                        DelegationHandle handle) {
  if (view.delegation(handle)->status == Status::kEnded) {
    return fail(Reason::kDelegationRevoked, Place::kHopGrant,
                "delegation " + quoted(delegation.id.text()) + " is revoked");
  }
  if (delegation_on_record(view, handle) == delegation) return Plan{};
  return fail(Reason::kProofReplayed, Place::kHopGrant,
              "hop grant " + quoted(delegation.id.text()) + " was used for another delegation");
}

}  // namespace

std::string_view name(DifferenceKind kind) {
  constexpr std::array<std::string_view, 3> kNames = {"added", "changed", "ended"};
  return kNames[static_cast<std::size_t>(kind)];
}

Result<Plan> plan_revoke(const View& view, NodeKind kind, std::string_view id,
                         std::optional<Instant> until) {
  Result<bool> ended = has_ended(view, kind, id);
  if (!ended) return fail(ended.error());
  if (*ended) return Plan{};
  Plan plan;
  plan.changes.emplace_back(Revoked{kind, std::string(id), until});
  plan.differences.push_back({DifferenceKind::kEnded, std::string(name(kind)), std::string(id),
                              view.definition(kind, id), std::nullopt});
  return plan;
}

Result<Plan> plan_suspend(const View& view, const PrincipalId& principal) {
  return plan_status(view, principal, Status::kSuspended, Suspended{principal});
}

Result<Plan> plan_resume(const View& view, const PrincipalId& principal) {
  return plan_status(view, principal, Status::kActive, Resumed{principal});
}

Result<Plan> plan_hop_grant(const View& view, const DelegationDefinition& delegation, Instant now) {
  const std::string& id = delegation.id.text();
  if (!is_hop_grant(id)) {
    return fail(Reason::kBadRequest, Place::kHopGrant,
                quoted(id) + " is no hop grant's; expected " + std::string(kHopGrantPrefix));
  }
  if (std::optional<DelegationHandle> handle = view.find_delegation(id)) {
    return plan_again(view, delegation, *handle);
  }
  if (delegation.not_after && *delegation.not_after <= now) {
    return fail(Reason::kOutsideWindow, Place::kHopGrant, "hop grant " + quoted(id) + " has ended");
  }
  Result<PrincipalHandle> delegate = taking_part(view, delegation.delegate);
  if (!delegate) return fail(delegate.error());
  Result<std::vector<DelegationDefinition>> parents = parents_on_record(view, delegation);
  if (!parents) return fail(parents.error());
  const DelegationDefinition& top = parents->empty() ? delegation : parents->back();
  std::vector<Root> roots;
  if (top.delegator) {
    Result<PrincipalHandle> delegator = taking_part(view, *top.delegator);
    if (!delegator) return fail(delegator.error());
    roots = roots_on_record(view, *delegator);
  }
  if (auto ok = check_bounds(delegation, *parents, roots); !ok) {
    return fail(ok.error().reason, Place::kHopGrant, ok.error().detail);
  }
  if (auto ok = check_room(view, delegation, now); !ok) return fail(ok.error());
  Plan plan;
  plan.changes.emplace_back(Put{delegation, {}});
  plan.differences.push_back({DifferenceKind::kAdded, std::string(name(NodeKind::kDelegation)), id,
                              std::nullopt, delegation.to_json()});
  return plan;
}

}  // namespace mandate::record
