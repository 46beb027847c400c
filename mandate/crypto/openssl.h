// OpenSSL's objects with owners, and what the files of this room share; included here and in
// http/tls only.
//
//   PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey.get(), nullptr));
//   must(context != nullptr);
#pragma once

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace mandate::crypto {

template <auto kFree>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};

using Bignum = std::unique_ptr<BIGNUM, FreeWith<BN_clear_free>>;
using BignumContext = std::unique_ptr<BN_CTX, FreeWith<BN_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>>;
using Pkey = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>>;

// For what only a broken library, an exhausted memory or a bug of ours can make false: to go on
// with a wrong hash or an unsigned token would be worse than to stop.
inline void must(bool condition) {
  if (!condition) std::abort();
}

// A refused key or signature leaves errors in the queue of the thread, where TLS would find them
// and take them for its own.
struct NoErrorsLeft {
  NoErrorsLeft() = default;
  NoErrorsLeft(const NoErrorsLeft&) = delete;
  NoErrorsLeft& operator=(const NoErrorsLeft&) = delete;
  ~NoErrorsLeft() { ERR_clear_error(); }
};

inline const std::uint8_t* octets(std::string_view bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}
inline std::uint8_t* octets(std::string& bytes) {
  return reinterpret_cast<std::uint8_t*>(bytes.data());
}

// Fetched once a process and never freed: OpenSSL's own clean-up may run before ours.
const EVP_MD* sha256_algorithm();
const EVP_MD* sha384_algorithm();

// `out` has room for the algorithm's size.
void hash_into(const EVP_MD* algorithm, std::initializer_list<std::string_view> parts,
               std::uint8_t* out);

}  // namespace mandate::crypto
