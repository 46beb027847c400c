#include "bench/frame/signatures.h"

#include <openssl/ec.h>
#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <vector>

#include "bench/frame/figure.h"

namespace mandate::bench {
namespace {

void good(int outcome) {
  if (outcome != 1) give_up("OpenSSL refuses its own signature");
}

}  // namespace

struct RawSignatures::Impl {
  Kind kind;
  EVP_PKEY* key = nullptr;
  EVP_PKEY_CTX* signer = nullptr;
  EVP_PKEY_CTX* verifier = nullptr;
  EVP_MD_CTX* ed25519_signer = EVP_MD_CTX_new();
  std::array<std::uint8_t, 32> digest{};
  std::array<std::uint8_t, 96> signature{};
  std::size_t size = 0;

  explicit Impl(Kind of) : kind(of) {
    key = of == Kind::kP256 ? EVP_EC_gen("P-256") : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    if (kind == Kind::kEd25519) {
      good(EVP_DigestSignInit(ed25519_signer, nullptr, nullptr, nullptr, key));
      return;
    }
    signer = EVP_PKEY_CTX_new(key, nullptr);
    verifier = EVP_PKEY_CTX_new(key, nullptr);
    good(EVP_PKEY_sign_init(signer));
    good(EVP_PKEY_verify_init(verifier));
  }
  ~Impl() {
    EVP_PKEY_CTX_free(signer);
    EVP_PKEY_CTX_free(verifier);
    EVP_MD_CTX_free(ed25519_signer);
    EVP_PKEY_free(key);
  }
};

RawSignatures::RawSignatures(Kind kind) : impl_(std::make_unique<Impl>(kind)) { sign(); }
RawSignatures::~RawSignatures() = default;

void RawSignatures::sign() {
  Impl& at = *impl_;
  at.size = at.signature.size();
  if (at.kind == Kind::kP256) {
    good(EVP_PKEY_sign(at.signer, at.signature.data(), &at.size, at.digest.data(),
                       at.digest.size()));
    return;
  }
  EVP_MD_CTX* const context = at.ed25519_signer;
  good(EVP_DigestSignInit(context, nullptr, nullptr, nullptr, nullptr));
  good(EVP_DigestSign(context, at.signature.data(), &at.size, at.digest.data(), at.digest.size()));
}

void RawSignatures::verify() {
  Impl& at = *impl_;
  if (at.kind == Kind::kP256) {
    good(EVP_PKEY_verify(at.verifier, at.signature.data(), at.size, at.digest.data(),
                         at.digest.size()));
    return;
  }
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  good(EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, at.key));
  good(EVP_DigestVerify(context, at.signature.data(), at.size, at.digest.data(), at.digest.size()));
  EVP_MD_CTX_free(context);
}

}  // namespace mandate::bench
