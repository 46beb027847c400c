// Any bytes are read to the end: each record is an object of the input where nothing had to be
// made readable, records do not overlap, and lines are counted.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "mandate/json/record_stream.h"

namespace {

using mandate::json::Damage;
using mandate::json::RecordStream;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr std::string_view kPaths[] = {"a", "b.c", "b", "d.[0].e"};
  static constexpr std::string_view kEnvelopes[] = {"Records"};
  static const mandate::json::Projection wanted(kPaths);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<mandate::json::Slot> slots(wanted.slots());
  mandate::json::MemorySource source(text);
  RecordStream in(source, kEnvelopes, 512);
  std::uint64_t end = 0;
  while (in.next(wanted, slots)) {
    require(in.offset() >= end && in.record().starts_with('{') && in.record().ends_with('}'));
    end = in.offset() + in.record().size();
    require(end <= size);
    if (in.damage().of(Damage::Kind::kBadBytes).count > 0) continue;
    require(text.substr(in.offset(), in.record().size()) == in.record());
    const std::string_view before = text.substr(0, in.offset());
    const auto lines = std::count(before.begin(), before.end(), '\n');
    require(in.line() == static_cast<std::uint64_t>(lines) + 1);
    for (const mandate::json::Slot& slot : slots) {
      require(slot.text.size() <= in.record().size());
    }
  }
  return 0;
}
