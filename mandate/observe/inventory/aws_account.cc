#include "mandate/observe/inventory/aws_account.h"

#include <algorithm>
#include <array>

namespace mandate::observe {
namespace {

constexpr std::string_view kLists[] = {"UserDetailList", "GroupDetailList", "RoleDetailList"};
constexpr std::string_view kAdministratorAccess = "arn:aws:iam::aws:policy/AdministratorAccess";

std::string string_at(const json::Value& value, std::string_view key) {
  const json::Value* member = value.find(key);
  return member != nullptr && member->is_string() ? member->as_string() : std::string();
}

std::optional<Instant> time_at(const json::Value& value, std::string_view key) {
  return read_time(string_at(value, key));
}

const json::Array& array_at(const json::Value& value, std::string_view key) {
  static const json::Array kEmpty;
  const json::Value* member = value.find(key);
  return member != nullptr && member->is_array() ? member->as_array() : kEmpty;
}

// An account's own administrator policy, also where the inventory was taken without policies.
AwsPolicy administrator_access() {
  AwsPolicy policy{.name = "AdministratorAccess", .arn = std::string(kAdministratorAccess)};
  AwsStatement all;
  all.is_allow = true;
  all.actions = {"*"};
  all.resources = {"*"};
  policy.statements.push_back(std::move(all));
  return policy;
}

}  // namespace

std::string account_of(std::string_view arn) {
  for (int part = 0; part < 4; ++part) {
    std::size_t colon = arn.find(':');
    if (colon == std::string_view::npos) return {};
    arn.remove_prefix(colon + 1);
  }
  return std::string(arn.substr(0, arn.find(':')));
}

bool AwsManagedPolicy::is_customers() const { return account_of(document.arn) != "aws"; }

bool AwsAccounts::is_page(const json::Value& value) {
  for (std::string_view list : kLists) {
    const json::Value* member = value.find(list);
    if (member != nullptr && member->is_array()) return true;
  }
  const json::Array& policies = array_at(value, "Policies");
  return !policies.empty() && policies[0].find("PolicyVersionList") != nullptr;
}

void AwsAccounts::add_page(const json::Value& page, const PlaceOf& place_of) {
  constexpr std::array<AwsKind, 3> kKinds = {AwsKind::kUser, AwsKind::kGroup, AwsKind::kRole};
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    for (const json::Value& value : array_at(page, kLists[i])) {
      add_entity(kKinds[i], value, place_of);
    }
  }
  for (const json::Value& value : array_at(page, "Policies")) add_policy(value, place_of);
}

void AwsAccounts::see(const std::string& account, std::optional<Instant> instant) {
  auto [at, is_new] = as_of_.try_emplace(account, instant.value_or(kBeginningOfTime));
  if (!is_new && instant) at->second = std::max(at->second, *instant);
}

