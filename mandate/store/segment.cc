#include "mandate/store/segment.h"

#include <algorithm>

#include "mandate/base/limits.h"

namespace mandate::store {
namespace {

constexpr std::size_t kCheckBytes = 8;
constexpr std::size_t kReadBytes = 1 << 20;
constexpr std::uint64_t kOffsetEvery = 256;

static_assert(kReadBytes > kFrameHeadBytes + limits::kLogEntryBytesMax, "a frame fits one read");

}  // namespace

void append_frame(std::string& bytes, std::string_view entry, const Digest& leaf) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(entry.size() >> shift);
  bytes += view(leaf).substr(0, kCheckBytes);
  bytes += entry;
}

std::optional<Frame> read_frame(std::string_view bytes, std::size_t at) {
  if (bytes.size() < at + kFrameHeadBytes) return std::nullopt;
  std::size_t size = 0;
  for (char c : bytes.substr(at, 4)) size = size << 8 | static_cast<std::uint8_t>(c);
  if (size == 0 || size > limits::kLogEntryBytesMax) return std::nullopt;
  const std::size_t whole = kFrameHeadBytes + size;
  if (bytes.size() - at < whole) return std::nullopt;
  return Frame{bytes.substr(at + kFrameHeadBytes, size), bytes.substr(at + 4, kCheckBytes), whole};
}

bool is_leaf_of(const Frame& frame, const Digest& leaf) {
  return view(leaf).starts_with(frame.check);
}

Result<std::uint64_t> visit_frames(File& file, std::uint64_t from, const FrameVisitor& visit) {
  if (from == 0) {
    Result<std::string> head = file.read(0, kSegmentHead.size());
    if (!head) return fail(head.error());
    if (*head != kSegmentHead) return 0;
    from = kSegmentHead.size();
  }
  while (true) {
    Result<std::string> bytes = file.read(from, kReadBytes);
    if (!bytes) return fail(bytes.error());
    std::size_t at = 0;
    while (std::optional<Frame> frame = read_frame(*bytes, at)) {
      if (!visit(from + at, *frame)) return from + at;
      at += frame->bytes;
    }
    // A frame that the read cut off begins the next one; without progress there is none.
    if (at == 0) return from;
    from += at;
  }
}

void SegmentIndex::add(std::uint64_t offset, const Digest& leaf, std::size_t frame_bytes) {
  if (frontier_.size() % kOffsetEvery == 0) offsets_.push_back(offset);
  frontier_.append(leaf);
  end_ = offset + frame_bytes;
}

SegmentIndex::Start SegmentIndex::start_of(std::uint64_t index) const {
  const std::uint64_t known = index / kOffsetEvery;
  return {known * kOffsetEvery, offsets_[static_cast<std::size_t>(known)]};
}

Result<SegmentIndex> read_segment(File& file, const EntryVisitor& visit) {
  SegmentIndex index;
  Result<std::uint64_t> end = visit_frames(file, 0, [&](std::uint64_t offset, const Frame& frame) {
    const Digest leaf = ledger::leaf_hash(frame.entry);
    if (!is_leaf_of(frame, leaf)) return false;
    visit(index.size(), frame.entry, leaf);
    index.add(offset, leaf, frame.bytes);
    return true;
  });
  if (!end) return fail(end.error());
  return index;
}

Result<std::vector<std::string>> read_entries(File& file, SegmentIndex::Start start,
                                              std::uint64_t from, std::uint64_t until) {
  std::vector<std::string> entries;
  std::uint64_t at = start.index;
  Result<std::uint64_t> end =
      visit_frames(file, start.offset, [&](std::uint64_t, const Frame& frame) {
        if (at == until) return false;
        if (at++ >= from) entries.emplace_back(frame.entry);
        return true;
      });
  if (!end) return fail(end.error());
  if (at == until) return entries;
  return fail(Reason::kRecordUnavailable, "the journal's segment has only " + std::to_string(at) +
                                              " entries; expected " + std::to_string(until));
}

}  // namespace mandate::store
