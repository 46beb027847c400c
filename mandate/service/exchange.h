// Token exchange (RFC 8693) as WIRE.md has it: from a subject token and the caller to the one
// lineage that a new token rests on. Narrowing one's own token keeps the lineage; acting for
// another adds exactly one delegation below its leaf. Nothing is spliced.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mandate/service/core.h"
#include "mandate/service/form.h"

namespace mandate::service {

// Everything about a new token that is decided before it is written.
struct Grant {
  PrincipalId subject;
  std::vector<PrincipalId> actors;  // outermost first; empty: own right
  ResourceId audience;
  Authority authority;
  std::string transaction;
  std::optional<decision::Lineage> lineage;  // nothing: no entitlement, no authority
  std::vector<std::string> rests_on;
  Instant not_after = kEndOfTime;  // of the subject token
  json::Array predecessors;
  std::string handover;          // how the binding came here: "", "audience", "hop_grant"
  std::vector<PendingUse> uses;  // consumed once everything else is decided
  std::optional<DelegationDefinition> hop_delegation;  // goes on record before the token
};

// What is asked for: `resource`, and `scope` or `authorization_details`.
struct Wanted {
  std::optional<ResourceId> audience;
  std::optional<std::vector<RequestedPermission>> permissions;  // nothing: all at the audience
  Place place = Place::kScope;
};
Result<Wanted> parse_wanted(const Form& form);

// The part of `available` that is wanted, and its audience: the named one, or the only location
// there is. Refuses with `audience_mismatch` or `outside_authority`.
struct Selected {
  ResourceId audience;
  Authority authority;
};
Result<Selected> select_wanted(const Authority& available, const Wanted& wanted);

Result<Grant> own_right_grant(Core& core, const record::View& view, const Client& client,
                              const Wanted& wanted, Instant now);
// `binding` is what the caller proved.
Result<Grant> exchange_grant(Core& core, const record::View& view, const Client& client,
                             const Form& form, const Binding& binding, Instant now);

}  // namespace mandate::service
