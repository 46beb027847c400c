#include "mandate/store/audit/chain.h"

#include <algorithm>

namespace mandate::store::audit {
namespace {

// An entry that says it is this much younger than a receipt was queued after the receipt's entry.
constexpr Seconds kReceiptMargin{5};

// The number of a journal's log; nothing for the record's.
std::optional<std::uint32_t> journal_number(const std::string& origin) {
  const std::size_t slash = origin.rfind('/');
  if (slash == std::string::npos || !origin.substr(0, slash).ends_with("/log/journal")) {
    return std::nullopt;
  }
  return parse_log_number(std::string_view(origin).substr(slash + 1));
}

std::string origin_before(const std::string& origin, std::uint32_t number) {
  return origin.substr(0, origin.rfind('/') + 1) + log_number_text(number - 1);
}

std::string describe(const ledger::Checkpoint& checkpoint) {
  return std::to_string(checkpoint.size) + " entries and root " +
         encode_base64(view(checkpoint.root));
}

}  // namespace

void Chain::add(const LogReader& log, std::uint64_t index, const json::Value& entry) {
  if (!journal_number(log.checkpoint().origin)) return;
  const std::string_view type = type_of(entry);
  if (type == "opened") return add_opened(log, index, entry);
  if (index == 0) {
    findings_.add_entry(FindingKind::kBrokenChain, log, index,
                        "is no \"opened\", with which every log begins");
  }
  if (type == "started") return add_started(log, index, entry);
  note_time(entry);
}

void Chain::add_opened(const LogReader& log, std::uint64_t index, const json::Value& entry) {
  const Result<Opened> opened = parse_opened(entry);
  if (!opened || index != 0) {
    findings_.add_entry(
        FindingKind::kMalformedEntry, log, index,
        opened ? "opens a log in its middle" : "is malformed: " + opened.error().detail);
    return;
  }
  const std::uint32_t number = *journal_number(log.checkpoint().origin);
  if (receipt_ != nullptr && opened->run == receipt_->run && number > 1 &&
      origin_before(log.checkpoint().origin, number) == receipt_->log) {
    receipt_run_went_on_ = true;  // its log was closed, with everything that was queued for it
  }
  check_predecessor(log, number, *opened);
  if (opened->run != run_) begin_run(log, index, opened->run);
}

void Chain::check_predecessor(const LogReader& log, std::uint32_t number, const Opened& opened) {
  if (number == 1 || !opened.predecessor) {
    if (number == 1 && !opened.predecessor) return;
    findings_.add_entry(
        FindingKind::kBrokenChain, log, 0,
        number == 1 ? "names a log before the first" : "does not name the log before it");
    return;
  }
  const ledger::Checkpoint& named = *opened.predecessor;
  const std::string expected = origin_before(log.checkpoint().origin, number);
  if (named.origin != expected) {
    findings_.add_entry(
        FindingKind::kBrokenChain, log, 0,
        "names " + quoted(named.origin) + " as the log before it; expected " + expected);
    return;
  }
  const auto before = std::ranges::find(
      logs_, expected, [](const LogReader& each) { return each.checkpoint().origin; });
  if (before != logs_.end()) {
    compare(*before, named, log);
  } else if (is_whole_) {
    findings_.add_entry(FindingKind::kMissingLog, log, 0,
                        "follows " + expected + ", which is not there");
  }
}

void Chain::compare(const LogReader& before, const ledger::Checkpoint& named,
                    const LogReader& log) {
  const ledger::Checkpoint& standing = before.checkpoint();
  if (standing.size == named.size && standing.root == named.root) return;
  FindingKind kind = FindingKind::kFork;
  if (standing.size < named.size) kind = FindingKind::kCutTail;
  if (standing.size > named.size) kind = FindingKind::kBrokenChain;
  findings_.add(kind, before, before.place() + "checkpoint",
                standing.origin + " has " + describe(standing) + "; " + log.checkpoint().origin +
                    ", which follows it, names " + describe(named));
}

void Chain::add_started(const LogReader& log, std::uint64_t index, const json::Value& entry) {
  const Result<Started> started = parse_started(entry);
  if (!started || started->size != index) {
    findings_.add_entry(FindingKind::kMalformedEntry, log, index,
                        started ? "says it started at size " + std::to_string(started->size)
                                : "is malformed: " + started.error().detail);
    return;
  }
  if (started->run != run_) begin_run(log, index, started->run);
}

void Chain::begin_run(const LogReader& log, std::uint64_t index, const std::string& run) {
  if (!runs_.insert(run).second) {
    findings_.add_entry(FindingKind::kMalformedEntry, log, index,
                        "begins run " + quoted(run) + ", which had ended");
  }
  if (receipt_ != nullptr) {
    receipt_run_ended_ = receipt_run_ended_ || (receipt_run_seen_ && run_ == receipt_->run);
    receipt_run_seen_ = receipt_run_seen_ || run == receipt_->run;
  }
  run_ = run;
}

void Chain::note_time(const json::Value& entry) {
  if (receipt_ == nullptr || run_ != receipt_->run) return;
  const json::Value* time = entry.find("time");
  if (time == nullptr || !time->is_string()) return;
  const Result<Instant> at = parse_rfc3339(time->as_string());
  if (at && *at > receipt_->issued_at + kReceiptMargin) receipt_run_went_on_ = true;
}

FindingKind Chain::fate_of_receipt() const {
  if (receipt_run_went_on_) return FindingKind::kMissingEntry;
  return receipt_run_ended_ ? FindingKind::kLostEntry : FindingKind::kCutTail;
}

}  // namespace mandate::store::audit
