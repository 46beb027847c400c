#include "mandate/observe/event_set.h"

#include <algorithm>
#include <cassert>
#include <queue>

namespace mandate::observe {
namespace {

using Entry = EventSet::Entry;

constexpr std::size_t kFirstSlots = 1024;
constexpr std::size_t kReadEntries = 4096;  // of each run at a time
constexpr std::size_t kWriteEntries = 64 << 10;

// Runs are read back by the process that wrote them.
std::string_view bytes_of(std::span<const Entry> entries) {
  return {reinterpret_cast<const char*>(entries.data()), entries.size_bytes()};
}

bool is_free(const Entry& entry) { return entry.id == 0; }

}  // namespace

static_assert(sizeof(Entry) == 16);

std::uint64_t Repeats::take(std::uint32_t credential, std::uint32_t use) {
  const auto at = rows_.find({credential, use});
  return at == rows_.end() ? 0 : std::exchange(at->second, 0);
}

std::uint64_t Repeats::take(std::uint32_t credential) {
  std::uint64_t sum = 0;
  for (auto at = rows_.lower_bound({credential, 0});
       at != rows_.end() && at->first.first == credential; ++at) {
    sum += std::exchange(at->second, 0);
  }
  return sum;
}

// One run's entries in their order.
class EventSet::Reader {
 public:
  explicit Reader(const Run& run) : run_(&run) {}

  // nullptr at the end.
  Result<const Entry*> peek() {
    if (at_ < held_.size()) return &held_[at_];
    const std::uint64_t left = run_->entries - read_;
    if (left == 0) return nullptr;
    held_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(left, kReadEntries)));
    at_ = 0;
    char* into = reinterpret_cast<char*>(held_.data());
    Result<void> read = run_->file->read(run_->offset + read_ * sizeof(Entry),
                                         {into, held_.size() * sizeof(Entry)});
    if (!read) return fail(read.error());
    read_ += held_.size();
    return held_.data();
  }
  void next() { ++at_; }

 private:
  const Run* run_;
  std::vector<Entry> held_;
  std::size_t at_ = 0;
  std::uint64_t read_ = 0;
};

// Where the entry is, or would be. Precondition: a free slot.
std::size_t EventSet::slot_of(const Entry& entry) const {
  const std::size_t mask = table_.size() - 1;
  std::size_t at = entry.id >> 1 & mask;
  while (table_[at] != entry && !is_free(table_[at])) at = (at + 1) & mask;
  return at;
}

void EventSet::grow() {
  std::vector<Entry> old(table_.empty() ? kFirstSlots : 2 * table_.size());
  old.swap(table_);
  for (const Entry& entry : old) {
    if (!is_free(entry)) table_[slot_of(entry)] = entry;
  }
}

// A table that is full either grows or goes to disk.
void EventSet::make_room() {
  const bool is_bounded = bounds_.bytes_max > 0 && bounds_.make_spill && !error_;
  const bool may_grow = !is_bounded || 2 * table_.size() * sizeof(Entry) <= bounds_.bytes_max;
  if (may_grow || table_.empty()) return grow();
  if (Result<void> spilled = spill(); !spilled) {
    error_ = spilled.error();
    grow();
  }
}

// False, and nothing changes, where the table holds it already.
bool EventSet::keep(const Entry& entry) {
  assert(!is_free(entry));
  if (4 * held_ >= 3 * table_.size()) make_room();
  Entry& slot = table_[slot_of(entry)];
  if (slot == entry) return false;
  slot = entry;
  ++held_;
  return true;
}

// The memory behind the next few is asked for before the first is looked at.
void EventSet::settle_memory() {
  constexpr std::size_t kAhead = 12;
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    const std::size_t next = i + kAhead;
    if (next < pending_.size() && !table_.empty()) {
      __builtin_prefetch(&table_[pending_[next].id >> 1 & (table_.size() - 1)], 1);
    }
    if (!keep(pending_[i])) repeat(pending_[i]);
  }
  pending_.clear();
}

std::vector<Entry> EventSet::take_sorted() {
  std::vector<Entry> entries = std::move(table_);
  table_.clear();
  held_ = 0;
  entries.erase(std::remove_if(entries.begin(), entries.end(), is_free), entries.end());
  std::sort(entries.begin(), entries.end());
  return entries;
}

