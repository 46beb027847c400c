// The chain of a journal's logs and the runs in it: each log begins where the one before it ends,
// and each start says where it stood. Fed with the entries of each log, the logs in their order.
//
//   Chain chain(logs, is_whole, receipt, findings);   chain.add(log, index, entry);
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mandate/json/value.h"
#include "mandate/ledger/receipt.h"
#include "mandate/store/audit/findings.h"
#include "mandate/store/log_entries.h"

namespace mandate::store::audit {

class Chain {
 public:
  // `receipt`: of which to note what became of its run; must outlive this.
  Chain(const std::vector<LogReader>& logs, bool is_whole, const ledger::Receipt* receipt,
        Findings& findings)
      : logs_(logs), is_whole_(is_whole), receipt_(receipt), findings_(findings) {}

  void add(const LogReader& log, std::uint64_t index, const json::Value& entry);

  // The finding about a receipt whose entry is in no log: lost, missing, or cut off.
  FindingKind fate_of_receipt() const;

 private:
  void add_opened(const LogReader& log, std::uint64_t index, const json::Value& entry);
  void add_started(const LogReader& log, std::uint64_t index, const json::Value& entry);
  void check_predecessor(const LogReader& log, std::uint32_t number, const Opened& opened);
  void compare(const LogReader& before, const ledger::Checkpoint& named, const LogReader& log);
  void begin_run(const LogReader& log, std::uint64_t index, const std::string& run);
  void note_time(const json::Value& entry);

  const std::vector<LogReader>& logs_;
  const bool is_whole_;
  const ledger::Receipt* receipt_;
  Findings& findings_;
  std::string run_;
  std::set<std::string> runs_;  // one a start
  bool receipt_run_seen_ = false;
  bool receipt_run_ended_ = false;
  bool receipt_run_went_on_ = false;
};

}  // namespace mandate::store::audit
