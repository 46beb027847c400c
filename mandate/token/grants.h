// The other JWTs of the token endpoint, each told from the rest by its `typ` (RFC 8725
// section 3.11): client assertions and actor tokens by a registered key, our delegation statements,
// hop grants, and a trusted issuer's token about a person. The caller finds the key; each function
// checks everything else. What may be used once comes back as a `use_key`, consumed by the service.
//
//   Result<PrincipalId> who = claimed_client(jws);     // look up the keys, then
//   Result<OneUse> use = verify_client_assertion(jws, keys, issuer, now);
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mandate/authority/authority.h"
#include "mandate/authority/ids.h"
#include "mandate/crypto/key.h"
#include "mandate/token/jws.h"

namespace mandate::token {

inline constexpr Seconds kAssertionLifetimeMax{300};

struct OneUse {
  Digest use_key{};
  Instant until;
  // Which of the given keys it was: the one whose thumbprint is `kid`, or the only one given where
  // there is no `kid` (ATTACKS A7: of several, none is guessed).
  std::size_t key_index = 0;
};

// `sub` of a client assertion or actor token, as a principal; `iss` must be the same.
Result<PrincipalId> claimed_client(const Jws& jws);
// private_key_jwt (RFC 7523 section 3, rfc7523bis): typ absent, `jwt` or
// `client-authentication+jwt`; iss = sub; aud exactly the issuer; jti; lives at most 300 s.
// `client_authentication_failed`.
Result<OneUse> verify_client_assertion(const Jws& jws, const std::vector<crypto::PublicKey>& keys,
                                       std::string_view issuer, Instant now);

// An actor's own one-use JWT: typ `actor+jwt`, otherwise as above; refusals at Place::kActorToken.
Result<OneUse> verify_actor_token(const Jws& jws, const std::vector<crypto::PublicKey>& keys,
                                  std::string_view issuer, Instant now);

// A delegation statement of ours: typ `delegation+jwt`, iss and aud our issuer.
struct Statement {
  PrincipalId delegator;    // sub
  PrincipalId delegate;     // may_act.sub
  DelegationId delegation;  // jti
  Instant expires_at;
};
std::string sign_statement(const Statement& statement, std::string_view issuer, Instant now,
                           const crypto::PrivateKey& key, crypto::Algorithm algorithm);
Result<Statement> verify_statement(const Jws& jws, const std::vector<crypto::PublicKey>& keys,
                                   std::string_view issuer, Instant now);

// A hop grant (WIRE.md): typ `hop-grant+jwt`, signed by the subject token's `cnf` key, whose JWK
// stands in the header (`jwk`) and must have the thumbprint `holder_jkt`.
struct HopGrant {
  PrincipalId holder;                          // iss
  Digest token_hash{};                         // ath
  PrincipalId delegate;                        // sub: the next actor
  std::string delegate_jkt;                    // cnf.jkt
  std::vector<RequestedPermission> authority;  // authorization_details
  int max_depth = 0;
  Instant expires_at;
  std::string jti;
  OneUse use;
};
Result<HopGrant> verify_hop_grant(std::string_view text, std::string_view holder_jkt,
                                  std::string_view issuer, Instant now);

// A trusted issuer's token about a person (OIDC id_token or JWT, typ absent, `jwt` or `id+jwt`), by
// one of its keys, alg among `algorithms`, exact `iss` and `aud`, at most `max_age` old by iat.
// `act` and `may_act` in it are ignored. String claims come back for matching.
struct PersonClaims {
  std::vector<std::pair<std::string, std::string>> claims;
  Instant expires_at;
};
Result<PersonClaims> verify_person_token(const Jws& jws,
                                         const std::vector<crypto::KeySetEntry>& keys,
                                         const std::vector<std::string>& algorithms,
                                         std::string_view trusted_issuer, std::string_view audience,
                                         Seconds max_age, Instant now);
// The unverified `iss`, to find the trusted issuer by.
std::optional<std::string> claimed_issuer(const Jws& jws);

}  // namespace mandate::token
