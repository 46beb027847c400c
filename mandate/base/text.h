// Text from outside in one form, so that equal text is equal bytes: UTF-8 in Unicode normalization
// form C (UAX 15). Names that people compare by eye hold no character that the eye cannot see.
//
//   *to_nfc("e\u0301") == "\u00e9";   has_unseen("a\u200bb", Unseen::kControl)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mandate/base/result.h"

namespace mandate {

// `bad_request` for what is not UTF-8.
Result<std::string> to_nfc(std::string_view text);

enum class Unseen : std::uint8_t {
  kControl,         // control and format characters: C0, C1, zero width, bidirectional, line breaks
  kControlOrSpace,  // those, and every white space
};
// For a terminal: each character that the eye cannot see, and each byte that is not UTF-8, is a
// '?'.
std::string without_unseen(std::string_view text);
// Precondition: UTF-8.
bool has_unseen(std::string_view text, Unseen what);

}  // namespace mandate
