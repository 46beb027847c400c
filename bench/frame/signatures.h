// Signatures as fast as OpenSSL makes them: the limits of whatever must sign or verify. What
// `openssl speed` does, in this process and so in this run: one key, one context, one digest.
//
//   RawSignatures p256(RawSignatures::Kind::kP256);   rate([&](auto) { p256.verify(); })
#pragma once

#include <memory>

namespace mandate::bench {

class RawSignatures {
 public:
  enum class Kind { kP256, kEd25519 };
  explicit RawSignatures(Kind kind);
  ~RawSignatures();
  void sign();
  void verify();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mandate::bench
