// The machine's IANA time-zone data behind the `TimeZones` port. Read once, when constructed;
// threads may share one.
//
//   Result<SystemTimeZones> zones = SystemTimeZones::load();
//   zones->local("Europe/Berlin", now)->minute_of_day
#pragma once

#include "mandate/base/ports.h"

namespace date {
struct tzdb;
}

namespace mandate {

class SystemTimeZones final : public TimeZones {
 public:
  // `record_unavailable` where the machine has no time-zone data.
  static Result<SystemTimeZones> load();

  bool knows(std::string_view zone) const override;
  Result<LocalTime> local(std::string_view zone, Instant instant) const override;
  std::string version() const override { return version_; }

 private:
  SystemTimeZones(const date::tzdb& data, std::string version)
      : data_(&data), version_(std::move(version)) {}

  const date::tzdb* data_;  // lives as long as the process
  std::string version_;
};

}  // namespace mandate
