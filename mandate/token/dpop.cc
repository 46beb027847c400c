#include "mandate/token/dpop.h"

#include <cassert>
#include <cstdint>

#include "mandate/base/limits.h"
#include "mandate/base/recent_map.h"
#include "mandate/crypto/hash.h"
#include "mandate/token/claims.h"

namespace mandate::token {
namespace {

constexpr std::string_view kType = "dpop+jwt";
constexpr std::size_t kNonceTimeBytes = 8;
constexpr std::size_t kNonceBytes = kNonceTimeBytes + sizeof(Digest);

tl::unexpected<Error> wrong_proof(std::string detail) {
  return fail(Reason::kBadRequest, Place::kDpopProof, std::move(detail));
}

Digest nonce_mac(std::string_view run_key, std::string_view time) {
  return crypto::hmac_sha256(run_key, "mandate dpop nonce" + std::string(time));
}

// The proof speaks of this request and, where one is presented, of this token.
Result<void> check_request(const Jws& jws, const ProofContext& context) {
  const json::Value* htm = jws.claims().find("htm");
  if (htm == nullptr || *htm != json::Value(context.method)) {
    return wrong_proof("htm is not the request's method; expected " + quoted(context.method));
  }
  const json::Value* htu = jws.claims().find("htu");
  if (htu == nullptr || !htu->is_string()) return wrong_proof("no htu; expected a URI");
  Result<std::string> claimed = normalise_htu(htu->as_string());
  Result<std::string> wanted = normalise_htu(context.uri);
  if (!claimed) return fail(claimed.error());
  if (!wanted || *claimed != *wanted) {
    return wrong_proof("htu is another URI than the request's; expected " + quoted(context.uri));
  }
  if (!context.token_hash) return {};
  const json::Value* ath = jws.claims().find("ath");
  if (ath == nullptr || *ath != json::Value(encode_base64url(view(*context.token_hash)))) {
    return fail(Reason::kProofOfPossession, Place::kDpopProof,
                "ath is not the hash of the token presented; expected a proof for this token");
  }
  return {};
}

// Until when a proof made at `issued_at` might be accepted again, if it is to be accepted now.
Result<Instant> check_fresh(const Jws& jws, Instant issued_at, const ProofContext& context) {
  assert(context.nonces != nullptr || context.nonce_policy != NoncePolicy::kAlways);
  const auto nonce_required = [](std::string detail) {
    return fail(Reason::kNonceRequired, Place::kDpopProof, std::move(detail));
  };
  const json::Value* nonce = jws.claims().find("nonce");
  if (context.nonces != nullptr && nonce != nullptr) {
    if (!nonce->is_string() || !context.nonces->accepts(nonce->as_string(), context.now)) {
      return nonce_required("the nonce is old or not ours; expected the one answered with this");
    }
    constexpr Seconds kAgeMax = kNonceAgeMax + kClockSkewMax;
    if (issued_at > context.now + kAgeMax || issued_at + kAgeMax <= context.now) {
      return wrong_proof("iat is more than " + format_duration(kAgeMax) + " from now");
    }
    return issued_at + kAgeMax;
  }
  // Where a nonce can be asked for, no iat ahead of us is taken: accepted by one run, it would be
  // one from the next run's time, which remembers nothing of it.
  const Instant latest = context.nonces != nullptr ? context.now : context.now + kClockSkewMax;
  const bool fresh = issued_at <= latest && context.now < issued_at + kProofAgeMax &&
                     issued_at >= context.run_started;
  if (context.nonces != nullptr && (!fresh || context.nonce_policy == NoncePolicy::kAlways)) {
    return nonce_required("no nonce in the proof; expected the one answered with this");
  }
  if (!fresh) {
    return wrong_proof("iat is older than " + format_duration(kProofAgeMax) + ", or ahead");
  }
  return issued_at + kProofAgeMax;
}

crypto::Algorithm algorithm_of(crypto::KeyType type) {
  switch (type) {
    case crypto::KeyType::kP256: return crypto::Algorithm::kEs256;
    case crypto::KeyType::kP384: return crypto::Algorithm::kEs384;
    case crypto::KeyType::kEd25519: return crypto::Algorithm::kEdDsa;
    case crypto::KeyType::kRsa: break;
  }
  return crypto::Algorithm::kRs256;
}

}  // namespace

std::string NonceIssuer::issue(Instant now) const {
  auto time = static_cast<std::uint64_t>(now.time_since_epoch().count());
  std::string bytes(kNonceTimeBytes, '\0');
  for (std::size_t i = kNonceTimeBytes; i-- > 0; time >>= 8) {
    bytes[i] = static_cast<char>(time & 0xff);
  }
  return encode_base64url(bytes + std::string(view(nonce_mac(run_key_, bytes))));
}

bool NonceIssuer::accepts(std::string_view nonce, Instant now) const {
  const Result<std::string> bytes = decode_base64url(nonce);
  if (!bytes || bytes->size() != kNonceBytes) return false;
  const std::string_view time = std::string_view(*bytes).substr(0, kNonceTimeBytes);
  const std::string_view mac = std::string_view(*bytes).substr(kNonceTimeBytes);
  if (!equal_in_constant_time(mac, view(nonce_mac(run_key_, time)))) return false;
  std::uint64_t count = 0;
  for (char c : time) count = count << 8 | static_cast<unsigned char>(c);
  // Ours, so a time of our clock, which may since have been set back a little.
  const Instant issued{Milliseconds{static_cast<std::int64_t>(count)}};
  return issued <= now + kClockSkewMax && now < issued + kNonceAgeMax;
}

struct ProofVerifier::Keys {
  static constexpr std::size_t kGenerationMax = 1 << 14;
  RecentMap<std::string, crypto::PublicKey> by_jwk{kGenerationMax};  // canonical JSON
};

ProofVerifier::ProofVerifier() : keys_(std::make_shared<Keys>()) {}

// The key in the header, by which the proof was signed.
Result<crypto::PublicKey> ProofVerifier::proven_key(const Jws& jws) const {
  const json::Value* typ = jws.header().find("typ");
  if (typ == nullptr || *typ != json::Value(kType)) {
    return wrong_proof("typ is another than that of a proof; expected " + quoted(kType));
  }
  const json::Value* jwk = jws.header().find("jwk");
  if (jwk == nullptr) return wrong_proof("no jwk in the header; expected the public key");
  const std::string name = json::canonical(*jwk);
  std::optional<crypto::PublicKey> known = keys_->by_jwk.find(name);
  Result<crypto::PublicKey> key = known ? *known : crypto::PublicKey::from_jwk(*jwk);
  if (!key) return wrong_proof("jwk is malformed; expected a public key for signatures alone");
  if (!jws.verified_by(*key)) {
    return wrong_proof("the signature is not by the key in jwk, or alg does not fit it");
  }
  if (!known) keys_->by_jwk.put(name, *key);
  return key;
}

Result<ProofVerifier::Proof> ProofVerifier::verify(std::string_view text,
                                                   const ProofContext& context) const {
  Result<Jws> jws = Jws::parse(text, Place::kDpopProof);
  if (!jws) return fail(jws.error());
  Result<crypto::PublicKey> key = proven_key(*jws);
  if (!key) return fail(key.error());
  if (Result<void> request = check_request(*jws, context); !request) return fail(request.error());
  Result<std::string> jti = string_claim(*jws, "jti", limits::kJtiBytesMax);
  if (!jti) return fail(jti.error());
  const json::Value* iat = jws->claims().find("iat");
  const std::optional<Instant> issued_at = iat == nullptr ? std::nullopt : to_instant(*iat);
  if (!issued_at) return wrong_claim(*jws, "iat", "a number of seconds, 0 to 2^53");
  Result<Instant> until = check_fresh(*jws, *issued_at, context);
  if (!until) return fail(until.error());
  return Proof{ProvenPossession(key->thumbprint_base64url(), context.token_hash),
               crypto::sha256("mandate dpop proof", view(key->thumbprint()), *jti), *until};
}

std::string make_proof(const crypto::PrivateKey& key, const ProofRequest& request) {
  json::Value header = json::Value::object({{"typ", kType}, {"jwk", key.public_key().to_jwk()}});
  const std::string uri = request.uri.substr(0, request.uri.find_first_of("?#"));
  json::Value claims = json::Value::object(
      {{"jti", request.jti}, {"htm", request.method}, {"htu", uri}, {"iat", to_date(request.now)}});
  if (!request.nonce.empty()) claims.set("nonce", request.nonce);
  if (!request.access_token.empty()) {
    claims.set("ath", encode_base64url(view(crypto::sha256(request.access_token))));
  }
  return sign_jws(key, algorithm_of(key.public_key().type()), std::move(header), claims);
}

}  // namespace mandate::token
