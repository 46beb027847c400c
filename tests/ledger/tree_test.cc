#include "mandate/ledger/tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>

#include "testing/matchers.h"
#include "testing/vectors.h"

namespace mandate::ledger {
namespace {

using test::ErrorIs;
using test::IsOk;
using ::testing::HasSubstr;
using Proof = std::vector<Digest>;

constexpr std::uint64_t kSizes = 300;

// RFC 6962 section 2.1, word for word: the model that the rest is compared with.
Digest naive_root(const std::vector<Digest>& leaves, std::size_t begin, std::size_t end) {
  if (begin == end) return empty_root();
  if (end - begin == 1) return leaves[begin];
  std::size_t split = 1;
  while (split * 2 < end - begin) split *= 2;
  return node_hash(naive_root(leaves, begin, begin + split),
                   naive_root(leaves, begin + split, end));
}

// A log in memory: the perfect subtrees of each level.
class Log {
 public:
  explicit Log(std::uint64_t size) {
    levels_.emplace_back();
    for (std::uint64_t i = 0; i < size; ++i) levels_[0].push_back(leaf_hash(std::to_string(i)));
    while (levels_.back().size() >= 2) {
      const std::vector<Digest>& below = levels_.back();
      std::vector<Digest> level;
      for (std::size_t i = 0; i + 1 < below.size(); i += 2) {
        level.push_back(node_hash(below[i], below[i + 1]));
      }
      levels_.push_back(std::move(level));
    }
  }
  const std::vector<Digest>& leaves() const { return levels_[0]; }
  // Refuses what a log of that size does not hold.
  HashReader reader(std::uint64_t size) const {
    return [this, size](int level, std::uint64_t index) -> Result<Digest> {
      if ((index + 1) << level > size) return fail(Reason::kRecordUnavailable, "beyond the log");
      return levels_[static_cast<std::size_t>(level)][index];
    };
  }
  Digest root(std::uint64_t size) const { return root_of(size, reader(size)).value(); }

