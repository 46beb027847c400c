#include "mandate/store/log_publisher.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "mandate/base/limits.h"
#include "mandate/store/tile_hashes.h"

namespace mandate::store {
namespace {

using ledger::kTileHeight;
using ledger::kTileWidth;
using ledger::TileId;

constexpr std::size_t kReadEntries = 1024;
// Up to this many tiles are synced one by one; more by one sync of the file system.
constexpr std::size_t kSyncEachMax = 32;
constexpr std::uint64_t kBundleBytesMax = kTileWidth * (2 + limits::kLogEntryBytesMax);
constexpr std::uint64_t kHashTileBytes = kTileWidth * sizeof(Digest);

std::string describe(const ledger::Checkpoint& checkpoint) {
  return "size " + std::to_string(checkpoint.size) + " and root " +
         encode_base64(view(checkpoint.root));
}

}  // namespace

Result<std::unique_ptr<LogPublisher>> LogPublisher::open(FileSystem& files, std::string folder,
                                                         ledger::NoteSigner signer,
                                                         LogTruth truth) {
  std::unique_ptr<LogPublisher> log(
      new LogPublisher(files, std::move(folder), std::move(signer), std::move(truth)));
  if (auto ok = make_directories(files, log->folder_); !ok) return fail(ok.error());
  if (auto ok = log->load(); !ok) return fail(ok.error());
  return log;
}

// --- what stands on disk ---

Result<void> LogPublisher::load() {
  const std::string path = folder_ + "/checkpoint";
  Result<std::optional<FileInfo>> info = files_.info(path);
  if (!info) return fail(info.error());
  signed_ = {};
  if (*info) {
    Result<std::string> note = read_file(files_, path, ledger::kNoteBytesMax);
    if (!note) return fail(note.error());
    auto checkpoint = ledger::open_checkpoint(*note, signer_.verifier());
    if (!checkpoint) return fail(checkpoint.error());
    signed_ = {*std::move(note), *std::move(checkpoint)};
  }
  Result<ledger::Frontier> truth = truth_.frontier();
  if (!truth) return fail(truth.error());
  if (truth->size() < signed_.checkpoint.size) {
    return fail(Reason::kRecordUnavailable,
                "\"" + path + "\" was signed for " + describe(signed_.checkpoint) +
                    ", and the log itself has only " + std::to_string(truth->size()) +
                    " entries: it was cut, or restored from an older copy; see `mandate "
                    "restore --help`");
  }
  const auto check_signed = [this] { return check_root(signed_.checkpoint.root); };
  Result<void> stands =
      load_edges().and_then(check_signed).and_then([this] { return check_full_tiles(); });
  if (!stands) {
    if (auto ok = rebuild(); !ok) return ok;
    if (auto same = check_signed(); signed_.checkpoint.size > 0 && !same) {
      return fail(Reason::kRecordUnavailable, "\"" + path + "\" was signed for " +
                                                  describe(signed_.checkpoint) + ", and " +
                                                  same.error().detail);
    }
  }
  loaded_ = true;
  return {};
}

void LogPublisher::clear() {
  size_ = 0;
  edges_ = {};
  bundle_.clear();
  unsynced_.clear();
  unsynced_count_ = 0;
  unsynced_folders_.clear();
}

Result<void> LogPublisher::load_edges() {
  clear();
  const std::uint64_t size = signed_.checkpoint.size;
  for (int level = 0; level < ledger::kTileLevelsMax; ++level) {
    Edge& edge = edges_[static_cast<std::size_t>(level)];
    edge.tile = size >> (kTileHeight * (level + 1));
    const std::optional<TileId> tile = tile_at(false, level, edge.tile, size);
    if (!tile) continue;
    Result<std::vector<Digest>> hashes =
        read_file(files_, path_of(*tile), kHashTileBytes).and_then([&](const std::string& bytes) {
          return ledger::decode_hashes(bytes, tile->width);
        });
    if (!hashes) return fail(hashes.error());
    edge.hashes = *std::move(hashes);
  }
  if (const auto tile = tile_at(true, 0, edges_[0].tile, size)) {
    Result<std::vector<std::string>> entries =
        read_file(files_, path_of(*tile), kBundleBytesMax).and_then([&](const std::string& bytes) {
          return ledger::decode_bundle(bytes, tile->width);
        });
    if (!entries) return fail(entries.error());
    bundle_ = *std::move(entries);
  }
  if (!std::ranges::equal(bundle_, edges_[0].hashes, {}, &ledger::leaf_hash)) {
    return fail(Reason::kRecordUnavailable, "the last bundle is not that of the last hashes");
  }
  size_ = size;
  return {};
}

// Only that they are there: they were durable before their checkpoint was signed.
Result<void> LogPublisher::check_full_tiles() {
  for (const TileId& tile : ledger::tiles_between(0, size_)) {
    if (tile.width < kTileWidth) continue;
    Result<std::optional<FileInfo>> info = files_.info(path_of(tile));
    if (!info) return fail(info.error());
    if (!*info || (*info)->size == 0 || (!tile.entries && (*info)->size != kHashTileBytes)) {
      return fail(Reason::kRecordUnavailable, "tile \"" + path_of(tile) + "\" is missing");
    }
  }
  return {};
}

Result<void> LogPublisher::rebuild() {
  clear();
  return append_until(signed_.checkpoint.size)
      .and_then([this] { return write_partial_tiles(0); })
      .and_then([this] { return sync_tiles(); });
}

// --- taking entries in ---

Result<void> LogPublisher::append_until(std::uint64_t size) {
  while (size_ < size) {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(size - size_, kReadEntries));
    Result<std::vector<std::string>> entries = truth_.read(size_, wanted);
    if (!entries) return fail(entries.error());
    if (entries->empty()) {
      return fail(Reason::kRecordUnavailable,
                  "the log has no entry " + std::to_string(size_) + " of " + std::to_string(size));
    }
    for (std::string& entry : *entries) {
      if (auto ok = append(std::move(entry)); !ok) return ok;
    }
  }
  return {};
}