Result<Spill*> EventSet::file() {
  if (file_ == nullptr) {
    Result<std::unique_ptr<Spill>> made = bounds_.make_spill();
    if (!made) return fail(made.error());
    file_ = *std::move(made);
    file_bytes_ = 0;
  }
  return file_.get();
}

// The table becomes a run. Where that fails it stays as it was.
Result<void> EventSet::spill() {
  Result<Spill*> to = file();
  if (!to) return fail(to.error());
  const std::size_t slots = table_.size();
  std::vector<Entry> entries = take_sorted();
  const std::string_view bytes = bytes_of(entries);
  Result<void> written = (*to)->append(bytes);
  if (written) {
    runs_.push_back({file_, file_bytes_, entries.size()});
    file_bytes_ += bytes.size();
    entries.assign(slots, Entry{});
    table_ = std::move(entries);
    return {};
  }
  table_.assign(slots, Entry{});
  for (const Entry& entry : entries) table_[slot_of(entry)] = entry;
  held_ = entries.size();
  return written;
}

void EventSet::merge(EventSet&& other) {
  if (!bounds_.make_spill) bounds_ = other.bounds_;
  settle_memory();
  other.settle_memory();
  repeats_.add(other.repeats_);
  if (other.held_ > held_) {
    std::swap(table_, other.table_);
    std::swap(held_, other.held_);
  }
  for (const Entry& entry : other.table_) {
    if (!is_free(entry) && !keep(entry)) repeat(entry);
  }
  std::move(other.runs_.begin(), other.runs_.end(), std::back_inserter(runs_));
  if (other.error_ && !error_) error_ = other.error_;
  other = EventSet();
}

Result<void> EventSet::merge_runs(const Visit& unique, const Visit& repeated) const {
  std::vector<Reader> readers(runs_.begin(), runs_.end());
  using Head = std::pair<Entry, std::size_t>;
  std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
  auto push = [&](std::size_t of) -> Result<void> {
    Result<const Entry*> head = readers[of].peek();
    if (!head) return fail(head.error());
    if (*head != nullptr) heads.emplace(**head, of);
    return {};
  };
  for (std::size_t i = 0; i < readers.size(); ++i) {
    if (Result<void> pushed = push(i); !pushed) return pushed;
  }
  Entry last;
  while (!heads.empty()) {
    const auto [entry, of] = heads.top();
    heads.pop();
    (entry == last ? repeated : unique)(entry);
    last = entry;
    readers[of].next();
    if (Result<void> pushed = push(of); !pushed) return pushed;
  }
  return {};
}

Result<void> EventSet::settle() {
  settle_memory();
  if (error_) return fail(*error_);
  if (runs_.empty() || (runs_.size() == 1 && held_ == 0)) return {};
  if (held_ > 0) {
    if (Result<void> spilled = spill(); !spilled) return spilled;
  }
  Result<std::unique_ptr<Spill>> made = bounds_.make_spill();
  if (!made) return fail(made.error());
  const std::shared_ptr<Spill> settled = *std::move(made);
  Run run{settled, 0, 0};
  std::vector<Entry> pending;
  Result<void> written;
  auto flush = [&] {
    if (written) written = settled->append(bytes_of(pending));
    run.entries += pending.size();
    pending.clear();
  };
  Result<void> merged = merge_runs(
      [&](const Entry& entry) {
        pending.push_back(entry);
        if (pending.size() == kWriteEntries) flush();
      },
      [this](const Entry& entry) { repeat(entry); });
  flush();
  if (!merged) return merged;
  if (!written) return written;
  runs_ = {run};
  file_ = settled;
  file_bytes_ = run.entries * sizeof(Entry);
  table_ = {};
  return {};
}

Result<void> EventSet::each(const Visit& visit) const {
  if (!runs_.empty()) {
    assert(runs_.size() == 1 && held_ == 0);
    return merge_runs(visit, visit);
  }
  std::vector<Entry> sorted;
  sorted.reserve(held_);
  std::copy_if(table_.begin(), table_.end(), std::back_inserter(sorted),
               [](const Entry& entry) { return !is_free(entry); });
  std::sort(sorted.begin(), sorted.end());
  for (const Entry& entry : sorted) visit(entry);
  return {};
}

std::uint64_t EventSet::size() const {
  std::uint64_t size = held_;
  for (const Run& run : runs_) size += run.entries;
  return size;
}

}  // namespace mandate::observe
