// What a key holds; for the files of this room only. Every public key comes through `Impl::make`,
// every private one through `PrivateKey::Impl::make`.
//
//   Result<PublicKey> key = PublicKey::Impl::make({KeyType::kP256, x, y});
#pragma once

#include <array>
#include <atomic>
#include <string>
#include <string_view>

#include "mandate/crypto/key.h"
#include "mandate/crypto/openssl.h"

namespace mandate::crypto {

// How a kind of key is written. EC: x and y; Ed25519: x alone; RSA: n and e.
struct KeyForm {
  KeyType type;
  std::string_view kty;
  std::string_view crv;     // empty for RSA
  std::string_view first;   // the member names of the public part
  std::string_view second;  // empty for Ed25519
  std::size_t coordinate_bytes;
};
inline constexpr std::array<KeyForm, 4> kKeyForms = {{
    {KeyType::kP256, "EC", "P-256", "x", "y", 32},
    {KeyType::kP384, "EC", "P-384", "x", "y", 48},
    {KeyType::kEd25519, "OKP", "Ed25519", "x", "", 32},
    {KeyType::kRsa, "RSA", "", "n", "e", 0},
}};
inline const KeyForm& form_of(KeyType type) { return kKeyForms[static_cast<std::size_t>(type)]; }

// The form that a JWK's kty and crv name, or nullptr.
const KeyForm* find_form(const json::Value& jwk);

// The public part as unsigned big-endian bytes, in the order of its form.
struct PublicParts {
  KeyType type{};
  std::string first;
  std::string second;
};

// One initialised context of a key, kept for its next use: to make one costs a tenth of a P-256
// check. Threads that find the slot empty make their own.
template <class Context>
class Slot {
 public:
  Slot() = default;
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  ~Slot() { Context(idle_.load()); }

  Context take() { return Context(idle_.exchange(nullptr)); }
  void give(Context context) { Context(idle_.exchange(context.release())); }

 private:
  std::atomic<typename Context::pointer> idle_ = nullptr;
};
using ContextSlot = Slot<PkeyContext>;
inline constexpr std::size_t kSlotCount = 2;  // an RSA key has two algorithms

struct PublicKey::Impl {
  PublicParts parts;
  Pkey pkey;
  Digest thumbprint{};
  mutable std::array<ContextSlot, kSlotCount> slots{};

  static Result<PublicKey> make(PublicParts parts);
  static Result<PublicKey> from_pkey(EVP_PKEY* pkey);
  // The public part of a JWK that may be used for `operation`: "verify" or "sign".
  static Result<PublicKey> read(const json::Value& jwk, std::string_view operation);
};

struct PrivateKey::Impl {
  PublicKey public_key;
  Pkey pkey;  // the only place that holds the secret; OpenSSL clears it when it frees it
  mutable std::array<ContextSlot, kSlotCount> slots{};
  mutable Slot<DigestContext> ed25519_slot{};

  Impl(PublicKey key, Pkey secret) : public_key(std::move(key)), pkey(std::move(secret)) {}
  // Checks that the public part belongs to the private one.
  // `secrets`: d for EC and Ed25519, those of `kRsaSecrets` for RSA.
  static Result<PrivateKey> make(PublicKey public_key, const std::vector<std::string>& secrets);
};

// A big-endian number of a key, by OpenSSL's name for it; at least `bytes_min` long.
std::string key_number(const EVP_PKEY* pkey, const char* name, std::size_t bytes_min = 0);

// The numbers of an RSA private key: member of the JWK and OpenSSL's name.
struct RsaNumber {
  std::string_view member;
  const char* name;
};
extern const std::array<RsaNumber, 6> kRsaSecrets;

// docs/decisions/0001: a point in canonical form, on the curve, and not of small order. The first
// two are for a key; `R` of a signature is compared byte by byte by OpenSSL, so it needs the last.
bool is_ed25519_small_order(std::string_view point32);
bool is_ed25519_public_key(std::string_view point32);

}  // namespace mandate::crypto
