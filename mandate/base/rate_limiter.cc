#include "mandate/base/rate_limiter.h"

#include <algorithm>
#include <functional>

namespace mandate {
namespace {

constexpr std::int64_t kSecond = 1'000'000;  // microseconds

}  // namespace

bool RateLimiter::make_room(Shard& shard, std::int64_t now) const {
  if (shard.full_at.size() < bounds_.keys_max / kShards) return true;
  std::erase_if(shard.full_at, [now](const auto& each) { return each.second <= now; });
  return shard.full_at.size() < bounds_.keys_max / kShards;
}

bool RateLimiter::take(std::string_view key, Instant now) {
  if (bounds_.per_second == 0) return true;
  const std::int64_t at =
      std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
  const std::int64_t interval = kSecond / bounds_.per_second;
  const std::int64_t burst = bounds_.burst_seconds * kSecond;
  Shard& shard = shards_[std::hash<std::string_view>{}(key) % kShards];
  const std::lock_guard lock(shard.mutex);
  const std::string name(key);
  auto found = shard.full_at.find(name);
  if (found == shard.full_at.end()) {
    if (!make_room(shard, at)) return false;
    found = shard.full_at.emplace(name, at).first;
  }
  std::int64_t full_at = std::max(found->second, at);
  if (full_at > at + burst) full_at = at;  // the clock went back
  if (full_at + interval > at + burst) return false;
  found->second = full_at + interval;
  return true;
}

}  // namespace mandate
