// A hash index over handles: open addressing in atomic 32-bit slots. One writer inserts, any thread
// finds without a lock. Growth publishes a new table; the old one lives as long as the index, since
// a reader may still be probing it. Keys lie with the nodes: callers bring the comparison.
//
//   index.insert(hash, 7, hash_of);   index.find(hash, [](std::uint32_t h) { return ...; })
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace mandate::record {

class HashIndex {
 public:
  // Equal: bool(handle), whether the node has the key sought.
  template <class Equal>
  std::optional<std::uint32_t> find(std::uint64_t hash, const Equal& equal) const {
    const Table* table = current_.load(std::memory_order_acquire);
    if (!table) return std::nullopt;
    const std::uint32_t slot =
        table->slots[probe(*table, hash, equal)].load(std::memory_order_acquire);
    return slot == kEmpty ? std::nullopt : std::optional(slot - 1);
  }

  // Puts a handle in place of the one with an equal key, which it gives back; nothing: a new key.
  // HashOf: std::uint64_t(handle), needed when the table grows.
  template <class Equal, class HashOf>
  std::optional<std::uint32_t> exchange(std::uint64_t hash, std::uint32_t handle,
                                        const Equal& equal, const HashOf& hash_of) {
    if (tables_.empty() || (used_ + 1) * 4 > tables_.back()->slots.size() * 3) grow(hash_of);
    Table& table = *tables_.back();
    std::atomic<std::uint32_t>& slot = table.slots[probe(table, hash, equal)];
    const std::uint32_t before = slot.load(std::memory_order_relaxed);
    slot.store(handle + 1, std::memory_order_release);
    if (before != kEmpty) return before - 1;
    ++used_;
    return std::nullopt;
  }

  // Precondition: no equal key stands there.
  template <class HashOf>
  void insert(std::uint64_t hash, std::uint32_t handle, const HashOf& hash_of) {
    exchange(
        hash, handle, [](std::uint32_t) { return false; }, hash_of);
  }

 private:
  static constexpr std::uint32_t kEmpty = 0;  // a slot holds handle + 1
  static constexpr std::size_t kFirstSlots = 64;
  struct Table {
    explicit Table(std::size_t size) : slots(size) {}
    std::vector<std::atomic<std::uint32_t>> slots;
  };

  // The slot with an equal key, or the empty one where it would stand. A table is never full.
  template <class Equal>
  static std::size_t probe(const Table& table, std::uint64_t hash, const Equal& equal) {
    const std::size_t mask = table.slots.size() - 1;
    for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
      const std::uint32_t slot = table.slots[at].load(std::memory_order_acquire);
      if (slot == kEmpty || equal(slot - 1)) return at;
    }
  }

  template <class HashOf>
  void grow(const HashOf& hash_of) {
    const Table* old = tables_.empty() ? nullptr : tables_.back().get();
    auto table = std::make_unique<Table>(old ? old->slots.size() * 2 : kFirstSlots);
    for (std::size_t i = 0; old && i < old->slots.size(); ++i) {
      const std::uint32_t slot = old->slots[i].load(std::memory_order_relaxed);
      if (slot == kEmpty) continue;
      const std::size_t at = probe(*table, hash_of(slot - 1), [](std::uint32_t) { return false; });
      table->slots[at].store(slot, std::memory_order_relaxed);
    }
    current_.store(table.get(), std::memory_order_release);
    tables_.push_back(std::move(table));
  }

  std::vector<std::unique_ptr<Table>> tables_;  // the writer's; the last one is current
  std::size_t used_ = 0;
  std::atomic<const Table*> current_{nullptr};
};

// Handles are small and text hashes differ in all bits; this spreads the former.
inline std::uint64_t mix(std::uint64_t word) {
  word ^= word >> 31;
  word *= 0x9e3779b97f4a7c15;
  return word ^ (word >> 29);
}

}  // namespace mandate::record
