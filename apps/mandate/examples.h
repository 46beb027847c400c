// What stands at the end of each command's help: what a newcomer would type, and what comes of it.
//
//   example_of("get")   // "  mandate get delegations\n ..."; empty for what has none
#pragma once

#include <string_view>

namespace mandate::app {

const char* example_of(std::string_view command);

}  // namespace mandate::app
