// Collects findings, up to the bound: past it, more of them say nothing more.
//
//   Findings findings(report);   findings.add(FindingKind::kWrongRoot, log, {.message = "..."});
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "mandate/store/audit/audit.h"
#include "mandate/store/audit/log_reader.h"

namespace mandate::store::audit {

class Findings {
 public:
  explicit Findings(Report& report) : report_(report) {}

  bool full() const { return report_.findings.size() >= kFindingsMax; }
  void add(Finding finding) {
    if (!full()) report_.findings.push_back(std::move(finding));
  }
  void add(FindingKind kind, const LogReader& log, std::string file, std::string message) {
    add({kind, log.checkpoint().origin, std::move(file), std::nullopt, std::move(message)});
  }
  void add_entry(FindingKind kind, const LogReader& log, std::uint64_t index, std::string message) {
    const ledger::TileId tile{
        .entries = true,
        .level = 0,
        .index = index / ledger::kTileWidth,
        .width = static_cast<int>(std::min<std::uint64_t>(
            log.size() - index / ledger::kTileWidth * ledger::kTileWidth, ledger::kTileWidth))};
    add({kind, log.checkpoint().origin, log.file(tile), index,
         "entry " + std::to_string(index) + " of " + log.checkpoint().origin + " " +
             std::move(message)});
  }

 private:
  Report& report_;
};

}  // namespace mandate::store::audit
