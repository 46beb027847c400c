// Patterns of AWS policies: `*` is any text, `?` one character, nothing else is special. Actions
// are compared in lower case by their callers; ARNs as they are.
//
//   glob_match("iam:create*", "iam:createuser")           a pattern and a text
//   glob_covers("arn:*:role/*", "arn:*:role/dev-*")       all of the second is in the first
//   glob_meet("*-dev", "app-*")                           something is in both
#pragma once

#include <string>
#include <string_view>

namespace mandate::observe {

bool glob_match(std::string_view pattern, std::string_view text);
bool glob_covers(std::string_view general, std::string_view specific);
bool glob_meet(std::string_view a, std::string_view b);
std::string lower(std::string_view text);

}  // namespace mandate::observe
