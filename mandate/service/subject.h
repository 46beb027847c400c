// The subject of an exchange, read from its token: on whose behalf, by which lineage so far, and
// how its binding comes to the caller. And the actor's own token, which is about the caller alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mandate/service/core.h"
#include "mandate/service/form.h"

namespace mandate::service {

struct Subject {
  Subject(PrincipalId subject_id, record::PrincipalHandle handle)
      : id(std::move(subject_id)), principal(handle) {}

  PrincipalId id;  // `sub` of the result
  record::PrincipalHandle principal;
  std::vector<PrincipalId> actors;              // so far, newest first
  std::optional<TokenClaims> claims;            // of an access token of ours: an upper bound
  std::vector<record::DelegationHandle> chain;  // its lineage, leaf first
  std::optional<record::EntitlementHandle> entitlement;
  std::optional<record::DelegationHandle> named_delegation;  // by a statement or a hop grant
  std::optional<token::HopGrant> hop_grant;
  std::vector<std::string> rests_on;
  Instant expires_at = kEndOfTime;
  json::Array predecessors;
  std::vector<PendingUse> uses;
  std::string handover;
  bool narrowing = false;  // the caller's own token

  bool took_part(const PrincipalId& principal_id) const;
};

Result<Subject> read_subject(Core& core, const record::View& view, const Client& client,
                             const Form& form, const Binding& binding, Instant now);

// Checks the actor token and adds what it used and rests on; refuses where it is missing and the
// caller does not narrow its own token.
Result<void> read_actor(Core& core, const record::View& view, const Client& client,
                        const Form& form, const Binding& binding, Instant now, Subject& subject);

// The first 16 bytes of a digest: enough to name a thing.
inline std::string_view view_of_prefix(const Digest& digest) { return view(digest).substr(0, 16); }

}  // namespace mandate::service
