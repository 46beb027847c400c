#include "mandate/authority/constraint.h"

#include <algorithm>
#include <tuple>

#include "mandate/base/limits.h"

namespace mandate {
namespace {

constexpr int kDayMinutes = 1440;
constexpr int kWeekDays = 7;

bool has_day(const Hours& hours, int day) {
  return (hours.days >> ((day + kWeekDays) % kWeekDays) & 1) != 0;
}
// 1 to 1440.
int length_minutes(const Hours& hours) {
  const int length = hours.to_minute - hours.from_minute;
  return length > 0 ? length : length + kDayMinutes;
}

bool is_met(const Environments& c, const ConstraintInputs& in) {
  return in.environment.has_value() &&
         std::binary_search(c.names.begin(), c.names.end(), *in.environment, std::less<>());
}
bool is_met(const Networks& c, const ConstraintInputs& in) {
  return in.client_address != nullptr &&
         std::any_of(c.networks.begin(), c.networks.end(),
                     [&](const Cidr& network) { return network.contains(*in.client_address); });
}
bool is_met(const Hours& c, const ConstraintInputs& in) {
  if (in.zones == nullptr) {
    return false;
  }
  const Result<LocalTime> local = in.zones->local(c.zone, in.now);
  if (!local) {
    return false;
  }
  const int minute = local->minute_of_day;
  if (c.from_minute < c.to_minute) {
    return has_day(c, local->day_of_week) && c.from_minute <= minute && minute < c.to_minute;
  }
  return (has_day(c, local->day_of_week) && c.from_minute <= minute) ||
         (has_day(c, local->day_of_week - 1) && minute < c.to_minute);
}
bool is_met(const AnyOf& c, const ConstraintInputs& in) {
  const Scalar* fact = in.facts == nullptr ? nullptr : in.facts->find(c.path);
  return fact != nullptr && std::binary_search(c.values.begin(), c.values.end(), *fact);
}
bool is_met(const Max& c, const ConstraintInputs& in) {
  const Scalar* fact = in.facts == nullptr ? nullptr : in.facts->find(c.path);
  return fact != nullptr && fact->is_number() && fact->at_most(c.bound);
}

template <class T>
bool is_subset(const std::vector<T>& part, const std::vector<T>& whole) {
  return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

bool is_within(const Environments& a, const Environments& b) { return is_subset(a.names, b.names); }
bool is_within(const Networks& a, const Networks& b) {
  return std::all_of(a.networks.begin(), a.networks.end(), [&](const Cidr& inner) {
    return std::any_of(b.networks.begin(), b.networks.end(),
                       [&](const Cidr& outer) { return outer.contains(inner); });
  });
}
// In one zone, as minutes of the week: each of a's windows lies in one of b's, or in two that
// touch, which only windows of a whole day do.
bool is_within(const Hours& a, const Hours& b) {
  if (a.zone != b.zone) {
    return false;
  }
  const int a_length = length_minutes(a);
  const int b_length = length_minutes(b);
  const auto covers = [&](int day, int other) {
    const int offset = a.from_minute - b.from_minute + (day - other) * kDayMinutes;
    if (!has_day(b, other) || offset < 0 || offset >= b_length) {
      return false;
    }
    return offset + a_length <= b_length || (b_length == kDayMinutes && has_day(b, other + 1));
  };
  for (int day = 0; day < kWeekDays; ++day) {
    if (has_day(a, day) && !covers(day, day - 1) && !covers(day, day) && !covers(day, day + 1)) {
      return false;
    }
  }
  return true;
}
bool is_within(const AnyOf& a, const AnyOf& b) {
  return a.path == b.path && is_subset(a.values, b.values);
}
bool is_within(const Max& a, const Max& b) { return a.path == b.path && a.bound.at_most(b.bound); }

}  // namespace

bool operator<(const Hours& a, const Hours& b) {
  return std::tie(a.zone, a.days, a.from_minute, a.to_minute) <
         std::tie(b.zone, b.days, b.from_minute, b.to_minute);
}
bool operator<(const AnyOf& a, const AnyOf& b) {
  return std::tie(a.path, a.values) < std::tie(b.path, b.values);
}
bool operator<(const Max& a, const Max& b) {
  return std::tie(a.path, a.bound) < std::tie(b.path, b.bound);
}

std::string_view name(const Constraint& constraint) {
  constexpr std::string_view kNames[] = {"environments", "networks", "hours", "any_of", "max"};
  static_assert(std::size(kNames) == std::variant_size_v<Constraint>);
  return kNames[constraint.index()];
}

bool met(const Constraint& constraint, const ConstraintInputs& inputs) {
  return std::visit([&](const auto& c) { return is_met(c, inputs); }, constraint);
}

bool implies(const Constraint& a, const Constraint& b) {
  return std::visit(
      [&](const auto& narrow) {
        const auto* wide = std::get_if<std::decay_t<decltype(narrow)>>(&b);
        return wide != nullptr && is_within(narrow, *wide);
      },
      a);
}

Constraints Constraints::of(Constraint constraint) {
  Constraints one;
  one.all_.push_back(std::move(constraint));
  return one;
}

Result<Constraints> Constraints::and_also(const Constraints& other) const {
  Constraints both;
  std::set_union(all_.begin(), all_.end(), other.all_.begin(), other.all_.end(),
                 std::back_inserter(both.all_));
  if (both.all_.size() > limits::kConstraintsMax) {
    return fail(Reason::kLimitExceeded, "more than 32 constraints in one permission");
  }
  return both;
}

bool Constraints::implies(const Constraints& wider) const {
  return std::all_of(wider.all_.begin(), wider.all_.end(), [&](const Constraint& wide) {
    return std::any_of(all_.begin(), all_.end(),
                       [&](const Constraint& c) { return mandate::implies(c, wide); });
  });
}

const Constraint* Constraints::first_unmet(const ConstraintInputs& inputs) const {
  const auto found =
      std::find_if(all_.begin(), all_.end(), [&](const Constraint& c) { return !met(c, inputs); });
  return found == all_.end() ? nullptr : &*found;
}

}  // namespace mandate
