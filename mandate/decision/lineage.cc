// Lineages of decision.h: whether one stands and lives, what it carries, what it rests on.
#include <algorithm>
#include <array>

#include "mandate/base/bytes.h"
#include "mandate/decision/chain.h"
#include "mandate/decision/decision.h"

namespace mandate::decision {

using record::DelegationHandle;
using record::NodeKind;
using record::PrincipalHandle;
using record::Status;
using record::View;

namespace {

// Why a principal cannot act; nothing: it can.
std::optional<Reason> inactive_because(const record::Principal* principal, Instant now) {
  if (principal == nullptr) {
    return Reason::kPrincipalDiscovered;
  }
  switch (principal->status) {
    case Status::kActive: break;
    case Status::kSuspended: return Reason::kPrincipalSuspended;
    case Status::kEnded: return Reason::kPrincipalRetired;
    case Status::kDiscovered: return Reason::kPrincipalDiscovered;
  }
  return now < principal->not_after ? std::nullopt : std::optional(Reason::kPrincipalRetired);
}

bool has_active_owner(const View& view, const record::Principal& principal, Instant now) {
  const auto active = [&](PrincipalHandle handle) {
    return !inactive_because(view.principal(handle), now);
  };
  if (principal.owner) {
    return active(*principal.owner);
  }
  const record::Team* team = principal.owner_team ? view.team(*principal.owner_team) : nullptr;
  return team != nullptr && team->status == Status::kActive &&
         std::any_of(team->members.begin(), team->members.end(), active);
}

Result<void> check_not_revoked(const View& view, const Lineage& lineage, const Chain& chain) {
  for (std::size_t i = 0; i < chain.size; ++i) {
    if (chain.hops[i]->status == Status::kEnded) {
      return fail(i == 0 ? Reason::kDelegationRevoked : Reason::kAncestorRevoked,
                  "delegation " + quoted(view.id(lineage.delegations[i])) + " is revoked");
    }
  }
  if (chain.root->status == Status::kEnded) {
    return fail(Reason::kAncestorRevoked,
                "entitlement " + quoted(view.id(lineage.entitlement)) + " is revoked");
  }
  return {};
}

Result<void> check_principals(const View& view, Instant now, const Chain& chain) {
  // A delegator is the holder of the root or the delegate one hop above.
  Result<void> checked = check_principal(view, chain.root->principal, now);
  for (std::size_t i = chain.size; checked && i-- > 0;) {
    checked = check_principal(view, chain.hops[i]->delegate, now);
  }
  return checked;
}

Result<void> check_windows(const View& view, Instant now, const Lineage& lineage,
                           const Chain& chain) {
  for (std::size_t i = 0; i < chain.size; ++i) {
    const record::Delegation& hop = *chain.hops[i];
    if (now < hop.not_before || now >= hop.not_after) {
      return fail(Reason::kOutsideWindow,
                  "delegation " + quoted(view.id(lineage.delegations[i])) +
                      (now < hop.not_before ? " begins at " + format_rfc3339(hop.not_before)
                                            : " ended at " + format_rfc3339(hop.not_after)));
    }
  }
  return {};
}

// Of hop i, i delegations stand below.
Result<void> check_depths(const View& view, const Lineage& lineage, const Chain& chain) {
  for (std::size_t i = 0; i < chain.size; ++i) {
    if (static_cast<int>(i) > chain.hops[i]->max_depth) {
      return fail(Reason::kDepthExceeded,
                  "delegation " + quoted(view.id(lineage.delegations[i])) + " allows " +
                      std::to_string(chain.hops[i]->max_depth) + " below it");
    }
  }
  if (static_cast<int>(chain.size) > chain.root->max_depth) {
    return fail(Reason::kDepthExceeded, "entitlement " + quoted(view.id(lineage.entitlement)) +
                                            " allows " + std::to_string(chain.root->max_depth) +
                                            " delegations below it");
  }
  for (std::size_t i = 0; i < chain.size; ++i) {
    for (std::size_t above = i + 1; above <= chain.size; ++above) {
      if (chain.holder(i) == chain.holder(above)) {
        return fail(Reason::kDepthExceeded,
                    "the lineage comes back to principal " + quoted(view.id(chain.holder(i))));
      }
    }
  }
  return {};
}

bool selects(const GuardrailDefinition& guardrail, const View& view, PrincipalHandle handle) {
  const record::Principal* principal = view.principal(handle);
  return principal != nullptr && (!guardrail.kind || *guardrail.kind == principal->kind) &&
         (!guardrail.principal || guardrail.principal->text() == view.id(handle));
}

Result<void> check_guardrails(const View& view, const Chain& chain) {
  const std::vector<GuardrailDefinition>& guardrails = view.guardrails();
  for (std::size_t position = 0; position < guardrails.size(); ++position) {
    const GuardrailDefinition& guardrail = guardrails[position];
    for (std::size_t i = 0; guardrail.max_depth && i <= chain.size; ++i) {
      if (static_cast<int>(i) > *guardrail.max_depth && selects(guardrail, view, chain.holder(i))) {
        return fail(Reason::kGuardrail, "guardrail " + std::to_string(position) + " allows " +
                                            std::to_string(*guardrail.max_depth) + " below " +
                                            quoted(view.id(chain.holder(i))));
      }
    }
  }
  return {};
}

}  // namespace

Result<Chain> resolve(const View& view, const Lineage& lineage) {
  Chain chain;
  chain.size = lineage.delegations.size();
  if (chain.size > chain.hops.size()) {
    return fail(Reason::kDepthExceeded, "a lineage of more than 16 delegations");
  }
  chain.root = view.entitlement(lineage.entitlement);
  bool known = chain.root != nullptr;
  for (std::size_t i = 0; i < chain.size; ++i) {
    chain.hops[i] = view.delegation(lineage.delegations[i]);
    known = known && chain.hops[i] != nullptr;
  }
  if (!known) {
    return fail(Reason::kStateTooOld, "the lineage names a node that is not on record yet");
  }
  for (std::size_t i = 0; i < chain.size; ++i) {
    const record::Delegation& hop = *chain.hops[i];
    const bool is_last = i + 1 == chain.size;
    if (is_last ? hop.parent || hop.delegator != chain.root->principal
                : !hop.parent || *hop.parent != lineage.delegations[i + 1]) {
      return fail(Reason::kNoDelegation, "delegation " + quoted(view.id(lineage.delegations[i])) +
                                             " does not rest on what stands above it");
    }
  }
  return chain;
}

Result<std::vector<DelegationHandle>> chain_of(const View& view, DelegationHandle leaf) {
  std::vector<DelegationHandle> chain;
  for (std::optional<DelegationHandle> next = leaf; next;) {
    if (chain.size() == limits::kLineageDepthMax) {
      return fail(Reason::kDepthExceeded, "a lineage of more than 16 delegations");
    }
    const record::Delegation* delegation = view.delegation(*next);
    if (delegation == nullptr) {
      return fail(Reason::kStateTooOld, "the lineage names a node that is not on record yet");
    }
    chain.push_back(*next);
    next = delegation->parent;
  }
  return chain;
}

Result<void> check_principal(const View& view, PrincipalHandle handle, Instant now) {
  const record::Principal* principal = view.principal(handle);
  if (principal == nullptr) {
    return fail(Reason::kStateTooOld, "a principal that is not on record yet");
  }
  const auto refuse = [&](Reason reason, std::string_view what) {
    return fail(reason, "principal " + quoted(view.id(handle)) + std::string(what));
  };
  if (const std::optional<Reason> reason = inactive_because(principal, now)) {
    return refuse(*reason, *reason == Reason::kPrincipalSuspended    ? " is suspended"
                           : *reason == Reason::kPrincipalDiscovered ? " is only discovered"
                                                                     : " is retired");
  }
  const bool needs_owner =
      is_software(principal->kind) || principal->owner || principal->owner_team;
  if (needs_owner && !has_active_owner(view, *principal, now)) {
    return refuse(Reason::kOwnerInactive, " has no active owner");
  }
  return {};
}

Result<void> check_live(const View& view, Instant now, const Lineage& lineage, const Chain& chain) {
  return check_not_revoked(view, lineage, chain)
      .and_then([&] { return check_principals(view, now, chain); })
      .and_then([&] { return check_windows(view, now, lineage, chain); })
      .and_then([&] { return check_depths(view, lineage, chain); })
      .and_then([&] { return check_guardrails(view, chain); });
}

Result<void> check_live(const View& view, Instant now, const Lineage& lineage) {
  return resolve(view, lineage).and_then([&](const Chain& chain) {
    return check_live(view, now, lineage, chain);
  });
}

Result<Authority> authority_of(const View& view, const Lineage& lineage) {
  const Result<Chain> chain = resolve(view, lineage);
  if (!chain) {
    return fail(chain.error());
  }
  Result<Authority> authority = chain->root->authority->whole();
  for (std::size_t i = chain->size; authority && i-- > 0;) {
    authority = authority->attenuated_by(chain->hops[i]->authority->whole());
  }
  return authority;
}

std::optional<Seconds> max_token_lifetime_of(const View& view, PrincipalHandle principal) {
  std::optional<Seconds> least;
  for (const GuardrailDefinition& guardrail : view.guardrails()) {
    const std::optional<Seconds> bound = guardrail.max_token_lifetime;
    if (bound && (!least || *bound < *least) && selects(guardrail, view, principal)) {
      least = bound;
    }
  }
  return least;
}

Lifetime lifetime_of(const View& view, const Lineage& lineage) {
  Lifetime lifetime;
  const Result<Chain> chain = resolve(view, lineage);
  if (!chain) {
    return {kBeginningOfTime, Seconds{0}};  // nothing may rest on it
  }
  const auto shorten = [&](std::optional<Seconds> bound) {
    if (bound && (!lifetime.max_token_lifetime || *bound < *lifetime.max_token_lifetime)) {
      lifetime.max_token_lifetime = bound;
    }
  };
  for (std::size_t i = 0; i < chain->size; ++i) {
    lifetime.not_after = std::min<Instant>(lifetime.not_after, chain->hops[i]->not_after);
    shorten(chain->hops[i]->max_token_lifetime);
  }
  for (std::size_t i = 0; i <= chain->size; ++i) {
    shorten(max_token_lifetime_of(view, chain->holder(i)));
    const record::Principal* holder = view.principal(chain->holder(i));
    lifetime.not_after =
        std::min(lifetime.not_after, holder == nullptr ? kBeginningOfTime : holder->not_after);
  }
  return lifetime;
}

std::vector<std::string> rests_on(const View& view, const Lineage& lineage) {
  std::vector<std::string> nodes = {
      record::short_id({NodeKind::kEntitlement, lineage.entitlement.index, {}})};
  const Result<Chain> chain = resolve(view, lineage);
  if (!chain) {
    return nodes;
  }
  for (std::size_t i = chain->size + 1; i-- > 0;) {
    nodes.push_back(record::short_id({NodeKind::kPrincipal, chain->holder(i).index, {}}));
  }
  return nodes;
}

}  // namespace mandate::decision
