#include "mandate/authority/authority.h"

#include <algorithm>
#include <tuple>

#include "mandate/authority/stored_authority.h"
#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/json/reader.h"

namespace mandate {
namespace {

constexpr std::size_t kNameBytesMax = 64;

template <class T>
void sort_unique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

template <class T>
bool holds(const std::vector<T>& sorted, const T& value) {
  return std::binary_search(sorted.begin(), sorted.end(), value);
}

template <class T>
bool is_subset(const std::vector<T>& part, const std::vector<T>& whole) {
  return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

template <class T>
std::vector<T> in_both(const std::vector<T>& a, const std::vector<T>& b) {
  std::vector<T> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

bool is_word(std::string_view text, bool upper_case, std::string_view extra) {
  return !text.empty() && text.size() <= kNameBytesMax &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                  (upper_case && c >= 'A' && c <= 'Z') || extra.find(c) != std::string_view::npos;
         });
}

// The one of `all` that subsumes `of` and that no other subsumes; of several that permit the same,
// the first. One pass does, since whoever subsumes what was found subsumes what it was found for.
const Permission& widest_above(const Permission& of, const std::vector<Permission>& all) {
  const Permission* widest = &of;
  for (const Permission& other : all) {
    if (&other != widest && subsumes(other, *widest) &&
        (!subsumes(*widest, other) || &other < widest)) {
      widest = &other;
    }
  }
  return *widest;
}

// Nothing where no request is permitted by both.
Result<std::optional<Permission>> meet_within_bounds(const Permission& a, const Permission& b) {
  if (a.type != b.type) {
    return std::nullopt;
  }
  Permission both{a.type,
                  in_both(a.locations, b.locations),
                  in_both(a.actions, b.actions),
                  a.identifier ? a.identifier : b.identifier,
                  {}};
  if (both.locations.empty() || both.actions.empty()) {
    return std::nullopt;
  }
  if (a.identifier && b.identifier) {
    both.identifier = a.identifier->meet(*b.identifier);
    if (!both.identifier) {
      return std::nullopt;
    }
  }
  return a.constraints.and_also(b.constraints).map([&](Constraints constraints) {
    both.constraints = std::move(constraints);
    return std::optional<Permission>(std::move(both));
  });
}

Result<Permission> parse_permission(const json::Value& value, Place place) {
  json::ObjectReader in(value, "permission", place);
  Permission permission;
  permission.type = in.required_string("type");
  if (in.ok() && !is_permission_type(permission.type)) {
    in.refuse("type " + quoted(permission.type) + ": expected 1 to 64 of [a-z0-9_.-]");
  }
  for (const std::string& text : in.strings("locations", limits::kLocationsMax, true)) {
    if (Result<ResourceId> location = ResourceId::parse(text)) {
      permission.locations.push_back(*std::move(location));
    } else {
      in.refuse(location.error());
    }
  }
  permission.actions = in.strings("actions", limits::kActionsMax, true);
  const bool every = permission.actions.size() == 1 && permission.actions[0] == kEveryAction;
  for (const std::string& action : permission.actions) {
    if (!every && !is_action_name(action)) {
      in.refuse("action " + quoted(action) + ": expected 1 to 64 of [A-Za-z0-9_.:-]");
    }
  }
  if (in.ok() && (permission.locations.empty() || permission.actions.empty())) {
    in.refuse("permission: expected at least one location and one action");
  }
  if (const std::optional<std::string> text = in.optional_string("identifier")) {
    if (Result<Pattern> pattern = Pattern::parse(*text)) {
      permission.identifier = *std::move(pattern);
    } else {
      in.refuse(pattern.error());
    }
  }
  if (const json::Value* constraints = in.optional("constraints")) {
    if (Result<Constraints> parsed = Constraints::parse(*constraints)) {
      permission.constraints = *std::move(parsed);
    } else {
      in.refuse(parsed.error());
    }
  }
  if (Result<void> done = in.finish(); !done) {
    return fail(done.error().reason, place, done.error().detail);
  }
  sort_unique(permission.locations);
  sort_unique(permission.actions);
  return permission;
}

template <class T>
json::Value to_array(const std::vector<T>& values) {
  json::Array array;
  for (const T& value : values) {
    if constexpr (std::is_same_v<T, std::string>) {
      array.emplace_back(value);
    } else {
      array.emplace_back(value.text());
    }
  }
  return array;
}

// `identifier`: the text of the permission's pattern.
bool covers(const Permission& permission, std::optional<std::string_view> identifier,
            const AccessRequest& request) {
  return permission.type == request.type && holds(permission.locations, request.location) &&
         holds(permission.actions, request.action) &&
         (!identifier ||
          (request.identifier && Pattern::matches(*identifier, *request.identifier)));
}

// Whether this alternative permits a request; where not, `nearest` is it if none came nearer.
bool permits_or_misses(const Permission& permission, std::optional<std::string_view> identifier,
                       const AccessRequest& request, const ConstraintInputs& inputs,
                       Coverage& nearest) {
  if (!covers(permission, identifier, request)) {
    return false;
  }
  const Constraint* unmet = permission.constraints.first_unmet(inputs);
  if (unmet != nullptr && nearest.miss == Miss::kAuthority) {
    nearest = {std::holds_alternative<Hours>(*unmet) ? Miss::kWindow : Miss::kConstraint,
               std::string(name(*unmet))};
  }
  return unmet == nullptr;
}

}  // namespace

bool is_permission_type(std::string_view text) { return is_word(text, false, "_.-"); }
bool is_action_name(std::string_view text) { return is_word(text, true, "_.:-"); }

bool operator<(const Permission& a, const Permission& b) {
  return std::tie(a.type, a.locations, a.actions, a.identifier, a.constraints) <
         std::tie(b.type, b.locations, b.actions, b.identifier, b.constraints);
}

bool subsumes(const Permission& wider, const Permission& narrower) {
  return wider.type == narrower.type && is_subset(narrower.locations, wider.locations) &&
         is_subset(narrower.actions, wider.actions) &&
         (!wider.identifier ||
          (narrower.identifier && wider.identifier->subsumes(*narrower.identifier))) &&
         narrower.constraints.implies(wider.constraints);
}

std::optional<Permission> meet(const Permission& a, const Permission& b) {
  return meet_within_bounds(a, b).value_or(std::nullopt);
}

Result<Authority> Authority::parse(const json::Value& array, Place place) {
  if (!array.is_array()) {
    return fail(Reason::kBadRequest, place,
                "authority: expected an array, not " + std::string(kind_name(array)));
  }
  if (array.as_array().size() > limits::kPermissionsMax) {
    return fail(Reason::kLimitExceeded, place, "authority: expected at most 64 permissions");
  }
  std::vector<Permission> permissions;
  for (const json::Value& item : array.as_array()) {
    Result<Permission> permission = parse_permission(item, place);
    if (!permission) {
      return fail(permission.error());
    }
    permissions.push_back(*std::move(permission));
  }
  return of(std::move(permissions));
}

// Each look at all of them finds one that stays, so there are at most 65, however many are given: a
// meet of what strangers wrote has thousands.
Result<Authority> Authority::of(std::vector<Permission> permissions) {
  sort_unique(permissions);
  Authority authority;
  std::vector<Permission>& kept = authority.permissions_;
  for (const Permission& p : permissions) {
    if (std::any_of(kept.begin(), kept.end(),
                    [&](const Permission& k) { return subsumes(k, p); })) {
      continue;
    }
    if (kept.size() == limits::kPermissionsMax) {
      return fail(Reason::kLimitExceeded, "authority: more than 64 permissions");
    }
    kept.push_back(widest_above(p, permissions));
  }
  std::sort(kept.begin(), kept.end());
  return authority;
}

json::Value Authority::to_json() const {
  json::Array array;
  for (const Permission& p : permissions_) {
    json::Value object = json::Value::object({{"type", json::Value(p.type)},
                                              {"locations", to_array(p.locations)},
                                              {"actions", to_array(p.actions)}});
    if (p.identifier) {
      object.set("identifier", json::Value(p.identifier->text()));
    }
    if (!p.constraints.empty()) {
      object.set("constraints", p.constraints.to_json());
    }
    array.push_back(std::move(object));
  }
  return array;
}

Result<Authority> Authority::attenuated_by(const Authority& limit) const {
  std::vector<Permission> permissions;
  for (const Permission& a : permissions_) {
    for (const Permission& b : limit.permissions_) {
      Result<std::optional<Permission>> both = meet_within_bounds(a, b);
      if (!both) {
        return fail(both.error());
      }
      if (*both) {
        permissions.push_back(**std::move(both));
      }
    }
  }
  return of(std::move(permissions));
}

Authority Authority::at(const ResourceId& location) const {
  Authority here;
  std::copy_if(permissions_.begin(), permissions_.end(), std::back_inserter(here.permissions_),
               [&](const Permission& p) { return holds(p.locations, location); });
  return here;
}

bool Authority::within(const Authority& wider) const {
  return std::all_of(permissions_.begin(), permissions_.end(), [&](const Permission& p) {
    return std::any_of(wider.permissions_.begin(), wider.permissions_.end(),
                       [&](const Permission& w) { return subsumes(w, p); });
  });
}

Coverage Authority::permits(const AccessRequest& request, const ConstraintInputs& inputs) const {
  Coverage nearest{Miss::kAuthority, {}};
  for (const Permission& permission : permissions_) {
    const std::optional<std::string_view> identifier =
        permission.identifier ? std::optional<std::string_view>(permission.identifier->text())
                              : std::nullopt;
    if (permits_or_misses(permission, identifier, request, inputs, nearest)) return {};
  }
  return nearest;
}

Coverage StoredAuthority::permits(const AccessRequest& request,
                                  const ConstraintInputs& inputs) const {
  Coverage nearest{Miss::kAuthority, {}};
  for (std::size_t i = 0; i < size_; ++i) {
    const Part part = (*this)[i];
    if (permits_or_misses(*part.terms, part.identifier, request, inputs, nearest)) return {};
  }
  return nearest;
}

bool same_terms(const Permission& a, const Permission& b) {
  return a.type == b.type && a.locations == b.locations && a.actions == b.actions &&
         a.constraints == b.constraints;
}

}  // namespace mandate
