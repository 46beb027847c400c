#include "mandate/json/scan.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "mandate/base/bytes.h"

namespace mandate::json {
namespace {

constexpr std::size_t kFewMembers = 16;
constexpr std::string_view kDigits = "0123456789";

bool skip_digits(std::string_view& word) {
  std::size_t count = std::min(word.find_first_not_of(kDigits), word.size());
  word.remove_prefix(count);
  return count > 0;
}

bool skip_any(std::string_view& word, std::string_view characters) {
  if (word.empty() || characters.find(word[0]) == std::string_view::npos) return false;
  word.remove_prefix(1);
  return true;
}

// The code unit of `XXXX` in `\uXXXX`, or -1.
int code_unit(std::string_view hex) {
  int unit = 0;
  bool is_hex = hex.size() == 4 && hex.find_first_not_of("0123456789abcdefABCDEF") == hex.npos;
  if (is_hex) std::from_chars(hex.data(), hex.data() + hex.size(), unit, 16);
  return is_hex ? unit : -1;
}

// What is wrong with a string token, or nothing.
std::string_view string_fault(std::string_view token) {
  if (token.size() < 2 || !token.ends_with('"')) return "a string that does not end";
  if (!is_utf8(token)) return "a string that is not UTF-8";
  std::size_t i = 1;
  for (; i + 1 < token.size(); ++i) {
    if (static_cast<unsigned char>(token[i]) < 0x20) return "a control character in a string";
    if (token[i] != '\\') continue;
    ++i;
    if (std::string_view(R"("\/bfnrt)").find(token[i]) != std::string_view::npos) continue;
    int unit = token[i] == 'u' ? code_unit(token.substr(i + 1, 4)) : -1;
    if (unit < 0) return "an unknown escape in a string";
    i += 4;
    if (unit < 0xd800 || unit > 0xdfff) continue;
    int low = token.substr(i + 1, 2) == "\\u" ? code_unit(token.substr(i + 3, 4)) : -1;
    if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff) return "a lone surrogate in a string";
    i += 6;
  }
  if (i == token.size()) return "a string that does not end";  // its last quote is escaped
  return {};
}

std::string_view token_fault(const Token& token) {
  if (token.kind == '"') return string_fault(token.text);
  bool is_known = token.kind != 'w' || token.text == "null" || token.text == "true" ||
                  token.text == "false" || is_number(token.text);
  return is_known ? "" : "an unknown word";
}

enum class Expected : std::uint8_t { kValue, kItemOrEnd, kKeyOrEnd, kKey, kColon, kComma, kEnd };

std::string_view describe(Expected expected) {
  switch (expected) {
    case Expected::kValue: return "a value";
    case Expected::kItemOrEnd: return "a value or ']'";
    case Expected::kKeyOrEnd: return "a key in quotes or '}'";
    case Expected::kKey: return "a key in quotes";
    case Expected::kColon: return "':'";
    case Expected::kComma: return "',' or the end of the array or object";
    case Expected::kEnd: return "the end of the text";
  }
  return "";
}

// The grammar of RFC 8259 as one step a token; `open` holds the open brackets.
class Grammar {
 public:
  Expected expected() const { return expected_; }

  // False where the token does not fit.
  bool step(char kind) {
    switch (expected_) {
      case Expected::kKeyOrEnd:
        if (kind == '}') return close(kind);
        [[fallthrough]];
      case Expected::kKey: return kind == '"' && expect(Expected::kColon);
      case Expected::kColon: return kind == ':' && expect(Expected::kValue);
      case Expected::kItemOrEnd:
        if (kind == ']') return close(kind);
        [[fallthrough]];
      case Expected::kValue: return begin_value(kind);
      case Expected::kComma:
        if (kind == ',') return expect(open_.back() == '{' ? Expected::kKey : Expected::kValue);
        return close(kind);
      case Expected::kEnd: return kind == 0;
    }
    return false;
  }

 private:
  bool expect(Expected next) {
    expected_ = next;
    return true;
  }
  bool end_value() { return expect(open_.empty() ? Expected::kEnd : Expected::kComma); }
  bool begin_value(char kind) {
    if (kind == '"' || kind == 'w') return end_value();
    if (kind != '{' && kind != '[') return false;
    open_.push_back(kind);
    return expect(kind == '{' ? Expected::kKeyOrEnd : Expected::kItemOrEnd);
  }
  bool close(char kind) {
    if (kind != (open_.back() == '{' ? '}' : ']')) return false;
    open_.pop_back();
    return end_value();
  }

  Expected expected_ = Expected::kValue;
  std::vector<char> open_;
};

}  // namespace

Token Scanner::next() {
  while (at_ < text_.size() &&
         std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
    line_ += text_[at_] == '\n' ? 1 : 0;
    ++at_;
  }
  if (at_ == text_.size()) return {0, {}, line_};
  std::size_t start = at_;
  char kind = text_[at_++];
  if (kind == '"') {
    // A newline inside is an error elsewhere; it is not counted, so the string keeps its line.
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    at_ = std::min(at_ + 1, text_.size());
  } else if (std::string_view("{}[]:,").find(kind) == std::string_view::npos) {
    kind = 'w';
    at_ = std::min(text_.find_first_of(" \t\r\n{}[]:,\"", at_), text_.size());
  }
  return {kind, text_.substr(start, at_ - start), line_};
}

bool is_number(std::string_view word) {
  skip_any(word, "-");
  bool leading_zero = word.starts_with('0');
  std::size_t before = word.size();
  if (!skip_digits(word) || (leading_zero && before - word.size() > 1)) return false;
  if (skip_any(word, ".") && !skip_digits(word)) return false;
  if (skip_any(word, "eE")) {
    skip_any(word, "+-");
    if (!skip_digits(word)) return false;
  }
  return word.empty();
}

std::optional<Error> syntax_error(std::string_view text) {
  Scanner in(text);
  Grammar grammar;
  while (true) {
    Token token = in.next();
    std::string_view expected = describe(grammar.expected());
    if (!grammar.step(token.kind)) {
      std::string found = token.kind == 0 ? "the end of the text" : quoted(token.text);
      return error_at(token.line, "found " + found + "; expected " + std::string(expected));
    }
    if (std::string_view fault = token_fault(token); !fault.empty()) {
      return error_at(token.line, std::string(fault) + ": " + quoted(token.text));
    }
    if (token.kind == 0) return std::nullopt;
  }
}

Error error_at(std::uint32_t line, std::string_view detail, Reason reason) {
  return {reason, Place::kRequest, "line " + std::to_string(line) + ": " + std::string(detail)};
}

Result<void> check_unique(const Object& object) {
  auto refuse = [](const Member& member) {
    return fail(error_at(member.line, "duplicate member " + quoted(member.key)));
  };
  if (object.size() <= kFewMembers) {
    for (std::size_t i = 1; i < object.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (object[i].key == object[j].key) return refuse(object[i]);
      }
    }
    return {};
  }
  std::vector<std::pair<std::string_view, const Member*>> keys;
  keys.reserve(object.size());
  for (const Member& member : object) keys.emplace_back(member.key, &member);
  std::sort(keys.begin(), keys.end());  // equal keys stay in the order of the text
  for (std::size_t i = 1; i < keys.size(); ++i) {
    if (keys[i].first == keys[i - 1].first) return refuse(*keys[i].second);
  }
  return {};
}

}  // namespace mandate::json
