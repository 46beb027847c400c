// Where recent entries stand, by leaf hash: at least those of the given time, unless there are more
// than half the bound of them. Two generations; the older one goes as a whole.
//
//   RecentLeaves recent(std::chrono::hours(1));   recent.add(leaf, {.log = 1, .index = 7}, now);
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/base/digest_hash.h"
#include "mandate/base/instant.h"

namespace mandate::store {

inline constexpr std::size_t kRecentLeavesMax = 1 << 20;

class RecentLeaves {
 public:
  struct Place {
    std::uint32_t log = 0;
    std::uint64_t index = 0;
  };

  explicit RecentLeaves(Seconds remembered) : remembered_(remembered) {}

  void add(const Digest& leaf, Place place, Instant now) {
    if (newer_.size() >= kRecentLeavesMax / 2 || now - began_ >= remembered_) {
      older_ = std::exchange(newer_, {});
      began_ = now;
    }
    newer_.insert_or_assign(leaf, place);
  }

  std::optional<Place> find(const Digest& leaf) const {
    for (const Generation* generation : {&newer_, &older_}) {
      if (auto at = generation->find(leaf); at != generation->end()) return at->second;
    }
    return std::nullopt;
  }

 private:
  using Generation = std::unordered_map<Digest, Place, DigestHash>;
  Seconds remembered_;
  Instant began_{};
  Generation newer_;
  Generation older_;
};

}  // namespace mandate::store
