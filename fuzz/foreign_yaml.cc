// Whatever `json::parse_foreign_yaml` takes is JSON values within the bounds, each document in its
// place; nothing of yaml-cpp comes out as an exception.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "mandate/base/bytes.h"
#include "mandate/json/foreign_yaml.h"

namespace {

using mandate::Reason;
using mandate::json::Bounds;
using mandate::json::Value;
using mandate::json::YamlDocument;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Bounds bounds{.bytes_max = 1 << 16, .depth_max = 16, .values_max = 2000};
  std::size_t offset = 0;
  std::uint32_t line = 1;
  for (const YamlDocument& document : mandate::json::parse_foreign_yaml(text, bounds)) {
    require(document.offset >= offset && document.line >= line && document.offset <= size);
    offset = document.offset;
    line = document.line;
    if (!document.value) {
      Reason reason = document.value.error().reason;
      require(reason == Reason::kBadRequest || reason == Reason::kLimitExceeded);
      require(!document.value.error().detail.empty());
      require(mandate::is_utf8(document.value.error().detail));
      continue;
    }
    std::string canonical = mandate::json::canonical(*document.value);
    mandate::Result<Value> again = mandate::json::parse(canonical);
    require(again && mandate::json::canonical(*again) == canonical);
  }
  return 0;
}
