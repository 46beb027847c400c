// Rates, and a clock that does not go back.
#include "mandate/base/rate_limiter.h"

#include <gtest/gtest.h>

#include "mandate/base/monotone_clock.h"
#include "testing/fixed_clock.h"

namespace mandate {
namespace {

const Instant kNow = parse_rfc3339("2027-01-15T12:00:00Z").value();

// How often a key may in a row.
int burst(RateLimiter& limiter, std::string_view key, Instant now) {
  int count = 0;
  while (count < 10'000 && limiter.take(key, now)) ++count;
  return count;
}

TEST(RateLimiter, gives_a_burst_and_then_the_rate) {
  RateLimiter limiter({.per_second = 100, .burst_seconds = 2});
  EXPECT_EQ(burst(limiter, "a", kNow), 200);
  EXPECT_EQ(burst(limiter, "a", kNow + Milliseconds(9)), 0);
  EXPECT_EQ(burst(limiter, "a", kNow + Milliseconds(10)), 1);
  EXPECT_EQ(burst(limiter, "a", kNow + Milliseconds(1010)), 100);
  EXPECT_EQ(burst(limiter, "a", kNow + Seconds(100)), 200);
}

TEST(RateLimiter, nobody_spends_anothers) {
  RateLimiter limiter({.per_second = 1, .burst_seconds = 1});
  EXPECT_EQ(burst(limiter, "a", kNow), 1);
  EXPECT_EQ(burst(limiter, "b", kNow), 1);
}

TEST(RateLimiter, without_a_rate_there_is_no_bound) {
  RateLimiter limiter({});
  EXPECT_EQ(burst(limiter, "a", kNow), 10'000);
}

TEST(RateLimiter, forgets_what_is_idle_and_refuses_past_its_keys) {
  RateLimiter limiter({.per_second = 1, .burst_seconds = 1, .keys_max = 160});
  const auto newcomers = [&](Instant now) {
    int taken = 0;
    for (int i = 0; i < 1000; ++i) taken += limiter.take("key" + std::to_string(i), now) ? 1 : 0;
    return taken;
  };
  EXPECT_EQ(newcomers(kNow), 160);
  EXPECT_EQ(newcomers(kNow), 0);
  EXPECT_EQ(newcomers(kNow + Seconds(1)), 160);
}

TEST(RateLimiter, begins_anew_where_the_clock_went_back) {
  RateLimiter limiter({.per_second = 10, .burst_seconds = 1});
  EXPECT_EQ(burst(limiter, "a", kNow), 10);
  EXPECT_EQ(burst(limiter, "a", kNow - std::chrono::hours(1)), 10);
}

TEST(MonotoneClock, stands_until_the_machine_has_caught_up) {
  test::FixedClock machine(kNow);
  MonotoneClock clock(machine);
  machine.advance(Seconds(10));
  EXPECT_EQ(clock.now(), kNow + Seconds(10));
  EXPECT_EQ(clock.behind(), Milliseconds(0));
  machine.move_to(kNow - Seconds(50));
  EXPECT_EQ(clock.now(), kNow + Seconds(10));
  EXPECT_EQ(clock.behind(), Seconds(60));
  machine.move_to(kNow + Seconds(11));
  EXPECT_EQ(clock.now(), kNow + Seconds(11));
  clock.not_before(kNow + Seconds(20));
  EXPECT_EQ(clock.now(), kNow + Seconds(20));
  EXPECT_EQ(clock.behind(), Seconds(9));
}

}  // namespace
}  // namespace mandate
