// The Merkle tree of RFC 6962 section 2.1 (and 9162), as C2SP tlog-tiles uses it: hashes, the
// compact frontier that a writer keeps, proofs and their verification. No files, no domain type.
//
//   Frontier f;  f.append(leaf_hash(entry));  f.size() == 1;  f.root() == leaf_hash(entry)
//   verify_inclusion(index, size, leaf, proof, root)
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/base/bytes.h"
#include "mandate/base/result.h"

namespace mandate::ledger {

inline constexpr int kProofHashesMax = 64;

Digest leaf_hash(std::string_view entry);                   // SHA-256(0x00 || entry)
Digest node_hash(const Digest& left, const Digest& right);  // SHA-256(0x01 || left || right)
Digest empty_root();                                        // SHA-256("")

// The roots of the perfect subtrees that make up a tree: all that appending needs.
class Frontier {
 public:
  void append(const Digest& leaf);
  std::uint64_t size() const { return size_; }
  Digest root() const;
  // 8 bytes of size, big endian, then the hashes from the largest subtree to the smallest.
  std::string serialise() const;
  static Result<Frontier> parse(std::string_view bytes);

 private:
  std::uint64_t size_ = 0;
  std::vector<Digest> peaks_;
};

// The hash of the perfect subtree of 2^level leaves that begins at leaf index * 2^level.
using HashReader = std::function<Result<Digest>(int level, std::uint64_t index)>;

Result<Digest> root_of(std::uint64_t size, const HashReader& read);
Result<std::vector<Digest>> prove_inclusion(std::uint64_t index, std::uint64_t size,
                                            const HashReader& read);
// From a tree of `old_size` (0 gives an empty proof) to one of `new_size` >= old_size.
Result<std::vector<Digest>> prove_consistency(std::uint64_t old_size, std::uint64_t new_size,
                                              const HashReader& read);

// Success is exactly a value; the message of a refusal says which part is wrong.
Result<void> verify_inclusion(std::uint64_t index, std::uint64_t size, const Digest& leaf,
                              const std::vector<Digest>& proof, const Digest& root);
Result<void> verify_consistency(std::uint64_t old_size, std::uint64_t new_size,
                                const std::vector<Digest>& proof, const Digest& old_root,
                                const Digest& new_root);

}  // namespace mandate::ledger
