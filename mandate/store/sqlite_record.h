// The record in one SQLite file: a row for each entry (the leaf's bytes), and in the same
// transaction the tree's frontier. WAL with synchronous FULL: a batch is durable when `append`
// returns.
//
//   Result<std::unique_ptr<SqliteRecord>> record = SqliteRecord::open({.path = "/data/record.db"});
//   (*record)->append(0, {"{\"type\":\"put\"}"})   // 1
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mandate/ledger/tree.h"
#include "mandate/record/ports.h"

namespace mandate::store {

struct SqliteRecordOptions {
  std::string path;
  std::string vfs;  // the name of a registered SQLite VFS; empty: the system's
};

// Threads may share one. After the first error of a write it takes no more (fail closed) until it
// is opened again; reading goes on.
//
// What a failed batch leaves: its frames may lie in the WAL although nobody was answered, and a
// restart would read them. So a failure moves everything before it into the database and cuts the
// WAL off. Only where the disk refuses that as well can the batch, whole, come back with a restart.
class SqliteRecord final : public record::Record {
 public:
  static Result<std::unique_ptr<SqliteRecord>> open(const SqliteRecordOptions& options);
  ~SqliteRecord() override;

  Result<record::Revision> append(record::Revision expected_head,
                                  const std::vector<std::string>& entries) override;
  Result<std::vector<std::string>> read(record::Revision from, std::size_t max) override;
  Result<record::Revision> head() override;
  bool wait(record::Revision beyond, Milliseconds at_most) override;

  // The tree over the entries that are durable.
  ledger::Frontier frontier() const;

 private:
  struct Impl;
  explicit SqliteRecord(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mandate::store
