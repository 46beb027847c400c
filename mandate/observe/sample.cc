#include "mandate/observe/sample.h"

#include <algorithm>
#include <tuple>

namespace mandate::observe {

bool Sample::wants(Instant time, const EventKey& key) const {
  if (events_.size() < kMax) return true;
  const Seen& last = events_.back();
  return std::tie(time, key) <= std::tie(last.time, last.key);
}

void Sample::add(Seen seen) {
  const auto at =
      std::lower_bound(events_.begin(), events_.end(), seen, [](const Seen& a, const Seen& b) {
        return std::tie(a.time, a.key) < std::tie(b.time, b.key);
      });
  if (at != events_.end() && at->key == seen.key) {
    if (seen < *at) *at = std::move(seen);
    return;
  }
  events_.insert(at, std::move(seen));
  if (events_.size() > kMax) events_.pop_back();
}

void Sample::merge(const Sample& other) {
  for (const Seen& seen : other.events_) {
    if (wants(seen.time, seen.key)) add(seen);
  }
}

void Sample::move_lines(const LinesBefore& lines_before) {
  for (Seen& seen : events_) seen.line += lines_before(seen.offset);
}

}  // namespace mandate::observe
