#include "mandate/base/instant.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>

#include "mandate/base/bytes.h"

namespace mandate {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr Instant kFirstWritten = sys_days{std::chrono::year{0} / 1 / 1};
constexpr Instant kFirstRead{};
constexpr Instant kLast = sys_days{std::chrono::year{10000} / 1 / 1} - Milliseconds{1};
constexpr Seconds kDurationMax = days{3653};  // ten years

struct Unit {
  char name;
  Seconds length;
};
constexpr Unit kUnits[] = {
    {'d', days{1}}, {'h', Seconds{3600}}, {'m', Seconds{60}}, {'s', Seconds{1}}};

// Reads a fixed layout from the front of a text; once something is missing, nothing more is read.
class Reader {
 public:
  explicit Reader(std::string_view text) : left_(text) {}

  // Exactly `count` digits, at most `max`.
  int number(std::size_t count, int max) {
    int value = 0;
    if (left_.size() < count) ok_ = false;
    for (std::size_t i = 0; ok_ && i < count; ++i) {
      if (left_[i] < '0' || left_[i] > '9') ok_ = false;
      value = value * 10 + (left_[i] - '0');
    }
    if (!ok_ || value > max) return ok_ = false, 0;
    left_.remove_prefix(count);
    return value;
  }
  bool accept(char c) {
    if (!ok_ || !left_.starts_with(c)) return false;
    left_.remove_prefix(1);
    return true;
  }
  void expect(char c) { ok_ = accept(c); }
  std::size_t digits() const {
    return std::min(left_.find_first_not_of("0123456789"), left_.size());
  }
  bool finished() const { return ok_ && left_.empty(); }

 private:
  std::string_view left_;
  bool ok_ = true;
};

Milliseconds read_fraction(Reader& in) {
  if (!in.accept('.')) return {};
  std::size_t digits = in.digits();
  int scale = digits == 1 ? 100 : digits == 2 ? 10 : 1;
  // No digit, or more than three, leaves a text that the caller refuses.
  return Milliseconds{in.number(std::clamp<std::size_t>(digits, 1, 3), 999) * scale};
}

std::chrono::minutes read_offset(Reader& in) {
  if (in.accept('Z')) return {};
  bool negative = in.accept('-');
  if (!negative) in.expect('+');
  int hours = in.number(2, 23);
  in.expect(':');
  std::chrono::minutes offset{hours * 60 + in.number(2, 59)};
  return negative ? -offset : offset;
}

std::optional<Instant> read_rfc3339(std::string_view text) {
  Reader in(text);
  std::chrono::year year{in.number(4, 9999)};
  in.expect('-');
  std::chrono::month month{static_cast<unsigned>(in.number(2, 12))};
  in.expect('-');
  std::chrono::day day{static_cast<unsigned>(in.number(2, 31))};
  in.expect('T');
  Seconds time = std::chrono::hours{in.number(2, 23)};
  in.expect(':');
  time += std::chrono::minutes{in.number(2, 59)};
  in.expect(':');
  time += Seconds{in.number(2, 59)};  // a leap second has no Instant
  Milliseconds fraction = read_fraction(in);
  std::chrono::minutes offset = read_offset(in);
  std::chrono::year_month_day date = year / month / day;
  if (!in.finished() || !date.ok()) return std::nullopt;
  Instant instant = sys_days{date} + time + fraction - offset;
  if (instant < kFirstRead || instant > kLast) return std::nullopt;
  return instant;
}

}  // namespace

Result<Instant> parse_rfc3339(std::string_view text) {
  if (std::optional<Instant> instant = read_rfc3339(text)) return *instant;
  return fail(Reason::kBadRequest,
              quoted(text) + " is not an instant; expected RFC 3339 with at most milliseconds, " +
                  "years 1970 to 9999, for example \"2026-12-01T00:00:00Z\"");
}

std::string format_rfc3339(Instant instant) {
  instant = std::clamp(instant, kFirstWritten, kLast);
  sys_days day = std::chrono::floor<days>(instant);
  std::chrono::year_month_day date{day};
  std::chrono::hh_mm_ss<Milliseconds> time{instant - day};
  char text[40];
  auto part = [](auto duration) { return static_cast<int>(duration.count()); };
  int size = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d",
                           static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                           static_cast<unsigned>(date.day()), part(time.hours()),
                           part(time.minutes()), part(time.seconds()));
  std::string out(text, static_cast<std::size_t>(size));
  if (time.subseconds() != Milliseconds{0}) {
    std::snprintf(text, sizeof text, ".%03d", part(time.subseconds()));
    out += text;
  }
  return out + "Z";
}

std::int64_t to_numeric_date(Instant instant) {
  return std::chrono::floor<Seconds>(instant).time_since_epoch().count();
}

Instant from_numeric_date(std::int64_t seconds) {
  constexpr std::int64_t kMax = Milliseconds::max().count() / 1000;
  if (seconds > kMax) return kEndOfTime;
  if (seconds < -kMax) return kBeginningOfTime;
  return Instant{Seconds{seconds}};
}

Result<Seconds> parse_duration(std::string_view text) {
  auto refuse = [&] {
    return fail(Reason::kBadRequest, quoted(text) + " is not a duration; expected a whole number " +
                                         "and s, m, h or d, at most 10 years, for example \"5m\"");
  };
  if (text.size() < 2 || (text[0] == '0' && text.size() > 2)) return refuse();
  const char* end = text.data() + text.size() - 1;
  std::uint64_t count = 0;
  auto [stop, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc{} || stop != end) return refuse();
  for (const Unit& unit : kUnits) {
    if (unit.name != *end) continue;
    if (count > static_cast<std::uint64_t>(kDurationMax / unit.length)) return refuse();
    return unit.length * static_cast<std::int64_t>(count);
  }
  return refuse();
}

std::string format_duration(Seconds duration) {
  for (const Unit& unit : kUnits) {
    if (duration != Seconds{0} && duration % unit.length == Seconds{0}) {
      return std::to_string(duration / unit.length) + unit.name;
    }
  }
  return "0s";
}

}  // namespace mandate
