#include "mandate/store/tile_hashes.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

namespace mandate::store {

using ledger::kTileHeight;
using ledger::kTileWidth;

namespace {

constexpr std::size_t kTilesKept = 64;

class TileCache {
 public:
  explicit TileCache(TileReader read) : read_(std::move(read)) {}

  Result<std::span<const Digest>> hashes(const ledger::TileId& tile) {
    const std::pair key(tile.level, tile.index);
    auto at = kept_.find(key);
    if (at == kept_.end()) {
      Result<std::vector<Digest>> hashes = read_(tile).and_then(
          [&](const std::string& bytes) { return ledger::decode_hashes(bytes, tile.width); });
      if (!hashes) return fail(hashes.error());
      if (kept_.size() == kTilesKept) kept_.clear();
      at = kept_.emplace(key, *std::move(hashes)).first;
    }
    return std::span<const Digest>(at->second);
  }

 private:
  TileReader read_;
  std::map<std::pair<int, std::uint64_t>, std::vector<Digest>> kept_;
};

}  // namespace

std::optional<ledger::TileId> tile_at(bool entries, int level, std::uint64_t index,
                                      std::uint64_t size) {
  const std::uint64_t count = level < ledger::kTileLevelsMax ? size >> (kTileHeight * level) : 0;
  const std::uint64_t first = index * kTileWidth;
  if (index > count / kTileWidth || first >= count) return std::nullopt;
  const auto width = static_cast<int>(std::min<std::uint64_t>(count - first, kTileWidth));
  return ledger::TileId{.entries = entries, .level = level, .index = index, .width = width};
}

Digest perfect_root(std::span<const Digest> hashes) {
  if (hashes.size() == 1) return hashes.front();
  const std::size_t half = hashes.size() / 2;
  return ledger::node_hash(perfect_root(hashes.first(half)), perfect_root(hashes.subspan(half)));
}

ledger::HashReader hashes_from_tiles(std::uint64_t size, TileReader read) {
  auto tiles = std::make_shared<TileCache>(std::move(read));
  return [size, tiles](int level, std::uint64_t index) -> Result<Digest> {
    // The subtree is 2^rise hashes of one tile, since a tile is the subtree of its own height.
    const int rise = level % kTileHeight;
    const std::uint64_t first = index << rise;
    const std::size_t count = std::size_t{1} << rise;
    const auto offset = static_cast<std::size_t>(first % kTileWidth);
    const std::optional<ledger::TileId> tile =
        tile_at(false, level / kTileHeight, first / kTileWidth, size);
    if (!tile || offset + count > static_cast<std::size_t>(tile->width)) {
      return fail(Reason::kBadRequest, "a tree of " + std::to_string(size) +
                                           " entries has no hash " + std::to_string(index) +
                                           " at level " + std::to_string(level));
    }
    return tiles->hashes(*tile).map([&](std::span<const Digest> hashes) {
      return perfect_root(hashes.subspan(offset, count));
    });
  };
}

}  // namespace mandate::store
