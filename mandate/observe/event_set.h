// The events that were counted, at 16 bytes each and what they were counted under: so that an event
// that two files hold, or two partial summaries, counts once.
//
//   EventSet seen;   seen.insert({key, credential, use}) == true, the second time false
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace mandate::observe {

// 128 bits of a hash of what makes an event itself.
struct EventKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend auto operator<=>(const EventKey&, const EventKey&) = default;
};

class EventSet {
 public:
  struct Entry {
    EventKey key;                  // never zero
    std::uint32_t credential = 0;  // of the hashes of the rows it was counted in
    std::uint32_t use = 0;
  };

  // False, and nothing changes, where the key is there already.
  bool insert(const Entry& entry);
  // Brings nearer what the next `insert` of the key will look at.
  void prefetch(const EventKey& key) const {
    if (!table_.empty()) __builtin_prefetch(&table_[key.low >> 1 & (table_.size() - 1)], 1);
  }
  const Entry* find(const EventKey& key) const;
  std::size_t size() const { return size_; }

  template <class Visit>
  void each(Visit visit) const {
    for (const Entry& entry : table_) {
      if (entry.key != EventKey{}) visit(entry);
    }
  }

 private:
  std::size_t slot_of(const EventKey& key) const;
  void grow();

  std::vector<Entry> table_;  // a power of two; open addressing
  std::size_t size_ = 0;
};

}  // namespace mandate::observe
