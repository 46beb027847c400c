#include "mandate/store/journal_log.h"

#include <algorithm>

#include "mandate/store/journal.h"
#include "mandate/store/log_entries.h"

namespace mandate::store {
namespace {

constexpr std::uint64_t kRoomStepBytes = 64 << 20;
constexpr std::string_view kSegmentSuffix = ".segment";

// A group's frames: its entries and a head for each.
constexpr std::uint64_t kGroupBytesMax =
    kJournalQueueBytesMax + kJournalQueueEntriesMax * kFrameHeadBytes;

tl::unexpected<Error> damaged(const std::string& detail) {
  return fail(Reason::kRecordUnavailable, "the journal is damaged: " + detail);
}

}  // namespace

Result<void> JournalLog::make_room(std::uint64_t end) {
  if (end <= room_) return {};
  // In whole steps: a sync need not write the file's length as well, except after one of them.
  const std::uint64_t room = (end / kRoomStepBytes + 1) * kRoomStepBytes;
  if (auto ok = file_->preallocate(room); !ok) return ok;
  room_ = room;
  return {};
}

Result<std::uint64_t> JournalLog::write(std::span<const std::string_view> entries,
                                        std::vector<Leaf>& leaves) {
  buffer_.clear();
  leaves.clear();
  for (std::string_view entry : entries) {
    const Digest leaf = ledger::leaf_hash(entry);
    append_frame(buffer_, entry, leaf);
    leaves.push_back({leaf, kFrameHeadBytes + entry.size()});
  }
  std::uint64_t offset = end();
  Result<void> durable = make_room(offset + buffer_.size())
                             .and_then([&] { return file_->write(offset, buffer_); })
                             .and_then([&] { return file_->sync(); });
  if (!durable) {
    // Nobody is answered; so a restart should not read them either. The disk has the last word.
    (void)file_->truncate(offset).and_then([&] { return file_->sync(); });
    return fail(durable.error());
  }
  const std::lock_guard lock(mutex_);
  const std::uint64_t first = index_.size();
  for (const Leaf& leaf : leaves) {
    index_.add(offset, leaf.hash, leaf.frame_bytes);
    offset += leaf.frame_bytes;
  }
  return first;
}

Result<void> JournalLog::settle() {
  const std::uint64_t stop = end();
  const std::uint64_t tail = std::min(stop, kGroupBytesMax);
  Result<std::string> bytes = file_->read(stop - tail, static_cast<std::size_t>(tail));
  if (!bytes) return fail(bytes.error());
  // Whole frames may follow a torn one; a new frame in its place would bring them back.
  return file_->truncate(stop)
      .and_then([&] { return file_->write(stop - tail, *bytes); })
      .and_then([&] { return file_->sync(); });
}

std::uint64_t JournalLog::end() const {
  const std::lock_guard lock(mutex_);
  return index_.end();
}

ledger::Frontier JournalLog::frontier() const {
  const std::lock_guard lock(mutex_);
  return index_.frontier();
}

Result<std::vector<std::string>> JournalLog::read(std::uint64_t from, std::size_t max) {
  SegmentIndex::Start start;
  std::uint64_t until = 0;
  {
    const std::lock_guard lock(mutex_);
    if (from >= index_.size()) return std::vector<std::string>{};
    start = index_.start_of(from);
    until = std::min<std::uint64_t>(index_.size(), from + max);
  }
  return read_entries(*file_, start, from, until);
}

Result<bool> JournalLog::visit(const FrameVisitor& visitor) {
  const std::uint64_t stop = end();
  bool wanted = true;
  Result<std::uint64_t> at = visit_frames(*file_, 0, [&](std::uint64_t offset, const Frame& frame) {
    return offset < stop && (wanted = visitor(offset, frame));
  });
  if (!at) return fail(at.error());
  return wanted;
}

std::string segment_path(const std::string& folder, std::uint32_t number) {
  return folder + "/" + log_number_text(number) + std::string(kSegmentSuffix);
}

Result<std::uint32_t> count_segments(FileSystem& files, const std::string& folder) {
  Result<std::vector<std::string>> names = files.list(folder);
  if (!names) return fail(names.error());
  std::uint32_t count = 0;
  for (const std::string& name : *names) {
    if (!name.ends_with(kSegmentSuffix)) continue;
    if (folder + "/" + name != segment_path(folder, count + 1)) {
      return damaged("found \"" + name + "\" in \"" + folder + "\"; expected segment " +
                     std::to_string(count + 1));
    }
    ++count;
  }
  return count;
}

Result<std::shared_ptr<JournalLog>> make_log(FileSystem& files, const std::string& folder,
                                             std::uint32_t number) {
  Result<std::unique_ptr<File>> file = files.open(segment_path(folder, number), OpenMode::kReplace);
  if (!file) return fail(file.error());
  // The head is synced with the first entry, the name here: both before anything is answered.
  auto ok = (*file)->write(0, kSegmentHead).and_then([&] { return files.sync_directory(folder); });
  if (!ok) return fail(ok.error());
  return std::make_shared<JournalLog>(number, *std::move(file), SegmentIndex());
}

Result<std::shared_ptr<JournalLog>> open_log(FileSystem& files, const std::string& folder,
                                             std::uint32_t number, OpenMode mode,
                                             const EntryVisitor& visit) {
  Result<std::unique_ptr<File>> file = files.open(segment_path(folder, number), mode);
  if (!file) return fail(file.error());
  Result<SegmentIndex> index = read_segment(**file, visit);
  if (!index) return fail(index.error());
  return std::make_shared<JournalLog>(number, *std::move(file), *std::move(index));
}

}  // namespace mandate::store
