#include "mandate/crypto/hash.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <utility>

#include "mandate/crypto/openssl.h"

namespace mandate::crypto {
namespace {

const EVP_MD* fetched(const char* name) {
  const EVP_MD* algorithm = EVP_MD_fetch(nullptr, name, nullptr);
  must(algorithm != nullptr);
  return algorithm;
}

DigestContext new_context() {
  DigestContext context(EVP_MD_CTX_new());
  must(context != nullptr);
  return context;
}

using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeWith<EVP_MAC_CTX_free>>;

MacContext new_hmac_sha256() {
  EVP_MAC* hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  must(hmac != nullptr);
  MacContext context(EVP_MAC_CTX_new(hmac));
  EVP_MAC_free(hmac);
  must(context != nullptr);
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                               OSSL_PARAM_END};
  must(EVP_MAC_CTX_set_params(context.get(), params) == 1);
  return context;
}

}  // namespace

const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = fetched("SHA256");
  return algorithm;
}

const EVP_MD* sha384_algorithm() {
  static const EVP_MD* const algorithm = fetched("SHA384");
  return algorithm;
}

void hash_into(const EVP_MD* algorithm, std::initializer_list<std::string_view> parts,
               std::uint8_t* out) {
  thread_local const DigestContext context = new_context();
  must(EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1);
  for (std::string_view part : parts) {
    must(EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1);
  }
  must(EVP_DigestFinal_ex(context.get(), out, nullptr) == 1);
}

Digest sha256(std::string_view bytes) {
  Digest digest;
  hash_into(sha256_algorithm(), {bytes}, digest.data());
  return digest;
}

Digest sha256(std::string_view a, std::string_view b) {
  Digest digest;
  hash_into(sha256_algorithm(), {a, b}, digest.data());
  return digest;
}

Digest sha256(std::string_view a, std::string_view b, std::string_view c) {
  Digest digest;
  hash_into(sha256_algorithm(), {a, b, c}, digest.data());
  return digest;
}

struct Sha256::Context {
  DigestContext digest = new_context();
  void begin() { must(EVP_DigestInit_ex2(digest.get(), sha256_algorithm(), nullptr) == 1); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) { context_->begin(); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
  must(EVP_DigestUpdate(context_->digest.get(), bytes.data(), bytes.size()) == 1);
}

Digest Sha256::finish() {
  Digest digest;
  must(EVP_DigestFinal_ex(context_->digest.get(), digest.data(), nullptr) == 1);
  context_->begin();
  return digest;
}

Digest hmac_sha256(std::string_view key, std::string_view message) {
  thread_local const MacContext context = new_hmac_sha256();
  // A null key would mean "the key of the last call", so an empty one needs an address.
  if (key.data() == nullptr) key = "";
  Digest digest;
  std::size_t size = 0;
  must(EVP_MAC_init(context.get(), octets(key), key.size(), nullptr) == 1);
  must(EVP_MAC_update(context.get(), octets(message), message.size()) == 1);
  must(EVP_MAC_final(context.get(), digest.data(), &size, digest.size()) == 1);
  must(size == digest.size());
  return digest;
}

}  // namespace mandate::crypto
