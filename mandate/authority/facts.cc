// Scalar and Facts of constraint.h: the values that constraints are compared with.
#include <algorithm>
#include <cmath>

#include "mandate/authority/constraint.h"
#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"

namespace mandate {
namespace {

// The doubles that an int64 can hold: -2^63 <= d < 2^63, both exact.
constexpr double kIntegerMin = -9223372036854775808.0;
constexpr double kIntegerEnd = 9223372036854775808.0;

}  // namespace

// An integral double is kept as the integer it is, so that 1 and 1.0 are one value.
std::optional<Scalar> Scalar::from_json(const json::Value& value) {
  if (value.is_bool()) {
    return Scalar(value.as_bool());
  }
  if (value.is_integer()) {
    return Scalar(value.as_integer());
  }
  if (value.is_string()) {
    return Scalar(value.as_string());
  }
  if (!value.is_double() || !std::isfinite(value.as_double())) {
    return std::nullopt;
  }
  const double d = value.as_double();
  if (d >= kIntegerMin && d < kIntegerEnd && std::trunc(d) == d) {
    return Scalar(static_cast<std::int64_t>(d));
  }
  return Scalar(d);
}

json::Value Scalar::to_json() const {
  return std::visit([](const auto& data) { return json::Value(data); }, data_);
}

bool Scalar::is_number() const {
  return std::holds_alternative<std::int64_t>(data_) || std::holds_alternative<double>(data_);
}

bool Scalar::at_most(const Scalar& bound) const {
  const auto* i = std::get_if<std::int64_t>(&data_);
  const auto* bound_i = std::get_if<std::int64_t>(&bound.data_);
  if (i != nullptr && bound_i != nullptr) {
    return *i <= *bound_i;
  }
  if (i == nullptr && bound_i == nullptr) {
    return std::get<double>(data_) <= std::get<double>(bound.data_);
  }
  // A double here is no int64: it lies outside their range, or between two of them.
  const double d = std::get<double>(i == nullptr ? data_ : bound.data_);
  if (d >= kIntegerEnd || d < kIntegerMin) {
    return (d > 0) == (i != nullptr);
  }
  const auto below = static_cast<std::int64_t>(std::floor(d));
  return i != nullptr ? *i <= below : below < *bound_i;
}

bool operator==(const Scalar& a, const Scalar& b) { return a.data_ == b.data_; }
bool operator<(const Scalar& a, const Scalar& b) { return a.data_ < b.data_; }

namespace {

using Leaves = std::vector<std::pair<std::string, Scalar>>;

// A member whose name holds a '.' has no path of its own, so that no two leaves share one.
Result<void> collect(Leaves& leaves, const std::string& path, const json::Value& value) {
  if (value.is_object()) {
    for (const json::Member& member : value.as_object()) {
      if (member.key.find('.') != std::string::npos) {
        continue;
      }
      Result<void> added =
          collect(leaves, path.empty() ? member.key : path + '.' + member.key, member.value);
      if (!added) {
        return added;
      }
    }
    return {};
  }
  if (std::optional<Scalar> scalar = Scalar::from_json(value)) {
    if (leaves.size() == limits::kFactsMax) {
      return fail(Reason::kLimitExceeded, "more than 512 properties in one access request");
    }
    leaves.emplace_back(path, *std::move(scalar));
  }
  return {};
}

}  // namespace

Result<void> Facts::add(std::string_view prefix, const json::Value& value) {
  Leaves leaves = leaves_;
  if (Result<void> collected = collect(leaves, std::string(prefix), value); !collected) {
    return collected;
  }
  std::sort(leaves.begin(), leaves.end());
  const auto twice = std::adjacent_find(leaves.begin(), leaves.end(),
                                        [](auto& a, auto& b) { return a.first == b.first; });
  if (twice != leaves.end()) {
    return fail(Reason::kBadRequest, "property " + quoted(twice->first) + " is given twice");
  }
  leaves_ = std::move(leaves);
  return {};
}

const Scalar* Facts::find(std::string_view path) const {
  const auto found = std::lower_bound(
      leaves_.begin(), leaves_.end(), path,
      [](const auto& leaf, std::string_view wanted) { return leaf.first < wanted; });
  return found != leaves_.end() && found->first == path ? &found->second : nullptr;
}

}  // namespace mandate
