// application/x-www-form-urlencoded (WHATWG URL section 5.1), strictly: well-formed percent
// escapes, UTF-8, no NUL; bounded by limits::kFormParametersMax. And percent-decoding of a path
// segment.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mandate/base/result.h"

namespace mandate::http {

Result<std::vector<std::pair<std::string, std::string>>> decode_form(std::string_view body);
Result<std::string> decode_segment(std::string_view text);
std::string encode_form(const std::vector<std::pair<std::string, std::string>>& parameters);
// Everything but RFC 3986 unreserved characters is escaped.
std::string encode_segment(std::string_view text);

}  // namespace mandate::http
