// How often each of many may do something: a token bucket for each key, in eight bytes (the generic
// cell rate algorithm). What is idle is forgotten, so memory is bounded whoever comes.
//
//   RateLimiter limiter({.per_second = 100});
//   if (!limiter.take("agent:triage", clock.now())) ...   // again after a second
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "mandate/base/instant.h"

namespace mandate {

class RateLimiter {
 public:
  struct Bounds {
    std::int64_t per_second = 0;     // at most 1'000'000; 0: no bound
    std::int64_t burst_seconds = 2;  // of that rate may come at once
    std::size_t keys_max = 1 << 16;  // that are not idle; one more is refused
  };

  explicit RateLimiter(Bounds bounds) : bounds_(bounds) {}
  // Whether the key may once more now, and counts it if so. Any thread. A clock that went back
  // begins anew.
  bool take(std::string_view key, Instant now);

 private:
  static constexpr std::size_t kShards = 16;
  struct Shard {
    std::mutex mutex;
    // When the bucket is full again, in microseconds.
    std::unordered_map<std::string, std::int64_t> full_at;
  };
  bool make_room(Shard& shard, std::int64_t now) const;

  const Bounds bounds_;
  std::array<Shard, kShards> shards_;
};

}  // namespace mandate
