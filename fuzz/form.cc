// Form bodies and path segments: what is read is text, and writes back to the same parameters.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/http/form_decoding.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_text(std::string_view text) {
  return mandate::is_utf8(text) && text.find('\0') == std::string_view::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mandate::http;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto form = decode_form(bytes)) {
    require(form->size() <= mandate::limits::kFormParametersMax);
    for (const auto& [name, value] : *form) require(is_text(name) && is_text(value));
    require(decode_form(encode_form(*form)).value() == *form);
  }
  if (const auto segment = decode_segment(bytes)) {
    require(is_text(*segment));
    require(decode_segment(encode_segment(*segment)).value() == *segment);
  }
  return 0;
}