Result<void> LogPublisher::append(std::string entry) {
  const Digest leaf = ledger::leaf_hash(entry);
  bundle_.push_back(std::move(entry));
  ++size_;
  if (bundle_.size() == kTileWidth) {
    Result<std::string> bytes = ledger::encode_bundle(bundle_);
    if (!bytes) return fail(bytes.error());
    const TileId tile{.entries = true, .level = 0, .index = edges_[0].tile, .width = kTileWidth};
    if (auto ok = write_tile(tile, *bytes); !ok) return ok;
    bundle_.clear();
  }
  return add_hash(0, leaf);
}

Result<void> LogPublisher::add_hash(int level, const Digest& hash) {
  if (level == ledger::kTileLevelsMax) return {};
  Edge& edge = edges_[static_cast<std::size_t>(level)];
  edge.hashes.push_back(hash);
  if (edge.hashes.size() < kTileWidth) return {};
  const TileId tile{.entries = false, .level = level, .index = edge.tile, .width = kTileWidth};
  if (auto ok = write_tile(tile, ledger::encode_hashes(edge.hashes)); !ok) return ok;
  const Digest above = perfect_root(edge.hashes);
  edge.hashes.clear();
  ++edge.tile;
  return add_hash(level + 1, above);
}

// Every subtree that a root is made of ends at the edge of its level.
Result<Digest> LogPublisher::root() const {
  return ledger::root_of(size_, hashes_from_tiles(size_, [this](const TileId& tile) {
                           const Edge& edge = edges_[static_cast<std::size_t>(tile.level)];
                           return Result<std::string>(ledger::encode_hashes(edge.hashes));
                         }));
}

Result<void> LogPublisher::check_root(const Digest& expected) {
  Result<Digest> found = root();
  if (!found) return fail(found.error());
  if (*found == expected || size_ == 0) return {};
  return fail(Reason::kRecordUnavailable, "the log's " + std::to_string(size_) +
                                              " entries have root " + encode_base64(view(*found)));
}

// --- publishing ---

Result<SignedCheckpoint> LogPublisher::publish() {
  if (!loaded_) {
    if (auto ok = load(); !ok) return fail(ok.error());
  }
  Result<ledger::Frontier> truth = truth_.frontier();
  if (!truth) return fail(truth.error());
  if (!signed_.note.empty() && truth->size() == signed_.checkpoint.size) {
    if (truth->root() == signed_.checkpoint.root) return signed_;
    return fail(Reason::kRecordUnavailable,
                "the log has another root than the one signed for " + describe(signed_.checkpoint));
  }
  if (auto ok = advance(*truth); !ok) {
    // Which tiles stand is not known any more: begin again at the checkpoint on disk.
    loaded_ = false;
    return fail(ok.error());
  }
  return signed_;
}

Result<void> LogPublisher::advance(const ledger::Frontier& truth) {
  const std::uint64_t from = signed_.checkpoint.size;
  if (truth.size() < from) {
    return fail(Reason::kRecordUnavailable, "the log has become shorter than its checkpoint");
  }
  auto ok = append_until(truth.size())
                .and_then([&] { return check_root(truth.root()); })
                .and_then([&] { return write_partial_tiles(from); })
                .and_then([&] { return remove_unsigned_tiles(from); })
                .and_then([&] { return sync_tiles(); })
                .and_then([&] { return write_checkpoint(truth); });
  if (ok) remove_partial_tiles(from);
  return ok;
}