void AwsAccounts::add_entity(AwsKind kind, const json::Value& value, const PlaceOf& place_of) {
  std::string arn = string_at(value, "Arn");
  if (arn.empty() || by_arn_.contains(arn)) return;  // the first page that tells of it counts
  AwsEntity& entity = entities_.emplace_back();
  entity.kind = kind;
  entity.arn = arn;
  by_arn_[arn] = &entity;
  std::string_view noun = kind == AwsKind::kUser    ? "User"
                          : kind == AwsKind::kGroup ? "Group"
                                                    : "Role";
  entity.name = string_at(value, std::string(noun) + "Name");
  entity.unique_id = string_at(value, std::string(noun) + "Id");
  entity.path = string_at(value, "Path");
  entity.account = account_of(arn);
  entity.place = place_of(value);
  entity.created = time_at(value, "CreateDate");
  for (const json::Value& policy : array_at(value, std::string(noun) + "PolicyList")) {
    const json::Value* document = policy.find("PolicyDocument");
    if (document == nullptr) continue;
    entity.inline_policies.push_back(read_policy(*document, place_of));
    entity.inline_policies.back().name = string_at(policy, "PolicyName");
  }
  for (const json::Value& policy : array_at(value, "AttachedManagedPolicies")) {
    entity.attached.push_back(string_at(policy, "PolicyArn"));
  }
  for (const json::Value& group : array_at(value, "GroupList")) {
    if (group.is_string()) entity.groups.push_back(group.as_string());
  }
  for (const json::Value& tag : array_at(value, "Tags")) {
    entity.tags.emplace_back(string_at(tag, "Key"), string_at(tag, "Value"));
  }
  if (const json::Value* boundary = value.find("PermissionsBoundary")) {
    entity.boundary = string_at(*boundary, "PermissionsBoundaryArn");
  }
  if (const json::Value* trust = value.find("AssumeRolePolicyDocument")) {
    entity.trust = read_policy(*trust, place_of);
  }
  if (const json::Value* used = value.find("RoleLastUsed"); used != nullptr && used->is_object()) {
    entity.tells_last_use = true;
    entity.last_used = time_at(*used, "LastUsedDate");
  }
  if (kind == AwsKind::kUser) entity.last_used = time_at(value, "PasswordLastUsed");
  if (const json::Value* profiles = value.find("InstanceProfileList")) {
    entity.has_instance_profile = profiles->is_array() && !profiles->as_array().empty();
  }
  see(entity.account, entity.created);
  see(entity.account, entity.last_used);
  auto key = std::pair(entity.account, entity.name);
  if (kind == AwsKind::kRole) roles_[key] = &entity;
  if (kind == AwsKind::kGroup) groups_[key] = &entity;
}

void AwsAccounts::add_policy(const json::Value& value, const PlaceOf& place_of) {
  std::string arn = string_at(value, "Arn");
  if (arn.empty() || policies_.contains(arn)) return;
  AwsManagedPolicy& managed = policies_[arn];
  managed.document.arn = arn;
  const json::Array& versions = array_at(value, "PolicyVersionList");
  managed.has_other_versions = versions.size() > 1;
  for (const json::Value& version : versions) {
    const json::Value* is_default = version.find("IsDefaultVersion");
    const json::Value* document = version.find("Document");
    if (document == nullptr || is_default == nullptr || !is_default->is_bool() ||
        !is_default->as_bool()) {
      continue;
    }
    managed.document = read_policy(*document, place_of);
  }
  managed.document.arn = arn;
  managed.document.name = string_at(value, "PolicyName");
  managed.document.place = place_of(value);
}

void AwsAccounts::attach(AwsEntity& to, const AwsEntity& from) {
  for (const AwsPolicy& policy : from.inline_policies) to.policies.push_back(&policy);
  for (const std::string& arn : from.attached) {
    auto found = policies_.find(arn);
    if (found == policies_.end() && arn == kAdministratorAccess) {
      found = policies_.emplace(arn, AwsManagedPolicy{administrator_access(), false}).first;
    }
    if (found == policies_.end()) {
      to.misses_policies = true;
    } else {
      to.policies.push_back(&found->second.document);
    }
  }
}

void AwsAccounts::resolve(AwsEntity& entity) {
  attach(entity, entity);
  for (const std::string& name : entity.groups) {
    auto group = groups_.find({entity.account, name});
    if (group == groups_.end()) {
      entity.misses_policies = true;
    } else {
      attach(entity, *group->second);
    }
  }
  auto boundary = policies_.find(entity.boundary);
  if (boundary != policies_.end()) entity.boundary_policy = &boundary->second.document;
}

void AwsAccounts::finish() {
  for (AwsEntity& entity : entities_) resolve(entity);
}

const AwsEntity* AwsAccounts::find(std::string_view arn) const {
  auto found = by_arn_.find(std::string(arn));
  return found == by_arn_.end() ? nullptr : found->second;
}

const AwsEntity* AwsAccounts::find_role(std::string_view account, std::string_view name) const {
  auto found = roles_.find({std::string(account), std::string(name)});
  return found == roles_.end() ? nullptr : found->second;
}

Instant AwsAccounts::as_of(const std::string& account) const {
  auto found = as_of_.find(account);
  return found == as_of_.end() ? kBeginningOfTime : found->second;
}

}  // namespace mandate::observe
