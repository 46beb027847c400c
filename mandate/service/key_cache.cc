#include "mandate/service/key_cache.h"

#include <mutex>

#include "mandate/crypto/hash.h"

namespace mandate::service {

Result<crypto::PublicKey> KeyCache::get(std::string_view thumbprint, const json::Value& jwk) {
  const std::string name(thumbprint);
  {
    const std::shared_lock lock(mutex_);
    if (auto found = keys_.find(name); found != keys_.end()) return found->second;
  }
  Result<crypto::PublicKey> key = crypto::PublicKey::from_jwk(jwk);
  if (!key) return key;
  const std::unique_lock lock(mutex_);
  if (keys_.size() >= kKeysMax) keys_.clear();
  keys_.emplace(name, *key);
  return key;
}

Result<std::string> authenticator_id(const Authenticator& authenticator) {
  if (const auto* jwk = std::get_if<json::Value>(&authenticator.proof)) {
    return crypto::PublicKey::from_jwk(*jwk).map(
        [](const crypto::PublicKey& key) { return key.thumbprint_base64url(); });
  }
  const auto& issued = std::get<Authenticator::Issued>(authenticator.proof);
  json::Value claims = json::Value::object({});
  for (const auto& [claim, value] : issued.claims) claims.set(claim, value);
  const json::Value whole =
      json::Value::object({{"issuer", issued.issuer.text()}, {"claims", std::move(claims)}});
  return encode_base64url(view(crypto::sha256(json::canonical(whole))));
}

}  // namespace mandate::service
