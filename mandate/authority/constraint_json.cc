// Constraints of constraint.h, read from JSON and written back.
#include <algorithm>
#include <array>

#include "mandate/authority/constraint.h"
#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/base/text.h"
#include "mandate/json/reader.h"

namespace mandate {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::size_t kPathBytesMax = 255;
constexpr std::size_t kZoneBytesMax = 64;
constexpr int kHourMinutes = 60;
constexpr int kDayMinutes = 24 * kHourMinutes;

template <class T>
void sort_unique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

void refuse_empty(json::ObjectReader& in, const json::Value& value, std::string_view key) {
  in.refuse("constraint " + std::string(key) + ": expected at least one value", &value);
}

void read_environments(json::ObjectReader& in, std::vector<Constraint>& into) {
  if (!in.has("environments")) {
    return;
  }
  Environments c{in.strings("environments", limits::kConstraintValuesMax, true)};
  for (const std::string& text : c.names) {
    if (!is_environment_name(text)) {
      in.refuse("environment " + quoted(text) + ": expected 1 to 64 of [A-Za-z0-9_.-]");
    }
  }
  if (c.names.empty()) {
    in.refuse("constraint environments: expected at least one name");
  }
  sort_unique(c.names);
  into.emplace_back(std::move(c));
}

void read_networks(json::ObjectReader& in, std::vector<Constraint>& into) {
  if (!in.has("networks")) {
    return;
  }
  Networks c;
  for (const std::string& text : in.strings("networks", limits::kConstraintValuesMax, true)) {
    if (Result<Cidr> network = Cidr::parse(text)) {
      c.networks.push_back(*network);
    } else {
      in.refuse(network.error());
    }
  }
  if (c.networks.empty()) {
    in.refuse("constraint networks: expected at least one network in CIDR form");
  }
  sort_unique(c.networks);
  into.emplace_back(std::move(c));
}

// HH:MM, 00:00 to 24:00.
std::optional<int> minute_of(std::string_view text) {
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4)) {
    return std::nullopt;
  }
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (minute >= kHourMinutes || hour * kHourMinutes + minute > kDayMinutes) {
    return std::nullopt;
  }
  return hour * kHourMinutes + minute;
}

std::string time_text(int minute) {
  const auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return two(minute / kHourMinutes) + ':' + two(minute % kHourMinutes);
}

bool is_zone_name(std::string_view text) {
  return !text.empty() && text.size() <= kZoneBytesMax && text.front() != '/' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '/' || c == '_' || c == '+' || c == '-';
         });
}

Result<Hours> parse_hours(const json::Value& value) {
  json::ObjectReader in(value, "constraint hours");
  Hours hours;
  for (const std::string& text : in.strings("days", kDays.size(), true)) {
    const auto* day = std::find(kDays.begin(), kDays.end(), text);
    if (day == kDays.end()) {
      in.refuse("day " + quoted(text) + ": expected mon, tue, wed, thu, fri, sat or sun");
    } else {
      hours.days = static_cast<std::uint8_t>(hours.days | 1U << (day - kDays.begin()));
    }
  }
  const std::optional<int> from = minute_of(in.required_string("from"));
  const std::optional<int> to = minute_of(in.required_string("to"));
  hours.zone = in.required_string("zone");
  if (hours.days == 0) {
    in.refuse("constraint hours: expected at least one day");
  }
  if (!from || !to || *from == kDayMinutes) {
    in.refuse("constraint hours: expected from as HH:MM, 00:00 to 23:59, and to up to 24:00");
  }
  if (!is_zone_name(hours.zone)) {
    in.refuse("zone " + quoted(hours.zone) + ": expected an IANA name such as Europe/Berlin");
  }
  if (Result<void> done = in.finish(); !done) {
    return fail(done.error());
  }
  hours.from_minute = static_cast<std::int16_t>(*from);
  hours.to_minute = static_cast<std::int16_t>(*to == 0 ? kDayMinutes : *to);  // midnight ends a day
  return hours;
}

// A path that Facts can hold: plain segments below what an AuthZEN request says freely. Any other
// path would never be met: what a request is about stands in the permission itself, and the token
// and its proof are evidence.
bool is_path(std::string_view path) {
  constexpr std::array<std::string_view, 4> kParts = {"subject.properties.", "action.properties.",
                                                      "resource.properties.", "context."};
  constexpr std::array<std::string_view, 2> kEvidence = {"context.access_token", "context.dpop"};
  const auto at_or_below = [&](std::string_view part) {
    return path.starts_with(part) && (path.size() == part.size() || path[part.size()] == '.');
  };
  return path.size() <= kPathBytesMax && !path.ends_with('.') &&
         path.find("..") == std::string_view::npos && is_utf8(path) &&
         !has_unseen(path, Unseen::kControl) &&
         std::any_of(kParts.begin(), kParts.end(),
                     [&](std::string_view part) { return path.starts_with(part); }) &&
         std::none_of(kEvidence.begin(), kEvidence.end(), at_or_below);
}

// The members of `any_of` or `max`, each a constraint of its own.
template <class Read>
void read_by_path(json::ObjectReader& in, std::string_view key, const Read& read) {
  const json::Value* object = in.optional(key);
  if (object == nullptr) {
    return;
  }
  if (!object->is_object() || object->as_object().empty()) {
    in.refuse("constraint " + std::string(key) + ": expected an object of paths", object);
    return;
  }
  for (const json::Member& member : object->as_object()) {
    if (!is_path(member.key)) {
      in.refuse("path " + quoted(member.key) +
                    ": expected a path below subject.properties, action.properties, "
                    "resource.properties or context, and not the token or proof there",
                &member.value);
      return;
    }
    read(member);
  }
}

