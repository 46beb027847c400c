// Whatever a log holds: it is scanned to the end, rules and chains are found, and a line of output
// is ASCII. Reading the same log twice finds the same events once.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "mandate/json/line.h"
#include "mandate/observe/chains.h"
#include "mandate/observe/rules.h"
#include "mandate/observe/scan.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void require_safe(const std::string& line) {
  require(std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7f; }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  mandate::observe::Scan scan;
  mandate::json::MemorySource source(text);
  scan.read("f", source);
  for (const auto& finding : mandate::observe::find_borrowed_trust(scan.summary())) {
    require(!finding.evidence.empty());
    require_safe(mandate::observe::to_ndjson(finding));
  }
  for (const auto& chain : mandate::observe::chains_of(scan.summary())) {
    require_safe(mandate::json::to_line(mandate::observe::to_json(chain)));
  }
  const std::uint64_t events = scan.summary().events();
  mandate::observe::Scan again;
  mandate::json::MemorySource same(text);
  again.read("f", same);
  scan.merge(std::move(again));
  require(scan.summary().events() == events);
  return 0;
}
