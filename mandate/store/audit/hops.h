// Whether the predecessors that entries name exist: {"predecessors": [{"origin", "leaf", ...}]}.
// They are looked for in batches, so that memory does not grow with the log.
//
//   Hops hops(logs, is_whole, findings, report);   hops.add(log, index, entry);   hops.resolve();
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "mandate/base/digest_hash.h"
#include "mandate/json/value.h"
#include "mandate/store/audit/findings.h"

namespace mandate::store::audit {

class Hops {
 public:
  // `is_whole`: the folder is a copy of DIR/log, so that every log of its server stands in it.
  Hops(const std::vector<LogReader>& logs, bool is_whole, Findings& findings, Report& report)
      : logs_(logs),
        is_whole_(is_whole),
        findings_(findings),
        report_(report),
        pending_(logs.size()) {}

  Result<void> add(const LogReader& from, std::uint64_t index, const json::Value& entry);
  // Looks for what is pending.
  Result<void> resolve();

 private:
  struct Source {
    const LogReader* log = nullptr;
    std::uint64_t index = 0;
  };
  using Pending = std::unordered_multimap<Digest, Source, DigestHash>;

  Result<void> add_one(const Source& source, const json::Value& predecessor);
  bool is_of_this_server(std::string_view origin) const;

  const std::vector<LogReader>& logs_;
  const bool is_whole_;
  Findings& findings_;
  Report& report_;
  std::vector<Pending> pending_;  // by the log that is named
  std::size_t pending_count_ = 0;
};

}  // namespace mandate::store::audit