void read_any_of(json::ObjectReader& in, std::vector<Constraint>& into) {
  read_by_path(in, "any_of", [&](const json::Member& member) {
    if (!member.value.is_array() || member.value.as_array().empty()) {
      refuse_empty(in, member.value, "any_of");
      return;
    }
    if (member.value.as_array().size() > limits::kConstraintValuesMax) {
      in.refuse(Error{Reason::kLimitExceeded, Place::kRequest,
                      "constraint any_of: expected at most 256 values"},
                &member.value);
      return;
    }
    AnyOf c{member.key, {}};
    for (const json::Value& item : member.value.as_array()) {
      if (std::optional<Scalar> scalar = Scalar::from_json(item)) {
        c.values.push_back(*std::move(scalar));
      } else {
        in.refuse("constraint any_of: expected strings, numbers, true or false", &item);
      }
    }
    sort_unique(c.values);
    into.emplace_back(std::move(c));
  });
}

void read_max(json::ObjectReader& in, std::vector<Constraint>& into) {
  read_by_path(in, "max", [&](const json::Member& member) {
    std::optional<Scalar> bound = Scalar::from_json(member.value);
    if (!bound || !bound->is_number()) {
      in.refuse("constraint max: expected a number", &member.value);
      return;
    }
    into.emplace_back(Max{member.key, *std::move(bound)});
  });
}

Result<void> read_object(const json::Value& value, std::vector<Constraint>& into) {
  json::ObjectReader in(value, "constraints");
  read_environments(in, into);
  read_networks(in, into);
  if (const json::Value* hours = in.optional("hours")) {
    if (Result<Hours> parsed = parse_hours(*hours)) {
      into.emplace_back(*std::move(parsed));
    } else {
      in.refuse(parsed.error());
    }
  }
  read_any_of(in, into);
  read_max(in, into);
  for (const std::string_view later :
       {"max_uses", "provenance", "approval", "step_up", "attestation", "event"}) {
    in.not_enforced(later);
  }
  return in.finish();
}

struct Writer {
  json::Value& into;

  // False where the name, or the path under it, is taken.
  bool operator()(const Environments& c) const {
    json::Array names(c.names.begin(), c.names.end());
    return put("environments", json::Value(std::move(names)));
  }
  bool operator()(const Networks& c) const {
    json::Array networks;
    for (const Cidr& network : c.networks) {
      networks.emplace_back(network.text());
    }
    return put("networks", json::Value(std::move(networks)));
  }
  bool operator()(const Hours& c) const {
    json::Array days;
    for (std::size_t i = 0; i < kDays.size(); ++i) {
      if ((c.days >> i & 1) != 0) {
        days.emplace_back(kDays[i]);
      }
    }
    return put("hours", json::Value::object({{"days", json::Value(std::move(days))},
                                             {"from", json::Value(time_text(c.from_minute))},
                                             {"to", json::Value(time_text(c.to_minute))},
                                             {"zone", json::Value(c.zone)}}));
  }
  bool operator()(const AnyOf& c) const {
    json::Array values;
    for (const Scalar& scalar : c.values) {
      values.push_back(scalar.to_json());
    }
    return put_path("any_of", c.path, json::Value(std::move(values)));
  }
  bool operator()(const Max& c) const { return put_path("max", c.path, c.bound.to_json()); }

 private:
  bool put(std::string_view key, json::Value value) const {
    if (into.find(key) != nullptr) {
      return false;
    }
    into.set(key, std::move(value));
    return true;
  }
  bool put_path(std::string_view key, const std::string& path, json::Value value) const {
    const json::Value* paths = into.find(key);
    json::Value extended = paths == nullptr ? json::Value(json::Object{}) : *paths;
    if (extended.find(path) != nullptr) {
      return false;
    }
    extended.set(path, std::move(value));
    into.set(key, std::move(extended));
    return true;
  }
};

}  // namespace

bool is_environment_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '.' || c == '-';
  });
}

Result<Constraints> Constraints::parse(const json::Value& value) {
  std::vector<Constraint> all;
  if (value.is_array() && value.as_array().size() > limits::kConstraintsMax) {
    return fail(Reason::kLimitExceeded, "more than 32 constraints in one permission");
  }
  const json::Value* items = value.is_array() ? value.as_array().data() : &value;
  const std::size_t count = value.is_array() ? value.as_array().size() : 1;
  for (std::size_t i = 0; i < count; ++i) {
    if (Result<void> read = read_object(items[i], all); !read) {
      return fail(read.error());
    }
  }
  sort_unique(all);
  if (all.size() > limits::kConstraintsMax) {
    return fail(Reason::kLimitExceeded, "more than 32 constraints in one permission");
  }
  Constraints constraints;
  constraints.all_ = std::move(all);
  return constraints;
}

json::Value Constraints::to_json() const {
  json::Array objects;
  for (const Constraint& constraint : all_) {
    const bool placed = std::any_of(objects.begin(), objects.end(), [&](json::Value& object) {
      return std::visit(Writer{object}, constraint);
    });
    if (!placed) {
      std::visit(Writer{objects.emplace_back(json::Object{})}, constraint);
    }
  }
  if (objects.empty()) {
    return json::Object{};
  }
  return objects.size() == 1 ? std::move(objects.front()) : json::Value(std::move(objects));
}

}  // namespace mandate
