// The hashes of a tree out of its tiles: what roots and proofs are made from, in the server and in
// the audit. Reads only.
//
//   HashReader hashes = hashes_from_tiles(size, read_tile);
//   ledger::root_of(size, hashes)   // ledger::prove_inclusion(index, size, hashes)
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/ledger/tile.h"
#include "mandate/ledger/tree.h"

namespace mandate::store {

// The bytes of a hash tile.
using TileReader = std::function<Result<std::string>(const ledger::TileId&)>;

// The tile with this index in a tree of this size, as wide as the tree makes it; nothing outside.
std::optional<ledger::TileId> tile_at(bool entries, int level, std::uint64_t index,
                                      std::uint64_t size);

// Precondition: the number of hashes is a power of two.
Digest perfect_root(std::span<const Digest> hashes);

// Keeps the tiles it read last, so that a proof reads each of its tiles once; for one thread.
ledger::HashReader hashes_from_tiles(std::uint64_t size, TileReader read);

// A hash tile with all whole subtrees above its hashes, which are made once. A tile never changes,
// nor does a partial one of its width: who proves often keeps these (some 16 KiB each).
class TileTree {
 public:
  explicit TileTree(std::vector<Digest> hashes);
  // Of 2^rise hashes of the tile, from hash `index << rise` on. Precondition: they are all there.
  const Digest& hash(int rise, std::size_t index) const {
    return levels_[static_cast<std::size_t>(rise)][index];
  }

 private:
  std::vector<std::vector<Digest>> levels_;
};
using TreeReader = std::function<Result<std::shared_ptr<const TileTree>>(const ledger::TileId&)>;
ledger::HashReader hashes_from_trees(std::uint64_t size, TreeReader read);
// `limit_exceeded` or `bad_request` as decode_hashes says it of bytes that are no such tile.
Result<std::shared_ptr<const TileTree>> tree_of(const ledger::TileId& tile, std::string_view bytes);

}  // namespace mandate::store
