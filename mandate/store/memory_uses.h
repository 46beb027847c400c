// One-use identifiers and use counts in memory, forgotten when their time is over. After a start
// they come back from the journal: the entry of each use names it.
//
//   MemoryUses uses(random);
//   uses.consume(key, 1, until, now);   // kFirst; then kUsedBefore
//   uses.remember(R"({"uses":[{"key":"...","until":"..."}]})", now);
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "mandate/base/digest_hash.h"
#include "mandate/base/ports.h"
#include "mandate/record/ports.h"

namespace mandate::store {

inline constexpr std::size_t kUsesMax = 8 << 20;  // remembered at once

class MemoryUses final : public record::Uses {
 public:
  explicit MemoryUses(Random& random, std::size_t uses_max = kUsesMax)
      : secret_(random.bytes(kSecretBytes)), shard_uses_max_(uses_max / kShards) {}

  record::Consumed consume(const Digest& key, int limit, Instant until, Instant now) override;
  // Takes in the uses that an entry of the journal names, each `{"key": base64url, "until": RFC
  // 3339}`. An entry without `uses`, or a use that is over, is passed over.
  void remember(std::string_view entry, Instant now);
  std::size_t size() const;

 private:
  static constexpr std::size_t kShards = 64;
  static constexpr std::size_t kSecretBytes = 32;
  struct Use {
    int count = 0;
    Instant until{};
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<Digest, Use, DigestHash> uses;
    std::priority_queue<std::pair<Instant, Digest>, std::vector<std::pair<Instant, Digest>>,
                        std::greater<>>
        ends;  // a use whose end moved stands here again, and leaves at its last end
    void forget(Instant now);
  };

  // Others choose what a key is the digest of; without the secret they cannot choose whom it meets.
  Digest salted(const Digest& key) const;

  const std::string secret_;  // of this run
  const std::size_t shard_uses_max_;
  std::array<Shard, kShards> shards_;
};

}  // namespace mandate::store
