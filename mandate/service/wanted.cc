// What a token request asks for, and the part of an authority that answers it.
#include <set>

#include "mandate/base/bytes.h"
#include "mandate/json/value.h"
#include "mandate/service/exchange.h"

namespace mandate::service {
namespace {

Result<std::optional<ResourceId>> parse_target(const Form& form) {
  std::vector<std::string_view> named = form.all("resource");
  for (std::string_view audience : form.all("audience")) named.push_back(audience);
  if (named.empty()) return std::optional<ResourceId>();
  if (named.size() > 1) {
    return fail(Reason::kBadRequest, Place::kTarget,
                "more than one resource is asked for; a token has one audience");
  }
  Result<ResourceId> id = ResourceId::parse(named.front());
  if (!id) return fail(Reason::kBadRequest, Place::kTarget, id.error().detail);
  return std::optional<ResourceId>(*id);
}

}  // namespace

Result<Wanted> parse_wanted(const Form& form) {
  Wanted wanted;
  Result<std::optional<ResourceId>> target = parse_target(form);
  if (!target) return fail(target.error());
  wanted.audience = *target;
  std::vector<RequestedPermission> permissions;
  if (const auto details = form.find("authorization_details")) {
    Result<json::Value> value = json::parse(*details);
    if (!value) {
      return fail(value.error().reason, Place::kAuthorizationDetails, value.error().detail);
    }
    auto parsed = parse_authorization_details(*value);
    if (!parsed) return fail(parsed.error());
    permissions = *std::move(parsed);
    wanted.place = Place::kAuthorizationDetails;
  }
  const auto scope = form.find("scope");
  if (scope) {
    auto parsed = parse_scope(*scope);
    if (!parsed) return fail(parsed.error());
    permissions.insert(permissions.end(), parsed->begin(), parsed->end());
  }
  if (scope || form.find("authorization_details")) wanted.permissions = std::move(permissions);
  return wanted;
}

Result<Selected> select_wanted(const Authority& available, const Wanted& wanted) {
  std::optional<ResourceId> audience = wanted.audience;
  if (!audience) {
    std::set<ResourceId> locations;
    for (const Permission& permission : available.permissions()) {
      locations.insert(permission.locations.begin(), permission.locations.end());
    }
    if (locations.size() != 1) {
      return fail(Reason::kBadRequest, Place::kTarget,
                  "no resource is named and the authority has " + std::to_string(locations.size()) +
                      " locations; expected `resource`");
    }
    audience = *locations.begin();
  }
  const Authority there = available.at(*audience);
  if (there.empty()) {
    return fail(Reason::kAudienceMismatch, Place::kTarget,
                quoted(audience->text()) + " is not among the authority's locations");
  }
  if (!wanted.permissions) return Selected{*audience, there};
  Result<Authority> selected = select(there, *wanted.permissions, wanted.place);
  if (!selected) return fail(selected.error());
  if (selected->at(*audience) != *selected) {
    return fail(Reason::kAudienceMismatch, Place::kTarget,
                "a requested permission's locations do not hold " + quoted(audience->text()));
  }
  return Selected{*audience, *std::move(selected)};
}

}  // namespace mandate::service
