#include "mandate/observe/event_set.h"

#include <cassert>

namespace mandate::observe {
namespace {

constexpr std::size_t kFirstSlots = 1024;

}  // namespace

// Where the key is, or would be. Precondition: a free slot.
std::size_t EventSet::slot_of(const EventKey& key) const {
  const std::size_t mask = table_.size() - 1;
  std::size_t at = key.low >> 1 & mask;
  while (table_[at].key != key && table_[at].key != EventKey{}) at = (at + 1) & mask;
  return at;
}

void EventSet::grow() {
  std::vector<Entry> old(table_.empty() ? kFirstSlots : 2 * table_.size());
  old.swap(table_);
  for (const Entry& entry : old) {
    if (entry.key != EventKey{}) table_[slot_of(entry.key)] = entry;
  }
}

bool EventSet::insert(const Entry& entry) {
  assert(entry.key != EventKey{});
  if (4 * size_ >= 3 * table_.size()) grow();
  Entry& slot = table_[slot_of(entry.key)];
  if (slot.key == entry.key) return false;
  slot = entry;
  ++size_;
  return true;
}

const EventSet::Entry* EventSet::find(const EventKey& key) const {
  if (table_.empty()) return nullptr;
  const Entry& slot = table_[slot_of(key)];
  return slot.key == key ? &slot : nullptr;
}

}  // namespace mandate::observe
