// Commands: pure functions from a state, an intention and an instant to changes or an error.
// Nothing is half done: either every change of a command goes on record, as one batch, or none.
//
//   Result<Plan> plan = plan_apply(view, document, options, now);
//   plan->changes is empty where the document already stands on record
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/record/event.h"
#include "mandate/record/state.h"

namespace mandate::record {

enum class DifferenceKind : std::uint8_t { kAdded, kChanged, kEnded };
std::string_view name(DifferenceKind kind);  // "added", "changed", "ended"

// One line of what a command does, for the preview and the answer.
struct Difference {
  DifferenceKind kind = DifferenceKind::kAdded;
  std::string noun;  // "principal", ..., "guardrails"
  std::string id;
  std::optional<json::Value> before;
  std::optional<json::Value> after;
};

struct Plan {
  std::vector<Change> changes;
  std::vector<Difference> differences;
};

// The id of an authenticator (a key's thumbprint; a digest of issuer and claims); refuses a key
// that is not usable. It needs a hash, which comes in from outside this room, and must be pure.
using AuthenticatorNamer = std::function<Result<std::string>(const Authenticator&)>;

struct ApplyOptions {
  bool prune = false;  // end what the document does not name
  AuthenticatorNamer name_authenticator;
  // What exists without standing in a document, and pruning leaves alone: the operator, its team.
  std::vector<std::string> keep;
};

// Adds and changes what the document names. Refuses: an id that was revoked or retired, also where
// it is only referred to (`id_is_dead`); a reference to what is neither in the document nor on
// record, or to what pruning would end; a key that stands under two principals; a delegation whose
// parents are a circle, deeper than allowed (`depth_exceeded`), or whose authority lies within none
// of its root's entitlements (`outside_authority` names the permission); a change of who delegates
// to whom or whose entitlement it is (an id once used is never used for another); actions or types
// that the resource does not have. What stands unchanged is not checked again, so that narrowing is
// never refused. `actions: ["*"]` is expanded to the resource's actions. Jwks files must have been
// read before (`TrustedIssuerDefinition::jwks`).
Result<Plan> plan_apply(const View& view, const Document& document, const ApplyOptions& options,
                        Instant now);

// Ends one node. `bad_request` (Place::kPath) where it is unknown; nothing to do where it has
// ended. A token's or transaction's id is its jti or txn, and `until` is when it would have ended
// anyway.
Result<Plan> plan_revoke(const View& view, NodeKind kind, std::string_view id,
                         std::optional<Instant> until);
Result<Plan> plan_suspend(const View& view, const PrincipalId& principal);
Result<Plan> plan_resume(const View& view, const PrincipalId& principal);

// Hop grants' delegations have ids that begin so; documents may not use them, and pruning leaves
// them alone: they end by themselves.
inline constexpr std::string_view kHopGrantPrefix = "hop-";
inline bool is_hop_grant(std::string_view delegation) {
  return delegation.starts_with(kHopGrantPrefix);
}
// Live at once below one parent, or by one delegator without one. The record keeps each for ever,
// and whoever holds a token can write them.
inline constexpr std::size_t kLiveHopGrantsMax = 256;
// A hop grant goes on record as a delegation when it is first used; the same one again is no
// change. Refuses one more than may be live (`limit_exceeded`). On the writer's thread.
Result<Plan> plan_hop_grant(const View& view, const DelegationDefinition& delegation, Instant now);

// What would stop if this node ended: every live node that rests on it, directly or not, with the
// owner who should hear of it (the delegate's owner; for a human, the human).
struct Stop {
  NodeKind kind = NodeKind::kPrincipal;
  std::string id;
  std::string owner;
};
// All of them may be as many as there are nodes, so at most `stops_max` are listed, the node itself
// first among those kept; sorted by owner, kind and id.
struct WhatStops {
  std::vector<Stop> stops;
  std::size_t more = 0;  // that stop as well, and are not listed
};
Result<WhatStops> what_stops(const View& view, NodeKind kind, std::string_view id, Instant now,
                             std::size_t stops_max);
Result<std::vector<Stop>> what_stops(const View& view, NodeKind kind, std::string_view id,
                                     Instant now);

}  // namespace mandate::record
