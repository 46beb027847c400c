// One log of the journal as it lies on disk: a head of 16 bytes, then frames, then zeros. A frame
// is the entry's length (4 bytes, big endian), the first 8 bytes of its leaf hash, and its bytes.
// Nothing is ever written over a frame; what follows the last whole one is a torn tail.
//
//   std::string bytes(kSegmentHead);   append_frame(bytes, entry, leaf_hash(entry));
//   read_frame(bytes, kSegmentHead.size())->entry == entry
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/base/bytes.h"
#include "mandate/ledger/tree.h"
#include "mandate/store/file_system.h"

namespace mandate::store {

inline constexpr std::string_view kSegmentHead = "mandate journal1";
inline constexpr std::size_t kFrameHeadBytes = 12;

void append_frame(std::string& bytes, std::string_view entry, const Digest& leaf);

struct Frame {
  std::string_view entry;
  std::string_view check;  // the first 8 bytes of the leaf hash
  std::size_t bytes = 0;   // of the frame
};
// Nothing where no whole frame begins; whether its check is right is not looked at.
std::optional<Frame> read_frame(std::string_view bytes, std::size_t at);
bool is_leaf_of(const Frame& frame, const Digest& leaf);

// Each frame in order with its offset, until one is not whole or the visitor says false. Gives the
// offset at which it stopped; 0 where the file has no head.
using FrameVisitor = std::function<bool(std::uint64_t offset, const Frame& frame)>;
Result<std::uint64_t> visit_frames(File& file, std::uint64_t from, const FrameVisitor& visit);

// The frames whose checks are right: where they begin (each 256th), what tree they make.
class SegmentIndex {
 public:
  void add(std::uint64_t offset, const Digest& leaf, std::size_t frame_bytes);
  std::uint64_t size() const { return frontier_.size(); }
  std::uint64_t end() const { return end_; }
  const ledger::Frontier& frontier() const { return frontier_; }
  // The nearest known frame at or before this one: its index and offset. Precondition: index <
  // size.
  struct Start {
    std::uint64_t index = 0;
    std::uint64_t offset = 0;
  };
  Start start_of(std::uint64_t index) const;

 private:
  ledger::Frontier frontier_;
  std::vector<std::uint64_t> offsets_;
  std::uint64_t end_ = kSegmentHead.size();
};

// Reads a segment to its last right frame. An index whose size is 0 is no log: it was torn while it
// was made, before anything in it was answered.
using EntryVisitor =
    std::function<void(std::uint64_t index, std::string_view entry, const Digest& leaf)>;
Result<SegmentIndex> read_segment(File& file, const EntryVisitor& visit);
// Entries [from, until), all of them or an error. `start` is at or before `from`.
Result<std::vector<std::string>> read_entries(File& file, SegmentIndex::Start start,
                                              std::uint64_t from, std::uint64_t until);

}  // namespace mandate::store
