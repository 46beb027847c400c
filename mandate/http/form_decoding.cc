#include "mandate/http/form_decoding.h"

#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"

namespace mandate::http {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The text itself is never quoted: it may be a token. `what()` names it.
template <class What>
Result<std::string> decode(std::string_view text, bool plus_is_space, const What& what) {
  std::string decoded;
  decoded.reserve(text.size());
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_space = text[i] == '+' && plus_is_space;
    if (!is_space && text[i] != '%') continue;
    decoded += text.substr(copied, i - copied);
    if (is_space) {
      decoded += ' ';
    } else {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return fail(Reason::kBadRequest,
                    "a '%' in " + what() + " is not followed by two hexadecimal digits");
      }
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
    copied = i + 1;
  }
  decoded += text.substr(copied);
  if (decoded.find('\0') != std::string::npos || !is_utf8(decoded)) {
    return fail(Reason::kBadRequest, what() + " is not UTF-8 text without NUL");
  }
  return decoded;
}

bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

}  // namespace

Result<std::string> decode_segment(std::string_view text) {
  return decode(text, false, [] { return std::string("a segment of the path"); });
}

Result<std::vector<std::pair<std::string, std::string>>> decode_form(std::string_view body) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!body.empty()) {
    const std::size_t end = body.find('&');
    const std::string_view pair = body.substr(0, end);
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
    if (pair.empty()) continue;
    if (parameters.size() == limits::kFormParametersMax) {
      return fail(
          Reason::kLimitExceeded,
          "the form has more than " + std::to_string(limits::kFormParametersMax) + " parameters");
    }
    const std::size_t equals = pair.find('=');
    Result<std::string> name =
        decode(pair.substr(0, equals), true, [] { return std::string("a parameter's name"); });
    if (!name) return fail(name.error());
    Result<std::string> value =
        decode(equals == std::string_view::npos ? "" : pair.substr(equals + 1), true,
               [&] { return "the value of parameter " + quoted(*name); });
    if (!value) return fail(value.error());
    parameters.emplace_back(*std::move(name), *std::move(value));
  }
  return parameters;
}

std::string encode_segment(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (char c : text) {
    if (unreserved(c)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kDigits[byte >> 4];
    encoded += kDigits[byte & 15];
  }
  return encoded;
}

std::string encode_form(const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string body;
  for (const auto& [name, value] : parameters) {
    if (!body.empty()) body += '&';
    body += encode_segment(name) + "=" + encode_segment(value);
  }
  return body;
}

}  // namespace mandate::http
