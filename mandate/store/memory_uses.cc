#include "mandate/store/memory_uses.h"

#include <limits>

#include "mandate/crypto/hash.h"
#include "mandate/json/value.h"

namespace mandate::store {

using record::Consumed;

void MemoryUses::Shard::forget(Instant now) {
  while (!ends.empty() && ends.top().first <= now) {
    const auto at = uses.find(ends.top().second);
    if (at != uses.end() && at->second.until <= now) uses.erase(at);
    ends.pop();
  }
}

Digest MemoryUses::salted(const Digest& key) const { return crypto::sha256(secret_, view(key)); }

Consumed MemoryUses::consume(const Digest& plain, int limit, Instant until, Instant now) {
  if (limit <= 0) return Consumed::kUsedBefore;
  if (until <= now) return Consumed::kCannotRemember;
  const Digest key = salted(plain);
  Shard& shard = shards_[key.back() % kShards];
  const std::lock_guard lock(shard.mutex);
  shard.forget(now);
  const auto at = shard.uses.find(key);
  if (at == shard.uses.end()) {
    if (shard.ends.size() >= shard_uses_max_) return Consumed::kCannotRemember;
    shard.uses.emplace(key, Use{1, until});
    shard.ends.emplace(until, key);
    return Consumed::kFirst;
  }
  Use& use = at->second;
  if (use.count >= limit) return Consumed::kUsedBefore;
  if (until > use.until) {
    if (shard.ends.size() >= shard_uses_max_) return Consumed::kCannotRemember;
    use.until = until;
    shard.ends.emplace(until, key);
  }
  ++use.count;
  return Consumed::kFirst;
}

void MemoryUses::remember(std::string_view entry, Instant now) {
  // Most entries name none; parsing those would make a start slow.
  if (entry.find("\"uses\"") == std::string_view::npos) return;
  const Result<json::Value> value = json::parse(entry);
  const json::Value* uses = value ? value->find("uses") : nullptr;
  if (uses == nullptr || !uses->is_array()) return;
  for (const json::Value& use : uses->as_array()) {
    const json::Value* key = use.find("key");
    const json::Value* until = use.find("until");
    if (key == nullptr || !key->is_string() || until == nullptr || !until->is_string()) continue;
    const Result<Digest> digest =
        decode_base64url(key->as_string()).and_then([](const std::string& bytes) {
          return to_digest(bytes);
        });
    const Result<Instant> end = parse_rfc3339(until->as_string());
    if (digest && end) (void)consume(*digest, std::numeric_limits<int>::max(), *end, now);
  }
}

std::size_t MemoryUses::size() const {
  std::size_t size = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    size += shard.uses.size();
  }
  return size;
}

}  // namespace mandate::store
