// The ports to the outside that every room may need: time, randomness, the log, counters. They come
// in by constructor, so that a test can fix them and a decision can be replayed. The real ones
// stand in `apps/mandate` and `mandate/base/system_clock.h`; the fakes in `testing/`.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mandate/base/instant.h"

namespace mandate {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
};

// Cryptographically secure bytes; threads may share one.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::string bytes(std::size_t count) = 0;
};

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

// Operational messages. No secret, token, assertion or proof may enter one.
class Log {
 public:
  using Field = std::pair<std::string_view, std::string>;
  virtual ~Log() = default;
  virtual void write(LogLevel level, std::string_view message,
                     const std::vector<Field>& fields) = 0;
};

// What went into the journal, counted for operators: the entry's type, and what came of it: a
// reason, "permit", or "done". Both are words of closed sets, never a name or an id.
class Counters {
 public:
  virtual ~Counters() = default;
  virtual void add(std::string_view type, std::string_view outcome, std::uint64_t amount) = 0;
};

// What the time-zone database says about one instant in one zone.
struct LocalTime {
  int day_of_week = 0;    // 0 is Monday
  int minute_of_day = 0;  // 0 to 1439
};

// The IANA time-zone database: data, fixed while the process runs.
class TimeZones {
 public:
  virtual ~TimeZones() = default;
  virtual bool knows(std::string_view zone) const = 0;
  // Nothing for a zone that is not known.
  virtual Result<LocalTime> local(std::string_view zone, Instant instant) const = 0;
  // Names the data, so that a decision can be replayed: `tzdata 2024a`.
  virtual std::string version() const = 0;
};

}  // namespace mandate
