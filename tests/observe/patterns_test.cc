// What rules look for in uses: schedules, networks, dates; and that facts merge as they are told.
#include "mandate/observe/rules/patterns.h"

#include <gtest/gtest.h>

#include "mandate/observe/facts.h"
#include "mandate/observe/sources/text.h"

namespace mandate::observe {
namespace {

constexpr Instant kStart = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2);

Seen seen_at(Instant time) {
  Seen seen;
  seen.time = time;
  seen.key = {1, static_cast<std::uint64_t>(time.time_since_epoch().count())};
  return seen;
}

Sample sample_of(std::initializer_list<int> minutes) {
  Sample sample;
  for (const int minute : minutes) sample.add(seen_at(kStart + std::chrono::minutes(minute)));
  return sample;
}

TEST(Schedule, is_even_distances_between_five_runs_or_more) {
  using rules::is_clockwork;
  EXPECT_TRUE(is_clockwork(sample_of({0, 60, 120, 180, 240})));
  EXPECT_FALSE(is_clockwork(sample_of({0, 60, 120, 180})));
  EXPECT_TRUE(is_clockwork(sample_of({0, 62, 120, 180, 240})));
  EXPECT_FALSE(is_clockwork(sample_of({0, 63, 120, 180, 240})));
  // Events closer together than ten minutes are one run.
  EXPECT_TRUE(is_clockwork(sample_of({0, 1, 9, 60, 61, 120, 180, 240})));
  EXPECT_FALSE(is_clockwork(sample_of({0, 10, 60, 120, 180, 240})));
  // Two parts in a hundred of a long distance: 28.8 of 1440 minutes.
  EXPECT_TRUE(is_clockwork(sample_of({0, 1440, 2880, 4348, 5760})));
  EXPECT_FALSE(is_clockwork(sample_of({0, 1440, 2880, 4349, 5760})));
}

TEST(Schedule, round_the_clock_is_twenty_hours_of_two_days) {
  Use use;
  use.first = kStart;
  use.last = kStart + 2 * rules::kDay;
  use.hours = (1U << 20) - 1;
  EXPECT_TRUE(rules::is_round_the_clock(use));
  use.last -= Milliseconds(1);
  EXPECT_FALSE(rules::is_round_the_clock(use));
  use.last = kStart + 2 * rules::kDay;
  use.hours = (1U << 19) - 1;
  EXPECT_FALSE(rules::is_round_the_clock(use));
}

TEST(Network, is_half_of_a_public_address_and_none_of_a_private_one) {
  for (const auto& [address, network] : std::initializer_list<std::pair<const char*, const char*>>{
           {"203.0.113.9", "203.0"},
           {"9.255.0.1", "9.255"},
           {"10.0.0.1", ""},
           {"11.0.0.1", "11.0"},
           {"172.15.0.1", "172.15"},
           {"172.16.0.1", ""},
           {"172.31.0.1", ""},
           {"172.32.0.1", "172.32"},
           {"192.168.1.1", ""},
           {"192.169.1.1", "192.169"},
           {"100.63.0.1", "100.63"},
           {"100.64.0.1", ""},
           {"100.127.0.1", ""},
           {"100.128.0.1", "100.128"},
           {"127.0.0.1", ""},
           {"169.254.169.254", ""},
           {"2001:db8:1::9", "2001:db8"},
           {"fd00::1", ""},
           {"fe80::1", ""},
           {"::1", ""},
           {"lambda.amazonaws.com", ""},
           {"12", ""},
           {"", ""},
       }) {
    EXPECT_EQ(rules::network_of(address), network) << address;
  }
}

TEST(DateInWords, is_read_whole_or_not_at_all) {
  const Instant expected = *log_time("2026-09-04T20:31:45Z");
  EXPECT_EQ(date_in_words("Sep 4, 2026, 8:31:45 PM"), expected);
  EXPECT_EQ(date_in_words("Sep 4, 2026 8:31:45 PM"), expected);
  EXPECT_EQ(date_in_words("Sep 04, 2026, 08:31:45 PM"), expected);
  EXPECT_EQ(date_in_words("Sep 4, 2026, 12:00:00 AM"), *log_time("2026-09-04T00:00:00Z"));
  EXPECT_EQ(date_in_words("Sep 4, 2026, 12:00:00 PM"), *log_time("2026-09-04T12:00:00Z"));
  for (const char* text :
       {"", "Se", "Sex 4, 2026, 8:31:45 PM", "epA 4, 2026, 8:31:45 PM", "Feb 30, 2026, 8:31:45 PM",
        "Sep 4, 2026, 0:31:45 PM", "Sep 4, 2026, 13:31:45 PM", "Sep 4, 2026, 8:60:45 PM",
        "Sep 4, 2026, 8:31:45", "Sep 4, 2026, 8:31:45 PMx", "Sep 4 2026, 8:31:45 PM"}) {
    EXPECT_EQ(date_in_words(text), std::nullopt) << text;
  }
}

TEST(Facts, are_one_row_for_each_that_differs_in_any_order) {
  const Fact web{FactKind::kSecretRead, "key", "web"};
  const Fact mail{FactKind::kSecretRead, "key", "mail"};
  Facts a;
  Facts b;
  a.add(web, seen_at(kStart + std::chrono::hours(2)));
  b.add(web, seen_at(kStart));
  b.add(web, seen_at(kStart + std::chrono::hours(2)));  // both parts saw it
  b.add(mail, seen_at(kStart + std::chrono::hours(1)));
  Facts ab = a;
  ab.merge(b);
  Facts ba = b;
  ba.merge(a);
  for (const Facts& facts : {ab, ba}) {
    ASSERT_EQ(facts.of(FactKind::kSecretRead).size(), 2U);
    EXPECT_TRUE(facts.of(FactKind::kCalled).empty());
    const FactRow& row = facts.of(FactKind::kSecretRead).at({"key", "web", ""});
    EXPECT_EQ(row.first, kStart);
    EXPECT_EQ(row.last, kStart + std::chrono::hours(2));
    EXPECT_EQ(row.sample.events().size(), 2U);
  }
}

TEST(Facts, beyond_their_bound_are_those_with_the_lowest_texts) {
  Facts facts;
  for (std::size_t i = 0; i <= Facts::kRowsMax; ++i) {
    const std::string name = std::to_string(1'000'000 + Facts::kRowsMax - i);
    facts.add({FactKind::kSecretRead, name, ""}, seen_at(kStart));
  }
  const Facts::Rows& rows = facts.of(FactKind::kSecretRead);
  EXPECT_EQ(rows.size(), Facts::kRowsMax);
  EXPECT_TRUE(rows.contains({"1000000", "", ""}));
  EXPECT_FALSE(rows.contains({std::to_string(1'000'000 + Facts::kRowsMax), "", ""}));
}

}  // namespace
}  // namespace mandate::observe
