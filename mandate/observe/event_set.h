// The events that were counted, at 16 bytes each: so that an event that two files hold, or two
// parts of a scan, counts once. In memory up to a bound; beyond it in sorted runs on disk, where
// repeats show only when the runs are laid beside one another, in `settle`.
//
//   EventSet seen;   seen.insert({.id = 7, .credential = 1, .use = 2});   // and again
//   seen.settle();   seen.take_repeats().all() == 1
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "mandate/base/result.h"

namespace mandate::observe {

// 128 bits of a hash of what makes an event itself.
struct EventKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend auto operator<=>(const EventKey&, const EventKey&) = default;
};

// A port: a file without a name, which ends with the object.
class Spill {
 public:
  virtual ~Spill() = default;
  virtual Result<void> append(std::string_view bytes) = 0;
  // Exactly those bytes.
  virtual Result<void> read(std::uint64_t offset, std::span<char> into) = 0;
};
using MakeSpill = std::function<Result<std::unique_ptr<Spill>>()>;

struct EventBounds {
  std::size_t bytes_max = 0;  // of memory; while it grows, half as much again. 0: no bound
  MakeSpill make_spill;       // empty: no bound
};

// The events that were counted too often, by the row they were counted in.
class Repeats {
 public:
  void add(std::uint32_t credential, std::uint32_t use, std::uint64_t often) {
    rows_[{credential, use}] += often;
    all_ += often;
  }
  void add(const Repeats& other) {
    for (const auto& [row, often] : other.rows_) add(row.first, row.second, often);
  }
  std::uint64_t all() const { return all_; }
  // Of that use of that credential; none a second time.
  std::uint64_t take(std::uint32_t credential, std::uint32_t use);
  // Of all uses of that credential that were not taken yet.
  std::uint64_t take(std::uint32_t credential);

 private:
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> rows_;
  std::uint64_t all_ = 0;
};

class EventSet {
 public:
  // An event with the row it was counted in. Two different events of one credential and one use
  // are taken for one where 64 bits of their hashes meet.
  struct Entry {
    std::uint64_t id = 0;          // of the event's hash; never 0
    std::uint32_t credential = 0;  // of the hashes of the credential and of its use
    std::uint32_t use = 0;
    friend auto operator<=>(const Entry&, const Entry&) = default;
  };
  using Visit = std::function<void(const Entry&)>;

  EventSet() = default;
  explicit EventSet(EventBounds bounds) : bounds_(std::move(bounds)) {}

  // Whether it is a repeat shows later: many are looked up together.
  void insert(const Entry& entry) {
    pending_.push_back(entry);
    if (pending_.size() == kTogether) settle_memory();
  }
  // Takes the other's entries and repeats.
  void merge(EventSet&& other);
  // Compares all that were inserted; afterwards each is there once. An error is one of the disk's.
  Result<void> settle();
  // The same of those in memory.
  void settle_memory();

  // What was inserted too often, as far as was compared, since it was asked last.
  Repeats take_repeats() { return std::exchange(repeats_, {}); }
  // In ascending order. Precondition: settled.
  Result<void> each(const Visit& visit) const;
  // Of those looked up; without repeats once it is settled.
  std::uint64_t size() const;
  // Why the bound could not be kept: everything since is in memory.
  const std::optional<Error>& error() const { return error_; }

 private:
  struct Run {
    std::shared_ptr<Spill> file;
    std::uint64_t offset = 0;
    std::uint64_t entries = 0;
  };
  class Reader;
  static constexpr std::size_t kTogether = 1024;

  bool keep(const Entry& entry);
  std::size_t slot_of(const Entry& entry) const;
  void make_room();
  void grow();
  std::vector<Entry> take_sorted();
  Result<void> spill();
  Result<Spill*> file();
  Result<void> merge_runs(const Visit& unique, const Visit& repeated) const;
  void repeat(const Entry& entry) { repeats_.add(entry.credential, entry.use, 1); }

  EventBounds bounds_;
  std::vector<Entry> pending_;
  std::vector<Entry> table_;  // a power of two; open addressing; id 0 is free
  std::size_t held_ = 0;      // in the table
  std::shared_ptr<Spill> file_;
  std::uint64_t file_bytes_ = 0;
  std::vector<Run> runs_;  // each ascending and without repeats
  Repeats repeats_;
  std::optional<Error> error_;
};

}  // namespace mandate::observe
