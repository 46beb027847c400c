// Keys and signatures as JOSE has them (RFC 7517, 7518, 8037): a closed list of algorithms, each
// tied to its kind of key, so that an algorithm cannot be confused with another.
//
//   Result<PublicKey> key = PublicKey::from_jwk(jwk);
//   bool good = key->verify(Algorithm::kEs256, signing_input, signature);
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mandate/base/bytes.h"
#include "mandate/json/value.h"

namespace mandate::crypto {

// JWS algorithms that are accepted anywhere. No HMAC, no `none`, no RSA1_5 encryption: a server
// that holds asymmetric keys only cannot be tricked into them.
enum class Algorithm : std::uint8_t { kEs256, kEs384, kEdDsa, kRs256, kPs256 };

std::string_view name(Algorithm algorithm);  // "ES256", "ES384", "EdDSA", "RS256", "PS256"
std::optional<Algorithm> parse_algorithm(std::string_view name);  // exact spelling only

enum class KeyType : std::uint8_t { kP256, kP384, kEd25519, kRsa };

// A public key that was checked when it was read: on its curve, RSA of 2048 to 8192 bits with an
// odd exponent above 2^16. Cheap to copy; threads may share one.
class PublicKey {
 public:
  // Members kty, crv, x, y, n, e; `use` must be absent or "sig", `key_ops` absent or with "verify",
  // `alg` absent or one this key can do. Private members (d, p, q, k ...) are refused: a private
  // key does not belong where a public one is asked for (ATTACKS A16, C2). Others are ignored.
  static Result<PublicKey> from_jwk(const json::Value& jwk);
  // Uncompressed P-256/P-384 point, raw Ed25519 key, or DER SubjectPublicKeyInfo: for test vectors
  // and notes.
  static Result<PublicKey> from_ed25519_raw(std::string_view raw32);
  static Result<PublicKey> from_spki_der(std::string_view der);

  KeyType type() const;
  // The public members only, in canonical order: {"crv","kty","x","y"}, plus nothing.
  json::Value to_jwk() const;
  // RFC 7638 with SHA-256; this is `jkt` (RFC 9449).
  const Digest& thumbprint() const;
  std::string thumbprint_base64url() const;
  std::string ed25519_raw() const;  // Precondition: kEd25519

  bool accepts(Algorithm algorithm) const;
  // Exactly the documented success; every error is false. ECDSA signatures are r||s of fixed length
  // (RFC 7518 section 3.4); Ed25519 follows docs/decisions/0001; PS256 has a 32 byte salt.
  bool verify(Algorithm algorithm, std::string_view message, std::string_view signature) const;

 private:
  friend class PrivateKey;
  struct Impl;
  explicit PublicKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

class PrivateKey {
 public:
  // RSA is 2048 bits; randomness is OpenSSL's own.
  static Result<PrivateKey> generate(KeyType type);
  static Result<PrivateKey> from_jwk(const json::Value& jwk);
  static Result<PrivateKey> from_ed25519_seed(std::string_view seed32);

  const PublicKey& public_key() const;
  json::Value to_private_jwk() const;
  std::string ed25519_seed() const;  // Precondition: kEd25519
  // Precondition: public_key().accepts(algorithm).
  std::string sign(Algorithm algorithm, std::string_view message) const;

 private:
  struct Impl;
  explicit PrivateKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

// A JWK Set (RFC 7517 section 5) of public keys for verifying, bounded by limits::kJwksKeysMax.
struct KeySetEntry {
  std::optional<std::string> kid;
  PublicKey key;
};
// Refuses duplicate kids, oct and private keys, malformed keys, and sets past the bound. Left out
// are keys of no use here: `use: enc`, key_ops without verify, other kinds and algorithms.
Result<std::vector<KeySetEntry>> parse_jwks(const json::Value& jwks);

}  // namespace mandate::crypto
