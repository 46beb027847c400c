// The journal: a chain of logs, each one preallocated segment file. One thread writes; what waits
// together is one group, one write and one fdatasync. Callbacks come after it, never before.
// Entries that nobody waits for gather for kJournalGatherTime; one that somebody waits for takes
// them along, and where others keep coming it waits for them, for kJournalCompanyTime.
//
//   Result<std::unique_ptr<SegmentJournal>> journal = SegmentJournal::open(options);
//   (*journal)->append(R"({"type":"issued"})", [](Result<void> durable) { ... });
//   (*journal)->find(leaf)   // {origin, index}
//
// Entries of its own: each log begins with {"type":"opened","run","time","predecessor"}, where the
// predecessor is the log before with its origin, size and root; each start appends
// {"type":"started","run","size","time"}, size being the log's before it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/base/instant.h"
#include "mandate/base/ports.h"
#include "mandate/ledger/note.h"
#include "mandate/ledger/tree.h"
#include "mandate/record/ports.h"
#include "mandate/store/file_system.h"

namespace mandate::store {

// What waits to be written at once, and so the most that a crash can leave unsynced.
inline constexpr std::size_t kJournalQueueEntriesMax = 1 << 16;
inline constexpr std::size_t kJournalQueueBytesMax = 16 << 20;
// What a crash can cost of answers that were not waited for: they are told of as lost.
inline constexpr std::chrono::milliseconds kJournalGatherTime{2};
inline constexpr std::size_t kJournalGatherEntriesMax = 512;
// What an answer that is waited for is later at most, for the sync that it shares under load.
inline constexpr std::chrono::milliseconds kJournalCompanyTime{1};

struct SegmentJournalOptions {
  FileSystem& files;
  const Clock& clock;
  std::string folder;  // of the segments
  std::string host;    // the issuer's: a log's origin is `<host>/log/journal/<ten digits>`
  std::string run;     // of this start; base64url characters, never used before
  std::uint64_t log_bytes_max = std::uint64_t{1} << 30;
  Seconds remembered = std::chrono::hours(1);
  // Gets each entry that is remembered, in order, while `open` runs; may be empty.
  std::function<void(std::string_view entry)> replay;
  // The size that a log was published with, 0: not yet (`published_size`). Where the newest log is
  // shorter, that is no torn tail: `open` refuses before it changes anything. May be empty.
  std::function<Result<std::uint64_t>(std::uint32_t log)> published;
};

// Threads may share one. After the first failed write or sync it takes nothing more and answers
// everything with `record_unavailable` (fail closed); a restart reads what is whole on disk.
class SegmentJournal final : public record::Journal {
 public:
  struct EntryPlace {
    std::string origin;
    std::uint64_t index = 0;
  };

  static Result<std::unique_ptr<SegmentJournal>> open(const SegmentJournalOptions& options);
  // What was queued is written first.
  ~SegmentJournal() override;

  // Writes and answers what is queued, and refuses what comes later (`record_unavailable`); reading
  // goes on. For the owner of what the callbacks use, before that goes. Not from a callback.
  void stop();
  // Why it takes nothing more until a restart; nothing: it does.
  std::optional<Error> closed() const;

  // `limit_exceeded` for an entry past limits::kLogEntryBytesMax, and at Place::kRate where the
  // queue is full.
  Result<Place> append(std::string entry, Done done) override;
  std::optional<std::string> origin_of(const Digest& leaf) override;

  // The logs, from 1; the last one is open.
  std::uint32_t log_count() const;
  std::string origin(std::uint32_t log) const;
  // The log with this origin; nothing for another text.
  std::optional<std::uint32_t> log_of(std::string_view log_origin) const;
  // Size and root of a log that is closed, as its successor names them.
  std::optional<ledger::Checkpoint> closed_log(std::uint32_t log) const;
  // The tree over the log's durable entries.
  Result<ledger::Frontier> frontier(std::uint32_t log);
  // Durable entries from index `from`, at most `max`.
  Result<std::vector<std::string>> read(std::uint32_t log, std::uint64_t from, std::size_t max);
  // Where the entry with this leaf hash stands, recent or old; nothing where there is none.
  Result<std::optional<EntryPlace>> find(const Digest& leaf);
  // Every durable entry, oldest first, until the visitor says false.
  using Visitor = std::function<bool(const EntryPlace& place, std::string_view entry)>;
  Result<void> visit(const Visitor& visitor);

 private:
  struct Impl;
  explicit SegmentJournal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mandate::store
