#include <algorithm>
#include <utility>

#include "mandate/ledger/receipt.h"
#include "mandate/store/audit/audit.h"
#include "mandate/store/audit/chain.h"
#include "mandate/store/audit/findings.h"
#include "mandate/store/audit/hops.h"
#include "mandate/store/audit/log_reader.h"
#include "mandate/store/audit/tree_walk.h"

namespace mandate::store::audit {
namespace {

using ledger::Checkpoint;
using ledger::NoteVerifier;

struct Against {
  std::optional<std::string_view> checkpoint;
  std::optional<std::string_view> receipt;
};

Result<std::vector<NoteVerifier>> parse_keys(const std::vector<std::string>& lines) {
  std::vector<NoteVerifier> keys;
  for (const std::string& line : lines) {
    if (line.empty()) continue;
    Result<NoteVerifier> key = NoteVerifier::parse(line);
    if (!key) return fail(key.error());
    keys.push_back(*std::move(key));
  }
  return keys;
}

Result<Against> parse_against(std::optional<std::string_view> text) {
  Against against;
  if (!text) return against;
  std::string_view rest = *text;
  if (rest.find("\n\n") != std::string_view::npos) {
    against.checkpoint = rest;
    return against;
  }
  while (!rest.empty() && (rest.back() == '\n' || rest.back() == '\r')) rest.remove_suffix(1);
  if (std::ranges::count(rest, '.') != 2 || rest.find('\n') != std::string_view::npos) {
    return fail(Reason::kBadRequest,
                "what to verify against is neither a signed checkpoint nor a receipt");
  }
  against.receipt = rest;
  return against;
}

const NoteVerifier* key_named(const std::vector<NoteVerifier>& keys, std::string_view name) {
  const auto at = std::ranges::find(
      keys, name, [](const NoteVerifier& key) { return std::string_view(key.name()); });
  return at == keys.end() ? nullptr : &*at;
}

class Verification {
 public:
  Verification(const Folder& folder, std::vector<NoteVerifier> keys, Against against)
      : folder_(folder), keys_(std::move(keys)), against_(against), findings_(report_) {}

  Result<Report> run();

 private:
  Result<void> open_logs();
  void accept(LogReader log);
  Result<void> find_hidden_logs();
  void find_missing_logs();
  Result<void> walk_logs();
  void open_receipt();
  Result<void> check_receipt(const Chain& chain);
  Result<void> check_checkpoint();
  const LogReader* log_named(std::string_view origin) const;

