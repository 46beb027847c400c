#include "mandate/json/line.h"

#include <cstdint>

#include "mandate/base/bytes.h"

namespace mandate::json {
namespace {

struct Decoded {
  std::uint32_t code_point = 0xfffd;
  std::size_t bytes = 1;
  bool is_valid = false;
};

// The character that `text` begins with. Precondition: not empty.
Decoded decode_front(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (!is_utf8(text.substr(0, bytes)) || bytes > text.size()) return {};
  std::uint32_t code_point = lead & (0xffU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    code_point = code_point << 6 | (static_cast<unsigned char>(text[i]) & 0x3fU);
  }
  return {code_point, bytes, true};
}

void write_unit(std::string& out, std::uint32_t unit) {
  const char bytes[2] = {static_cast<char>(unit >> 8), static_cast<char>(unit & 0xff)};
  out += "\\u" + encode_hex({bytes, 2});
}

void write_text(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const Decoded next = decode_front(text);
    const std::uint32_t c = next.code_point;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c >= 0x20 && c < 0x7f) {
      out += static_cast<char>(c);
    } else if (c < 0x10000) {
      write_unit(out, c);
    } else {
      write_unit(out, 0xd800 + ((c - 0x10000) >> 10));
      write_unit(out, 0xdc00 + ((c - 0x10000) & 0x3ff));
    }
    text.remove_prefix(next.bytes);
  }
  out += '"';
}

void write(std::string& out, const Value& value) {
  if (value.is_string()) {
    write_text(out, value.as_string());
  } else if (value.is_object()) {
    char separator = '{';
    for (const Member& member : value.as_object()) {
      out += separator;
      write_text(out, member.key);
      out += ':';
      write(out, member.value);
      separator = ',';
    }
    out += separator == '{' ? "{}" : "}";
  } else if (value.is_array()) {
    char separator = '[';
    for (const Value& item : value.as_array()) {
      out += separator;
      write(out, item);
      separator = ',';
    }
    out += separator == '[' ? "[]" : "]";
  } else {
    out += canonical(value);
  }
}

}  // namespace

std::string to_line(const Value& value) {
  std::string out;
  write(out, value);
  return out;
}

std::string as_utf8(std::string_view text) {
  if (is_utf8(text)) return std::string(text);
  std::string out;
  while (!text.empty()) {
    const Decoded next = decode_front(text);
    out += next.is_valid ? text.substr(0, next.bytes) : "\xef\xbf\xbd";
    text.remove_prefix(next.bytes);
  }
  return out;
}

}  // namespace mandate::json
