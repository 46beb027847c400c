// A snapshot of the state on disk: a digest in front, replaced in one step. It only saves time: one
// that is missing or damaged is passed over, and the record is read from its beginning.
//
//   Result<Digest> digest = write_snapshot(files, path, bytes);     // goes on record
//   std::optional<Snapshot> found = *read_snapshot(files, path);
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mandate/base/bytes.h"
#include "mandate/store/file_system.h"

namespace mandate::store {

struct Snapshot {
  std::string bytes;
  Digest digest{};  // SHA-256 of the bytes: to be compared with the one on record
};

// Durable when it returns; gives the digest of the bytes.
Result<Digest> write_snapshot(FileSystem& files, const std::string& path, std::string_view bytes);
// Nothing where there is none, or its bytes are not those that were written.
Result<std::optional<Snapshot>> read_snapshot(FileSystem& files, const std::string& path);

}  // namespace mandate::store
