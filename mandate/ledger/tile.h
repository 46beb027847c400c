// C2SP tlog-tiles: where tiles and entry bundles lie, and what is in them. Paths are relative to
// the log's folder: `tile/0/x001/234`, `tile/entries/000.p/17`. Height 8: 256 hashes or entries a
// tile.
//
//   tile_path({.level = 0, .index = 1234, .width = 256}) == "tile/0/x001/234"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/base/bytes.h"
#include "mandate/base/result.h"

namespace mandate::ledger {

inline constexpr int kTileHeight = 8;
inline constexpr int kTileWidth = 256;
inline constexpr int kTileLevelsMax = 6;  // levels 0 to 5: enough for trees below 2^48 entries

struct TileId {
  bool entries = false;  // an entry bundle; level is 0 then
  int level = 0;
  std::uint64_t index = 0;
  int width = kTileWidth;  // 1 to 256; below 256 it is partial (`.p/W`)
  friend bool operator==(const TileId&, const TileId&) = default;
};

std::string tile_path(const TileId& tile);
// Exactly the canonical paths: no spare zeros, no `.p/0`, no `.p/256`, level below the bound.
Result<TileId> parse_tile_path(std::string_view path);

// Tiles of a tree of this size that hold new hashes or entries since `old_size` (0: all), the
// rightmost ones partial.
std::vector<TileId> tiles_between(std::uint64_t old_size, std::uint64_t new_size);

// An entry bundle: each entry is its 16-bit big-endian length and its bytes.
Result<std::string> encode_bundle(const std::vector<std::string>& entries);
Result<std::vector<std::string>> decode_bundle(std::string_view bytes, int width);

// A hash tile: `width` hashes one after the other.
std::string encode_hashes(const std::vector<Digest>& hashes);
Result<std::vector<Digest>> decode_hashes(std::string_view bytes, int width);

}  // namespace mandate::ledger
