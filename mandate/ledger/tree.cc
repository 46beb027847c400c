#include "mandate/ledger/tree.h"

#include <bit>
#include <utility>

#include "mandate/crypto/hash.h"

namespace mandate::ledger {
namespace {

// std::bit_width as an int; libstdc++ 12 gives it the type of its argument.
int bit_length(std::uint64_t value) { return static_cast<int>(std::bit_width(value)); }

// The largest power of two below `size` leaves, as a level. Precondition: size >= 2.
int split_level(std::uint64_t size) { return bit_length(size - 1) - 1; }

// The hash of leaves [begin, end): the perfect subtrees that it is made of, joined from the right.
// Precondition: begin < end, and begin is a multiple of the largest subtree's size.
Result<Digest> range_hash(std::uint64_t begin, std::uint64_t end, const HashReader& read) {
  std::vector<Digest> subtrees;
  while (begin < end) {
    const int level = bit_length(end - begin) - 1;
    Result<Digest> hash = read(level, begin >> level);
    if (!hash) return fail(hash.error());
    subtrees.push_back(*hash);
    begin += std::uint64_t{1} << level;
  }
  Digest root = subtrees.back();
  for (std::size_t i = subtrees.size() - 1; i > 0; --i) root = node_hash(subtrees[i - 1], root);
  return root;
}

tl::unexpected<Error> refuse(std::string detail) {
  return fail(Reason::kBadRequest, std::move(detail));
}

Result<void> same_root(const Digest& computed, const Digest& root, std::string_view which) {
  if (computed == root) return {};
  return refuse("proof leads to root " + encode_hex(view(computed)) + "; expected the " +
                std::string(which) + " root " + encode_hex(view(root)));
}

Result<void> proof_length(std::size_t actual, std::size_t expected) {
  if (actual == expected) return {};
  return refuse("proof has " + std::to_string(actual) + " hashes; expected " +
                std::to_string(expected));
}

// The path from a node to the root of a tree (RFC 9162 section 2.1.3.2): below the level where the
// node's path leaves the right edge every level has a sibling, above it only those on the left.
struct PathShape {
  std::size_t inner;   // siblings up to that level
  std::size_t border;  // left siblings above it
};

PathShape path_shape(std::uint64_t index, std::uint64_t size) {
  const int inner = bit_length(index ^ (size - 1));
  const std::uint64_t above = inner == 64 ? 0 : index >> inner;
  return {static_cast<std::size_t>(inner), static_cast<std::size_t>(std::popcount(above))};
}

}  // namespace

Digest leaf_hash(std::string_view entry) {
  return crypto::sha256(std::string_view("\x00", 1), entry);
}

Digest node_hash(const Digest& left, const Digest& right) {
  return crypto::sha256("\x01", view(left), view(right));
}

Digest empty_root() { return crypto::sha256(""); }

void Frontier::append(const Digest& leaf) {
  Digest hash = leaf;
  // Each trailing one bit of the old size is a perfect subtree as large as the one just completed.
  for (std::uint64_t rest = size_; rest & 1; rest >>= 1) {
    hash = node_hash(peaks_.back(), hash);
    peaks_.pop_back();
  }
  peaks_.push_back(hash);
  ++size_;
}

Digest Frontier::root() const {
  if (peaks_.empty()) return empty_root();
  Digest root = peaks_.back();
  for (std::size_t i = peaks_.size() - 1; i > 0; --i) root = node_hash(peaks_[i - 1], root);
  return root;
}

std::string Frontier::serialise() const {
  std::string bytes;
  bytes.reserve(8 + 32 * peaks_.size());
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(size_ >> shift);
  for (const Digest& peak : peaks_) bytes += view(peak);
  return bytes;
}

Result<Frontier> Frontier::parse(std::string_view bytes) {
  if (bytes.size() < 8) return refuse("frontier is shorter than its 8 bytes of size");
  Frontier frontier;
  for (char byte : bytes.substr(0, 8)) {
    frontier.size_ = frontier.size_ << 8 | static_cast<std::uint8_t>(byte);
  }
  bytes.remove_prefix(8);
  const auto peaks = static_cast<std::size_t>(std::popcount(frontier.size_));
  if (bytes.size() != 32 * peaks) {
    return refuse("frontier holds " + std::to_string(bytes.size()) + " bytes of hashes; expected " +
                  std::to_string(32 * peaks) + " for size " + std::to_string(frontier.size_));
  }
  for (; !bytes.empty(); bytes.remove_prefix(32)) {
    frontier.peaks_.push_back(*to_digest(bytes.substr(0, 32)));
  }
  return frontier;
}

Result<Digest> root_of(std::uint64_t size, const HashReader& read) {
  if (size == 0) return empty_root();
  return range_hash(0, size, read);
}

Result<std::vector<Digest>> prove_inclusion(std::uint64_t index, std::uint64_t size,
                                            const HashReader& read) {
  if (index >= size) {
    return refuse("index " + std::to_string(index) + " lies outside a tree of " +
                  std::to_string(size));
  }
  std::vector<Digest> from_root;  // the sibling at each split, the root's first
  std::uint64_t begin = 0;
  std::uint64_t end = size;
  while (end - begin > 1) {
    const std::uint64_t middle = begin + (std::uint64_t{1} << split_level(end - begin));
    const bool in_left = index < middle;
    Result<Digest> sibling =
        in_left ? range_hash(middle, end, read) : range_hash(begin, middle, read);
    if (!sibling) return fail(sibling.error());
    from_root.push_back(*sibling);
    (in_left ? end : begin) = middle;
  }
  return std::vector<Digest>(from_root.rbegin(), from_root.rend());
}

Result<std::vector<Digest>> prove_consistency(std::uint64_t old_size, std::uint64_t new_size,
                                              const HashReader& read) {
  if (old_size > new_size) {
    return refuse("old size " + std::to_string(old_size) + " is above the new size " +
                  std::to_string(new_size));
  }
  if (old_size == 0 || old_size == new_size) return std::vector<Digest>{};
  // RFC 6962 section 2.1.2: walk down to the subtree that ends where the old tree ends.
  std::vector<Digest> from_root;
  std::uint64_t begin = 0;
  std::uint64_t end = new_size;
  while (end != old_size) {
    const std::uint64_t middle = begin + (std::uint64_t{1} << split_level(end - begin));
    const bool in_left = old_size <= middle;
    Result<Digest> sibling =
        in_left ? range_hash(middle, end, read) : range_hash(begin, middle, read);
    if (!sibling) return fail(sibling.error());
    from_root.push_back(*sibling);
    (in_left ? end : begin) = middle;
  }
  if (begin != 0) {  // else that subtree is the whole old tree, whose root the verifier has
    Result<Digest> seed = range_hash(begin, end, read);
    if (!seed) return fail(seed.error());
    from_root.push_back(*seed);
  }
  return std::vector<Digest>(from_root.rbegin(), from_root.rend());
}

Result<void> verify_inclusion(std::uint64_t index, std::uint64_t size, const Digest& leaf,
                              const std::vector<Digest>& proof, const Digest& root) {
  if (index >= size) {
    return refuse("index " + std::to_string(index) + " lies outside a tree of " +
                  std::to_string(size));
  }
  const PathShape shape = path_shape(index, size);
  if (auto ok = proof_length(proof.size(), shape.inner + shape.border); !ok) return ok;
  Digest hash = leaf;
  for (std::size_t level = 0; level < proof.size(); ++level) {
    const bool sibling_left = level >= shape.inner || (index >> level & 1) != 0;
    hash = sibling_left ? node_hash(proof[level], hash) : node_hash(hash, proof[level]);
  }
  return same_root(hash, root, "tree's");
}

Result<void> verify_consistency(std::uint64_t old_size, std::uint64_t new_size,
                                const std::vector<Digest>& proof, const Digest& old_root,
                                const Digest& new_root) {
  if (old_size > new_size) {
    return refuse("old size " + std::to_string(old_size) + " is above the new size " +
                  std::to_string(new_size));
  }
  if (old_size == 0 || old_size == new_size) {
    if (auto ok = proof_length(proof.size(), 0); !ok) return ok;
    if (old_size == 0) {
      if (auto ok = same_root(empty_root(), old_root, "old"); !ok) return ok;
    }
    return old_size == new_size ? same_root(old_root, new_root, "new") : Result<void>();
  }
  // The path starts at the largest subtree that ends where the old tree ends. Where that subtree is
  // the whole old tree, its root is the seed; else the proof brings the seed.
  const int seed_level = std::countr_zero(old_size);
  PathShape shape = path_shape(old_size - 1, new_size);
  shape.inner -= static_cast<std::size_t>(seed_level);
  const bool seed_is_old_root = std::has_single_bit(old_size);
  const std::size_t first = seed_is_old_root ? 0 : 1;
  if (auto ok = proof_length(proof.size(), first + shape.inner + shape.border); !ok) return ok;
  Digest old_hash = seed_is_old_root ? old_root : proof[0];
  Digest new_hash = old_hash;
  const std::uint64_t index = (old_size - 1) >> seed_level;
  for (std::size_t level = 0; first + level < proof.size(); ++level) {
    const Digest& sibling = proof[first + level];
    if (level >= shape.inner || (index >> level & 1) != 0) {
      old_hash = node_hash(sibling, old_hash);  // what lies to the left was there already
      new_hash = node_hash(sibling, new_hash);
    } else {
      new_hash = node_hash(new_hash, sibling);
    }
  }
  if (auto ok = same_root(old_hash, old_root, "old"); !ok) return ok;
  return same_root(new_hash, new_root, "new");
}

}  // namespace mandate::ledger
