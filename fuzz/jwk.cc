// JWKs and JWK sets: what is read can be written, read again the same, and asked to verify.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mandate/crypto/key.h"

namespace mandate::crypto {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void use(const PublicKey& key, std::string_view bytes) {
  const Result<PublicKey> again = PublicKey::from_jwk(key.to_jwk());
  require(again && again->thumbprint() == key.thumbprint());
  for (Algorithm algorithm : {Algorithm::kEs256, Algorithm::kEs384, Algorithm::kEdDsa,
                              Algorithm::kRs256, Algorithm::kPs256}) {
    require(!key.verify(algorithm, bytes, bytes.substr(0, 96)));
    require(!key.verify(algorithm, bytes, bytes.substr(0, 64)));
  }
}

}  // namespace
}  // namespace mandate::crypto

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mandate;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Result<json::Value> jwk = json::parse(bytes);
  if (!jwk) return 0;
  if (const auto key = crypto::PublicKey::from_jwk(*jwk)) crypto::use(*key, bytes);
  if (const auto entries = crypto::parse_jwks(*jwk)) {
    for (const crypto::KeySetEntry& entry : *entries) crypto::use(entry.key, bytes);
  }
  if (const auto key = crypto::PrivateKey::from_jwk(*jwk)) {
    crypto::use(key->public_key(), bytes);
    crypto::require(crypto::PrivateKey::from_jwk(key->to_private_jwk()).has_value());
  }
  return 0;
}
