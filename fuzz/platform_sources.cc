// One source by itself, whichever the first byte names, on any record: it reads it or leaves it,
// and what it read counts once, however often it is added.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "mandate/json/record_stream.h"
#include "mandate/observe/sources/source.h"
#include "mandate/observe/summary.h"

using namespace mandate;
using namespace mandate::observe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Source& source = *all_sources()[data[0] % all_sources().size()];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const json::Projection wanted(source.paths);
  std::vector<json::Slot> slots(source.paths.size());
  json::MemorySource bytes(text);
  json::RecordStream in(bytes, all_envelopes());
  Summary summary;
  Scratch scratch;
  std::uint64_t repeats = 0;
  while (in.next(wanted, slots)) {
    scratch.clear();
    Activity activity;
    if (source.read(slots, scratch, activity) != Reading::kActivity) continue;
    const observe::Place place{"f", in.offset(), in.line(), in.record()};
    summary.add(activity, place);
    summary.add(activity, place);
    summary.settle_memory();
    if (summary.repeats() == repeats) std::abort();
    repeats = summary.repeats();
  }
  return 0;
}
