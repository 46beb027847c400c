// A fuzzer cannot guess a signature: input of two lines is a header and a payload to be signed by a
// fixed key, so that what stands behind the signature is reached too. Other input is a JWT already.
//
//   std::string jwt = signed_input("{\"alg\":\"EdDSA\"}\n{\"sub\":\"x\"}");
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mandate/base/bytes.h"
#include "mandate/base/instant.h"
#include "mandate/crypto/key.h"

namespace mandate::fuzz {

inline constexpr std::string_view kIssuer = "https://mandate.acme.example";
inline const Instant kNow = from_numeric_date(1'800'000'000);

inline const crypto::PrivateKey& key() {
  static const crypto::PrivateKey fixed =
      *crypto::PrivateKey::from_ed25519_seed("a fixed key for fuzzing, 32 byte");
  return fixed;
}

inline std::string signed_input(std::string_view input) {
  const std::size_t line = input.find('\n');
  if (line == std::string_view::npos) return std::string(input);
  std::string text =
      encode_base64url(input.substr(0, line)) + '.' + encode_base64url(input.substr(line + 1));
  const std::string signature = key().sign(crypto::Algorithm::kEdDsa, text);
  return text += '.' + encode_base64url(signature);
}

inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace mandate::fuzz
