// Our access tokens (RFC 9068, `typ: at+jwt`) and their verification.
//
//   std::string text = sign_access_token(claims, issuer, key, Algorithm::kEs256);
//   Result<VerifiedToken> t = AccessTokenVerifier(issuer, keys).verify(text, place, now);
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/authority/evidence.h"
#include "mandate/crypto/key.h"
#include "mandate/token/jws.h"

namespace mandate::token {

// The claims as canonical JSON: iss, aud, client_id, sub, act (nested, newest outermost; absent in
// one's own right), scope and authorization_details (absent without authority), cnf (jkt, or
// x5t#S256), txn, jti (absent where empty: its entry comes first), iat and exp (whole seconds,
// rounded down), lineage, rests_on, revision.
std::string claims_text(const TokenClaims& claims, std::string_view issuer);
json::Value to_json(const TokenClaims& claims, std::string_view issuer);
// The claim `act` of these, newest first, as canonical JSON; empty where there is none.
std::string act_text(const std::vector<PrincipalId>& actors);

std::string sign_access_token(const TokenClaims& claims, std::string_view issuer,
                              const crypto::PrivateKey& key, crypto::Algorithm algorithm);

// Remembers the tokens whose signature was good, by the hash of their whole text, so that a token
// is checked once and not at each use; its time is looked at each time. What is remembered goes
// with the verifier, and so with its keys. Threads may share one.
class AccessTokenVerifier {
 public:
  AccessTokenVerifier(std::string issuer, std::vector<crypto::PublicKey> keys);
  // `token_malformed`, `token_type_mismatch` (another typ), `untrusted_issuer` (another iss, an
  // unknown key or a bad signature), `token_expired` (exp <= now), `depth_exceeded` (act).
  // Revocation is not this question.
  Result<VerifiedToken> verify(std::string_view text, Place place, Instant now) const;
  // The same for one that is parsed already.
  Result<VerifiedToken> verify(const Jws& jws, Instant now) const;

 private:
  // Everything but its time.
  Result<VerifiedToken> check(const Jws& jws) const;

  std::string issuer_;
  std::vector<crypto::PublicKey> keys_;  // found by kid = thumbprint
  struct Seen;
  std::shared_ptr<Seen> seen_;
};

}  // namespace mandate::token
