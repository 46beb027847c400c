// Constraints: what must be true of a request beyond its action and identifier. A permission holds
// a conjunction; narrowing adds to it and never merges. An input that is missing or not
// authenticated does not meet a constraint (Law 7).
//
//   Result<Constraints> c = Constraints::parse(json);   // {"networks": ["10.0.0.0/8"]}
//   c->first_unmet(inputs)  // nullptr where all are met
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "mandate/base/cidr.h"
#include "mandate/base/instant.h"
#include "mandate/base/ports.h"
#include "mandate/json/value.h"

namespace mandate {

// A leaf value of a request: equal by type and exact value; 1 and 1.0 are one number.
class Scalar {
 public:
  // Nothing for null and containers.
  static std::optional<Scalar> from_json(const json::Value& value);
  json::Value to_json() const;
  bool is_number() const;
  // Precondition: both are numbers. Exact also between integers and doubles.
  bool at_most(const Scalar& bound) const;
  friend bool operator==(const Scalar& a, const Scalar& b);
  friend bool operator<(const Scalar& a, const Scalar& b);  // any total order

 private:
  explicit Scalar(std::variant<bool, std::int64_t, double, std::string> data)
      : data_(std::move(data)) {}
  std::variant<bool, std::int64_t, double, std::string> data_;
};

// The authenticated leaves of a request, by path: `resource.properties.severity`. Bounded by
// limits::kFactsMax. A path that occurs in an array is no leaf.
class Facts {
 public:
  // Adds every scalar below `value` under `prefix`. `limit_exceeded` past the bound.
  Result<void> add(std::string_view prefix, const json::Value& value);
  const Scalar* find(std::string_view path) const;

 private:
  std::vector<std::pair<std::string, Scalar>> leaves_;  // sorted by path
};

struct Environments {              // of the resource, from the record
  std::vector<std::string> names;  // sorted, unique
  friend bool operator==(const Environments&, const Environments&) = default;
  friend bool operator<(const Environments& a, const Environments& b) { return a.names < b.names; }
};
struct Networks {              // of the client's address
  std::vector<Cidr> networks;  // sorted, unique
  friend bool operator==(const Networks&, const Networks&) = default;
  friend bool operator<(const Networks& a, const Networks& b) { return a.networks < b.networks; }
};
// A recurring window in local time: from <= minute < to on the named days; where to <= from it runs
// past midnight and belongs to the day on which it began.
struct Hours {
  std::uint8_t days = 0;  // bit 0 is Monday
  std::int16_t from_minute = 0;
  std::int16_t to_minute = 0;  // 1 to 1440
  std::string zone;            // IANA name
  friend bool operator==(const Hours&, const Hours&) = default;
  friend bool operator<(const Hours& a, const Hours& b);
};
struct AnyOf {  // the fact at `path` is one of `values`
  std::string path;
  std::vector<Scalar> values;  // sorted, unique
  friend bool operator==(const AnyOf&, const AnyOf&) = default;
  friend bool operator<(const AnyOf& a, const AnyOf& b);
};
struct Max {  // the fact at `path` is a number <= bound
  std::string path;
  Scalar bound;
  friend bool operator==(const Max&, const Max&) = default;
  friend bool operator<(const Max& a, const Max& b);
};

using Constraint = std::variant<Environments, Networks, Hours, AnyOf, Max>;
std::string_view name(const Constraint& constraint);  // "environments", ... : the name in refusals

// What constraints are evaluated against.
struct ConstraintInputs {
  std::optional<std::string_view> environment;  // of the resource, from the record
  const IpAddress* client_address = nullptr;    // authenticated by the enforcement point
  const Facts* facts = nullptr;
  Instant now;
  const TimeZones* zones = nullptr;
};
bool met(const Constraint& constraint, const ConstraintInputs& inputs);

class Constraints {
 public:
  Constraints() = default;
  // An object of constraints by name, or an array of such objects (their conjunction). A constraint
  // that exists and is not enforced yet (max_uses, provenance, approval, step_up, attestation,
  // event) is refused by name. Paths of any_of and max begin with subject., action., resource. or
  // context.
  static Result<Constraints> parse(const json::Value& value);
  static Constraints of(Constraint constraint);
  // One object where names do not repeat, else an array of objects; canonical order.
  json::Value to_json() const;

  bool empty() const { return all_.empty(); }
  const std::vector<Constraint>& all() const { return all_; }
  // The conjunction; refuses past limits::kConstraintsMax.
  Result<Constraints> and_also(const Constraints& other) const;
  // Every one of `wider` is implied by one of these (equal, or a subset in the same kind and path).
  bool implies(const Constraints& wider) const;
  const Constraint* first_unmet(const ConstraintInputs& inputs) const;
  friend bool operator==(const Constraints&, const Constraints&) = default;
  friend bool operator<(const Constraints& a, const Constraints& b) { return a.all_ < b.all_; }

 private:
  std::vector<Constraint> all_;  // sorted, unique
};
// `a` is met only where `b` is: same kind (and path), and a subset.
bool implies(const Constraint& a, const Constraint& b);
bool is_environment_name(std::string_view text);  // 1 to 64 of [A-Za-z0-9_.-]

}  // namespace mandate
