// Permissions (RFC 9396 authorization_details) and authorities: sets of permissions as
// alternatives. The only way to a smaller authority is the meet; there is no way to a wider one
// (Law 1).
//
//   Result<Authority> a = Authority::parse(json);           // [{"type": "tickets", ...}]
//   Result<Authority> b = a->attenuated_by(*limit);         // the meet, at most 64 permissions
//   a->permits(request, inputs)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/authority/constraint.h"
#include "mandate/authority/ids.h"
#include "mandate/authority/pattern.h"

namespace mandate {

// Reads `actions: ["*"]` as every action; only a document being applied may hold it, and `apply`
// expands it, so that a new action never widens an old grant.
inline constexpr std::string_view kEveryAction = "*";

bool is_permission_type(std::string_view text);  // 1 to 64 of [a-z0-9_.-]
bool is_action_name(std::string_view text);      // 1 to 64 of [A-Za-z0-9_.:-]

// The types at the issuer's own resource: management, and beside it reading the logs.
inline constexpr std::string_view kManagementType = "mandate";
inline constexpr std::string_view kAuditType = "audit";
inline constexpr std::string_view kAuditAction = "read";

struct Permission {
  std::string type;                   // 1 to 64 of [a-z0-9_.-]
  std::vector<ResourceId> locations;  // sorted, unique, at least one in an authority on record
  std::vector<std::string> actions;   // sorted, unique, at least one; 1 to 64 of [A-Za-z0-9_.:-]
  std::optional<Pattern> identifier;  // absent: every identifier
  Constraints constraints;
  friend bool operator==(const Permission&, const Permission&) = default;
  friend bool operator<(const Permission& a, const Permission& b);
};

// What is asked for, at one resource, now.
struct AccessRequest {
  std::string type;
  ResourceId location;
  std::string action;
  std::optional<Identifier> identifier;
  Facts facts;
  std::optional<IpAddress> client_address;
};

enum class Miss : std::uint8_t { kNone, kAuthority, kWindow, kConstraint };
// Why no alternative permits a request: the alternative that came nearest. kWindow is an `hours`
// constraint; `constraint` names the unmet one.
struct Coverage {
  Miss miss = Miss::kNone;
  std::string constraint;
  bool permits() const { return miss == Miss::kNone; }
};

class Authority {
 public:
  Authority() = default;  // permits nothing
  // An array of permissions: each with type, locations, actions; identifier and constraints
  // optional; other members refused. `place` is where errors point to.
  static Result<Authority> parse(const json::Value& array, Place place = Place::kRequest);
  // Sorted, without permissions that another one subsumes; refuses past limits::kPermissionsMax.
  static Result<Authority> of(std::vector<Permission> permissions);
  json::Value to_json() const;

  const std::vector<Permission>& permissions() const { return permissions_; }
  bool empty() const { return permissions_.empty(); }
  // Pairwise meet with subsumption. `limit_exceeded` past limits::kPermissionsMax.
  Result<Authority> attenuated_by(const Authority& limit) const;
  // The permissions whose locations hold this one.
  Authority at(const ResourceId& location) const;
  // Each permission lies within one of `wider`'s (subsumption).
  bool within(const Authority& wider) const;
  Coverage permits(const AccessRequest& request, const ConstraintInputs& inputs) const;

  friend bool operator==(const Authority&, const Authority&) = default;

 private:
  std::vector<Permission> permissions_;  // sorted, none subsumed by another
};

bool subsumes(const Permission& wider, const Permission& narrower);
std::optional<Permission> meet(const Permission& a, const Permission& b);

// A requested permission of RFC 9396 or of a scope token: members left out (locations, identifier,
// constraints; never type) take what the granting authority has.
struct RequestedPermission {
  std::string type;
  std::optional<std::vector<ResourceId>> locations;
  std::optional<std::vector<std::string>> actions;
  std::optional<Pattern> identifier;
  Constraints constraints;
};
// RFC 6749 section 3.3 scope of `type:action` words; `invalid_scope` place on refusal. Duplicates
// collapse; order never matters.
Result<std::vector<RequestedPermission>> parse_scope(std::string_view scope);
// RFC 9396 section 2: `invalid_authorization_details` place; unknown members are refused.
Result<std::vector<RequestedPermission>> parse_authorization_details(const json::Value& array);

// The part of `granted` that is asked for; refuses with `outside_authority` where any requested
// permission, action, location, identifier or constraint does not lie within it: too wide a request
// is refused, never quietly cut. The result is within `granted`.
Result<Authority> select(const Authority& granted,
                         const std::vector<RequestedPermission>& requested, Place place);

// `type:action` words of an authority, sorted: its shorthand.
std::string to_scope(const Authority& authority);

}  // namespace mandate
