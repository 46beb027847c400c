// Journal entries with their proofs, for `path`: the journal knows where an entry lies, the
// published logs prove it.
#pragma once

#include "mandate/service/service.h"
#include "mandate/store/journal.h"
#include "mandate/store/published_logs.h"

namespace mandate::app {

class JournalFinder final : public service::JournalReader {
 public:
  JournalFinder(store::SegmentJournal& journal, store::PublishedLogs& logs)
      : journal_(journal), logs_(logs) {}

  std::optional<Found> find(const Digest& leaf) override;
  std::vector<Found> of_transaction(std::string_view txn, std::size_t max) override;

 private:
  std::string proof(const std::string& origin, std::uint64_t index);

  store::SegmentJournal& journal_;
  store::PublishedLogs& logs_;
};

}  // namespace mandate::app
