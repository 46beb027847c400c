#include "testing/jwt_forge.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>

#include "mandate/base/bytes.h"
#include "mandate/crypto/hash.h"

namespace mandate::test {
namespace {

using Keys = std::map<std::string, crypto::PrivateKey, std::less<>>;

Keys read_keys() {
  std::ifstream file(MANDATE_SOURCE_DIR "/tests/vectors/keys.json", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  Keys keys;
  const Result<json::Value> parsed = json::parse(text);
  if (!parsed) std::abort();
  for (const json::Member& member : parsed->as_object()) {
    keys.emplace(member.key, crypto::PrivateKey::from_jwk(member.value).value());
  }
  return keys;
}

Forge about_oneself(std::string_view type, std::string_view who, std::string_view issuer,
                    Instant now, std::string_view jti, const crypto::PrivateKey& key) {
  const std::int64_t seconds = to_numeric_date(now);
  return {.header = header_for(key, type),
          .claims = json::Value::object({{"iss", who},
                                         {"sub", who},
                                         {"aud", issuer},
                                         {"jti", jti},
                                         {"iat", seconds},
                                         {"exp", seconds + 60}})};
}

}  // namespace

const crypto::PrivateKey& test_key(std::string_view name) {
  static const Keys keys = read_keys();
  const auto found = keys.find(name);
  if (found == keys.end()) std::abort();
  return found->second;
}

crypto::Algorithm algorithm_of(const crypto::PrivateKey& key) {
  switch (key.public_key().type()) {
    case crypto::KeyType::kP256: return crypto::Algorithm::kEs256;
    case crypto::KeyType::kP384: return crypto::Algorithm::kEs384;
    case crypto::KeyType::kEd25519: return crypto::Algorithm::kEdDsa;
    case crypto::KeyType::kRsa: break;
  }
  return crypto::Algorithm::kRs256;
}

std::string Forge::header_text() const {
  return raw_header.empty() ? json::canonical(header) : raw_header;
}
std::string Forge::claims_text() const {
  return raw_claims.empty() ? json::canonical(claims) : raw_claims;
}
std::string Forge::signing_input() const {
  return encode_base64url(header_text()) + '.' + encode_base64url(claims_text());
}
std::string Forge::signed_by(const crypto::PrivateKey& key) const {
  return signed_by(key, algorithm_of(key));
}
std::string Forge::signed_by(const crypto::PrivateKey& key, crypto::Algorithm algorithm) const {
  return with_signature(key.sign(algorithm, signing_input()));
}
std::string Forge::with_signature(std::string_view bytes) const {
  return signing_input() + '.' + encode_base64url(bytes);
}
std::string Forge::with_hs256(std::string_view secret) const {
  return with_signature(view(crypto::hmac_sha256(secret, signing_input())));
}

json::Value header_for(const crypto::PrivateKey& key, std::string_view type) {
  json::Value header = json::Value::object(
      {{"alg", crypto::name(algorithm_of(key))}, {"kid", key.public_key().thumbprint_base64url()}});
  if (!type.empty()) header.set("typ", type);
  return header;
}

Forge client_assertion(std::string_view client, std::string_view issuer, Instant now,
                       std::string_view jti, const crypto::PrivateKey& key) {
  return about_oneself("client-authentication+jwt", client, issuer, now, jti, key);
}

Forge actor_token(std::string_view actor, std::string_view issuer, Instant now,
                  std::string_view jti, const crypto::PrivateKey& key) {
  return about_oneself("actor+jwt", actor, issuer, now, jti, key);
}

Forge dpop_proof(std::string_view method, std::string_view uri, Instant now, std::string_view jti,
                 const crypto::PrivateKey& key) {
  return {.header = json::Value::object({{"alg", crypto::name(algorithm_of(key))},
                                         {"typ", "dpop+jwt"},
                                         {"jwk", key.public_key().to_jwk()}}),
          .claims = json::Value::object(
              {{"htm", method}, {"htu", uri}, {"jti", jti}, {"iat", to_numeric_date(now)}})};
}

}  // namespace mandate::test
