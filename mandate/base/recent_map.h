// What was found out lately, by key, within a bound: two generations, of which the older one goes
// when the younger is full. What is asked for stays; nothing here ever says no.
//
//   RecentMap<std::string, int> recent(1000);   recent.put("a", 1);   recent.find("a")  // 1
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_map>
#include <utility>

namespace mandate {

// Threads may share one. Value: cheap to copy.
template <class Key, class Value, class Hash = std::hash<Key>>
class RecentMap {
 public:
  // Holds at most twice as many.
  explicit RecentMap(std::size_t generation_max) : generation_max_(generation_max) {}

  std::optional<Value> find(const Key& key) {
    std::optional<Value> found;
    {
      const std::shared_lock lock(mutex_);
      if (const auto at = young_.find(key); at != young_.end()) return at->second;
      const auto at = old_.find(key);
      if (at == old_.end()) return std::nullopt;
      found = at->second;
    }
    put(key, *found);
    return found;
  }

  void put(const Key& key, Value value) {
    const std::unique_lock lock(mutex_);
    if (young_.size() >= generation_max_ && young_.find(key) == young_.end()) {
      old_ = std::move(young_);
      young_.clear();
    }
    young_.insert_or_assign(key, std::move(value));
  }

 private:
  using Generation = std::unordered_map<Key, Value, Hash>;
  const std::size_t generation_max_;
  std::shared_mutex mutex_;  // guards the generations
  Generation young_;
  Generation old_;
};

}  // namespace mandate
