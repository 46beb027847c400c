#include "mandate/store/tile_hashes.h"

#include <algorithm>
#include <utility>

namespace mandate::store {

using ledger::kTileHeight;
using ledger::kTileWidth;

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
    Result<std::string> bytes = read(*tile);
    if (!bytes) return fail(bytes.error());
    Result<std::vector<Digest>> hashes = ledger::decode_hashes(*bytes, tile->width);
    if (!hashes) return fail(hashes.error());
    return perfect_root(std::span(*hashes).subspan(offset, count));
  };
}

}  // namespace mandate::store
