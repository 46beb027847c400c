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

  Result<std::shared_ptr<const TileTree>> tree(const ledger::TileId& tile) {
    const std::pair key(tile.level, tile.index);
    if (const auto at = kept_.find(key); at != kept_.end()) return at->second;
    auto tree =
        read_(tile).and_then([&](const std::string& bytes) { return tree_of(tile, bytes); });
    if (!tree) return tree;
    if (kept_.size() == kTilesKept) kept_.clear();
    kept_.emplace(key, *tree);
    return tree;
  }

 private:
  TileReader read_;
  std::map<std::pair<int, std::uint64_t>, std::shared_ptr<const TileTree>> kept_;
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

TileTree::TileTree(std::vector<Digest> hashes) {
  levels_.push_back(std::move(hashes));
  while (levels_.back().size() > 1) {
    const std::vector<Digest>& below = levels_.back();
    std::vector<Digest> level;
    level.reserve(below.size() / 2);
    for (std::size_t i = 0; i + 1 < below.size(); i += 2) {
      level.push_back(ledger::node_hash(below[i], below[i + 1]));
    }
    levels_.push_back(std::move(level));
  }
}

Result<std::shared_ptr<const TileTree>> tree_of(const ledger::TileId& tile,
                                                std::string_view bytes) {
  return ledger::decode_hashes(bytes, tile.width).map([](std::vector<Digest> hashes) {
    return std::make_shared<const TileTree>(std::move(hashes));
  });
}

ledger::HashReader hashes_from_trees(std::uint64_t size, TreeReader read) {
  return [size, read = std::move(read)](int level, std::uint64_t index) -> Result<Digest> {
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
    return read(*tile).map([&](const std::shared_ptr<const TileTree>& tree) {
      return tree->hash(rise, offset >> rise);
    });
  };
}

ledger::HashReader hashes_from_tiles(std::uint64_t size, TileReader read) {
  auto tiles = std::make_shared<TileCache>(std::move(read));
  return hashes_from_trees(size, [tiles](const ledger::TileId& tile) { return tiles->tree(tile); });
}

}  // namespace mandate::store
