#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/json/scan.h"
#include "mandate/json/value.h"

namespace mandate::json {
namespace {

namespace dom = simdjson::dom;

// A parser keeps its buffers; those of the small texts that requests hold are worth keeping.
constexpr std::size_t kReusedBytesMax = 64 << 10;

bool is_integer_word(std::string_view word) {
  return word.find_first_not_of("-0123456789") == std::string_view::npos;
}

bool fits_int64(std::string_view word) {
  std::int64_t number = 0;
  return std::from_chars(word.data(), word.data() + word.size(), number).ec == std::errc();
}

// simdjson reads `-0` as the integer 0, and refuses integers past 64 bits; both become doubles when
// written with a fraction. `text` with those numbers written so.
std::string with_doubles(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8 + 2);
  Scanner in(text);
  std::size_t copied = 0;
  for (Token token = in.next(); token.kind != 0; token = in.next()) {
    bool changes = token.text == "-0" || !fits_int64(token.text);
    if (token.kind != 'w' || !changes || !is_integer_word(token.text)) continue;
    auto end = static_cast<std::size_t>(token.text.data() - text.data()) + token.text.size();
    out += text.substr(copied, end - copied);
    out += ".0";
    copied = end;
  }
  return out += text.substr(copied);
}

// A cheap look that never misses the number `-0`; it may see one inside a string.
bool may_hold_negative_zero(std::string_view text) {
  for (std::size_t at = text.find("-0"); at != std::string_view::npos;
       at = text.find("-0", at + 1)) {
    bool starts = at == 0 || std::string_view(" \t\r\n[:,").find(text[at - 1]) < 8;
    bool ends = at + 2 >= text.size() || std::string_view(" \t\r\n]},").find(text[at + 2]) < 8;
    if (starts && ends) return true;
  }
  return false;
}

// Builds values in the order of the text, beside a scanner that says which line each is on.
class Builder {
 public:
  Builder(std::string_view text, const Bounds& bounds)
      : bounds_(bounds),
        scanner_(text),
        has_lines_(text.find('\n') != std::string_view::npos),
        has_escapes_(text.find("\\u") != std::string_view::npos) {}

  Result<Value> build(dom::element element, std::size_t depth) {
    std::uint32_t line = next_line();
    if (++values_ > bounds_.values_max) {
      return fail(error_at(line, "more than " + std::to_string(bounds_.values_max) + " values",
                           Reason::kLimitExceeded));
    }
    Result<Value> value = build_unmarked(element, depth, line);
    if (value) value->set_line(line);
    return value;
  }

 private:
  Result<Value> build_unmarked(dom::element element, std::size_t depth, std::uint32_t line) {
    switch (element.type()) {
      case dom::element_type::NULL_VALUE: return Value();
      case dom::element_type::BOOL: return Value(bool{element});
      case dom::element_type::INT64: return Value(std::int64_t{element});
      case dom::element_type::UINT64: return Value(static_cast<double>(std::uint64_t{element}));
      case dom::element_type::DOUBLE: return build_double(double{element}, line);
      case dom::element_type::STRING: {
        Result<std::string> text = build_string(std::string_view{element}, line);
        if (!text) return fail(text.error());
        return Value(std::move(*text));
      }
      case dom::element_type::ARRAY:
      case dom::element_type::OBJECT: break;
    }
    if (depth >= bounds_.depth_max) {
      return fail(error_at(line, "nested deeper than " + std::to_string(bounds_.depth_max),
                           Reason::kLimitExceeded));
    }
    return element.is_array() ? build_array(dom::array{element}, depth)
                              : build_object(dom::object{element}, depth);
  }

  static Result<Value> build_double(double number, std::uint32_t line) {
    if (!std::isfinite(number)) return fail(error_at(line, "a number outside a double"));
    return Value(number);
  }

  // simdjson lets a lone low surrogate through, as bytes that are not UTF-8.
  Result<std::string> build_string(std::string_view text, std::uint32_t line) const {
    if (has_escapes_ && !is_utf8(text)) {
      return fail(error_at(line, "a lone surrogate in " + quoted(text)));
    }
    return std::string(text);
  }

  Result<Value> build_array(dom::array array, std::size_t depth) {
    Array items;
    items.reserve(array.size());
    for (dom::element item : array) {
      Result<Value> value = build(item, depth + 1);
      if (!value) return value;
      items.push_back(std::move(*value));
    }
    return Value(std::move(items));
  }

  Result<Value> build_object(dom::object object, std::size_t depth) {
    Object members;
    members.reserve(object.size());
    for (dom::key_value_pair field : object) {
      std::uint32_t line = next_line();
      Result<std::string> key = build_string(field.key, line);
      if (!key) return fail(key.error());
      Result<Value> value = build(field.value, depth + 1);
      if (!value) return value;
      members.push_back({std::move(*key), std::move(*value), line});
    }
    if (auto unique = check_unique(members); !unique) return fail(unique.error());
    return Value(std::move(members));
  }

  // The line of the next key, or of the next value. What only closes or separates is passed over.
  std::uint32_t next_line() {
    if (!has_lines_) return 1;
    Token token = scanner_.next();
    while (std::string_view("]}:,").find(token.kind) != std::string_view::npos) {
      token = scanner_.next();
    }
    return token.line;
  }

  const Bounds& bounds_;
  Scanner scanner_;
  bool has_lines_;
  bool has_escapes_;
  std::size_t values_ = 0;
};

// simdjson tells neither where nor what. Where the grammar is kept, a number is too large.
Error explain(dom::parser& parser, std::string_view text) {
  if (std::optional<Error> error = syntax_error(text)) return *error;
  Scanner in(text);
  for (Token token = in.next(); token.kind != 0; token = in.next()) {
    if (token.kind != 'w' || !parser.parse(token.text.data(), token.text.size()).error()) continue;
    return error_at(token.line, "the number " + quoted(token.text) + " is outside a double");
  }
  return {Reason::kBadRequest, Place::kRequest, "not JSON"};
}

Result<Value> parse_with(dom::parser& parser, std::string_view text, const Bounds& bounds) {
  // simdjson copies from data() whatever the size; a null pointer is not for memcpy.
  if (text.empty()) text = "";
  std::string rewritten;
  if (may_hold_negative_zero(text)) text = rewritten = with_doubles(text);
  auto document = parser.parse(text.data(), text.size());
  if (document.error() == simdjson::NUMBER_ERROR && rewritten.empty()) {
    text = rewritten = with_doubles(text);
    document = parser.parse(text.data(), text.size());
  }
  if (document.error() == simdjson::DEPTH_ERROR) {
    return fail(Reason::kLimitExceeded, "nested deeper than " + std::to_string(bounds.depth_max));
  }
  if (document.error() != simdjson::SUCCESS) return fail(explain(parser, text));
  return Builder(text, bounds).build(document.value_unsafe(), 0);
}

}  // namespace

Result<Value> parse(std::string_view text, const Bounds& bounds) {
  if (text.size() > bounds.bytes_max) {
    return fail(Reason::kLimitExceeded, "a text of " + std::to_string(text.size()) +
                                            " bytes; expected at most " +
                                            std::to_string(bounds.bytes_max));
  }
  if (text.starts_with("\xef\xbb\xbf")) {
    return fail(error_at(1, "a byte order mark; expected JSON without one"));
  }
  if (text.size() <= kReusedBytesMax) {
    thread_local dom::parser reused;
    return parse_with(reused, text, bounds);
  }
  dom::parser parser;
  return parse_with(parser, text, bounds);
}

}  // namespace mandate::json
