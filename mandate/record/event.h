// Events: everything that changes state, each one entry of the record, canonical JSON (RFC 8785).
//
//   {"by":"workload:operator","definition":{...},"kind":"delegation","time":"...","type":"put"}
//   {"by":"...","id":"triage-reads","kind":"delegation","time":"...","type":"revoked"}
//   {"by":"...","id":"workload:arn:aws:iam::1:role/ci","time":"...","type":"discovered"}
//
// A principal's put also has `authenticators`; the list of guardrails is one put of kind
// `guardrails`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mandate/authority/definition.h"
#include "mandate/base/bytes.h"
#include "mandate/base/instant.h"
#include "mandate/record/node.h"

namespace mandate::record {

// A definition as it is from now on; the first one creates the node. A principal's carries the ids
// of its authenticators, in order, since they need a hash that this room does not know.
struct Put {
  std::variant<TeamDefinition, PrincipalDefinition, ResourceDefinition, EntitlementDefinition,
               DelegationDefinition, TrustedIssuerDefinition, std::vector<GuardrailDefinition>>
      definition;
  std::vector<std::string> authenticator_ids;
};
// For ever: revoked, or for a principal retired. `until`: when a token or transaction would have
// ended anyway, so that it can be forgotten.
struct Revoked {
  NodeKind kind = NodeKind::kPrincipal;
  std::string id;
  std::optional<Instant> until;
};
struct Suspended {
  PrincipalId principal;
};
struct Resumed {
  PrincipalId principal;
};
// Seen in a log or an inventory, and not on record: from now on it is, with nothing but its id, and
// inert until a put (decision 24).
struct Discovered {
  PrincipalId principal;
};
// A snapshot of the state at `revision` was written; its bytes have this SHA-256.
struct SnapshotTaken {
  Revision revision = 0;
  Digest digest{};
};
using Change = std::variant<Put, Revoked, Suspended, Resumed, Discovered, SnapshotTaken>;

// The kind of node that a definition speaks of.
template <class Definition>
inline constexpr NodeKind kind_of_definition = NodeKind::kToken;
template <>
inline constexpr NodeKind kind_of_definition<TeamDefinition> = NodeKind::kTeam;
template <>
inline constexpr NodeKind kind_of_definition<PrincipalDefinition> = NodeKind::kPrincipal;
template <>
inline constexpr NodeKind kind_of_definition<ResourceDefinition> = NodeKind::kResource;
template <>
inline constexpr NodeKind kind_of_definition<EntitlementDefinition> = NodeKind::kEntitlement;
template <>
inline constexpr NodeKind kind_of_definition<DelegationDefinition> = NodeKind::kDelegation;
template <>
inline constexpr NodeKind kind_of_definition<TrustedIssuerDefinition> = NodeKind::kTrustedIssuer;

struct Event {
  Instant time;
  std::string by;  // the principal whose command it was; "bootstrap" for the first start's own
  Change change;
};

std::string serialise(const Event& event);
Result<Event> parse_event(std::string_view entry);

}  // namespace mandate::record
