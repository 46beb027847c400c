#include "mandate/store/audit/tree_walk.h"

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "mandate/store/tile_hashes.h"

namespace mandate::store::audit {
namespace {

using ledger::kTileLevelsMax;
using ledger::kTileWidth;
using ledger::TileId;
using Hashes = std::optional<std::vector<Digest>>;

class TreeWalk {
 public:
  TreeWalk(const LogReader& log, Findings& findings, const EntryVisitor& visit)
      : log_(log), findings_(findings), visit_(visit) {}

  Result<void> run();

 private:
  Result<bool> ends_at(std::uint64_t index) const;
  Result<Hashes> read_entries(const TileId& tile);
  Result<Hashes> read_hashes(const TileId& tile);
  Result<Hashes> walk_bundle(std::uint64_t index);
  Result<void> rise(int level, std::uint64_t tile_index, const std::vector<Digest>& hashes);
  Result<void> compare_edge(int level);
  Result<void> compare_older(const TileId& standing);
  Result<void> compare_root();

  const LogReader& log_;
  Findings& findings_;
  const EntryVisitor& visit_;
  bool is_short_ = false;  // there is nothing more to walk
  struct Edge {
    std::uint64_t tile = 0;
    std::vector<Digest> hashes;  // made from the tiles below, not yet compared
  };
  std::array<Edge, kTileLevelsMax> edges_;
};

Result<void> TreeWalk::run() {
  for (std::uint64_t first = 0; first < log_.size(); first += kTileWidth) {
    if (findings_.full()) return {};
    Result<Hashes> hashes = walk_bundle(first / kTileWidth);
    if (!hashes) return fail(hashes.error());
    if (!*hashes) return {};
    if (auto ok = rise(0, first / kTileWidth, **hashes); !ok) return ok;
  }
  for (int level = 1; level < kTileLevelsMax; ++level) {
    if (!edges_[static_cast<std::size_t>(level)].hashes.empty()) {
      if (auto ok = compare_edge(level); !ok) return ok;
    }
  }
  for (const TileId& tile : ledger::tiles_between(0, log_.size())) {
    if (tile.width == kTileWidth) continue;
    if (auto ok = compare_older(tile); !ok) return ok;
  }
  return compare_root();
}

// Whether nothing of the lowest levels stands from this tile on, and something does before. So ends
// a copy whose checkpoint was taken after its tiles; a tile that somebody took away has others
// after it, or its hashes.
Result<bool> TreeWalk::ends_at(std::uint64_t index) const {
  for (std::uint64_t at = index; at * kTileWidth < log_.size(); ++at) {
    for (const bool entries : {true, false}) {
      Result<std::optional<std::string>> bytes =
          log_.read_tile(*tile_at(entries, 0, at, log_.size()));
      if (!bytes) return fail(bytes.error());
      if (*bytes) return false;
    }
  }
  if (index > 0) return true;
  Result<std::vector<TileId>> older = log_.partial_tiles(*tile_at(true, 0, 0, log_.size()));
  if (!older) return fail(older.error());
  return !older->empty();
}

// The leaf hashes of the entries; nothing where the bundle cannot be read as one.
Result<Hashes> TreeWalk::read_entries(const TileId& tile) {
  Result<std::optional<std::string>> bytes = log_.read_tile(tile);
  if (!bytes) return fail(bytes.error());
  const std::string file = log_.file(tile);
  if (!*bytes) {
    Result<bool> ends = ends_at(tile.index);
    if (!ends) return fail(ends.error());
    is_short_ = *ends;
    findings_.add(
        is_short_ ? FindingKind::kShortCopy : FindingKind::kMissingTile, log_, file,
        is_short_ ? "copy it again: the checkpoint was signed for " + std::to_string(log_.size()) +
                        " entries, and the tiles end before: \"" + file +
                        "\" and all that follows is missing. The log grew while it was copied; "
                        "or its end was cut, and then it stays so"
                  : "\"" + file + "\" is missing");
    return std::nullopt;
  }
  const Result<std::vector<std::string>> entries = ledger::decode_bundle(**bytes, tile.width);
  if (!entries) {
    findings_.add(FindingKind::kChangedEntry, log_, file,
                  "\"" + file + "\" was changed: " + entries.error().detail);
    return std::nullopt;
  }
  std::vector<Digest> leaves;
  for (const std::string& entry : *entries) {
    const std::uint64_t index = tile.index * kTileWidth + leaves.size();
    leaves.push_back(ledger::leaf_hash(entry));
    if (auto ok = visit_(index, entry); !ok) return fail(ok.error());
  }
  return leaves;
}

Result<Hashes> TreeWalk::read_hashes(const TileId& tile) {
  Result<std::optional<std::string>> bytes = log_.read_tile(tile);
  if (!bytes) return fail(bytes.error());
  const std::string file = log_.file(tile);
  if (!*bytes) {
    findings_.add(FindingKind::kMissingTile, log_, file, "\"" + file + "\" is missing");
    return std::nullopt;
  }
  Result<std::vector<Digest>> hashes = ledger::decode_hashes(**bytes, tile.width);
  if (hashes) return *std::move(hashes);
  findings_.add(FindingKind::kChangedHash, log_, file,
                "\"" + file + "\" was changed: " + hashes.error().detail);
  return std::nullopt;
}

// The hashes that the tree above stands on: those of the hash tile, so that one change is found
// once.
Result<Hashes> TreeWalk::walk_bundle(std::uint64_t index) {
  Result<Hashes> computed = read_entries(*tile_at(true, 0, index, log_.size()));
  if (!computed || is_short_) return computed;
  const TileId tile = *tile_at(false, 0, index, log_.size());
  Result<Hashes> standing = read_hashes(tile);
  if (!standing || !*standing) return standing ? computed : standing;
  for (std::size_t i = 0; *computed && i < (*standing)->size(); ++i) {
    if ((**computed)[i] == (**standing)[i]) continue;
    findings_.add_entry(FindingKind::kChangedEntry, log_, index * kTileWidth + i,
                        "is not the one whose hash stands in \"" + log_.file(tile) + "\"");
  }
  return standing;
}

// A full tile is one hash of the level above.
Result<void> TreeWalk::rise(int level, std::uint64_t tile_index,
                            const std::vector<Digest>& hashes) {
  if (hashes.size() < kTileWidth || level + 1 == kTileLevelsMax) return {};
  Edge& above = edges_[static_cast<std::size_t>(level) + 1];
  above.tile = tile_index / kTileWidth;
  above.hashes.push_back(perfect_root(hashes));
  return above.hashes.size() == kTileWidth ? compare_edge(level + 1) : Result<void>();
}

Result<void> TreeWalk::compare_edge(int level) {
  Edge& edge = edges_[static_cast<std::size_t>(level)];
  const std::vector<Digest> computed = std::exchange(edge.hashes, {});
  const TileId tile = *tile_at(false, level, edge.tile, log_.size());
  Result<Hashes> standing = read_hashes(tile);
  if (!standing) return fail(standing.error());
  if (!*standing) return rise(level, edge.tile, computed);
  for (std::size_t i = 0; i < computed.size(); ++i) {
    if (computed[i] == (**standing)[i]) continue;
    const TileId below{.entries = false,
                       .level = level - 1,
                       .index = edge.tile * kTileWidth + i,
                       .width = kTileWidth};
    findings_.add(FindingKind::kChangedHash, log_, log_.file(tile),
                  "hash " + std::to_string(i) + " in \"" + log_.file(tile) +
                      "\" is not that of \"" + log_.file(below) + "\"");
  }
  return rise(level, edge.tile, **standing);
}

// Partial tiles of earlier checkpoints lie beside the one that stands, and are its beginning. A
// wider one was written for a checkpoint that this copy does not have.
Result<void> TreeWalk::compare_older(const TileId& standing) {
  Result<std::vector<TileId>> older = log_.partial_tiles(standing);
  if (!older) return fail(older.error());
  Result<std::optional<std::string>> whole = log_.read_tile(standing);
  if (!whole || !*whole) return whole ? Result<void>() : fail(whole.error());
  for (const TileId& tile : *older) {
    if (tile.width >= standing.width) continue;
    Result<std::optional<std::string>> bytes = log_.read_tile(tile);
    if (!bytes) return fail(bytes.error());
    const std::optional<std::string> expected = beginning_of(**whole, standing.width, tile);
    if (!*bytes || !expected || **bytes == *expected) continue;
    findings_.add(
        tile.entries ? FindingKind::kChangedEntry : FindingKind::kChangedHash, log_,
        log_.file(tile),
        "\"" + log_.file(tile) + "\" is not the beginning of \"" + log_.file(standing) + "\"");
  }
  return {};
}

Result<void> TreeWalk::compare_root() {
  const Result<Digest> root = ledger::root_of(log_.size(), log_.hashes(log_.size()));
  if (root && *root == log_.checkpoint().root) return {};
  const std::string file = log_.place() + "checkpoint";
  findings_.add(FindingKind::kWrongRoot, log_, file,
                root ? "the tiles lead to root " + encode_base64(view(*root)) + ", and \"" + file +
                           "\" is signed for " + encode_base64(view(log_.checkpoint().root))
                     : "the root cannot be made from the tiles: " + root.error().detail);
  return {};
}

}  // namespace

Result<void> walk_log(const LogReader& log, Findings& findings, const EntryVisitor& visit) {
  return TreeWalk(log, findings, visit).run();
}

}  // namespace mandate::store::audit
