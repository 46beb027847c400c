// The ports of state: the record, the journal, and one-use identifiers. Their backends lie in
// `mandate/store`, their fakes and faulty twins in `testing/`.
//
// Law 8: an issue, an approval, a counted use or a `durable` permit is answered after its entry is
// durable; so `Record::append` returns, and `Journal::append` calls back, only then.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mandate/base/bytes.h"
#include "mandate/base/instant.h"
#include "mandate/base/result.h"
#include "mandate/record/node.h"

namespace mandate::record {

// The ordered log of everything that changes state. One process writes; threads may share one.
class Record {
 public:
  virtual ~Record() = default;
  // The batch, whole or not at all, durable when it returns; gives the new head. Refuses with
  // `bad_request` (Place::kConflict) where the head is not the expected one, and with
  // `record_unavailable` where it cannot write: then nothing of the batch will ever be read.
  virtual Result<Revision> append(Revision expected_head,
                                  const std::vector<std::string>& entries) = 0;
  // Entries after revision `from`, at most `max`.
  virtual Result<std::vector<std::string>> read(Revision from, std::size_t max) = 0;
  virtual Result<Revision> head() = 0;
  // Until the head is beyond `beyond` or the time is over; whether it is.
  virtual bool wait(Revision beyond, Milliseconds at_most) = 0;
};

// A snapshot's bytes in pieces, so that a large one is never in memory whole.
class SnapshotSource {
 public:
  virtual ~SnapshotSource() = default;
  virtual const Digest& digest() const = 0;  // the SHA-256 that the bytes should have
  virtual std::uint64_t size() const = 0;    // of all pieces
  // The first kHeadBytes of them, or all; not checked.
  static constexpr std::size_t kHeadBytes = 64;
  virtual std::string_view head() const = 0;
  // The next piece, readable until the next call; empty at the end. An error there too where the
  // bytes turned out to be others than promised: then nothing that was read may be used.
  virtual Result<std::string_view> next() = 0;
};

// One that is in memory.
class SnapshotBytes final : public SnapshotSource {
 public:
  explicit SnapshotBytes(std::string_view bytes, const Digest& digest = {})
      : bytes_(bytes), rest_(bytes), digest_(digest) {}
  const Digest& digest() const override { return digest_; }
  std::uint64_t size() const override { return bytes_.size(); }
  std::string_view head() const override { return bytes_.substr(0, kHeadBytes); }
  Result<std::string_view> next() override { return std::exchange(rest_, {}); }

 private:
  std::string_view bytes_;
  std::string_view rest_;
  Digest digest_;
};

// The log of what happened. Entries are canonical JSON of at most limits::kLogEntryBytesMax.
class Journal {
 public:
  struct Place {
    std::string origin;  // of the log that holds the entry
    std::string run;     // of the server's start that wrote it
  };
  using Done = std::function<void(Result<void>)>;

  virtual ~Journal() = default;
  // Queues an entry; the place is fixed at once. `done` (may be empty) is called once, from the
  // journal's thread, when the entry is durable or never will be (`record_unavailable`).
  virtual Result<Place> append(std::string entry, Done done) = 0;
  // The log that holds the entry with this leaf hash; remembered for entries of the last hour.
  virtual std::optional<std::string> origin_of(const Digest& leaf) = 0;
};

enum class Consumed : std::uint8_t {
  kFirst,           // or one of the first `limit`
  kUsedBefore,      // as often as it may be
  kCannotRemember,  // no room, or its time is over: must not be used either
};

// One-use identifiers and use counts. A key is a digest of what may be used once.
class Uses {
 public:
  virtual ~Uses() = default;
  // Atomic. Remembered until `until`.
  virtual Consumed consume(const Digest& key, int limit, Instant until, Instant now) = 0;
};

}  // namespace mandate::record
