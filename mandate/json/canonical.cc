#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "mandate/base/bytes.h"
#include "mandate/json/object_text.h"
#include "mandate/json/value.h"

namespace mandate::json {
namespace {

// ECMAScript's Number::toString: the shortest digits that read back, laid out by their exponent.
void write_double(std::string& out, double number) {
  if (number == 0) {
    out += '0';
    return;
  }
  char buffer[32];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific);
  std::string_view text(buffer, static_cast<std::size_t>(end.ptr - buffer));
  if (text.starts_with('-')) {
    out += '-';
    text.remove_prefix(1);
  }
  std::size_t e = text.find('e');
  std::string digits(text.substr(0, 1));
  if (e > 2) digits += text.substr(2, e - 2);
  int exponent = 0;
  std::string_view written = text.substr(text[e + 1] == '+' ? e + 2 : e + 1);
  std::from_chars(written.data(), written.data() + written.size(), exponent);

  int count = static_cast<int>(digits.size());
  int point = exponent + 1;  // of the decimal point, counted from the first digit
  if (point > 21 || point <= -6) {
    if (count > 1) digits.insert(1, ".");
    out += digits + 'e' + (exponent < 0 ? '-' : '+') + std::to_string(std::abs(exponent));
  } else if (point <= 0) {
    out += "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  } else {
    if (point > count) digits.append(static_cast<std::size_t>(point - count), '0');
    if (point < count) digits.insert(static_cast<std::size_t>(point), ".");
    out += digits;
  }
}

// How much of `text` stands before the first byte that is escaped; looked at eight at a time.
std::size_t plain_length(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHigh = 0x80 * kOnes;
  const auto has_zero = [](std::uint64_t word) { return (word - kOnes) & ~word & kHigh; };
  std::size_t i = 0;
  for (std::uint64_t word = 0; i + sizeof word <= text.size(); i += sizeof word) {
    std::memcpy(&word, text.data() + i, sizeof word);
    const std::uint64_t control = (word - 0x20 * kOnes) & ~word & kHigh;
    if ((control | has_zero(word ^ '"' * kOnes) | has_zero(word ^ '\\' * kOnes)) != 0) break;
  }
  while (i < text.size() && static_cast<unsigned char>(text[i]) >= 0x20 && text[i] != '"' &&
         text[i] != '\\') {
    ++i;
  }
  return i;
}

void write_string(std::string& out, std::string_view text) {
  constexpr std::string_view kShort = "\b\t\n\f\r\"\\";
  constexpr std::string_view kLetters = "btnfr\"\\";
  out += '"';
  for (;;) {
    const std::size_t plain = plain_length(text);
    out += text.substr(0, plain);
    if (plain == text.size()) break;
    const char c = text[plain];
    text.remove_prefix(plain + 1);
    if (std::size_t at = kShort.find(c); at != std::string_view::npos) {
      out += '\\';
      out += kLetters[at];
    } else {
      out += "\\u00" + encode_hex({&c, 1});
    }
  }
  out += '"';
}

// By UTF-16 code units. That is the order of the bytes, except that U+10000 and above (lead bytes
// f0 to f4) are surrogates, and stand before U+E000 to U+FFFF (lead bytes ee and ef).
bool is_before(std::string_view a, std::string_view b) {
  auto [x, y] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (x == a.end() || y == b.end()) return x == a.end() && y != b.end();
  auto left = static_cast<unsigned char>(*x);
  auto right = static_cast<unsigned char>(*y);
  bool is_swapped = left >= 0xee && right >= 0xee && (left >= 0xf0) != (right >= 0xf0);
  return is_swapped ? left > right : left < right;
}

void write_scalar(std::string& out, const Value& value) {
  if (value.is_null()) {
    out += "null";
  } else if (value.is_bool()) {
    out += value.as_bool() ? "true" : "false";
  } else if (value.is_string()) {
    write_string(out, value.as_string());
  } else if (value.is_double()) {
    write_double(out, value.as_double());
  } else {
    out += std::to_string(value.as_integer());
  }
}

void write_canonical(std::string& out, const Value& value);

void write_canonical(std::string& out, const Object& object) {
  std::vector<const Member*> members;
  members.reserve(object.size());
  for (const Member& member : object) members.push_back(&member);
  std::sort(members.begin(), members.end(),
            [](const Member* a, const Member* b) { return is_before(a->key, b->key); });
  out += '{';
  for (const Member* member : members) {
    if (member != members.front()) out += ',';
    write_string(out, member->key);
    out += ':';
    write_canonical(out, member->value);
  }
  out += '}';
}

void write_canonical(std::string& out, const Value& value) {
  // RFC 8785 knows doubles only: an integer past 2^53 is written as the double it would become.
  constexpr std::int64_t kExactMax = std::int64_t{1} << 53;
  if (value.is_object()) {
    write_canonical(out, value.as_object());
  } else if (value.is_array()) {
    out += '[';
    for (const Value& item : value.as_array()) {
      if (&item != &value.as_array().front()) out += ',';
      write_canonical(out, item);
    }
    out += ']';
  } else if (value.is_integer() &&
             (value.as_integer() > kExactMax || value.as_integer() < -kExactMax)) {
    write_double(out, static_cast<double>(value.as_integer()));
  } else {
    write_scalar(out, value);
  }
}

void write_pretty(std::string& out, const Value& value, std::size_t indent) {
  if (!value.is_object() && !value.is_array()) return write_scalar(out, value);
  std::string newline = "\n" + std::string(indent + 2, ' ');
  const char* separator = "";
  out += value.is_object() ? '{' : '[';
  if (value.is_object()) {
    for (const Member& member : value.as_object()) {
      out += std::exchange(separator, ",") + newline;
      write_string(out, member.key);
      out += ": ";
      write_pretty(out, member.value, indent + 2);
    }
  } else {
    for (const Value& item : value.as_array()) {
      out += std::exchange(separator, ",") + newline;
      write_pretty(out, item, indent + 2);
    }
  }
  if (*separator != '\0') out += "\n" + std::string(indent, ' ');
  out += value.is_object() ? '}' : ']';
}

}  // namespace

ObjectText::ObjectText(std::string& out) : out_(out) { out_ += '{'; }

void ObjectText::key(std::string_view key) {
  if (!is_first_) {
    if (!is_before(previous_, key)) std::abort();
    out_ += ',';
  }
  is_first_ = false;
  previous_ = key;
  write_string(out_, key);
  out_ += ':';
}

void ObjectText::text(std::string_view at, std::string_view value) {
  key(at);
  write_string(out_, value);
}
void ObjectText::number(std::string_view at, std::int64_t value) {
  key(at);
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value);
  out_.append(digits, end.ptr);
}
void ObjectText::value(std::string_view at, const Value& value) {
  key(at);
  write_canonical(out_, value);
}
void ObjectText::raw(std::string_view at, std::string_view canonical) {
  key(at);
  out_ += canonical;
}
void ObjectText::begin_array(std::string_view at) {
  key(at);
  out_ += '[';
}
void ObjectText::add_item(std::string_view text) {
  if (out_.back() != '[') out_ += ',';
  write_string(out_, text);
}
void ObjectText::end_array() { out_ += ']'; }
void ObjectText::end() { out_ += '}'; }

std::string canonical(const Value& value) {
  std::string out;
  write_canonical(out, value);
  return out;
}

std::string pretty(const Value& value) {
  std::string out;
  write_pretty(out, value, 0);
  return out;
}

}  // namespace mandate::json
