// Counts the signatures that a program makes and checks, from outside of it: loaded before it
// (LD_PRELOAD), it stands between the program and OpenSSL, and keeps its counts in the file that
// MANDATE_SIGNATURE_COUNTS names, which the benchmark reads meanwhile.
//
// The file: four counts of 8 bytes in this machine's order, as SignatureCounts has them.
#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

struct Counts {
  std::atomic<std::uint64_t> ecdsa_checked{0};
  std::atomic<std::uint64_t> ecdsa_made{0};
  std::atomic<std::uint64_t> eddsa_checked{0};
  std::atomic<std::uint64_t> eddsa_made{0};
};

Counts& counts() {
  static Counts* const shared = [] {
    static Counts nowhere;
    const char* path = std::getenv("MANDATE_SIGNATURE_COUNTS");
    const int file = path == nullptr ? -1 : ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ::ftruncate(file, sizeof(Counts)) != 0) return &nowhere;
    void* at = ::mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    return at == MAP_FAILED ? &nowhere : static_cast<Counts*>(at);
  }();
  return *shared;
}

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int EVP_PKEY_verify(EVP_PKEY_CTX* context, const unsigned char* signature, std::size_t size,
                    const unsigned char* digest, std::size_t digest_size) {
  static auto* const next = real<decltype(EVP_PKEY_verify)>("EVP_PKEY_verify");
  ++counts().ecdsa_checked;
  return next(context, signature, size, digest, digest_size);
}

int EVP_PKEY_sign(EVP_PKEY_CTX* context, unsigned char* signature, std::size_t* size,
                  const unsigned char* digest, std::size_t digest_size) {
  static auto* const next = real<decltype(EVP_PKEY_sign)>("EVP_PKEY_sign");
  ++counts().ecdsa_made;
  return next(context, signature, size, digest, digest_size);
}

int EVP_DigestVerify(EVP_MD_CTX* context, const unsigned char* signature, std::size_t size,
                     const unsigned char* message, std::size_t message_size) {
  static auto* const next = real<decltype(EVP_DigestVerify)>("EVP_DigestVerify");
  ++counts().eddsa_checked;
  return next(context, signature, size, message, message_size);
}

int EVP_DigestSign(EVP_MD_CTX* context, unsigned char* signature, std::size_t* size,
                   const unsigned char* message, std::size_t message_size) {
  static auto* const next = real<decltype(EVP_DigestSign)>("EVP_DigestSign");
  if (signature != nullptr) ++counts().eddsa_made;
  return next(context, signature, size, message, message_size);
}
}
