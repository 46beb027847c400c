// Tile paths, bundles, hash tiles, frontiers and proofs. The first two bytes are a width, an index
// and a size; the rest is a path, a tile, a frontier, or the hashes of a proof.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "mandate/ledger/tile.h"
#include "mandate/ledger/tree.h"

namespace mandate::ledger {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

Digest other_than(Digest digest) {
  digest[0] ^= 1;
  return digest;
}

void try_proofs(std::uint64_t index, std::uint64_t size, std::string_view bytes) {
  std::vector<Digest> hashes;
  for (; bytes.size() >= 32; bytes.remove_prefix(32)) {
    hashes.push_back(*to_digest(bytes.substr(0, 32)));
  }
  if (hashes.size() < 2) return;
  const Digest leaf = hashes.back();
  hashes.pop_back();
  const Digest root = hashes.back();
  hashes.pop_back();
  // A fuzzer that watches comparisons finds roots that fit; nothing beside them may fit as well.
  if (verify_inclusion(index, size, leaf, hashes, root)) {
    require(!verify_inclusion(index, size, leaf, hashes, other_than(root)));
    require(!verify_inclusion(index, size, other_than(leaf), hashes, root));
    for (Digest& hash : hashes) {
      const Digest right = hash;
      hash = other_than(right);
      require(!verify_inclusion(index, size, leaf, hashes, root));
      hash = right;
    }
  }
  if (verify_consistency(index, size, hashes, leaf, root)) {
    require(!verify_consistency(index, size, hashes, other_than(leaf), root));
    require(index == 0 || !verify_consistency(index, size, hashes, leaf, other_than(root)));
  }
}

}  // namespace
}  // namespace mandate::ledger

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mandate;
  using namespace mandate::ledger;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto tile = parse_tile_path(bytes)) require(tile_path(*tile) == bytes);
  if (const auto frontier = Frontier::parse(bytes)) require(frontier->serialise() == bytes);
  if (bytes.size() < 2) return 0;
  const std::string_view rest = bytes.substr(2);
  const int width = data[0] + 1;
  if (const auto entries = decode_bundle(rest, width)) {
    require(entries->size() == static_cast<std::size_t>(width));
    if (const auto again = encode_bundle(*entries)) require(*again == rest);
  }
  if (const auto hashes = decode_hashes(rest, width)) require(encode_hashes(*hashes) == rest);
  try_proofs(data[0], data[1], rest);
  try_proofs(std::uint64_t{data[0]} << 56, ~std::uint64_t{0} - data[1], rest);
  return 0;
}
