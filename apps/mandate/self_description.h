// What the program says of itself in other programs' formats, from the definition of its command
// line: shell completion and the manual page cannot drift from it.
//
//   print(completion_script(app, "bash"));   print(manual_page(app, "0.1.0"));
#pragma once

#include <string>
#include <string_view>

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}

namespace mandate::app {

// `shell`: bash, zsh or fish.
std::string completion_script(const CLI::App& app, std::string_view shell);
// troff with the man macros, section 1.
std::string manual_page(const CLI::App& app, std::string_view version);

}  // namespace mandate::app
