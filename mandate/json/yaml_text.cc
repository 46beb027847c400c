#include "mandate/json/yaml_text.h"

#include <algorithm>
#include <cstdint>

#include "mandate/base/bytes.h"
#include "mandate/json/scan.h"

namespace mandate::json {

bool has_closing_quote(std::string_view source) {
  char quote = source[0];
  for (std::size_t at = 1; at < source.size(); ++at) {
    bool is_pair = quote == '\'' && source.substr(at, 2) == "''";
    if (source[at] == quote && !is_pair) return true;
    if (is_pair || (quote == '"' && source[at] == '\\')) ++at;
  }
  return false;
}

Result<void> check_yaml_text(std::string_view text) {
  if (!is_utf8(text)) return fail(error_at(1, "not UTF-8"));
  if (text.starts_with("\xef\xbb\xbf")) return fail(error_at(1, "a byte order mark"));
  std::uint32_t line = 1;
  bool has_content = false;
  bool in_comment = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    char c = text[at];
    bool is_control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    bool is_break = c == '\n' || (c == '\r' && text.substr(at + 1).starts_with('\n'));
    if (is_control && !is_break && c != '\t') {
      return fail(error_at(line, "a control character " + quoted({&c, 1})));
    }
    if (c == '%' && !has_content && !in_comment) return fail(error_at(line, "a directive"));
    in_comment = !is_break && (in_comment || c == '#');
    has_content |= !in_comment && !is_break && c != ' ' && c != '\t';
    line += c == '\n' ? 1 : 0;
  }
  return {};
}

std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

}  // namespace mandate::json
