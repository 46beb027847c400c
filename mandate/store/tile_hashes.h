// The hashes of a tree out of its tiles: what roots and proofs are made from, in the server and in
// the audit. Reads only.
//
//   HashReader hashes = hashes_from_tiles(size, read_tile);
//   ledger::root_of(size, hashes)   // ledger::prove_inclusion(index, size, hashes)
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
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

}  // namespace mandate::store
