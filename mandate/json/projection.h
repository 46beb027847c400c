// Which members of a record are wanted. Compiled once; reading a record fills a flat array of
// slots, one a path, and passes over everything else without looking at it.
//
//   const Projection wanted({"eventTime", "userIdentity.arn", "resources.[0].ARN"});
//   // slots[1].text is the arn, a view into the record
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/base/limits.h"

namespace mandate::json {

enum class SlotKind : std::uint8_t { kAbsent, kString, kScalar, kObject, kArray };

struct Slot {
  // A string without its quotes and escapes; otherwise the JSON text as it stands, unchecked
  // inside.
  std::string_view text;
  SlotKind kind = SlotKind::kAbsent;

  bool is_string() const { return kind == SlotKind::kString; }
  // The string; empty for every other kind.
  std::string_view string() const { return is_string() ? text : std::string_view(); }
  bool is_true() const { return kind == SlotKind::kScalar && text == "true"; }
};

class Projection {
 public:
  static constexpr std::uint16_t kNone = 0xffff;

  // Member names with '.' between them ("\." is a dot in a name); `[0]` is an array's first item.
  // Slots are in the order of the paths; one path may lead into the value of another. Of members
  // of one name the last counts. Names written with escapes are not matched.
  // Precondition: at most kProjectionPathsMax different paths.
  explicit Projection(std::span<const std::string_view> paths);

  std::size_t slots() const { return slots_; }

  static constexpr std::uint16_t root() { return 0; }
  // The node below `node`, or kNone.
  std::uint16_t child(std::uint16_t node, std::string_view name) const {
    const Node& parent = nodes_[node];
    for (std::uint16_t at = parent.first[bucket(name)]; at != kNone; at = nodes_[at].next) {
      if (is_same(nodes_[at].name, name)) return at;
    }
    return kNone;
  }
  std::uint16_t first_item(std::uint16_t node) const { return nodes_[node].first_item; }
  std::uint16_t slot(std::uint16_t node) const { return nodes_[node].slot; }
  bool is_inner(std::uint16_t node) const { return nodes_[node].is_inner; }

 private:
  static constexpr std::size_t kBuckets = 64;
  struct Node {
    std::string name;
    std::uint16_t slot = kNone;
    std::uint16_t next = kNone;  // of the same parent and bucket
    std::uint16_t first_item = kNone;
    bool is_inner = false;
    std::uint16_t first[kBuckets];
  };

  // Names are short: loads that may overlap are quicker than a call.
  static bool is_same(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    const std::size_t size = a.size();
    if (size >= 2 * sizeof(std::uint64_t)) {
      return are_ends_same<std::uint64_t>(a, b) &&
             (size <= 4 * sizeof(std::uint64_t) ? is_middle_same(a, b) : a == b);
    }
    if (size >= sizeof(std::uint64_t)) return are_ends_same<std::uint64_t>(a, b);
    if (size >= sizeof(std::uint32_t)) return are_ends_same<std::uint32_t>(a, b);
    return a == b;
  }
  template <class Word>
  static Word word(const char* at) {
    Word loaded = 0;
    std::memcpy(&loaded, at, sizeof loaded);
    return loaded;
  }
  template <class Word>
  static bool are_ends_same(std::string_view a, std::string_view b) {
    const std::size_t last = a.size() - sizeof(Word);
    return word<Word>(a.data()) == word<Word>(b.data()) &&
           word<Word>(a.data() + last) == word<Word>(b.data() + last);
  }
  // Of 16 to 32 bytes whose first and last eight are the same.
  static bool is_middle_same(std::string_view a, std::string_view b) {
    constexpr std::size_t kWord = sizeof(std::uint64_t);
    const std::size_t last = a.size() - 2 * kWord;
    return word<std::uint64_t>(a.data() + kWord) == word<std::uint64_t>(b.data() + kWord) &&
           word<std::uint64_t>(a.data() + last) == word<std::uint64_t>(b.data() + last);
  }
  static std::size_t bucket(std::string_view name) {
    if (name.empty()) return 0;
    const auto front = static_cast<unsigned char>(name.front());
    const auto back = static_cast<unsigned char>(name.back());
    return (name.size() * 7 + front + std::size_t{3} * back) % kBuckets;
  }
  std::uint16_t add_node();
  std::uint16_t make_child(std::uint16_t node, std::string_view name);

  std::vector<Node> nodes_;
  std::size_t slots_ = 0;
};

}  // namespace mandate::json