  const Folder& folder_;
  const std::vector<NoteVerifier> keys_;
  const Against against_;
  Report report_;
  Findings findings_;
  std::vector<LogReader> logs_;       // those whose checkpoints their keys signed
  std::vector<std::string> refused_;  // origins of the others
  std::optional<ledger::Receipt> receipt_;
};

Result<Report> Verification::run() {
  if (auto ok = open_logs(); !ok) return fail(ok.error());
  find_missing_logs();
  open_receipt();
  if (!logs_.empty()) {
    if (auto ok = walk_logs(); !ok) return fail(ok.error());
  }
  if (auto ok = check_checkpoint(); !ok) return fail(ok.error());
  return std::move(report_);
}

Result<void> Verification::open_logs() {
  Result<std::vector<std::string>> places = find_places(folder_);
  if (!places) return fail(places.error());
  report_.whole = !places->front().empty();
  if (!report_.whole) {
    if (auto ok = find_hidden_logs(); !ok) return ok;
  }
  for (const std::string& place : *places) {
    Result<LogReader> log = open_log(folder_, place);
    if (log) {
      accept(*std::move(log));
    } else {
      findings_.add({FindingKind::kBadCheckpoint, "", place + "checkpoint", std::nullopt,
                     log.error().detail});
    }
  }
  return {};
}

void Verification::accept(LogReader log) {
  const std::string file = log.place() + "checkpoint";
  const std::string& origin = log.checkpoint().origin;
  const NoteVerifier* key = key_named(keys_, origin);
  // `record/` belongs to an origin that ends in `/log/record`: logs cannot change places.
  const std::string_view place = log.place();
  const bool is_at_home =
      place.empty() || origin.ends_with("/log/" + std::string(place.substr(0, place.size() - 1)));
  if (key == nullptr || !is_at_home) {
    findings_.add(
        FindingKind::kUnknownLog, log, file,
        "\"" + file + "\" is of " + quoted(origin) +
            (key == nullptr ? ", for which there is no key" : ", which does not belong there"));
  } else if (auto opened = ledger::open_checkpoint(log.note(), *key); !opened) {
    findings_.add(FindingKind::kBadCheckpoint, log, file,
                  "\"" + file + "\" is not signed: " + opened.error().detail);
  } else {
    report_.logs.push_back({origin, log.size(), log.checkpoint().root});
    logs_.push_back(std::move(log));
    return;
  }
  refused_.push_back(origin);
}

// One log has no others below it: they would not be looked at.
Result<void> Verification::find_hidden_logs() {
  const Result<std::vector<std::string>> names = folder_.list("");
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    if (name != "record" && name != "journal") continue;
    findings_.add({FindingKind::kUnknownLog, "", name, std::nullopt,
                   "\"" + name +
                       "\" lies beside a log's own checkpoint; expected a copy of "
                       "DIR/log, or of one log in it"});
  }
  return {};
}

// A whole copy holds every log that there is a key for.
void Verification::find_missing_logs() {
  if (!report_.whole) return;
  for (const NoteVerifier& key : keys_) {
    if (key.name().find("/log/") == std::string::npos || log_named(key.name()) != nullptr ||
        std::ranges::find(refused_, key.name()) != refused_.end()) {
      continue;
    }
    findings_.add({FindingKind::kMissingLog, key.name(), "", std::nullopt,
                   "there is a key for " + key.name() + ", and no such log"});
  }
}

const LogReader* Verification::log_named(std::string_view origin) const {
  const auto at = std::ranges::find(logs_, origin, [](const LogReader& log) {
    return std::string_view(log.checkpoint().origin);
  });
  return at == logs_.end() ? nullptr : &*at;
}

Result<void> Verification::walk_logs() {
  Hops hops(logs_, report_.whole, findings_, report_);
  Chain chain(logs_, report_.whole, receipt_ ? &*receipt_ : nullptr, findings_);
  for (const LogReader& log : logs_) {
    auto walked = walk_log(log, findings_, [&](std::uint64_t index, const std::string& entry) {
      ++report_.entries;
      const Result<json::Value> value = json::parse(entry);
      if (!value || !value->is_object() || json::canonical(*value) != entry) {
        findings_.add_entry(FindingKind::kMalformedEntry, log, index,
                            "is no object in canonical JSON");
        return Result<void>();
      }
      chain.add(log, index, *value);
      return hops.add(log, index, *value);
    });
    if (!walked) return walked;
  }
  if (auto ok = hops.resolve(); !ok) return ok;
  return check_receipt(chain);
}

void Verification::open_receipt() {
  if (!against_.receipt) return;
  std::string why = "there is no receipt key";
  for (const NoteVerifier& key : keys_) {
    if (!key.name().ends_with("/receipt")) continue;
    Result<ledger::Receipt> receipt = ledger::open_receipt(*against_.receipt, key);
    if (receipt) {
      receipt_ = *std::move(receipt);
      return;
    }
    why = receipt.error().detail;
  }
  findings_.add(
      {FindingKind::kReceiptRefused, "", "", std::nullopt, "the receipt is refused: " + why});
}

Result<void> Verification::check_receipt(const Chain& chain) {
  if (!receipt_) return {};
  const std::string leaf = encode_base64url(view(receipt_->leaf));
  const LogReader* const log = log_named(receipt_->log);
  if (log == nullptr) {
    findings_.add({FindingKind::kMissingLog, receipt_->log, "", std::nullopt,
                   "the receipt is for " + receipt_->log + ", a log that is not there"});
    return {};
  }
  auto searched = log->visit_leaves([&](std::uint64_t index, const Digest& hash) {
    if (hash == receipt_->leaf) report_.receipt_index = index;
    return !report_.receipt_index;
  });
  if (!searched || report_.receipt_index) return searched;
  const FindingKind fate = chain.fate_of_receipt();
  std::string message = "the receipt's entry " + leaf + " is not in " + receipt_->log;
  if (fate == FindingKind::kLostEntry) {
    message += ": it was promised by a run that ended before it was durable";
  } else if (fate == FindingKind::kMissingEntry) {
    message += ", although the run that promised it went on";
  } else {
    message += ": the log's tail was cut, or this copy is older than the receipt";
  }
  findings_.add({fate, receipt_->log, "", std::nullopt, std::move(message)});
  return {};
}

Result<void> Verification::check_checkpoint() {
  if (!against_.checkpoint) return {};
  const std::string origin(against_.checkpoint->substr(0, against_.checkpoint->find('\n')));
  const NoteVerifier* const key = key_named(keys_, origin);
  const Result<Checkpoint> given =
      key == nullptr ? fail(Reason::kBadRequest, "there is no key for " + quoted(origin))
                     : ledger::open_checkpoint(*against_.checkpoint, *key);
  const LogReader* const log = log_named(origin);
  if (!given || log == nullptr) {
    findings_.add({given ? FindingKind::kMissingLog : FindingKind::kBadCheckpoint, origin, "",
                   std::nullopt,
                   given ? "the checkpoint given is of " + origin + ", a log that is not there"
                         : "the checkpoint given is refused: " + given.error().detail});
    return {};
  }
  const std::string file = log->place() + "checkpoint";
  if (given->size > log->size()) {
    findings_.add(FindingKind::kCutTail, *log, file,
                  origin + " has " + std::to_string(log->size()) +
                      " entries; the checkpoint given was signed for " +
                      std::to_string(given->size) +
                      ": its tail was cut, or this copy is older than the checkpoint");
    return {};
  }
  const Result<Digest> root = ledger::root_of(given->size, log->hashes(given->size));
  if (root && *root == given->root) return {};
  findings_.add(FindingKind::kFork, *log, file,
                "the first " + std::to_string(given->size) + " entries of " + origin +
                    " are not those that the checkpoint given was signed for" +
                    (root ? std::string() : ": " + root.error().detail));
  return {};
}

}  // namespace

