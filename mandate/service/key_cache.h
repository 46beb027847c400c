// Public keys on record, read once: a key is named by its thumbprint, so an entry never goes stale.
#pragma once

#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "mandate/crypto/key.h"
#include "mandate/record/state.h"

namespace mandate::service {

class KeyCache {
 public:
  // The key of an authenticator that is one.
  Result<crypto::PublicKey> get(std::string_view thumbprint, const json::Value& jwk);

 private:
  static constexpr std::size_t kKeysMax = 1 << 16;
  std::shared_mutex mutex_;
  std::unordered_map<std::string, crypto::PublicKey> keys_;
};

// A key's RFC 7638 thumbprint, or the digest of an issuer and its claim conditions: ids are one way
// only, so a person's claims do not stand in them.
Result<std::string> authenticator_id(const Authenticator& authenticator);

}  // namespace mandate::service
