// Whatever a partial's bytes are: they are refused, or read to a part that rules and chains can
// look at, whose written form reads back as the same bytes, and which merged with itself counts
// every event once. The end with its digest is made here, or no change would ever come past it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "mandate/base/bytes.h"
#include "mandate/crypto/hash.h"
#include "mandate/observe/chains.h"
#include "mandate/observe/partial.h"
#include "mandate/observe/rules.h"

namespace {

using namespace mandate;

void require(bool holds) {
  if (!holds) std::abort();
}

Result<observe::Part> read(std::string_view text) {
  json::MemorySource source(text);
  return observe::read_partial(source, {});
}

std::string written(const observe::Part& part) {
  std::string text;
  require(observe::write_partial(part, [&text](std::string_view bytes) -> Result<void> {
            text += bytes;
            return {};
          }).has_value());
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  if (Result<observe::Part> as_it_is = read(text); !as_it_is) {
    require(!as_it_is.error().detail.empty());
  }
  if (!text.empty() && text.back() != '\n') text += '\n';
  const auto lines = std::count(text.begin(), text.end(), '\n');
  text += R"({"end":{"lines":)" + std::to_string(lines) + R"(,"sha256":")" +
          encode_hex(view(crypto::sha256(text))) + "\"}}\n";
  Result<observe::Part> part = read(text);
  if (!part) return 0;
  for (const auto& finding : observe::find_borrowed_trust(part->summary)) {
    require(!finding.evidence.empty());
  }
  observe::chains_of(part->summary);
  const std::string once = written(*part);
  Result<observe::Part> again = read(once);
  require(again.has_value() && written(*again) == once);
  const std::uint64_t events = part->summary.events();
  part->merge(*std::move(again));
  require(part->summary.settle().has_value() && part->summary.events() == events);
  return 0;
}
