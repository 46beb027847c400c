// What `aws iam get-account-authorization-details` says, of one or of several accounts and pages:
// users, groups, roles, and the policies that hold for each.
//
//   AwsAccounts accounts;
//   if (AwsAccounts::is_page(value)) accounts.add_page(value, place_of);
//   accounts.finish();
//   for (const AwsEntity& entity : accounts.entities()) ...
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "mandate/base/instant.h"
#include "mandate/observe/inventory/aws_policy.h"

namespace mandate::observe {

enum class AwsKind : std::uint8_t { kUser, kGroup, kRole };

struct AwsEntity {
  AwsKind kind = AwsKind::kUser;
  std::string arn;
  std::string name;
  std::string path;
  std::string account;
  std::string unique_id;
  std::vector<std::pair<std::string, std::string>> tags;
  std::vector<std::string> groups;    // names, of a user
  std::vector<std::string> attached;  // ARNs of managed policies
  std::deque<AwsPolicy> inline_policies;
  AwsPolicy trust;       // of a role
  std::string boundary;  // ARN, or empty
  std::optional<Instant> created;
  std::optional<Instant> last_used;          // of a role's session, or a user's password
  bool tells_last_use = false;               // a role whose RoleLastUsed stands there, even empty
  std::optional<bool> has_instance_profile;  // of a role, where the inventory says
  InventoryPlace place;

  // By `finish`: everything that holds for it, its groups' policies with it.
  std::vector<const AwsPolicy*> policies;
  const AwsPolicy* boundary_policy = nullptr;  // nullptr too where it is not in the inventory
  bool misses_policies = false;                // some attached policy is not in the inventory

  // Made and used by the platform alone.
  bool is_service_linked() const { return path.starts_with("/aws-service-role/"); }
};

// A managed policy; `document` is its default version.
struct AwsManagedPolicy {
  AwsPolicy document;
  bool has_other_versions = false;
  bool is_customers() const;  // those of the platform nobody can change
};

class AwsAccounts {
 public:
  static bool is_page(const json::Value& value);
  void add_page(const json::Value& page, const PlaceOf& place_of);
  void finish();

  const std::deque<AwsEntity>& entities() const { return entities_; }
  const std::map<std::string, AwsManagedPolicy>& policies() const { return policies_; }
  const AwsEntity* find(std::string_view arn) const;
  // A role by its account and name, whatever its path: what a session's ARN tells.
  const AwsEntity* find_role(std::string_view account, std::string_view name) const;
  // The latest date that the inventory shows of the account: it was taken then or later.
  Instant as_of(const std::string& account) const;
  bool knows(const std::string& account) const { return as_of_.contains(account); }

 private:
  void add_entity(AwsKind kind, const json::Value& value, const PlaceOf& place_of);
  void add_policy(const json::Value& value, const PlaceOf& place_of);
  void resolve(AwsEntity& entity);
  void attach(AwsEntity& to, const AwsEntity& from);
  void see(const std::string& account, std::optional<Instant> instant);

  std::deque<AwsEntity> entities_;
  std::unordered_map<std::string, AwsEntity*> by_arn_;
  std::map<std::pair<std::string, std::string>, AwsEntity*> roles_;   // account and name
  std::map<std::pair<std::string, std::string>, AwsEntity*> groups_;  // account and name
  std::map<std::string, AwsManagedPolicy> policies_;
  std::map<std::string, Instant> as_of_;
};

// The fifth part of an ARN, or empty.
std::string account_of(std::string_view arn);

}  // namespace mandate::observe
