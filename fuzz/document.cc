// A document in YAML or JSON: whatever is accepted is written back to text that reads as the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mandate/authority/definition.h"

namespace {

void check(const mandate::Result<mandate::json::Value>& value) {
  if (!value) {
    return;
  }
  const mandate::Result<mandate::Document> document = mandate::Document::parse(*value);
  if (!document) {
    return;
  }
  const std::string text = mandate::json::canonical(document->to_json());
  const mandate::Result<mandate::json::Value> written = mandate::json::parse(text);
  if (!written) {
    std::abort();
  }
  const mandate::Result<mandate::Document> again = mandate::Document::parse(*written);
  if (!again || !(*again == *document) || mandate::json::canonical(again->to_json()) != text) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(mandate::json::parse(text));
  check(mandate::json::parse_yaml(text));
  return 0;
}