Result<void> LogPublisher::write_partial_tiles(std::uint64_t from) {
  for (const TileId& tile : ledger::tiles_between(from, size_)) {
    if (tile.width == kTileWidth) continue;
    Result<std::string> bytes = tile.entries
                                    ? ledger::encode_bundle(bundle_)
                                    : Result<std::string>(ledger::encode_hashes(
                                          edges_[static_cast<std::size_t>(tile.level)].hashes));
    if (!bytes) return fail(bytes.error());
    if (auto ok = write_tile(tile, *bytes); !ok) return ok;
  }
  return {};
}

// A width between the signed one and the next was never signed: an attempt that failed wrote it,
// perhaps in part. It goes, durable, before a checkpoint makes it look like one of its tiles.
Result<void> LogPublisher::remove_unsigned_tiles(std::uint64_t from) {
  for (const TileId& tile : ledger::tiles_between(from, size_)) {
    const std::uint64_t before = from >> (kTileHeight * tile.level);
    const std::uint64_t signed_width = tile.index == before / kTileWidth ? before % kTileWidth : 0;
    const std::string folder = path_of({tile.entries, tile.level, tile.index, kTileWidth}) + ".p";
    Result<std::optional<FileInfo>> info = files_.info(folder);
    if (!info) return fail(info.error());
    if (!*info) continue;
    Result<std::vector<std::string>> names = files_.list(folder);
    if (!names) return fail(names.error());
    for (const std::string& name : *names) {
      std::uint64_t width = 0;
      std::from_chars(name.data(), name.data() + name.size(), width);
      if (width <= signed_width || width == static_cast<std::uint64_t>(tile.width)) continue;
      if (auto ok = files_.remove(folder + "/" + name); !ok) return ok;
      unsynced_folders_.insert(folder);
    }
  }
  return {};
}

Result<void> LogPublisher::write_tile(const TileId& tile, std::string_view bytes) {
  const std::string path = path_of(tile);
  const std::string folder = folder_of(path);
  if (!unsynced_folders_.contains(folder)) {
    if (auto ok = make_directories(files_, folder); !ok) return ok;
    // Any of the folders up to the log's own may be new.
    for (std::string each = folder; each.size() >= folder_.size(); each = folder_of(each)) {
      unsynced_folders_.insert(each);
    }
  }
  Result<std::unique_ptr<File>> file = files_.open(path, OpenMode::kReplace);
  if (!file) return fail(file.error());
  if (auto ok = (*file)->write(0, bytes); !ok) return ok;
  if (++unsynced_count_ <= kSyncEachMax) unsynced_.push_back(*std::move(file));
  return {};
}

Result<void> LogPublisher::sync_tiles() {
  if (unsynced_count_ > kSyncEachMax) {
    if (auto ok = files_.sync_all(folder_); !ok) return ok;
  } else {
    for (const std::unique_ptr<File>& file : unsynced_) {
      if (auto ok = file->sync(); !ok) return ok;
    }
    for (const std::string& folder : unsynced_folders_) {
      if (auto ok = files_.sync_directory(folder); !ok) return ok;
    }
  }
  unsynced_.clear();
  unsynced_count_ = 0;
  unsynced_folders_.clear();
  return {};
}

Result<void> LogPublisher::write_checkpoint(const ledger::Frontier& truth) {
  ledger::Checkpoint next{signer_.verifier().name(), truth.size(), truth.root()};
  std::string note = signer_.sign(next.text());
  if (auto ok = replace_file(files_, folder_ + "/checkpoint", note); !ok) return ok;
  signed_ = {std::move(note), std::move(next)};
  return {};
}

// A full tile stands for its partial ones. What a failure leaves lying does no harm.
void LogPublisher::remove_partial_tiles(std::uint64_t from) {
  for (const TileId& tile : ledger::tiles_between(from, size_)) {
    const std::uint64_t before = from >> (kTileHeight * tile.level);
    const bool was_partial = tile.index == before / kTileWidth && before % kTileWidth != 0;
    if (tile.width < kTileWidth || !was_partial) continue;
    const std::string folder = path_of(tile) + ".p";
    const std::vector<std::string> names = files_.list(folder).value_or(std::vector<std::string>());
    for (const std::string& name : names) (void)files_.remove(folder + "/" + name);
    (void)files_.remove(folder);
  }
}

}  // namespace mandate::store
