#include "mandate/store/snapshot_file.h"

#include <algorithm>
#include <utility>

namespace mandate::store {
namespace {

constexpr std::string_view kMagic = "mandate state 1\n";
constexpr std::size_t kBeforeBytes = kMagic.size() + sizeof(Digest);
constexpr std::uint64_t kSnapshotBytesMax = std::uint64_t{8} << 30;
constexpr std::uint64_t kPieceBytes = std::uint64_t{1} << 20;

}  // namespace

Result<std::unique_ptr<SnapshotFile>> SnapshotFile::open(std::unique_ptr<File> file) {
  const Result<std::uint64_t> size = file->size();
  if (!size) return fail(size.error());
  const Result<std::string> begin = file->read(0, kBeforeBytes + kHeadBytes);
  if (!begin) return fail(begin.error());
  if (begin->size() < kBeforeBytes || !begin->starts_with(kMagic) || *size > kSnapshotBytesMax) {
    return nullptr;
  }
  std::unique_ptr<SnapshotFile> opened(new SnapshotFile);
  opened->file_ = std::move(file);
  opened->digest_ = *to_digest(std::string_view(*begin).substr(kMagic.size(), sizeof(Digest)));
  opened->size_ = *size - kBeforeBytes;
  opened->head_ = begin->substr(kBeforeBytes);
  return opened;
}

Result<std::string_view> SnapshotFile::next() {
  if (given_ == size_) {
    if (hash_.finish() == digest_) return std::string_view();
    return fail(Reason::kRecordUnavailable, "its bytes are not those that were written");
  }
  Result<std::string> piece =
      file_->read(kBeforeBytes + given_, std::min(size_ - given_, kPieceBytes));
  if (!piece) return fail(piece.error());
  if (piece->empty()) return fail(Reason::kRecordUnavailable, "it became shorter");
  piece_ = *std::move(piece);
  given_ += piece_.size();
  hash_.update(piece_);
  return piece_;
}

Result<Digest> write_snapshot(FileSystem& files, const std::string& path, std::string_view bytes) {
  const Digest digest = crypto::sha256(bytes);
  if (auto ok = replace_file(files, path, {kMagic, view(digest), bytes}); !ok) {
    return fail(ok.error());
  }
  return digest;
}

Result<std::unique_ptr<SnapshotFile>> open_snapshot(FileSystem& files, const std::string& path) {
  Result<std::optional<FileInfo>> info = files.info(path);
  if (!info) return fail(info.error());
  if (!*info) return nullptr;
  Result<std::unique_ptr<File>> file = files.open(path, OpenMode::kRead);
  if (!file) return fail(file.error());
  return SnapshotFile::open(*std::move(file));
}

}  // namespace mandate::store
