// The decision: whether a request is permitted, over every hop's rights as they are now. Pure,
// bounded by the lineage's depth, total: a function of (request, evidence, revision, instant).
//
//   Decision d = decide(view, now, zones, request, evidence);
//   d.permitted(), d.refusal->reason, d.revision;   names_of(view, d, claims).delegations
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/authority/evidence.h"
#include "mandate/base/ports.h"
#include "mandate/record/state.h"

namespace mandate::decision {

// A chain of delegations up to an entitlement. `delegations` is leaf first; empty: in one's own
// right.
struct Lineage {
  record::EntitlementHandle entitlement;
  std::vector<record::DelegationHandle> delegations;
};

// The lineage that a token names, as the record has it now. `token_malformed` where the record does
// not have that chain, `outside_authority` where the token rests on no entitlement.
Result<Lineage> lineage_of(const record::View& view, const TokenClaims& claims);

// What a token's texts mean on this record: its nodes by handle. Ids and handles are given once and
// for ever, so this is found once, at the token's first sight, and holds at every later revision;
// what the nodes say now is read at each decision.
struct Standing {
  Lineage lineage;
  std::vector<record::PrincipalHandle>
      holders;                           // of the lineage: leaf's delegate first, root's last
  std::vector<record::NodeRef> besides;  // what else it rests on
  std::optional<record::PrincipalHandle> subject;  // nothing: not on record
  std::optional<record::PrincipalHandle> client;
  std::optional<record::ResourceHandle> audience;
  std::uint64_t jti_hash = 0;  // View::hash_of
  std::uint64_t transaction_hash = 0;
  // The token's authority where it is that of its leaf, as the record keeps it; else nothing.
  const StoredAuthority* authority = nullptr;
};
// Refuses as `lineage_of` does.
Result<Standing> standing_of(const record::View& view, const TokenClaims& claims);

// The token itself, its transaction, and every node and ancestor token it rests on are live:
// `token_revoked` for the token, `ancestor_revoked` (naming it) for the others, the principal's own
// reason, `credential_expired` for an authenticator. Its time and lineage are not this question.
Result<void> check_token(const record::View& view, const TokenClaims& claims, Instant now);

// The delegations from `leaf` up to its root, leaf first. `depth_exceeded` past
// limits::kLineageDepthMax.
Result<std::vector<record::DelegationHandle>> chain_of(const record::View& view,
                                                       record::DelegationHandle leaf);

// Refuses unless the principal is active and, for a non-human, its owner is (a team while it has
// one active member): principal_suspended, principal_discovered, principal_retired
// (also past its not_after),
// owner_inactive.
Result<void> check_principal(const record::View& view, record::PrincipalHandle principal,
                             Instant now);

// Law 3 over the whole lineage: every delegation and the entitlement not revoked (the leaf:
// `delegation_revoked`, anything above: `ancestor_revoked`; the detail names the node), in its
// window
// (`outside_window`), every delegator, delegate and owner active, depths kept and no principal
// twice
// (`depth_exceeded`), guardrails kept for every principal (`guardrail`, with its position from 0).
// Each node must rest on the next (`no_delegation`) and be on record (`state_too_old`).
Result<void> check_live(const record::View& view, Instant now, const Lineage& lineage);

// The meet along the lineage, root included (Law 1).
Result<Authority> authority_of(const record::View& view, const Lineage& lineage);

// When a token that rests on the lineage must end, and how long one may live: the earliest end of
// its delegations and principals, the least max_token_lifetime of its delegations and of the
// guardrails that select one of its principals.
struct Lifetime {
  Instant not_after = kEndOfTime;
  std::optional<Seconds> max_token_lifetime;
};
Lifetime lifetime_of(const record::View& view, const Lineage& lineage);

// The least max_token_lifetime of the guardrails that select this principal: the bound of its
// tokens that rest on no lineage too.
std::optional<Seconds> max_token_lifetime_of(const record::View& view,
                                             record::PrincipalHandle principal);

// Law 2: every hop and the root permit the request, with their constraints: `outside_authority`
// (naming the hop), `outside_window` (hours), `constraint_not_met` (naming it), `audience_mismatch`
// for a resource that is not on record. A dead node is not this function's question.
Result<void> check_permits(const record::View& view, Instant now, const TimeZones& zones,
                           const Lineage& lineage, const AccessRequest& request);

// Who asks, and how that is known.
struct Evidence {
  const VerifiedToken* token = nullptr;          // nothing: the decision is asserted
  const ProvenPossession* possession = nullptr;  // of the token's key
  std::optional<PrincipalId> subject;            // of an asserted request, or to compare with `sub`
  const Standing* standing = nullptr;            // of the token; nothing: it is looked up
};

enum class AuthorityKind : std::uint8_t { kProven, kAsserted };
std::string_view name(AuthorityKind kind);  // "proven", "asserted"

struct Decision {
  std::optional<Error> refusal;  // nothing: permitted
  AuthorityKind authority = AuthorityKind::kAsserted;
  std::optional<Lineage> lineage;  // the determining one; nothing where none was found
  record::Revision revision = 0;
  bool permitted() const { return !refusal.has_value(); }
};

// What a decision rests on, as texts. `claims`: of the token it was decided with, if any.
struct Names {
  std::vector<std::string> delegations;  // ids, leaf first, of the determining lineage
  std::string entitlement;               // id of its root; empty where none was found
  std::vector<std::string> rests_on;     // short ids of every node the answer rests on
};
Names names_of(const record::View& view, const Decision& decision, const TokenClaims* claims);

// With a token: its own transaction, ancestors and every node it rests on must be live, its
// authority must permit (an upper bound), its lineage as the record has it now must be live and
// permit at every hop and at the root; a token bound to a key needs that key's proof; an unbound
// one is refused. The token's audience must be the resource. The lineage's root is the one
// entitlement (`e7`) that the token rests on; a token that rests on none carries no authority:
// `outside_authority`. A transaction, an ancestor token (`t:...`) or the token itself that was
// revoked gives `token_revoked` for itself and `ancestor_revoked`, naming it, for the others. A
// token of a later revision is `state_too_old`. Without a token: only where the resource accepts
// asserted decisions (else `proof_of_possession`), over the subject's own entitlements, one at a
// time.
Decision decide(const record::View& view, Instant now, const TimeZones& zones,
                const AccessRequest& request, const Evidence& evidence);

// Everything a new token would rest on besides its lineage's delegations, as short ids: the
// entitlement and every principal of the lineage.
std::vector<std::string> rests_on(const record::View& view, const Lineage& lineage);
// Refuses (`ancestor_revoked`, `credential_expired`, or the principal's reason) where one of these
// nodes is dead; the detail names it.
Result<void> check_rests_on(const record::View& view, const std::vector<std::string>& short_ids,
                            Instant now);

}  // namespace mandate::decision
