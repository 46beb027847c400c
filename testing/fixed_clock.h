// A clock that stands until a test moves it; threads may share one.
//
//   test::FixedClock clock("2026-12-01T00:00:00Z");   clock.advance(Seconds{5});
#pragma once

#include <atomic>
#include <string_view>

#include "mandate/base/ports.h"

namespace mandate::test {

class FixedClock final : public Clock {
 public:
  explicit FixedClock(Instant start) : now_(start) {}
  explicit FixedClock(std::string_view start) : now_(parse_rfc3339(start).value()) {}

  Instant now() const override { return now_; }
  void advance(Milliseconds by) { now_ = now_.load() + by; }
  void move_to(Instant instant) { now_ = instant; }

 private:
  std::atomic<Instant> now_;
};

}  // namespace mandate::test
