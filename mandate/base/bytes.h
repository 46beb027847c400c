// Bytes and their text forms. Bytes travel as `std::string` and `std::string_view`; a SHA-256
// digest has a type of its own. Decoders are strict: one text for one value (ATTACKS A18).
//
//   encode_base64url("\x01\x02") == "AQI";   decode_base64url("AQI=") is refused
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "mandate/base/result.h"

namespace mandate {

using Digest = std::array<std::uint8_t, 32>;

inline std::string_view view(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}
// Exactly 32 bytes, otherwise refused.
Result<Digest> to_digest(std::string_view bytes);

// RFC 4648 section 5 without padding; refuses padding, other alphabets, white space and trailing
// bits that are not zero.
std::string encode_base64url(std::string_view bytes);
Result<std::string> decode_base64url(std::string_view text);

// RFC 4648 section 4 with padding, as strict as the above.
std::string encode_base64(std::string_view bytes);
Result<std::string> decode_base64(std::string_view text);

// Lower case.
std::string encode_hex(std::string_view bytes);
Result<std::string> decode_hex(std::string_view text);

// In time that depends on the lengths only.
bool equal_in_constant_time(std::string_view a, std::string_view b);

// The whole text is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool is_utf8(std::string_view text);

// For error messages: quoted, control characters and non-ASCII escaped, at most 64 bytes kept.
std::string quoted(std::string_view text);

}  // namespace mandate
