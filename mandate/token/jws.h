// JWTs in JWS compact form (RFC 7515, 7519, 8725), read strictly: three non-empty base64url
// segments without padding or spare bits, no duplicate member, a known `alg`, no `crit`, no `b64`,
// no `zip`. Header parameters that name keys (`jku`, `x5u`, `x5c`, `kid` as a path) are never
// followed.
//
//   Result<Jws> jws = Jws::parse(text, Place::kSubjectToken);
//   if (!jws->verified_by(key)) ...   // the claims are only worth something after this
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mandate/base/bytes.h"
#include "mandate/base/instant.h"
#include "mandate/base/result.h"
#include "mandate/crypto/key.h"
#include "mandate/json/value.h"

namespace mandate::token {

class Jws {
 public:
  // `token_malformed` (or `bad_request` at Place::kDpopProof, `client_authentication_failed` at
  // Place::kClient) for anything that is not exactly such a JWT with an object as payload.
  static Result<Jws> parse(std::string_view compact, Place place);

  crypto::Algorithm algorithm() const { return algorithm_; }
  // `typ` in lower case without a leading "application/"; empty where absent.
  const std::string& type() const { return type_; }
  const std::optional<std::string>& key_id() const { return key_id_; }
  const json::Value& header() const { return header_; }
  const json::Value& claims() const { return claims_; }
  const Digest& hash() const { return hash_; }  // SHA-256 of the compact text
  Place place() const { return place_; }

  bool verified_by(const crypto::PublicKey& key) const;

 private:
  Jws() = default;
  std::string signing_input_;
  std::string signature_;
  json::Value header_;
  json::Value claims_;
  crypto::Algorithm algorithm_ = crypto::Algorithm::kEs256;
  std::string type_;
  std::optional<std::string> key_id_;
  Digest hash_{};
  Place place_ = Place::kRequest;
};

// Signs canonical header and claims. `kid` is left out where empty.
std::string sign_jws(const crypto::PrivateKey& key, crypto::Algorithm algorithm,
                     std::string_view type, std::string_view key_id, const json::Value& claims);
// The same for claims that are canonical text.
std::string sign_jws(const crypto::PrivateKey& key, crypto::Algorithm algorithm,
                     std::string_view type, std::string_view key_id,
                     const std::string& claims_text);
// The same with members of its own in the header (`jwk` of a DPoP proof).
std::string sign_jws(const crypto::PrivateKey& key, crypto::Algorithm algorithm, json::Value header,
                     const json::Value& claims);

// Clocks of parties may differ by this much; an `exp` is exact on our own tokens.
inline constexpr Seconds kClockSkewMax{30};

// The time claims of a JWT of another party: exp required and in the future, nbf and iat not in the
// future beyond the skew, exp - iat (or exp - now) at most `lifetime_max`; fractional dates are
// legal, anything not a finite number in 0..2^53 is refused. Reasons: token_expired,
// token_malformed (or the place's own, as for `Jws::parse`).
struct TimeClaims {
  Instant expires_at;
  std::optional<Instant> issued_at;
};
Result<TimeClaims> check_times(const Jws& jws, Instant now, Seconds lifetime_max);
// A string claim that must be there and not empty, at most `bytes_max`.
Result<std::string> string_claim(const Jws& jws, std::string_view name, std::size_t bytes_max);
// `aud` is exactly this string, or an array of exactly it (rfc7523bis: no foreign member).
Result<void> check_audience(const Jws& jws, std::string_view audience);

}  // namespace mandate::token
