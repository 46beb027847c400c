// How a target tells what it found: what does not hold, on standard error; then it stops, and the
// fuzzer keeps the input.
//
//   if (ours != theirs) found("read as another value", text);
#pragma once

#include <string_view>

namespace mandate::fuzz {

[[noreturn]] void found(std::string_view what, std::string_view detail = {});

}  // namespace mandate::fuzz
