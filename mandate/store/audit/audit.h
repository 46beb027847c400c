// The audit: whether a copied log folder is what its keys signed, entry by entry. Links the reader
// and the proofs, never a writer. Reads as a stream: memory does not grow with the log.
//
//   PosixFolder folder("/tmp/copy");                 // DIR/log, or one log in it
//   Result<Report> report = verify(folder, keys, {});
//   report->findings.empty()   // else each says what is wrong, in which file, at which entry
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/base/bytes.h"
#include "mandate/json/value.h"
#include "mandate/ledger/note.h"
#include "mandate/store/audit/folder.h"

namespace mandate::store::audit {

enum class FindingKind : std::uint8_t {
  kUnknownLog,     // no key for it, or it stands under another log's name
  kBadCheckpoint,  // missing, malformed, or not signed by the log's key
  kMissingTile,
  kShortCopy,       // the tiles end, all at one place, before what the checkpoint was signed for
  kChangedEntry,    // an entry's bytes are not those of its hash
  kChangedHash,     // a hash tile is not that of the tiles below it
  kWrongRoot,       // the tiles do not lead to the signed root
  kMalformedEntry,  // not canonical JSON, or an entry of the chain that is wrong in itself
  kBrokenChain,     // a log does not begin where the one before it ends
  kMissingLog,      // a log that another one, or the checkpoint or receipt given, speaks of
  kCutTail,         // fewer entries than its successor, the checkpoint or the receipt given says
  kFork,            // another tree than its successor or the checkpoint given says
  kMissingHop,      // an entry names a predecessor that its log does not hold
  kMissingEntry,    // the log went on, in the run that promised it, without the receipt's entry
  kLostEntry,       // promised by a run that ended before it was durable
  kReceiptRefused,  // malformed, or not signed by a receipt key
};
inline constexpr std::size_t kFindingKindCount =
    static_cast<std::size_t>(FindingKind::kReceiptRefused) + 1;

std::string_view name(FindingKind kind);  // "unknown_log", "bad_checkpoint", ...

struct Finding {
  FindingKind kind = FindingKind::kUnknownLog;
  std::string log;                     // its origin, as far as it is known
  std::string file;                    // in the folder; empty where it is about no file
  std::optional<std::uint64_t> index;  // of the entry
  std::string message;                 // a sentence for a person
};

struct LogSummary {
  std::string origin;
  std::uint64_t size = 0;
  Digest root{};
};

struct Report {
  bool whole = false;             // a copy of DIR/log; else of one log in it
  std::vector<LogSummary> logs;   // the record's first, then the journal's in order
  std::vector<Finding> findings;  // at most kFindingsMax
  std::uint64_t entries = 0;
  std::uint64_t hops = 0;            // named predecessors that were looked for
  std::uint64_t hops_elsewhere = 0;  // named in logs that this folder does not hold
  // Where the receipt's entry stands, if a receipt was given and its entry is there.
  std::optional<std::uint64_t> receipt_index;
};
inline constexpr std::size_t kFindingsMax = 1000;

// `keys` are verifier key lines, as `mandate audit key` prints them; empty lines are passed over.
// `against` is the text of a checkpoint or a receipt got elsewhere. An error only where there is
// nothing to judge: no log, an unreadable file, a malformed key, an `against` that is neither.
Result<Report> verify(const Folder& folder, const std::vector<std::string>& keys,
                      std::optional<std::string_view> against);

// What to prove: the entry with this leaf hash, in any log of the folder; or an index in `log`,
// which may be empty where the folder is one log.
struct ProofTarget {
  std::optional<Digest> leaf;
  std::uint64_t index = 0;
  std::string log;
};
// Canonical JSON {"checkpoint", "entry", "hashes", "index", "leaf", "log"}, checked before it is
// given. `bad_request` where no entry is meant.
Result<std::string> prove(const Folder& folder, const ProofTarget& target);

// Each entry a line {"entry", "index", "leaf", "log"}; `entry_bytes` (base64url) in place of
// `entry` where it is no JSON. Stops where the sink says false.
using Sink = std::function<bool(std::string_view line)>;
Result<void> export_ndjson(const Folder& folder, const Sink& sink);

// The journal's entries, the newest 256 first, until the visitor says false of all of such a group:
// for a reader who wants what is recent. Not verified; an entry that is no JSON is passed over.
using RecentVisitor = std::function<bool(const json::Value& entry)>;
Result<void> visit_journal(const Folder& folder, const RecentVisitor& visitor);

}  // namespace mandate::store::audit
