// The tokens of a JSON text with their lines: what simdjson's tree does not keep. Used to mark
// values with lines, to keep numbers that simdjson would change or refuse, and to say where a text
// that simdjson refused goes wrong. Takes any bytes; strings end at their quote, words at a
// delimiter.
//
//   Scanner in("{\"a\": 1}");   in.next().text == "{";   in.next().text == "\"a\""
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mandate/json/value.h"

namespace mandate::json {

struct Token {
  // One of `{}[]:,`, `"` for a string, `w` for a word (number, true, false, null), 0 at the end.
  char kind = 0;
  std::string_view text;  // a string with its quotes; the last one is missing where it is unclosed
  std::uint32_t line = 1;
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  Token next();

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
};

// A number of JSON's grammar.
bool is_number(std::string_view word);

// The first thing in `text` that is not RFC 8259, with its line. Numbers may have any size.
std::optional<Error> syntax_error(std::string_view text);

// `line N: detail`.
Error error_at(std::uint32_t line, std::string_view detail, Reason reason = Reason::kBadRequest);

// Refuses a second member of one name, with its line.
Result<void> check_unique(const Object& object);

}  // namespace mandate::json
