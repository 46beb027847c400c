// A snapshot of the state on disk: a digest in front, replaced in one step. It only saves time: one
// that is missing or damaged is passed over, and the record is read from its beginning. It is read
// in pieces, and hashed on the way: only at its end is it known to be what was written.
//
//   Result<Digest> digest = write_snapshot(files, path, bytes);     // goes on record
//   std::unique_ptr<SnapshotFile> found = *open_snapshot(files, path);
//   state.restore(*found);                                          // refuses a damaged one
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "mandate/base/bytes.h"
#include "mandate/crypto/hash.h"
#include "mandate/record/ports.h"
#include "mandate/store/file_system.h"

namespace mandate::store {

class SnapshotFile final : public record::SnapshotSource {
 public:
  // nullptr where the file's beginning is not a snapshot's.
  static Result<std::unique_ptr<SnapshotFile>> open(std::unique_ptr<File> file);
  const Digest& digest() const override { return digest_; }
  std::uint64_t size() const override { return size_; }
  std::string_view head() const override { return head_; }
  Result<std::string_view> next() override;

 private:
  SnapshotFile() = default;

  std::unique_ptr<File> file_;
  Digest digest_{};
  std::uint64_t size_ = 0;  // of the snapshot, without what stands before it in the file
  std::string head_;
  std::uint64_t given_ = 0;
  std::string piece_;
  crypto::Sha256 hash_;
};

// Durable when it returns; gives the digest of the bytes.
Result<Digest> write_snapshot(FileSystem& files, const std::string& path, std::string_view bytes);
// nullptr where there is none, or its beginning is not one's.
Result<std::unique_ptr<SnapshotFile>> open_snapshot(FileSystem& files, const std::string& path);

}  // namespace mandate::store