Result<Report> verify(const Folder& folder, const std::vector<std::string>& keys,
                      std::optional<std::string_view> against) {
  Result<std::vector<NoteVerifier>> parsed = parse_keys(keys);
  if (!parsed) return fail(parsed.error());
  Result<Against> compared = parse_against(against);
  if (!compared) return fail(compared.error());
  return Verification(folder, *std::move(parsed), *compared).run();
}

std::string_view name(FindingKind kind) {
  switch (kind) {
    case FindingKind::kUnknownLog: return "unknown_log";
    case FindingKind::kBadCheckpoint: return "bad_checkpoint";
    case FindingKind::kMissingTile: return "missing_tile";
    case FindingKind::kShortCopy: return "short_copy";
    case FindingKind::kChangedEntry: return "changed_entry";
    case FindingKind::kChangedHash: return "changed_hash";
    case FindingKind::kWrongRoot: return "wrong_root";
    case FindingKind::kMalformedEntry: return "malformed_entry";
    case FindingKind::kBrokenChain: return "broken_chain";
    case FindingKind::kMissingLog: return "missing_log";
    case FindingKind::kCutTail: return "cut_tail";
    case FindingKind::kFork: return "fork";
    case FindingKind::kMissingHop: return "missing_hop";
    case FindingKind::kMissingEntry: return "missing_entry";
    case FindingKind::kLostEntry: return "lost_entry";
    case FindingKind::kReceiptRefused: return "receipt_refused";
  }
  return {};
}

}  // namespace mandate::store::audit
