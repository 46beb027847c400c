// A copy of a data folder that is being written to, which can be started again: the record as
// SQLite copies it, and of the journal what was durable. Private keys are not in it, nor what is
// derived.
//
//   Result<Backup> made = back_up(files, "/data", "/backup/monday");
//   made->checkpoint   // to be kept elsewhere: it shows what a restored copy lacks
#pragma once

#include <cstdint>
#include <string>

#include "mandate/store/file_system.h"

namespace mandate::store {

struct Backup {
  std::string checkpoint;  // of the record's log, as it was published before the copy began
  std::uint64_t revision = 0;
  std::uint64_t journal_logs = 0;
  std::uint64_t bytes = 0;
};

// `out` must not exist. Everything in it is durable and for its owner alone: issuer, record.db,
// journal/, and SHA256SUMS over them (as sha256sum -c reads it). The checkpoint is read first, the
// journal copied next and the record last, so that the record holds every revision that the journal
// speaks of. `bad_request` where `data` is no data folder or `out` exists.
Result<Backup> back_up(FileSystem& files, const std::string& data, const std::string& out);

// The private keys alone, into a folder that must not exist: they belong somewhere else.
Result<void> back_up_keys(FileSystem& files, const std::string& data, const std::string& out);

}  // namespace mandate::store
