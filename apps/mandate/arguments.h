// The command line's words, made ready for the parser of options.
//
//   app.parse(arguments_of(argc, argv));
#pragma once

#include <string>
#include <vector>

namespace mandate::app {

// Last first, as CLI11 takes them. Identifiers that begin with '-' stand behind "--", where none is
// an option. With `--partial`, whose output has one form, `-o` names its file.
std::vector<std::string> arguments_of(int argc, char** argv);

}  // namespace mandate::app
