#include "mandate/base/bytes.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace mandate {
namespace {

constexpr std::string_view kUrlAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kHexAlphabet = "0123456789abcdef";
constexpr std::uint8_t kNone = 0xff;
constexpr std::size_t kQuotedBytesMax = 64;

using Table = std::array<std::uint8_t, 256>;

constexpr Table inverse(std::string_view alphabet) {
  Table table{};
  table.fill(kNone);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}
constexpr Table kUrlValues = inverse(kUrlAlphabet);
constexpr Table kValues = inverse(kAlphabet);
constexpr Table kHexValues = inverse(kHexAlphabet);

std::uint32_t byte(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

std::string encode64(std::string_view bytes, std::string_view alphabet, bool padded) {
  const std::size_t rest = bytes.size() % 3;
  const std::size_t digits = bytes.size() / 3 * 4 + (rest == 0 ? 0 : rest + 1);
  std::string text(padded ? (digits + 3) / 4 * 4 : digits, '=');
  std::size_t at = 0;
  const auto put = [&](std::uint32_t group, std::size_t count) {
    for (std::size_t k = 0; k < count; ++k) text[at++] = alphabet[(group >> (18 - 6 * k)) & 63];
  };
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    put(byte(bytes, i) << 16 | byte(bytes, i + 1) << 8 | byte(bytes, i + 2), 4);
  }
  if (rest == 1) put(byte(bytes, i) << 16, 2);
  if (rest == 2) put(byte(bytes, i) << 16 | byte(bytes, i + 1) << 8, 3);
  return text;
}

// Does not quote the text: it may be a token.
tl::unexpected<Error> not_encoded(std::string_view text, const char* expected) {
  return fail(Reason::kBadRequest, "a text of " + std::to_string(text.size()) +
                                       " bytes is malformed; expected " + expected);
}

// `text` without padding. The bits that a last, partial group does not use must be zero.
Result<std::string> decode64(std::string_view text, const Table& values, const char* expected) {
  const std::size_t rest = text.size() % 4;
  if (rest == 1) return not_encoded(text, expected);
  std::string bytes(text.size() / 4 * 3 + (rest == 0 ? 0 : rest - 1), '\0');
  std::size_t at = 0;
  std::uint32_t seen = 0;  // of all digits: kNone has bits that no value has
  const auto digit = [&](std::size_t i) {
    const std::uint32_t value = values[byte(text, i)];
    seen |= value;
    return value;
  };
  std::size_t i = 0;
  for (; i + 4 <= text.size(); i += 4) {
    const std::uint32_t group =
        digit(i) << 18 | digit(i + 1) << 12 | digit(i + 2) << 6 | digit(i + 3);
    bytes[at++] = static_cast<char>(group >> 16);
    bytes[at++] = static_cast<char>(group >> 8);
    bytes[at++] = static_cast<char>(group);
  }
  std::uint32_t unused = 0;
  if (rest != 0) {
    const std::uint32_t group =
        digit(i) << 18 | digit(i + 1) << 12 | (rest == 3 ? digit(i + 2) << 6 : 0);
    bytes[at++] = static_cast<char>(group >> 16);
    if (rest == 3) bytes[at++] = static_cast<char>(group >> 8);
    unused = group & (rest == 3 ? 0xff : 0xffff);
  }
  static_assert((kNone & ~63U) != 0);
  if ((seen & ~63U) != 0 || unused != 0) return not_encoded(text, expected);
  return bytes;
}

// The length of the well-formed sequence at the start of `text`, or 0 (Unicode table 3-7).
std::size_t sequence_length(std::string_view text) {
  std::uint32_t lead = byte(text, 0);
  std::size_t length = lead < 0x80   ? 1
                       : lead < 0xc2 ? 0
                       : lead < 0xe0 ? 2
                       : lead < 0xf0 ? 3
                       : lead < 0xf5 ? 4
                                     : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(text, i) & 0xc0) != 0x80) return 0;
  }
  if (length < 3) return length;
  std::uint32_t second = byte(text, 1);
  bool bad = (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
             (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f);
  return bad ? 0 : length;
}

}  // namespace

Result<Digest> to_digest(std::string_view bytes) {
  Digest digest;
  if (bytes.size() != digest.size()) {
    return fail(Reason::kBadRequest,
                "a digest of " + std::to_string(bytes.size()) + " bytes; expected 32");
  }
  std::memcpy(digest.data(), bytes.data(), digest.size());
  return digest;
}

std::string encode_base64url(std::string_view bytes) {
  return encode64(bytes, kUrlAlphabet, false);
}

Result<std::string> decode_base64url(std::string_view text) {
  return decode64(text, kUrlValues, "base64url without padding");
}

std::string encode_base64(std::string_view bytes) { return encode64(bytes, kAlphabet, true); }

Result<std::string> decode_base64(std::string_view text) {
  constexpr const char* kExpected = "base64 with padding";
  if (text.size() % 4 != 0) return not_encoded(text, kExpected);
  std::string_view digits = text;
  for (int i = 0; i < 2 && digits.ends_with('='); ++i) digits.remove_suffix(1);
  return decode64(digits, kValues, kExpected);
}

std::string encode_hex(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    text += kHexAlphabet[byte(bytes, i) >> 4];
    text += kHexAlphabet[byte(bytes, i) & 15];
  }
  return text;
}

Result<std::string> decode_hex(std::string_view text) {
  auto refuse = [&] { return not_encoded(text, "hexadecimal in lower case"); };
  if (text.size() % 2 != 0) return refuse();
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    std::uint32_t high = kHexValues[byte(text, i)];
    std::uint32_t low = kHexValues[byte(text, i + 1)];
    if (high == kNone || low == kNone) return refuse();
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  volatile std::uint32_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference = difference | (byte(a, i) ^ byte(b, i));
  return difference == 0;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    std::uint64_t word = 0;
    if (text.size() >= sizeof word) {
      std::memcpy(&word, text.data(), sizeof word);
      if ((word & 0x8080808080808080) == 0) {
        text.remove_prefix(sizeof word);
        continue;
      }
    }
    std::size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text.substr(0, kQuotedBytesMax)) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c < ' ' || c > '~') {  // a signed char beyond ASCII is negative
      out += "\\x" + encode_hex({&c, 1});
    } else {
      out += c;
    }
  }
  return out + (text.size() > kQuotedBytesMax ? "...\"" : "\"");
}

}  // namespace mandate
