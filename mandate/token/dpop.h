// DPoP (RFC 9449): proofs of possession and the server's nonces.
//
//   ProofVerifier v;  Result<Proof> p = v.verify(text, {.method = "POST", .uri = htu, .now = now});
//   p->use_key is consumed once; p->possession() is evidence of the key
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "mandate/authority/evidence.h"
#include "mandate/crypto/key.h"
#include "mandate/token/jws.h"

namespace mandate::token {

inline constexpr Seconds kProofAgeMax{60};
inline constexpr Seconds kNonceAgeMax{300};

// Nonces carry the run and their time, so none needs to be stored: base64url(milliseconds || MAC by
// a key of this run).
class NonceIssuer {
 public:
  // `run_key`: 32 random bytes, new at each start.
  explicit NonceIssuer(std::string run_key) : run_key_(std::move(run_key)) {}
  std::string issue(Instant now) const;
  bool accepts(std::string_view nonce, Instant now) const;

 private:
  std::string run_key_;
};

// Whether a proof must carry a nonce: always (the token endpoint), or only where its time alone
// does not prove it fresh: outside kProofAgeMax, or from before this run. A nonce that is there
// must be good either way; with it, iat may be off by kNonceAgeMax and the skew.
enum class NoncePolicy { kAlways, kWhenNotFresh };

struct ProofContext {
  std::string_view method;
  std::string_view uri;              // the configured one, never from a Host header
  std::optional<Digest> token_hash;  // the presented token's; its `ath` must be this
  NoncePolicy nonce_policy = NoncePolicy::kAlways;
  const NonceIssuer* nonces = nullptr;  // kAlways needs one; without one, time alone decides
  Instant run_started;
  Instant now;
};

// `htu` is compared after RFC 3986 normalisation (section 6.2.2-3): case of scheme and host,
// default port, percent-encoding; query and fragment are left out on both sides.
Result<std::string> normalise_htu(std::string_view uri);

// Remembers the keys whose proofs were good, since to read one costs half of what a check does.
// Threads may share one.
class ProofVerifier {
 public:
  ProofVerifier();
  struct Proof {
    ProvenPossession possession;
    Digest use_key{};   // of jti and key: to be consumed once
    Instant use_until;  // when the identifier can be forgotten
  };
  // `bad_request` at Place::kDpopProof for a malformed or wrong proof (typ, alg, jwk, htm, htu,
  // jti), `proof_of_possession` for a wrong ath, `nonce_required` for a missing, old or foreign
  // nonce; nothing is consumed here.
  Result<Proof> verify(std::string_view text, const ProofContext& context) const;

 private:
  struct Keys;
  Result<crypto::PublicKey> proven_key(const Jws& jws) const;
  std::shared_ptr<Keys> keys_;
};

// For clients: a proof by this key.
struct ProofRequest {
  std::string method;
  std::string uri;
  std::string nonce;         // empty: none
  std::string access_token;  // empty: no `ath`
  std::string jti;
  Instant now;
};
std::string make_proof(const crypto::PrivateKey& key, const ProofRequest& request);

}  // namespace mandate::token
