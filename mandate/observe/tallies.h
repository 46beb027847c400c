// What most events add to their rows: a count and a time. Events that are alike in all else that
// the rows keep share a tally, one cache line, and touch no row; what a tally gathered is counted
// in its rows when it is settled, or when it makes room for another.
//
//   Tally* tally = tallies.find(hash);
//   if (tally == nullptr) tally = &tallies.begin({.hash = hash, .row = &row, ...});
//   tally->count(time);   ...   tallies.settle();
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "mandate/observe/summary.h"

namespace mandate::observe {

struct alignas(64) Tally {
  std::uint64_t hash = 0;        // of all that the rows keep of such an event beside its time
  CredentialRow* row = nullptr;  // none: the tally is free
  PrincipalRow* principal = nullptr;
  std::uint64_t use = 0;               // the hash of the row's use
  Instant sampled_until = kEndOfTime;  // later events enter no sample
  // Of the events that the row does not count yet, as in a use:
  Instant first = kEndOfTime;
  Instant last = kBeginningOfTime;
  std::uint32_t events = 0;
  std::uint32_t hours = 0;

  void count(Instant time) {
    if (++events == kEventsMax) settle();
    if (time == kUntimed) return;
    first = std::min(first, time);
    last = std::max(last, time);
    const auto hour = std::chrono::floor<std::chrono::hours>(time.time_since_epoch());
    hours |= 1U << (hour.count() % 24);
  }
  static constexpr std::uint32_t kEventsMax = 1U << 31;
  // Counts in the row what was gathered.
  void settle();
};
static_assert(sizeof(Tally) == 64);

class Tallies {
 public:
  Tally* find(std::uint64_t hash) {
    Tally* const pair = pair_of(hash);
    for (Tally* tally = pair; tally != pair + kTogether; ++tally) {
      if (tally->hash == hash && tally->row != nullptr) return tally;
    }
    return nullptr;
  }
  void expect(std::uint64_t hash) { __builtin_prefetch(pair_of(hash), 1); }
  // In the place of the older of those where its hash belongs.
  Tally& begin(const Tally& tally) {
    Tally* const pair = pair_of(tally.hash);
    pair[1].settle();
    pair[1] = pair[0];
    return pair[0] = tally;
  }
  void settle() {
    for (Tally& tally : tallies_) tally.settle();
  }

 private:
  static constexpr std::size_t kTogether = 2;
  static constexpr std::size_t kPairs = 8192;

  Tally* pair_of(std::uint64_t hash) { return &tallies_[hash % kPairs * kTogether]; }

  std::array<Tally, kTogether * kPairs> tallies_;
};

// The hashes that came lately: what was done by whom, and to what.
class Lately {
 public:
  void expect(std::uint64_t hash) const { __builtin_prefetch(&line_of(hash), 1); }
  // Whether it is one of them; afterwards it is.
  bool add(std::uint64_t hash) {
    Line& line = lines_[hash % kLines];
    bool is_known = false;
    for (const std::uint64_t each : line.hashes) is_known = is_known || each == hash;
    if (is_known) return true;
    std::copy_backward(line.hashes, line.hashes + kTogether - 1, line.hashes + kTogether);
    line.hashes[0] = hash;
    return false;
  }

 private:
  static constexpr std::size_t kTogether = 8;
  static constexpr std::size_t kLines = 4096;
  struct alignas(64) Line {
    std::uint64_t hashes[kTogether] = {};
  };

  const Line& line_of(std::uint64_t hash) const { return lines_[hash % kLines]; }

  std::array<Line, kLines> lines_;
};

}  // namespace mandate::observe
