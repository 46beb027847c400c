#include "mandate/base/instant.h"

#include <gtest/gtest.h>

#include <limits>

#include "testing/matchers.h"

namespace mandate {
namespace {

using test::ErrorIs;

constexpr std::string_view kRefused = "refused";

// `expected` is what the instant is written as again.
void check(std::string_view text, std::string_view expected) {
  SCOPED_TRACE(text);
  Result<Instant> instant = parse_rfc3339(text);
  if (expected == kRefused) {
    EXPECT_THAT(instant, ErrorIs(Reason::kBadRequest));
  } else {
    ASSERT_THAT(instant, test::IsOk());
    EXPECT_EQ(format_rfc3339(*instant), expected);
  }
}

TEST(Instant, rfc_3339_is_read_strictly) {
  check("2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z");
  check("2026-12-01T02:30:00+02:30", "2026-12-01T00:00:00Z");
  check("2026-11-30T22:00:00-02:00", "2026-12-01T00:00:00Z");
  check("2026-12-01T00:00:00-00:00", "2026-12-01T00:00:00Z");
  check("2026-12-01T00:00:00.5Z", "2026-12-01T00:00:00.500Z");
  check("2026-12-01T00:00:00.05Z", "2026-12-01T00:00:00.050Z");
  check("2026-12-01T00:00:00.999Z", "2026-12-01T00:00:00.999Z");
  check("2026-12-01T00:00:00.000Z", "2026-12-01T00:00:00Z");
  check("2026-12-01T00:00:00.1234Z", kRefused);
  check("2026-12-01T00:00:00.Z", kRefused);
  check("2026-12-01T00:00:00", kRefused);
  check("2026-12-01T00:00:00z", kRefused);
  check("2026-12-01t00:00:00Z", kRefused);
  check("2026-12-01 00:00:00Z", kRefused);
  check("2026-12-01T00:00:00+0200", kRefused);
  check("2026-12-01T00:00:00+02:60", kRefused);
  check("2026-12-01T00:00:00+23:59", "2026-11-30T00:01:00Z");
  check("2026-12-01T00:00:00+24:00", kRefused);
  check("2026-12-01T00:00Z", kRefused);
  check("2026-12-01", kRefused);
  check("26-12-01T00:00:00Z", kRefused);
  check("2026-1-01T00:00:00Z", kRefused);
  check("+026-12-01T00:00:00Z", kRefused);
  check("2026-12-01T00:00:00Z ", kRefused);
  check(" 2026-12-01T00:00:00Z", kRefused);
  check(std::string_view("2026-12-01T00:00:00Z\0", 21), kRefused);
  check("", kRefused);
}

TEST(Instant, fields_end_where_the_calendar_ends) {
  check("2026-12-31T23:59:59Z", "2026-12-31T23:59:59Z");
  check("2026-13-01T00:00:00Z", kRefused);
  check("2026-00-01T00:00:00Z", kRefused);
  check("2026-12-32T00:00:00Z", kRefused);
  check("2026-12-00T00:00:00Z", kRefused);
  check("2026-04-30T00:00:00Z", "2026-04-30T00:00:00Z");
  check("2026-04-31T00:00:00Z", kRefused);
  check("2028-02-29T00:00:00Z", "2028-02-29T00:00:00Z");
  check("2026-02-29T00:00:00Z", kRefused);
  check("2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z");
  check("2100-02-29T00:00:00Z", kRefused);
  check("2026-12-01T24:00:00Z", kRefused);
  check("2026-12-01T23:60:00Z", kRefused);
  check("2016-12-31T23:59:60Z", kRefused);  // a leap second
}

TEST(Instant, years_are_1970_to_9999_in_utc) {
  check("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z");
  check("1969-12-31T23:59:59.999Z", kRefused);
  check("1969-12-31T23:00:00-01:00", "1970-01-01T00:00:00Z");
  check("1970-01-01T00:59:59+01:00", kRefused);
  check("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z");
  check("9999-12-31T23:59:59-00:01", kRefused);
  check("10000-01-01T00:00:00Z", kRefused);
  EXPECT_EQ(format_rfc3339(kEndOfTime), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(format_rfc3339(kBeginningOfTime), "0000-01-01T00:00:00Z");
}

TEST(Instant, numeric_dates_round_down_and_do_not_overflow) {
  EXPECT_EQ(to_numeric_date(Instant{Milliseconds{1999}}), 1);
  EXPECT_EQ(to_numeric_date(Instant{Milliseconds{-1}}), -1);
  EXPECT_EQ(from_numeric_date(2), Instant{Seconds{2}});
  EXPECT_EQ(from_numeric_date(std::numeric_limits<std::int64_t>::max()), kEndOfTime);
  EXPECT_EQ(from_numeric_date(std::numeric_limits<std::int64_t>::min()), kBeginningOfTime);
  EXPECT_EQ(to_numeric_date(from_numeric_date(4'102'444'800)), 4'102'444'800);
}

TEST(Instant, durations_are_a_whole_number_and_a_unit) {
  struct Row {
    std::string_view text;
    std::int64_t seconds;  // -1 is refused
    std::string_view written;
  };
  constexpr Row kRows[] = {{"0s", 0, "0s"},
                           {"10s", 10, "10s"},
                           {"5m", 300, "5m"},
                           {"60s", 60, "1m"},
                           {"90m", 5400, "90m"},
                           {"12h", 43'200, "12h"},
                           {"24h", 86'400, "1d"},
                           {"90d", 7'776'000, "90d"},
                           {"3653d", 315'619'200, "3653d"},
                           {"3654d", -1, ""},
                           {"315619200s", 315'619'200, "3653d"},
                           {"315619201s", -1, ""},
                           {"", -1, ""},
                           {"5", -1, ""},
                           {"m", -1, ""},
                           {"-5m", -1, ""},
                           {"+5m", -1, ""},
                           {"05m", -1, ""},
                           {"5 m", -1, ""},
                           {"5M", -1, ""},
                           {"5w", -1, ""},
                           {"1h30m", -1, ""},
                           {"1.5h", -1, ""},
                           {"99999999999999999999s", -1, ""}};
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.text);
    Result<Seconds> duration = parse_duration(row.text);
    if (row.seconds < 0) {
      EXPECT_THAT(duration, ErrorIs(Reason::kBadRequest));
      continue;
    }
    ASSERT_THAT(duration, test::IsOk());
    EXPECT_EQ(duration->count(), row.seconds);
    EXPECT_EQ(format_duration(*duration), row.written);
  }
}

}  // namespace
}  // namespace mandate
