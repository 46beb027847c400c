// Reasons, ids, the clock, time zones, normal forms, and the fakes that other tests rest on.
#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

#include "mandate/base/bytes.h"
#include "mandate/base/id.h"
#include "mandate/base/system_clock.h"
#include "mandate/base/text.h"
#include "mandate/base/time_zones.h"
#include "testing/fixed_clock.h"
#include "testing/matchers.h"
#include "testing/seeded_random.h"

namespace mandate {
namespace {

using test::ErrorIs;
using test::IsOk;

TEST(Reason, every_word_is_lower_case_unique_and_reads_back) {
  std::set<std::string_view> words;
  for (Reason reason : all_reasons()) {
    std::string_view word = name(reason);
    EXPECT_FALSE(word.empty());
    EXPECT_EQ(word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos);
    EXPECT_TRUE(words.insert(word).second) << word;
    EXPECT_EQ(parse_reason(word), reason);
  }
  EXPECT_EQ(name(Reason::kBadRequest), "bad_request");
  EXPECT_EQ(name(Reason::kAudienceMismatch), "audience_mismatch");
  EXPECT_EQ(name(Reason::kIdIsDead), "id_is_dead");
  EXPECT_EQ(parse_reason("Bad_request"), std::nullopt);
  EXPECT_EQ(parse_reason(""), std::nullopt);
}

struct EvenNoun {
  static constexpr std::string_view kName = "even";
  static Result<std::string> normalise(std::string_view text) {
    if (text.size() % 2 != 0) return fail(Reason::kBadRequest, quoted(text) + " is odd");
    return std::string(text);
  }
};

TEST(Id, only_its_nouns_rule_lets_a_text_in) {
  EXPECT_THAT(Id<EvenNoun>::parse("abc"), ErrorIs(Reason::kBadRequest));
  Result<Id<EvenNoun>> id = Id<EvenNoun>::parse("ab");
  ASSERT_THAT(id, IsOk());
  EXPECT_EQ(id->text(), "ab");
  EXPECT_EQ(EvenNoun::kName, "even");
  EXPECT_LT(*id, Id<EvenNoun>::parse("ac").value());
}

TEST(Clock, the_systems_is_past_this_programs_writing_and_a_fixed_one_stands) {
  EXPECT_GT(SystemClock().now(), parse_rfc3339("2025-01-01T00:00:00Z").value());
  test::FixedClock clock("2026-12-01T00:00:00Z");
  EXPECT_EQ(clock.now(), clock.now());
  clock.advance(Seconds{5});
  EXPECT_EQ(format_rfc3339(clock.now()), "2026-12-01T00:00:05Z");
}

TEST(Random, a_seed_gives_the_same_bytes_and_another_seed_others) {
  test::SeededRandom a(1), b(1), c(2);
  std::string first = a.bytes(33);
  EXPECT_EQ(first.size(), 33u);
  EXPECT_EQ(first, b.bytes(33));
  EXPECT_NE(first, c.bytes(33));
  EXPECT_NE(first, a.bytes(33));
}

struct ZoneRow {
  std::string_view zone;
  std::string_view instant;
  int day_of_week;
  int hour;
  int minute;
};

TEST(TimeZones, local_time_follows_the_zones_rules) {
  // 2026-12-01 is a Tuesday; Berlin's summer time ends 2026-10-25T01:00:00Z.
  constexpr ZoneRow kRows[] = {
      {"Europe/Berlin", "2026-12-01T06:59:59Z", 1, 7, 59},
      {"Europe/Berlin", "2026-12-01T07:00:00Z", 1, 8, 0},
      {"Europe/Berlin", "2026-07-01T06:00:00Z", 2, 8, 0},
      {"Europe/Berlin", "2026-10-25T00:59:59.999Z", 6, 2, 59},
      {"Europe/Berlin", "2026-10-25T01:00:00Z", 6, 2, 0},
      {"Europe/Berlin", "2026-12-06T23:00:00Z", 0, 0, 0},
      {"America/Los_Angeles", "2026-12-01T00:00:00Z", 0, 16, 0},
      {"Asia/Kolkata", "2026-12-01T00:00:00Z", 1, 5, 30},
      {"UTC", "1970-01-01T00:00:00Z", 3, 0, 0},
      {"UTC", "9999-12-31T23:59:59Z", 4, 23, 59},
  };
  Result<SystemTimeZones> zones = SystemTimeZones::load();
  ASSERT_THAT(zones, IsOk());
  for (const ZoneRow& row : kRows) {
    SCOPED_TRACE(std::string(row.zone) + " " + std::string(row.instant));
    Result<LocalTime> local = zones->local(row.zone, parse_rfc3339(row.instant).value());
    ASSERT_THAT(local, IsOk());
    EXPECT_EQ(local->day_of_week, row.day_of_week);
    EXPECT_EQ(local->minute_of_day, row.hour * 60 + row.minute);
  }
}

TEST(TimeZones, only_names_of_the_database_are_known) {
  Result<SystemTimeZones> zones = SystemTimeZones::load();
  ASSERT_THAT(zones, IsOk());
  EXPECT_TRUE(zones->knows("Europe/Berlin"));
  for (std::string_view unknown :
       {"europe/berlin", "Europe/Nowhere", "", "../../etc/passwd", "Europe", "Europe/Berlin "}) {
    EXPECT_FALSE(zones->knows(unknown)) << unknown;
    EXPECT_THAT(zones->local(unknown, Instant{}), ErrorIs(Reason::kBadRequest)) << unknown;
  }
  EXPECT_EQ(zones->version().substr(0, 9), "tzdata 20");
}

TEST(TimeZones, threads_may_share_one) {
  Result<SystemTimeZones> zones = SystemTimeZones::load();
  ASSERT_THAT(zones, IsOk());
  std::vector<std::thread> threads;
  std::vector<int> minutes(4);
  for (int& minute : minutes) {
    threads.emplace_back([&zones, &minute] {
      for (int i = 0; i < 1000; ++i) minute = zones->local("Asia/Kolkata", {})->minute_of_day;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(minutes, std::vector<int>(4, 330));
}

TEST(Text, the_normal_form_is_c) {
  struct Row {
    std::string_view text;
    std::string_view normal;
  };
  constexpr Row kRows[] = {{"", ""},
                           {"queue/eu", "queue/eu"},
                           {"e\xcc\x81", "\xc3\xa9"},  // e and an accent
                           {"\xc3\xa9", "\xc3\xa9"},
                           {"\xe2\x84\xab", "\xc3\x85"},                  // the angstrom sign
                           {"\xe1\x84\x80\xe1\x85\xa1", "\xea\xb0\x80"},  // Hangul
                           {"\xef\xac\x81", "\xef\xac\x81"}};             // a ligature stays
  for (const Row& row : kRows) {
    EXPECT_EQ(to_nfc(row.text), std::string(row.normal)) << quoted(row.text);
  }
  std::string with_nul("\xc3\xa9\0a", 4);
  EXPECT_EQ(to_nfc(with_nul), with_nul);
  EXPECT_THAT(to_nfc("\xed\xa0\x80"), ErrorIs(Reason::kBadRequest));
  EXPECT_THAT(to_nfc("\xff"), ErrorIs(Reason::kBadRequest));
}

TEST(Text, unseen_characters_are_found) {
  struct Row {
    std::string_view text;
    bool has_control;
    bool has_control_or_space;
  };
  constexpr Row kRows[] = {{"", false, false},
                           {"caf\xc3\xa9", false, false},
                           {"a b", false, true},
                           {"a\xc2\xa0"
                            "b",
                            false, true},  // no-break space
                           {"a\nb", true, true},
                           {"a\x7f", true, true},
                           {"a\xe2\x80\x8b"
                            "b",
                            true, true},  // zero width space
                           {"a\xe2\x80\xae"
                            "b",
                            true, true},  // right-to-left override
                           {"a\xe2\x80\xa8"
                            "b",
                            true, true}};  // line separator
  for (const Row& row : kRows) {
    EXPECT_EQ(has_unseen(row.text, Unseen::kControl), row.has_control) << quoted(row.text);
    EXPECT_EQ(has_unseen(row.text, Unseen::kControlOrSpace), row.has_control_or_space)
        << quoted(row.text);
  }
}

TEST(Text, what_a_terminal_would_act_on_is_replaced) {
  struct Row {
    std::string_view text;
    std::string_view shown;
  };
  constexpr Row kRows[] = {
      {"", ""},
      {"a b~ caf\xc3\xa9 \xf0\x9f\x99\x82", "a b~ caf\xc3\xa9 \xf0\x9f\x99\x82"},
      {"no-break\xc2\xa0space", "no-break\xc2\xa0space"},
      {"\x1b[31m", "?[31m"},
      {"a\nb\rc\td\x7f", "a?b?c?d?"},
      {"\xc2\x9b"  // CSI in one character
       "2J",
       "?2J"},
      {"a\xe2\x80\xae"  // right-to-left override
       "b",
       "a?b"},
      {"a\xe2\x81\xa6"  // left-to-right isolate
       "b\xe2\x81\xa9",
       "a?b?"},
      {"a\xe2\x80\x8b"  // zero width space
       "b\xef\xbb\xbf",
       "a?b?"},
      {"a\xe2\x80\xa8"  // line separator
       "b",
       "a?b"},
      {"\x9b"  // no UTF-8
       "31m",
       "?31m"},
      {"\xed\xa0\x80", "???"},
      {"cut \xf0\x9f\x99", "cut ???"},
  };
  for (const Row& row : kRows) {
    const std::string shown = without_unseen(row.text);
    EXPECT_EQ(shown, row.shown) << quoted(row.text);
    EXPECT_FALSE(has_unseen(shown, Unseen::kControl)) << quoted(row.text);
  }
  EXPECT_EQ(without_unseen(std::string_view("a\0b", 3)), "a?b");
}

}  // namespace
}  // namespace mandate
