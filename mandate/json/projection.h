// Which members of a record are wanted. Compiled once; reading a record fills a flat array of
// slots, one a path, and passes over everything else without looking at it.
//
//   const Projection wanted({"eventTime", "userIdentity.arn", "resources.[0].ARN"});
//   // slots[1].text is the arn, a view into the record
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
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
  Projection(Projection&&) noexcept = default;

  std::size_t slots() const { return slots_; }

  static constexpr std::uint16_t root() { return 0; }
  // The node below `node`, or kNone.
  std::uint16_t child(std::uint16_t node, std::string_view name) const {
    const std::uint16_t names = nodes_[node].names;
    if (names == kNone) return kNone;
    const Name wanted(name);
    for (std::size_t at = wanted.slot();; at = (at + 1) % kNamesMax) {
      const Name& known = names_[names + at];
      if (known.node == kNone) return kNone;
      if (known.is(wanted)) return known.node;
    }
  }
  std::uint16_t first_item(std::uint16_t node) const { return nodes_[node].first_item; }
  std::uint16_t slot(std::uint16_t node) const { return nodes_[node].slot; }
  bool is_inner(std::uint16_t node) const { return nodes_[node].is_inner; }

 private:
  static constexpr std::size_t kNamesMax = 2 * limits::kProjectionPathsMax;  // a power of two

  // Where most names differ, without a step into other memory: size, first and last bytes.
  struct Name {
    Name() = default;
    explicit Name(std::string_view name)
        : text(name.data()), size(static_cast<std::uint32_t>(name.size())) {
      if (size >= sizeof(std::uint64_t)) {
        front = word<std::uint64_t>(name.data());
        back = word<std::uint64_t>(name.data() + size - sizeof(std::uint64_t));
      } else if (size >= sizeof(std::uint32_t)) {
        front = word<std::uint32_t>(name.data());
        back = word<std::uint32_t>(name.data() + size - sizeof(std::uint32_t));
      } else if (size > 0) {
        front = static_cast<unsigned char>(name[0]);
        back = word<std::uint8_t>(name.data() + size / 2) * std::uint64_t{256} +
               word<std::uint8_t>(name.data() + size - 1);
      }
    }
    std::size_t slot() const {
      constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
      return ((front ^ back << 1 ^ size) * kOdd >> 32) % kNamesMax;
    }
    bool is(const Name& other) const {
      if (((front ^ other.front) | (back ^ other.back) | (size ^ other.size)) != 0) return false;
      return size <= 2 * sizeof(std::uint64_t) || std::memcmp(text, other.text, size) == 0;
    }

    const char* text = nullptr;
    std::uint64_t front = 0;
    std::uint64_t back = 0;
    std::uint32_t size = 0;
    std::uint16_t node = kNone;  // none: no name
  };
  struct Node {
    std::uint16_t slot = kNone;
    std::uint16_t names = kNone;  // where its members' table begins
    std::uint16_t first_item = kNone;
    bool is_inner = false;
  };

  template <class Word>
  static Word word(const char* at) {
    Word loaded = 0;
    std::memcpy(&loaded, at, sizeof loaded);
    return loaded;
  }
  std::uint16_t add_node();
  std::uint16_t make_child(std::uint16_t node, std::string_view name);

  std::vector<Node> nodes_;
  std::vector<Name> names_;  // tables of kNamesMax; open addressing
  std::deque<std::string> texts_;
  std::size_t slots_ = 0;
};

}  // namespace mandate::json
