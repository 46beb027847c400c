// A hash index over handles: open addressing in atomic 32-bit slots. One writer inserts, any thread
// finds without a lock. Growth publishes a new table; the old one lives as long as the index, since
// a reader may still be probing it. Keys lie with the nodes: callers bring the comparison, which is
// asked for few others, since a slot also holds those bits of the hash that its handle leaves free.
//
//   index.insert(hash, 7, hash_of);   index.find(hash, [](std::uint32_t h) { return ...; })
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "mandate/base/large_pages.h"

namespace mandate::record {

class HashIndex {
 public:
  // Equal: bool(handle), whether the node has the key sought.
  template <class Equal>
  std::optional<std::uint32_t> find(std::uint64_t hash, const Equal& equal) const {
    const Table* table = current_.load(std::memory_order_acquire);
    if (!table) return std::nullopt;
    return table->handle_in(table->slots[probe(*table, hash, equal)].load());
  }

  // Puts a handle in place of the one with an equal key, which it gives back; nothing: a new key.
  // HashOf: std::uint64_t(handle), needed when the table grows. BeforeSeen: void(the former handle
  // or nothing), called before a reader can find the new one.
  template <class Equal, class HashOf, class BeforeSeen>
  void exchange(std::uint64_t hash, std::uint32_t handle, const Equal& equal, const HashOf& hash_of,
                const BeforeSeen& before_seen) {
    make_room(used_ + 1, handle, hash_of);
    Table& table = *tables_.back();
    Slot& slot = table.slots[probe(table, hash, equal)];
    const std::optional<std::uint32_t> former = table.handle_in(slot.load());
    before_seen(former);
    slot.store(table.slot_of(hash, handle), std::memory_order_release);
    if (!former) ++used_;
  }

  // False, and nothing is done, where an equal key stands there.
  template <class Equal, class HashOf>
  bool insert(std::uint64_t hash, std::uint32_t handle, const Equal& equal, const HashOf& hash_of) {
    make_room(used_ + 1, handle, hash_of);
    Table& table = *tables_.back();
    Slot& slot = table.slots[probe(table, hash, equal)];
    if (slot.load(std::memory_order_relaxed) != kEmpty) return false;
    slot.store(table.slot_of(hash, handle), std::memory_order_release);
    ++used_;
    return true;
  }

  // Room for so many handles, counted from 0. Precondition: the index is empty.
  void reserve(std::uint64_t count) {
    std::size_t size = kFirstSlots;
    while (!has_room(size, count, count)) size *= 2;
    add(std::make_unique<Table>(size));
  }

  // Asks the memory for where this hash would stand.
  void read_ahead(std::uint64_t hash) const {
    const Table* table = current_.load(std::memory_order_acquire);
    if (table) __builtin_prefetch(&table->slots[hash & (table->size - 1)]);
  }

 private:
  using Slot = std::atomic<std::uint32_t>;
  static constexpr std::uint32_t kEmpty = 0;  // a slot holds handle + 1 below the hash's bits
  static constexpr std::size_t kFirstSlots = 64;
  static_assert(Slot::is_always_lock_free);

  struct Table {
    explicit Table(std::size_t of_size)
        : size(of_size),
          slots(static_cast<Slot*>(allocate_large(size * sizeof(Slot), alignof(Slot)))) {
      for (std::size_t i = 0; i < size; ++i) new (&slots[i]) Slot(kEmpty);
    }
    ~Table() { release_large(slots, size * sizeof(Slot), alignof(Slot)); }
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;

    std::uint32_t handle_bits() const { return static_cast<std::uint32_t>(size - 1); }
    // The slot's own bits are the low ones of the hash, so these are others.
    std::uint32_t hash_bits(std::uint64_t hash) const {
      return static_cast<std::uint32_t>(hash >> 32) & ~handle_bits();
    }
    std::uint32_t slot_of(std::uint64_t hash, std::uint32_t handle) const {
      return hash_bits(hash) | (handle + 1);
    }
    std::optional<std::uint32_t> handle_in(std::uint32_t slot) const {
      return slot == kEmpty ? std::nullopt : std::optional((slot & handle_bits()) - 1);
    }

    const std::size_t size;  // a power of two, above every handle + 1
    Slot* const slots;
  };

  // The slot with an equal key, or the empty one where it would stand. A table is never full.
  template <class Equal>
  static std::size_t probe(const Table& table, std::uint64_t hash, const Equal& equal) {
    const std::uint32_t wanted = table.hash_bits(hash);
    for (std::size_t at = hash & (table.size - 1);; at = (at + 1) & (table.size - 1)) {
      const std::uint32_t slot = table.slots[at].load(std::memory_order_acquire);
      if (slot == kEmpty) return at;
      const bool alike = (slot & ~table.handle_bits()) == wanted;
      if (alike && equal((slot & table.handle_bits()) - 1)) return at;
    }
  }

  static bool has_room(std::size_t size, std::uint64_t used, std::uint64_t handle) {
    return used * 4 <= std::uint64_t{size} * 3 && handle + 1 < size;
  }

  template <class HashOf>
  void make_room(std::uint64_t used, std::uint32_t handle, const HashOf& hash_of) {
    const Table* old = tables_.empty() ? nullptr : tables_.back().get();
    if (old && has_room(old->size, used, handle)) return;
    std::size_t size = old ? old->size : kFirstSlots;
    while (!has_room(size, used, handle)) size *= 2;
    auto table = std::make_unique<Table>(size);
    for (std::size_t i = 0; old && i < old->size; ++i) {
      const auto held = old->handle_in(old->slots[i].load(std::memory_order_relaxed));
      if (!held) continue;
      const std::uint64_t hash = hash_of(*held);
      const std::size_t at = probe(*table, hash, [](std::uint32_t) { return false; });
      table->slots[at].store(table->slot_of(hash, *held), std::memory_order_relaxed);
    }
    add(std::move(table));
  }
  void add(std::unique_ptr<Table> table) {
    current_.store(table.get(), std::memory_order_release);
    tables_.push_back(std::move(table));
  }

  std::vector<std::unique_ptr<Table>> tables_;  // the writer's; the last one is current
  std::uint64_t used_ = 0;
  std::atomic<const Table*> current_{nullptr};
};

// Handles are small and text hashes differ in all bits; this spreads the former.
inline std::uint64_t mix(std::uint64_t word) {
  word ^= word >> 31;
  word *= 0x9e3779b97f4a7c15;
  return word ^ (word >> 29);
}

}  // namespace mandate::record
