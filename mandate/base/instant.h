// A point in time, UTC, to the millisecond, and its two written forms: RFC 3339 (documents, the
// journal) and NumericDate (JWT, RFC 7519 section 2: seconds since 1970).
//
//   Result<Instant> start = parse_rfc3339("2026-12-01T00:00:00Z");
//   format_rfc3339(*start) == "2026-12-01T00:00:00Z"
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "mandate/base/result.h"

namespace mandate {

using Milliseconds = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;
using Instant = std::chrono::sys_time<Milliseconds>;

inline constexpr Instant kBeginningOfTime = Instant::min();
inline constexpr Instant kEndOfTime = Instant::max();

// RFC 3339 section 5.6 with `Z` or an offset, years 1970 to 9999, at most milliseconds.
Result<Instant> parse_rfc3339(std::string_view text);

// With `Z`; milliseconds only where they are not zero.
std::string format_rfc3339(Instant instant);

// Whole seconds since 1970, rounded down.
std::int64_t to_numeric_date(Instant instant);
Instant from_numeric_date(std::int64_t seconds);

// `90d`, `5m`, `10s`, `12h`: a whole number and one unit (s, m, h, d), at most 10 years.
Result<Seconds> parse_duration(std::string_view text);
std::string format_duration(Seconds duration);

}  // namespace mandate
