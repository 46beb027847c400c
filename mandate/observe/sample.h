// Events that are kept to be shown: of many, the earliest.
//
//   Sample sample;   if (sample.wants(time, key)) sample.add({.time = time, .key = key});
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "mandate/base/instant.h"
#include "mandate/observe/event_set.h"

namespace mandate::observe {

// An event that is kept to be shown.
struct Seen {
  Instant time;
  EventKey key;
  std::string event_id;
  std::string file;
  std::uint64_t offset = 0;
  std::uint64_t line = 0;

  friend bool operator==(const Seen&, const Seen&) = default;
  friend auto operator<=>(const Seen&, const Seen&) = default;
};

// By the offset of an event: how many lines stand before what its line was counted from.
using LinesBefore = std::function<std::uint64_t(std::uint64_t)>;

// The earliest events of many; of one event in two files, the first file's.
class Sample {
 public:
  static constexpr std::size_t kMax = 16;
  // Whether an event of that time and key would be kept.
  bool wants(Instant time, const EventKey& key) const;
  // No later event would be kept.
  Instant until() const { return events_.size() < kMax ? kEndOfTime : events_.back().time; }
  void add(Seen seen);
  void merge(const Sample& other);
  void move_lines(const LinesBefore& lines_before);
  const std::vector<Seen>& events() const { return events_; }
  friend bool operator==(const Sample&, const Sample&) = default;

 private:
  std::vector<Seen> events_;  // sorted by time and key
};

}  // namespace mandate::observe
