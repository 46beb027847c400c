// A value on one line for programs and terminals: members in their order, and ASCII only, so that
// text from outside can neither move a cursor nor break a line.
//
//   to_line(Value::object({{"b", 1}, {"a", "\x1b[2J"}})) == R"({"b":1,"a":"\u001b[2J"})"
#pragma once

#include <string>
#include <string_view>

#include "mandate/json/value.h"

namespace mandate::json {

// Bytes that are not UTF-8 become U+FFFD. Precondition: doubles are finite.
std::string to_line(const Value& value);

// `text` where each byte that is not part of well-formed UTF-8 is U+FFFD.
std::string as_utf8(std::string_view text);

}  // namespace mandate::json
