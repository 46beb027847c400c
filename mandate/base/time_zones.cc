#include "mandate/base/time_zones.h"

#include <date/tz.h>

#include <algorithm>
#include <exception>
#include <fstream>

#include "mandate/base/bytes.h"

namespace mandate {
namespace {

// `date` cannot tell the version of the machine's data; its source file begins with it.
constexpr const char* kSourceFile = "/usr/share/zoneinfo/tzdata.zi";
constexpr std::string_view kVersionMark = "# version ";

const date::time_zone* find_zone(const date::tzdb& data, std::string_view name) {
  auto zone =
      std::lower_bound(data.zones.begin(), data.zones.end(), name,
                       [](const date::time_zone& a, std::string_view b) { return a.name() < b; });
  return zone != data.zones.end() && zone->name() == name ? &*zone : nullptr;
}

std::string read_version(const date::tzdb& data) {
  std::ifstream in(kSourceFile);
  std::string line;
  std::getline(in, line);
  bool is_named = line.starts_with(kVersionMark);
  return "tzdata " + (is_named ? line.substr(kVersionMark.size()) : data.version);
}

}  // namespace

Result<SystemTimeZones> SystemTimeZones::load() {
  try {
    const date::tzdb& data = date::get_tzdb();
    // A zone is read when first used. Reading all of them now keeps an update of the machine from
    // changing a decision half-way through a run.
    for (const date::time_zone& zone : data.zones) zone.get_info(date::sys_seconds{});
    return SystemTimeZones(data, read_version(data));
  } catch (const std::exception& error) {
    return fail(Reason::kRecordUnavailable,
                std::string("no time-zone data: ") + error.what() + "; expected tzdata installed");
  }
}

bool SystemTimeZones::knows(std::string_view zone) const {
  return find_zone(*data_, zone) != nullptr;
}

Result<LocalTime> SystemTimeZones::local(std::string_view zone, Instant instant) const {
  const date::time_zone* found = find_zone(*data_, zone);
  if (found == nullptr) {
    return fail(Reason::kBadRequest, quoted(zone) + " is not a time zone; expected a name of the " +
                                         "IANA database, for example \"Europe/Berlin\"");
  }
  auto local = found->to_local(std::chrono::floor<Seconds>(instant));
  auto day = std::chrono::floor<std::chrono::days>(local);
  auto minute = std::chrono::floor<std::chrono::minutes>(local - day);
  return LocalTime{static_cast<int>(date::weekday{date::local_days{day}}.iso_encoding()) - 1,
                   static_cast<int>(minute.count())};
}

}  // namespace mandate
