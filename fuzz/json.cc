// Whatever `json::parse` takes is written and read again as the same; a refusal names its reason.
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
  mandate::Result<Value> value = mandate::json::parse(text);
  if (!value) {
    Reason reason = value.error().reason;
    require(reason == Reason::kBadRequest || reason == Reason::kLimitExceeded);
    require(!value.error().detail.empty() && mandate::is_utf8(value.error().detail));
    require(value.error().detail != "not JSON");  // a refusal that cannot be explained
    return 0;
  }
  std::string canonical = mandate::json::canonical(*value);
  require(mandate::is_utf8(canonical));
  mandate::Result<Value> again = mandate::json::parse(canonical);
  require(again && mandate::json::canonical(*again) == canonical);
  mandate::Result<Value> from_pretty = mandate::json::parse(mandate::json::pretty(*value));
  require(from_pretty && mandate::json::canonical(*from_pretty) == canonical);
  return 0;
}