 private:
  std::vector<std::vector<Digest>> levels_;
};

const Log& log() {
  static const Log made(kSizes);
  return made;
}

Digest flipped(Digest digest, std::size_t bit) {
  digest[bit / 8 % 32] = static_cast<std::uint8_t>(digest[bit / 8 % 32] ^ 1 << bit % 8);
  return digest;
}

// The proof with a hash too many or too few, at either end.
std::vector<Proof> of_other_length(const Proof& proof) {
  std::vector<Proof> all = {proof, proof};
  all[0].push_back(leaf_hash("more"));
  all[1].insert(all[1].begin(), leaf_hash("more"));
  if (!proof.empty()) {
    all.emplace_back(proof.begin() + 1, proof.end());
    all.emplace_back(proof.begin(), proof.end() - 1);
  }
  return all;
}

TEST(Tree, hashes_as_rfc_6962_says) {
  EXPECT_EQ(encode_hex(view(empty_root())),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(encode_hex(view(leaf_hash(""))),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  // The roots of Certificate Transparency's eight test leaves, by size.
  const std::array<std::string_view, 8> leaves = {"",
                                                  "00",
                                                  "10",
                                                  "2021",
                                                  "3031",
                                                  "40414243",
                                                  "5051525354555657",
                                                  "606162636465666768696a6b6c6d6e6f"};
  const std::array<std::string_view, 8> roots = {
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  Frontier frontier;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    frontier.append(leaf_hash(*decode_hex(leaves[i])));
    EXPECT_EQ(encode_hex(view(frontier.root())), roots[i]) << i;
  }
}

TEST(Frontier, has_the_root_of_the_tree_at_every_size) {
  Frontier frontier;
  for (std::uint64_t size = 0; size <= kSizes; ++size) {
    ASSERT_EQ(frontier.size(), size);
    const Digest root = naive_root(log().leaves(), 0, size);
    EXPECT_EQ(frontier.root(), root) << size;
    EXPECT_EQ(log().root(size), root) << size;
    const Result<Frontier> again = Frontier::parse(frontier.serialise());
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(again->serialise(), frontier.serialise());
    EXPECT_EQ(again->root(), root);
    if (size < kSizes) frontier.append(log().leaves()[size]);
  }
}

TEST(Frontier, is_read_back_only_whole) {
  const auto check = [](const std::string& bytes, std::string_view expected_detail) {
    const Result<Frontier> frontier = Frontier::parse(bytes);
    ASSERT_THAT(frontier, ErrorIs(Reason::kBadRequest));
    EXPECT_THAT(frontier.error().detail, HasSubstr(expected_detail));
  };
  Frontier frontier;
  for (int i = 0; i < 3; ++i) frontier.append(leaf_hash("x"));
  const std::string bytes = frontier.serialise();
  EXPECT_THAT(Frontier::parse(bytes), IsOk());
  EXPECT_EQ(bytes.size(), 8u + 2 * 32u);
  EXPECT_EQ(bytes.substr(0, 8), std::string(7, '\0') + '\x03');
  check("", "shorter than its 8 bytes");
  check(bytes.substr(0, 7), "shorter than its 8 bytes");
  check(bytes.substr(0, 8), "0 bytes of hashes; expected 64 for size 3");
  check(bytes.substr(0, bytes.size() - 1), "63 bytes of hashes; expected 64 for size 3");
  check(bytes + '\0', "65 bytes of hashes; expected 64 for size 3");
  check(bytes.substr(0, 7) + '\x07' + bytes.substr(8), "expected 96 for size 7");
}

// What a proof speaks of and the proof itself, as one row of hashes in which any may be changed.
struct Claim {
  Digest first;  // the leaf, or the old root
  Digest root;
  Proof proof;
  Claim with_bit_changed(std::size_t hash, std::size_t bit) const {
    Claim other = *this;
    Digest& digest = hash == 0 ? other.first : hash == 1 ? other.root : other.proof[hash - 2];
    digest = flipped(digest, bit);
    return other;
  }
  std::size_t hashes() const { return proof.size() + 2; }
};

// ATTACKS H5. Every proof of every tree up to the bound, and of each a bit changed somewhere.
TEST(Inclusion, verifies_as_proved_and_not_when_a_bit_is_changed) {
  for (std::uint64_t size = 1; size <= kSizes; ++size) {
    const Digest root = log().root(size);
    for (std::uint64_t index = 0; index < size; ++index) {
      const auto holds = [&](const Claim& claim, std::uint64_t at) {
        return verify_inclusion(at, size, claim.first, claim.proof, claim.root).has_value();
      };
      const Claim claim = {log().leaves()[index], root,
                           prove_inclusion(index, size, log().reader(size)).value()};
      ASSERT_TRUE(holds(claim, index)) << index << "/" << size;
      ASSERT_FALSE(holds(claim, index ^ 1)) << index << "/" << size;
      const std::size_t place = index * 31 + size * 7;
      ASSERT_FALSE(holds(claim.with_bit_changed(place % claim.hashes(), place % 256), index))
          << index << "/" << size;
      if (place % 8 != 0) continue;
      for (const Proof& other : of_other_length(claim.proof)) {
        ASSERT_FALSE(holds({claim.first, root, other}, index)) << index << "/" << size;
      }
    }
  }
}

TEST(Consistency, verifies_as_proved_and_not_when_a_bit_is_changed) {
  for (std::uint64_t size = 0; size <= kSizes; ++size) {
    const Digest root = log().root(size);
    for (std::uint64_t old = 0; old <= size; ++old) {
      const auto holds = [&](const Claim& claim) {
        return verify_consistency(old, size, claim.proof, claim.first, claim.root).has_value();
      };
      const Claim claim = {log().root(old), root,
                           prove_consistency(old, size, log().reader(size)).value()};
      ASSERT_TRUE(holds(claim)) << old << "/" << size;
      ASSERT_EQ(claim.proof.empty(), old == 0 || old == size);
      const std::size_t place = old * 31 + size * 7;
      const std::size_t hash = place % claim.hashes();
      // Everything is consistent with the empty tree, so there the new root is not proved.
      const bool unproved = old == 0 && size != 0 && hash == 1;
      ASSERT_EQ(holds(claim.with_bit_changed(hash, place % 256)), unproved) << old << "/" << size;
      if (place % 8 != 0) continue;
      for (const Proof& other : of_other_length(claim.proof)) {
        ASSERT_FALSE(holds({claim.first, root, other})) << old << "/" << size;
      }
    }
  }
}

TEST(Proofs, of_small_trees_refuse_every_single_bit) {
  for (std::uint64_t size = 1; size <= 8; ++size) {
    const Digest root = log().root(size);
    for (std::uint64_t at = 0; at < size; ++at) {
      const Claim inclusion = {log().leaves()[at], root,
                               prove_inclusion(at, size, log().reader(size)).value()};
      for (std::size_t bit = 0; bit < 256 * inclusion.hashes(); ++bit) {
        const Claim other = inclusion.with_bit_changed(bit / 256, bit % 256);
        ASSERT_FALSE(verify_inclusion(at, size, other.first, other.proof, other.root));
      }
      if (at == 0) continue;
      const Claim consistency = {log().root(at), root,
                                 prove_consistency(at, size, log().reader(size)).value()};
      for (std::size_t bit = 0; bit < 256 * consistency.hashes(); ++bit) {
        const Claim other = consistency.with_bit_changed(bit / 256, bit % 256);
        ASSERT_FALSE(verify_consistency(at, size, other.proof, other.first, other.root));
      }
    }
  }
}

TEST(Proofs, say_what_is_wrong) {
  const auto check = [](const Result<void>& result, std::string_view expected_detail) {
    ASSERT_THAT(result, ErrorIs(Reason::kBadRequest));
    EXPECT_THAT(result.error().detail, HasSubstr(expected_detail));
  };
  const Digest root = log().root(8);
  const Digest leaf = log().leaves()[3];
  const Proof inclusion = prove_inclusion(3, 8, log().reader(8)).value();
  const Proof consistency = prove_consistency(6, 8, log().reader(8)).value();
  check(verify_inclusion(8, 8, leaf, inclusion, root), "index 8 lies outside a tree of 8");
  check(verify_inclusion(0, 0, leaf, {}, root), "index 0 lies outside a tree of 0");
  check(verify_inclusion(~std::uint64_t{0}, 8, leaf, inclusion, root), "lies outside a tree of 8");
  check(verify_inclusion(3, 8, leaf, {}, root), "proof has 0 hashes; expected 3");
  check(verify_inclusion(3, 8, leaf, Proof(100, leaf), root), "100 hashes; expected 3");
  check(verify_inclusion(3, 8, root, inclusion, root), "expected the tree's root");
  check(verify_consistency(8, 6, consistency, root, root), "old size 8 is above the new size 6");
  check(verify_consistency(6, 8, {}, log().root(6), root), "proof has 0 hashes; expected 3");
  check(verify_consistency(6, 8, consistency, root, root), "expected the old root");
  check(verify_consistency(6, 8, consistency, log().root(6), leaf), "expected the new root");
  // ATTACKS H3: the same size with another root.
  check(verify_consistency(8, 8, {}, leaf, root), "expected the new root");
  check(verify_consistency(0, 0, {}, empty_root(), leaf), "expected the new root");
  check(verify_consistency(0, 8, {}, leaf, root), "expected the old root");
  check(verify_consistency(0, 8, {leaf}, empty_root(), root), "proof has 1 hashes; expected 0");
}

TEST(Proofs, are_not_made_for_what_the_log_does_not_hold) {
  EXPECT_THAT(prove_inclusion(7, 8, log().reader(8)), IsOk());
  EXPECT_THAT(prove_inclusion(8, 8, log().reader(8)), ErrorIs(Reason::kBadRequest));
  EXPECT_THAT(prove_inclusion(0, 0, log().reader(8)), ErrorIs(Reason::kBadRequest));
  EXPECT_THAT(prove_consistency(8, 8, log().reader(8)), IsOk());
  EXPECT_THAT(prove_consistency(9, 8, log().reader(8)), ErrorIs(Reason::kBadRequest));
  // What cannot be read is passed on as it is.
  EXPECT_THAT(prove_inclusion(0, 8, log().reader(7)), ErrorIs(Reason::kRecordUnavailable));
  EXPECT_THAT(prove_consistency(3, 8, log().reader(7)), ErrorIs(Reason::kRecordUnavailable));
  EXPECT_THAT(root_of(8, log().reader(7)), ErrorIs(Reason::kRecordUnavailable));
  EXPECT_THAT(root_of(0, log().reader(0)), IsOk());
}

// Trees too large to hold, of equal leaves: each perfect subtree of a level has the same hash.
TEST(Proofs, hold_up_to_the_largest_sizes) {
  std::vector<Digest> levels = {leaf_hash("same")};
  for (int level = 0; level < 63; ++level) {
    levels.push_back(node_hash(levels.back(), levels.back()));
  }
  const HashReader read = [&](int level, std::uint64_t) -> Result<Digest> {
    return levels[static_cast<std::size_t>(level)];
  };
  constexpr std::uint64_t kTop = std::uint64_t{1} << 63;
  const std::vector<std::uint64_t> sizes = {kTop / 2 + 1,          kTop - 1,         kTop, kTop + 1,
                                            ~std::uint64_t{0} - 1, ~std::uint64_t{0}};
  for (std::uint64_t size : sizes) {
    const Digest root = root_of(size, read).value();
    for (std::uint64_t index : {std::uint64_t{0}, std::uint64_t{5}, size / 2, size - 2, size - 1}) {
      const Proof proof = prove_inclusion(index, size, read).value();
      EXPECT_THAT(verify_inclusion(index, size, levels[0], proof, root), IsOk()) << index;
      EXPECT_FALSE(verify_inclusion(index, size, root, proof, root)) << index;
      const Digest old_root = root_of(index, read).value();
      const Proof consistency = prove_consistency(index, size, read).value();
      if (size <= kTop) {  // the sizes that tiles can hold, and more
        EXPECT_LE(std::max(proof.size(), consistency.size()), std::size_t{kProofHashesMax});
      }
      EXPECT_THAT(verify_consistency(index, size, consistency, old_root, root), IsOk()) << index;
      EXPECT_FALSE(verify_consistency(index, size, consistency, levels[3], root)) << index;
    }
  }
}

std::uint64_t number_of(const json::Value& vector, std::string_view member) {
  const json::Value& value = *vector.find(member);  // 2^64 - 1 is the only one beyond 63 bits
  return value.is_integer() ? static_cast<std::uint64_t>(value.as_integer()) : ~std::uint64_t{0};
}

Result<Digest> digest_of(const json::Value& base64) {
  return decode_base64(base64.as_string()).and_then([](const std::string& bytes) {
    return to_digest(bytes);
  });
}

// A hash of another length than 32 bytes is refused at the door.
bool holds(const json::Value& vector) {
  const bool inclusion = vector.find("leafIdx") != nullptr;
  const Result<Digest> first = digest_of(*vector.find(inclusion ? "leafHash" : "root1"));
  const Result<Digest> root = digest_of(*vector.find(inclusion ? "root" : "root2"));
  if (!first || !root) return false;
  Proof proof;
  const json::Value& hashes = *vector.find("proof");
  for (const json::Value& hash : hashes.is_null() ? json::Array() : hashes.as_array()) {
    const Result<Digest> digest = digest_of(hash);
    if (!digest) return false;
    proof.push_back(*digest);
  }
  const std::uint64_t size = number_of(vector, inclusion ? "treeSize" : "size2");
  const std::uint64_t at = number_of(vector, inclusion ? "leafIdx" : "size1");
  return inclusion ? verify_inclusion(at, size, *first, proof, *root).has_value()
                   : verify_consistency(at, size, proof, *first, *root).has_value();
}

TEST(Vectors, of_merkle_proofs_hold_exactly_where_they_should) {  // ATTACKS H5
  MANDATE_NEEDS_SHARED("vectors/merkle");
  // Where we differ on purpose: nothing, or the empty tree, which is consistent with every tree.
  const std::set<std::string> other_policy = {};
  std::map<bool, int> count;
  const std::filesystem::path root = test::shared_path("vectors");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root / "merkle")) {
    if (entry.path().extension() != ".json") continue;
    const std::string name = std::filesystem::relative(entry.path(), root).string();
    const json::Value vector = test::vector_json(name);
    const bool expected = !vector.find("wantErr")->as_bool();
    EXPECT_EQ(holds(vector), expected != other_policy.contains(name)) << name;
    ++count[expected];
  }
  EXPECT_EQ(count[true], 6);
  MANDATE_RAN("merkle/*/*/*.json", count[true] + count[false]);
}

TEST(Vectors, of_rfc_6962_are_the_hashes_of_nothing) {
  MANDATE_NEEDS_SHARED("vectors/rfc");
  int ran = 0;
  const json::Value vectors = test::vector_json("rfc/rfc-vectors.json");
  for (const json::Value& vector : vectors.as_array()) {
    const std::string id = test::text_of(vector, "id");
    if (!id.starts_with("rfc6962-")) continue;
    const bool is_root = id == "rfc6962-empty-root";
    EXPECT_EQ(encode_hex(view(is_root ? empty_root() : leaf_hash(""))),
              test::text_of(vector, is_root ? "root" : "leaf"));
    ++ran;
  }
  MANDATE_RAN("rfc/rfc-vectors.json", ran);
}

}  // namespace
}  // namespace mandate::ledger
