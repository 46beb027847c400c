// Whatever `json::parse_yaml` takes is a JSON value, and reads as the same from its JSON; nothing
// of yaml-cpp comes out as an exception.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "mandate/base/bytes.h"
#include "mandate/json/value.h"

namespace {

using mandate::Reason;
using mandate::json::Value;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  mandate::Result<Value> value = mandate::json::parse_yaml(text);
  if (!value) {
    Reason reason = value.error().reason;
    require(reason == Reason::kBadRequest || reason == Reason::kLimitExceeded);
    require(!value.error().detail.empty() && mandate::is_utf8(value.error().detail));
    return 0;
  }
  std::string canonical = mandate::json::canonical(*value);
  mandate::Result<Value> again = mandate::json::parse(canonical);
  require(again && mandate::json::canonical(*again) == canonical);
  return 0;
}
