// All logs of a server as others see them: `log/record` and `log/journal/<ten digits>`, kept at
// most a second behind by a thread of its own, and read for HTTP and proofs.
//
//   Result<std::unique_ptr<PublishedLogs>> logs = PublishedLogs::open(options);
//   (*logs)->read_checkpoint("record");   (*logs)->read_tile("record", "tile/0/000.p/3")
//   (*logs)->prove("journal/0000000001", 7)
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/base/ports.h"
#include "mandate/crypto/key.h"
#include "mandate/store/file_system.h"
#include "mandate/store/journal.h"
#include "mandate/store/log_publisher.h"

namespace mandate::store {

struct PublishedLogsOptions {
  FileSystem& files;
  Log& log;
  std::string folder;  // DIR/log
  std::string host;    // the issuer's
  crypto::PrivateKey record_key;
  crypto::PrivateKey journal_key;  // under each journal log's own name
  LogTruth record;
  SegmentJournal& journal;
  Milliseconds interval = Milliseconds(500);  // the promise is a second
};

// The size that a journal log's checkpoint on disk was signed for; 0 where it has none yet. For
// `SegmentJournalOptions::published`, with the same folder, host and key as below.
Result<std::uint64_t> published_size(FileSystem& files, const std::string& folder,
                                     std::string_view host, const crypto::PublicKey& journal_key,
                                     std::uint32_t log);

// Threads may share one.
class PublishedLogs {
 public:
  // Everything that stands is published before it returns. Refuses as LogPublisher::open does, and
  // where a published log has no truth any more.
  static Result<std::unique_ptr<PublishedLogs>> open(const PublishedLogsOptions& options);
  // Publishes once more.
  ~PublishedLogs();

  Result<void> publish();
  // Why the last try published nothing; nothing: it did. The thread tries again each interval.
  std::optional<Error> trouble() const;

  // `log` is "record" or "journal/<ten digits>". An unknown log, a path that is none or lies past
  // the tree: `bad_request` at Place::kPath.
  Result<std::string> read_checkpoint(std::string_view log);
  Result<std::string> read_tile(std::string_view log, std::string_view path);

  struct Proof {
    std::string checkpoint;  // the signed note that it leads to
    std::vector<Digest> hashes;
  };
  // `bad_request` at Place::kPath where the last checkpoint does not cover the index yet.
  Result<Proof> prove(std::string_view log, std::uint64_t index);
  // The name that the functions here take for a log's origin; nothing for another text.
  std::optional<std::string> name_of(std::string_view origin) const;

 private:
  struct Impl;
  explicit PublishedLogs(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mandate::store
