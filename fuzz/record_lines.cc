// Whatever the bytes, and in whatever pieces they come: as many go out, and line ends stay where
// they are.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "mandate/json/record_lines.h"
#include "testing/dripping.h"

namespace {

using mandate::json::RecordLines;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string read(std::string_view text, std::size_t drip) {
  mandate::test::Dripping source(text, drip);
  RecordLines lines(source);
  std::string all;
  char piece[4096];
  while (true) {
    const mandate::Result<std::size_t> bytes = lines.read(piece);
    require(bool{bytes});
    if (*bytes == 0) return all;
    all.append(piece, *bytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string whole = read(text, size + 1);
  require(whole.size() == size);
  require(read(text, 1 + size % 61) == whole);
  for (std::size_t i = 0; i < size; ++i) require((text[i] == '\n') == (whole[i] == '\n'));
  return 0;
}
