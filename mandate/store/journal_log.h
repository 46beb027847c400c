// One log of the journal, open for writing or reading. Included by the journal's sources only.
//
//   Result<std::shared_ptr<JournalLog>> log = make_log(files, folder, 3);
//   (*log)->write(entries, leaves);   // durable
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mandate/store/segment.h"

namespace mandate::store {

// One thread writes; any may read.
class JournalLog {
 public:
  JournalLog(std::uint32_t number, std::unique_ptr<File> file, SegmentIndex index)
      : number_(number), file_(std::move(file)), index_(std::move(index)) {}

  struct Leaf {
    Digest hash{};
    std::size_t frame_bytes = 0;
  };
  // Appends and syncs; gives the index of the first. After an error what was written is cut off
  // again if the disk lets us, and the log must not be written any more.
  Result<std::uint64_t> write(std::span<const std::string_view> entries, std::vector<Leaf>& leaves);
  // What `open` read may never have reached the disk, if its writer was killed or failed to sync:
  // the torn tail goes, and the last group's bytes are written again.
  Result<void> settle();

  std::uint32_t number() const { return number_; }
  std::uint64_t end() const;
  ledger::Frontier frontier() const;
  Result<std::vector<std::string>> read(std::uint64_t from, std::size_t max);
  // Durable frames, in order, until the visitor says false; whether it never did.
  Result<bool> visit(const FrameVisitor& visitor);

 private:
  Result<void> make_room(std::uint64_t end);

  const std::uint32_t number_;
  const std::unique_ptr<File> file_;
  std::string buffer_;        // the writer's
  std::uint64_t room_ = 0;    // the writer's: bytes preallocated
  mutable std::mutex mutex_;  // guards the index
  SegmentIndex index_;        // of durable frames
};

std::string segment_path(const std::string& folder, std::uint32_t number);
// Numbers of the segments in a folder: 1, 2, ... without a gap, otherwise refused.
Result<std::uint32_t> count_segments(FileSystem& files, const std::string& folder);
// An empty log; its name is durable. Replaces a segment that was torn while it was made.
Result<std::shared_ptr<JournalLog>> make_log(FileSystem& files, const std::string& folder,
                                             std::uint32_t number);
Result<std::shared_ptr<JournalLog>> open_log(FileSystem& files, const std::string& folder,
                                             std::uint32_t number, OpenMode mode,
                                             const EntryVisitor& visit);

}  // namespace mandate::store
