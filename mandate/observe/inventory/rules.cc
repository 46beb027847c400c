#include "mandate/observe/inventory/rules.h"

#include <algorithm>
#include <cstdlib>

namespace mandate::observe {
namespace {

using enum FindingClass;

constexpr std::string_view kAws =
    "service control policies, session policies and resource policies "
    "are not in this inventory and may still refuse";
constexpr std::string_view kAwsUse =
    "last use is told with a delay, and for the tracking period only";
constexpr std::string_view kKubernetes =
    "admission control and other authorizers are not in this "
    "inventory and may still refuse or allow";
constexpr std::string_view kOauth = "what the app does with the grant is not in this inventory";

constexpr InventoryRule kRules[] = {
    {"aws_privilege_escalation", kUngovernedDelegation, "policies, roles with their trust", "NHI5",
     "PR.AA-05", kAws,
     "take away the named permission, or bound it to the resources that are used"},
    {"aws_role_chain", kBorrowedTrust, "roles with their trust", "NHI5", "PR.AA-05", kAws,
     "let the last role trust who is meant, with a delegation that ends, instead of the role "
     "between"},
    {"aws_cross_account_trust", kBorrowedTrust, "roles with their trust", "NHI3", "GV.SC-05",
     "who may use the trust inside the other account is that account's to say",
     "trust a named role with an external id, with only the rights that are used"},
    {"aws_public_trust", kBorrowedTrust, "roles with their trust", "NHI6", "PR.AA-05", kAws,
     "name the principals that are meant"},
    {"aws_federated_trust_unbound", kBorrowedTrust, "roles with their trust", "NHI4", "PR.AA-05",
     "who can get a token of the issuer is the issuer's to say",
     "bind the trust to the subject that is meant"},
    {"aws_whole_account_trust", kUngovernedDelegation, "roles with their trust", "NHI5", "PR.AA-05",
     kAws, "name the principals that are meant"},
    {"aws_service_admin", kUngovernedDelegation, "roles with their trust and policies", "NHI5",
     "PR.AA-05", "which workloads of the service run as the role is not in this inventory",
     "one role for each workload, with only the rights that it uses"},
    {"aws_trust_of_deleted", kUngovernedDelegation, "roles with their trust", "NHI1", "PR.AA-01",
     "whom the id stood for is no longer told", "remove the party from the trust"},
    {"aws_unused_role", kUngovernedDelegation, "RoleLastUsed, CreateDate", "NHI1", "PR.AA-01",
     kAwsUse, "remove the role, or say who owns it and until when it is needed"},
    {"aws_stale_role", kUngovernedDelegation, "RoleLastUsed", "NHI1", "PR.AA-01", kAwsUse,
     "remove the role, or say who owns it and until when it is needed"},
    {"aws_stale_user", kUngovernedDelegation, "PasswordLastUsed", "NHI1", "PR.AA-01",
     "the use of access keys is not in this inventory", "remove the login"},
    {"aws_ownerless_role", kUngovernedDelegation, "tags", "NHI1", "ID.AM-08",
     "an owner may be on record elsewhere", "record an owner"},
    {"aws_duplicate_role", kUngovernedDelegation, "roles with their trust and policies", "NHI9",
     "PR.AA-05", "the copies may be meant, one for a region or a stage",
     "keep one, or say which workload each is for"},
    {"k8s_privilege_escalation", kUngovernedDelegation, "roles and bindings", "NHI5", "PR.AA-05",
     kKubernetes, "take away the named permission, or bound it to named resources"},
    {"k8s_broad_group", kUngovernedDelegation, "bindings", "NHI5", "PR.AA-05", kKubernetes,
     "bind the identities that are meant instead of everybody of a kind"},
    {"k8s_wildcard", kUngovernedDelegation, "roles and bindings", "NHI5", "PR.AA-05", kKubernetes,
     "name the verbs and resources that are used"},
    {"k8s_workload_escape", kUngovernedDelegation, "pods, or what makes them", "NHI6", "PR.PS-01",
     "what the container runs, and what the node's kernel allows, are not in this inventory",
     "drop what the workload does not use"},
    {"k8s_shared_service_account", kBorrowedTrust, "pods, roles and bindings", "NHI9", "PR.AA-05",
     "replicas of one application may be meant", "one service account for each workload"},
    {"k8s_long_lived_token", kUngovernedDelegation, "secrets", "NHI7", "PR.AA-01",
     "who holds a copy of the token is not in this inventory",
     "use tokens that end, bound to their pod"},
    {"oauth_broad_grant", kBorrowedTrust, "grants", "NHI3", "GV.SC-05", kOauth,
     "consent to the scopes that are used, for the people who use it"},
    {"oauth_stale_grant", kUngovernedDelegation, "grants with their last use", "NHI1", "PR.AA-01",
     kOauth, "withdraw the grant"},
    {"oauth_ownerless_app", kUngovernedDelegation, "apps with their owners", "NHI1", "ID.AM-08",
     "an owner may be on record elsewhere", "record an owner"},
    {"oauth_credential_overdue", kUngovernedDelegation, "apps with their credentials", "NHI7",
     "PR.AA-01", "whether the credential is in use is not in this inventory",
     "rotate it, and let the next one end sooner"},
};

}  // namespace

std::span<const InventoryRule> inventory_rules() { return kRules; }

const InventoryRule& inventory_rule(std::string_view id) {
  const auto* found = std::find_if(std::begin(kRules), std::end(kRules),
                                   [id](const InventoryRule& rule) { return rule.id == id; });
  if (found == std::end(kRules)) std::abort();  // our bug: no such row
  return *found;
}

}  // namespace mandate::observe
