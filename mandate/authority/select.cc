// Requested permissions of authority.h: reading them, and cutting them from what is granted.
#include <algorithm>
#include <map>

#include "mandate/authority/authority.h"
#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/json/reader.h"

namespace mandate {
namespace {

template <class T>
void sort_unique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

template <class T>
std::vector<T> asked_of(const std::vector<T>& granted, const std::optional<std::vector<T>>& asked) {
  if (!asked) {
    return granted;
  }
  std::vector<T> both;
  std::set_intersection(granted.begin(), granted.end(), asked->begin(), asked->end(),
                        std::back_inserter(both));
  return both;
}

// Of the same kind, and of the same path where the kind has one.
bool same_matter(const Constraint& a, const Constraint& b) {
  if (a.index() != b.index()) {
    return false;
  }
  const auto path = [](const Constraint& c) -> std::string_view {
    if (const auto* any_of = std::get_if<AnyOf>(&c)) {
      return any_of->path;
    }
    const auto* max = std::get_if<Max>(&c);
    return max == nullptr ? std::string_view() : max->path;
  };
  return path(a) == path(b);
}

// The requested constraints and those granted ones that they do not imply. Nothing where a
// requested one speaks of what a granted one bounds and none lies within that bound.
Result<std::optional<Constraints>> cut_constraints(const Constraints& granted,
                                                   const Constraints& asked) {
  Result<Constraints> cut = asked;
  for (const Constraint& bound : granted.all()) {
    bool speaks = false;
    bool lies_within = false;
    for (const Constraint& c : asked.all()) {
      speaks = speaks || same_matter(c, bound);
      lies_within = lies_within || implies(c, bound);
    }
    if (speaks && !lies_within) {
      return std::nullopt;
    }
    if (cut && !lies_within) {
      cut = cut->and_also(Constraints::of(bound));
    }
  }
  return cut.map([](Constraints all) { return std::optional(std::move(all)); });
}

// The part of one granted permission that is asked for; nothing where there is none.
Result<std::optional<Permission>> cut(const Permission& granted, const RequestedPermission& asked) {
  if (granted.type != asked.type) {
    return std::nullopt;
  }
  Permission part{granted.type,
                  asked_of(granted.locations, asked.locations),
                  asked_of(granted.actions, asked.actions),
                  granted.identifier,
                  {}};
  if (part.locations.empty() || part.actions.empty()) {
    return std::nullopt;
  }
  if (asked.identifier) {
    if (granted.identifier && !granted.identifier->subsumes(*asked.identifier)) {
      return std::nullopt;
    }
    part.identifier = asked.identifier;
  }
  Result<std::optional<Constraints>> constraints =
      cut_constraints(granted.constraints, asked.constraints);
  if (!constraints) {
    return fail(constraints.error());
  }
  if (!*constraints) {
    return std::nullopt;
  }
  part.constraints = **std::move(constraints);
  return part;
}

template <class T>
bool holds(const std::vector<T>& sorted, const T& value) {
  return std::binary_search(sorted.begin(), sorted.end(), value);
}

// Every requested action at every requested location lies in some part; what is left out asks for
// whatever there is.
bool all_covered(const std::vector<Permission>& parts, const RequestedPermission& asked) {
  const auto covered = [&](const ResourceId* location, const std::string* action) {
    return std::any_of(parts.begin(), parts.end(), [&](const Permission& part) {
      return (location == nullptr || holds(part.locations, *location)) &&
             (action == nullptr || holds(part.actions, *action));
    });
  };
  const auto covered_at = [&](const ResourceId* location) {
    if (!asked.actions) {
      return covered(location, nullptr);
    }
    return std::all_of(asked.actions->begin(), asked.actions->end(),
                       [&](const std::string& action) { return covered(location, &action); });
  };
  if (!asked.locations) {
    return covered_at(nullptr);
  }
  return std::all_of(asked.locations->begin(), asked.locations->end(),
                     [&](const ResourceId& location) { return covered_at(&location); });
}

std::string describe(const RequestedPermission& asked) {
  std::string text = asked.type;
  for (const std::string& action : asked.actions.value_or(std::vector<std::string>())) {
    text += (text.size() == asked.type.size() ? ':' : ',') + action;
  }
  for (const ResourceId& location : asked.locations.value_or(std::vector<ResourceId>())) {
    text += " at " + location.text();
  }
  return asked.identifier ? text + " on " + asked.identifier->text() : text;
}

Result<RequestedPermission> parse_requested(const json::Value& value) {
  json::ObjectReader in(value, "authorization detail", Place::kAuthorizationDetails);
  RequestedPermission asked;
  asked.type = in.required_string("type");
  if (in.ok() && !is_permission_type(asked.type)) {
    in.refuse("type " + quoted(asked.type) + ": expected 1 to 64 of [a-z0-9_.-]");
  }
  if (in.has("locations")) {
    asked.locations.emplace();
    for (const std::string& text : in.strings("locations", limits::kLocationsMax, true)) {
      if (Result<ResourceId> location = ResourceId::parse(text)) {
        asked.locations->push_back(*std::move(location));
      } else {
        in.refuse(location.error());
      }
    }
    sort_unique(*asked.locations);
  }
  if (in.has("actions")) {
    asked.actions = in.strings("actions", limits::kActionsMax, true);
    for (const std::string& action : *asked.actions) {
      if (!is_action_name(action)) {
        in.refuse("action " + quoted(action) + ": expected 1 to 64 of [A-Za-z0-9_.:-]");
      }
    }
    sort_unique(*asked.actions);
  }
  if (in.ok() && ((asked.locations && asked.locations->empty()) ||
                  (asked.actions && asked.actions->empty()))) {
    in.refuse(
        "authorization detail: expected at least one location and action where they are "
        "named");
  }
  if (const std::optional<std::string> text = in.optional_string("identifier")) {
    if (Result<Pattern> pattern = Pattern::parse(*text)) {
      asked.identifier = *std::move(pattern);
    } else {
      in.refuse(pattern.error());
    }
  }
  if (const json::Value* constraints = in.optional("constraints")) {
    if (Result<Constraints> parsed = Constraints::parse(*constraints)) {
      asked.constraints = *std::move(parsed);
    } else {
      in.refuse(parsed.error());
    }
  }
  if (Result<void> done = in.finish(); !done) {
    return fail(done.error().reason, Place::kAuthorizationDetails, done.error().detail);
  }
  return asked;
}

}  // namespace

Result<std::vector<RequestedPermission>> parse_scope(std::string_view scope) {
  const auto bad = [](std::string_view word) {
    return fail(Reason::kBadRequest, Place::kScope,
                "scope word " + quoted(word) + ": expected type:action, words apart by one space");
  };
  std::map<std::string, std::vector<std::string>, std::less<>> actions_by_type;
  for (std::size_t begin = 0; begin <= scope.size();) {
    const std::size_t end = std::min(scope.find(' ', begin), scope.size());
    const std::string_view word = scope.substr(begin, end - begin);
    const std::size_t colon = word.find(':');
    if (colon == std::string_view::npos || !is_permission_type(word.substr(0, colon)) ||
        !is_action_name(word.substr(colon + 1))) {
      return bad(word);
    }
    actions_by_type[std::string(word.substr(0, colon))].emplace_back(word.substr(colon + 1));
    begin = end + 1;
  }
  std::vector<RequestedPermission> requested;
  for (auto& entry : actions_by_type) {
    sort_unique(entry.second);
    if (entry.second.size() > limits::kActionsMax) {
      return fail(Reason::kLimitExceeded, Place::kScope, "scope: more than 64 actions of one type");
    }
    requested.push_back({entry.first, std::nullopt, std::move(entry.second), std::nullopt, {}});
  }
  if (requested.size() > limits::kPermissionsMax) {
    return fail(Reason::kLimitExceeded, Place::kScope, "scope: more than 64 types");
  }
  return requested;
}

Result<std::vector<RequestedPermission>> parse_authorization_details(const json::Value& array) {
  if (!array.is_array() || array.as_array().empty()) {
    return fail(Reason::kBadRequest, Place::kAuthorizationDetails,
                "authorization_details: expected an array of at least one object");
  }
  if (array.as_array().size() > limits::kPermissionsMax) {
    return fail(Reason::kLimitExceeded, Place::kAuthorizationDetails,
                "authorization_details: expected at most 64 objects");
  }
  std::vector<RequestedPermission> requested;
  for (const json::Value& item : array.as_array()) {
    Result<RequestedPermission> asked = parse_requested(item);
    if (!asked) {
      return fail(asked.error());
    }
    requested.push_back(*std::move(asked));
  }
  return requested;
}

Result<Authority> select(const Authority& granted,
                         const std::vector<RequestedPermission>& requested, Place place) {
  std::vector<Permission> selected;
  for (const RequestedPermission& asked : requested) {
    std::vector<Permission> parts;
    for (const Permission& permission : granted.permissions()) {
      Result<std::optional<Permission>> part = cut(permission, asked);
      if (!part) {
        return fail(part.error().reason, place, part.error().detail);
      }
      if (*part) {
        parts.push_back(**std::move(part));
      }
    }
    if (parts.empty() || !all_covered(parts, asked)) {
      return fail(Reason::kOutsideAuthority, place,
                  quoted(describe(asked)) + " does not lie within what is granted");
    }
    selected.insert(selected.end(), parts.begin(), parts.end());
  }
  return Authority::of(std::move(selected)).map_error([&](Error error) {
    error.place = place;
    return error;
  });
}

std::string to_scope(const Authority& authority) {
  std::vector<std::string> words;
  for (const Permission& permission : authority.permissions()) {
    for (const std::string& action : permission.actions) {
      words.push_back(permission.type + ':' + action);
    }
  }
  sort_unique(words);
  std::string scope;
  for (const std::string& word : words) {
    scope.append(scope.empty() ? "" : " ").append(word);
  }
  return scope;
}

}  // namespace mandate
