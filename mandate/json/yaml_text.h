// What both readers of YAML look at in the text itself, since yaml-cpp would take it in silence.
#pragma once

#include <string>
#include <string_view>

#include "mandate/base/result.h"

namespace mandate::json {

// Refuses other encodings, a byte order mark, control characters (yaml-cpp ends at one), a lone
// carriage return (a break that counts no line), directives.
Result<void> check_yaml_text(std::string_view text);

// yaml-cpp takes the end of the text for the end of a quoted scalar. `source` begins with its
// quote.
bool has_closing_quote(std::string_view source);

// A message of yaml-cpp's may hold a piece of a character.
std::string printable(std::string text);

}  // namespace mandate::json
