#include "mandate/observe/inventory/k8s_findings.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace mandate::observe {
namespace {

std::string id_of(const K8sRole& role) {
  return (role.scope.empty() ? "ClusterRole/" : "Role/" + role.scope + "/") + role.name;
}

std::string id_of(const K8sBinding& binding) {
  return (binding.scope.empty() ? "ClusterRoleBinding/" : "RoleBinding/" + binding.scope + "/") +
         binding.name;
}

std::string where(std::string_view scope) {
  return scope.empty() ? "in the whole cluster" : "in the namespace " + std::string(scope);
}

bool is_everybody(const K8sHolder& holder) {
  constexpr std::array<std::string_view, 5> kNames = {"system:authenticated",
                                                      "system:unauthenticated", "system:anonymous",
                                                      "system:serviceaccounts", "system:nodes"};
  return std::find(kNames.begin(), kNames.end(), holder.id) != kNames.end() ||
         holder.id.starts_with("system:serviceaccounts:");
}

// The API server's own groups of administrators.
bool is_administrators(const K8sHolder& holder) {
  return holder.kind == "Group" &&
         (holder.id == "system:masters" || holder.id == "kubeadm:cluster-admins");
}

Severity severity_of(const Outlook& outlook) {
  if (outlook.is_admin) return outlook.is_conditional ? Severity::kHigh : Severity::kCritical;
  return outlook.is_privileged ? Severity::kHigh : Severity::kMedium;
}

}  // namespace

Finding K8sView::about(const Draft& draft, std::string_view rule, const K8sHolder& holder,
                       const std::vector<const K8sGrant*>& grants) const {
  graph::Node node = holders_.at(&holder);
  Finding finding = draft.finding(rule, std::string(draft.graph().id(node)), node);
  for (const K8sGrant* grant : grants) {
    finding.evidence.push_back(draft.evidence(grant->binding->place, id_of(*grant->binding)));
    finding.evidence.push_back(draft.evidence(grant->rule->place, id_of(*grant->role)));
  }
  for (const K8sAccount& account : objects_.accounts) {
    if (service_account_id(account.scope, account.name) != holder.id) continue;
    finding.evidence.push_back(
        draft.evidence(account.place, "ServiceAccount/" + account.scope + "/" + account.name));
  }
  return finding;
}

void K8sView::add_findings(Draft& draft) const {
  if (objects_.objects == 0) return;
  for (const K8sHolder& holder : access_.holders()) {
    if (is_administrators(holder)) continue;
    find_holder(draft, holder);
    if (is_everybody(holder)) find_broad_group(draft, holder);
  }
  find_workloads(draft);
  find_shared(draft);
  find_tokens(draft);
  say_ineffective(draft);
}

void K8sView::find_holder(Draft& draft, const K8sHolder& holder) const {
  for (std::string_view scope : holder.scopes) {
    // A person's own rights are no delegation.
    if (holder.kind == "User" || !has_all(holder, scope)) continue;
    Finding finding =
        about(draft, "k8s_wildcard", holder, {access_.can(holder, {"-", "-", "-"}, scope)});
    finding.severity = scope.empty() ? Severity::kCritical : Severity::kHigh;
    finding.explanation = finding.principal + " may do everything " + where(scope);
    draft.add(std::move(finding));
  }
  const std::vector<Way>& ways = ways_.at(&holder);
  if (ways.empty()) return;
  std::vector<const K8sGrant*> grants;
  std::vector<std::string> sentences;
  bool needs_pods = true;
  for (const Way& way : ways) {
    grants.push_back(way.grant);
    std::string only = way.only.empty() ? "" : " (" + way.only + " only)";
    sentences.push_back(std::string(way.row->how) + only + " " + where(way.scope));
    needs_pods &= way.row->gain == K8sGain::kRunningAccounts;
  }
  Finding finding = about(draft, "k8s_privilege_escalation", holder, grants);
  finding.severity = severity_of(outlook(draft, holders_.at(&holder)));
  finding.explanation = finding.principal + " " + listed(sentences);
  if (needs_pods) {
    finding.confidence = Confidence::kMedium;
    finding.reasons.emplace_back("it depends on which pods run when it is used");
  }
  draft.add(std::move(finding));
}

void K8sView::find_broad_group(Draft& draft, const K8sHolder& holder) const {
  std::vector<const K8sGrant*> grants;
  std::set<std::string> rights;
  for (const K8sGrant& grant : holder.grants) {
    if (grant.rule->resources.empty()) continue;  // health and discovery
    grants.push_back(&grant);
    rights.insert(listed(grant.rule->verbs) + " " + listed(grant.rule->resources) + " " +
                  where(grant.scope));
  }
  if (grants.empty()) return;
  Finding finding = about(draft, "k8s_broad_group", holder, grants);
  bool is_unknown = holder.id == "system:unauthenticated" || holder.id == "system:anonymous";
  bool is_dangerous = !ways_.at(&holder).empty();
  finding.severity = is_unknown && is_dangerous   ? Severity::kCritical
                     : is_unknown || is_dangerous ? Severity::kHigh
                                                  : Severity::kMedium;
  finding.explanation = "everybody of " + holder.id + " may " +
                        listed(std::vector<std::string>(rights.begin(), rights.end()));
  if (holder.id == "system:nodes") {
    finding.reasons.emplace_back(
        "the node authorizer bounds each node to its own pods; this binding does not");
  }
  draft.add(std::move(finding));
}

void K8sView::find_workloads(Draft& draft) const {
  for (const K8sWorkload& workload : objects_.workloads) {
    if (workload.facts.empty() || is_made_by_another(workload)) continue;
    Finding finding = draft.finding("k8s_workload_escape", workload.id(), workloads_.at(&workload));
    finding.evidence.push_back(draft.evidence(workload.place, workload.id()));
    std::vector<std::string> facts;
    bool leads_out = false;
    for (const K8sFact& fact : workload.facts) {
      facts.push_back(fact.text);
      leads_out |= fact.leads_out;
    }
    bool is_platforms = workload.scope == "kube-system";
    finding.severity = !leads_out     ? Severity::kLow
                       : is_platforms ? Severity::kMedium
                                      : Severity::kHigh;
    finding.confidence = leads_out && !is_platforms ? Confidence::kHigh : Confidence::kMedium;
    if (is_platforms) finding.reasons.emplace_back("what runs the cluster may need it");
    finding.explanation = workload.id() + " " + listed(facts, 8) +
                          (leads_out ? "; it can take its node, and with it the tokens of the pods "
                                       "there and the node's own credential"
                                     : "");
    draft.add(std::move(finding));
  }
}

// A service account with rights that different workloads use: one falls, and looks like the other.
void K8sView::find_shared(Draft& draft) const {
  std::map<std::string, std::vector<const K8sWorkload*>> users;
  for (const K8sWorkload& workload : objects_.workloads) {
    if (is_made_by_another(workload) || !mounts_token(workload)) continue;
    users[service_account_id(workload.scope, workload.account)].push_back(&workload);
  }
  for (const K8sHolder& holder : access_.holders()) {
    auto found = users.find(holder.id);
    bool has_rights = std::any_of(holder.grants.begin(), holder.grants.end(),
                                  [](const auto& grant) { return !grant.rule->resources.empty(); });
    if (found == users.end() || found->second.size() < 2 || !has_rights) continue;
    Finding finding = about(draft, "k8s_shared_service_account", holder, {});
    std::vector<std::string> names;
    for (const K8sWorkload* workload : found->second) {
      names.push_back(workload->id());
      finding.evidence.push_back(draft.evidence(workload->place, workload->id()));
    }
    finding.severity = finding.reach.privileged ? Severity::kHigh : Severity::kMedium;
    finding.confidence = Confidence::kMedium;
    finding.explanation = "one service account, " + holder.id + ", stands for " + listed(names);
    draft.add(std::move(finding));
  }
}

void K8sView::find_tokens(Draft& draft) const {
  for (const K8sToken& token : objects_.tokens) {
    if (token.account.empty()) continue;
    std::string account = service_account_id(token.scope, token.account);
    std::string id = "Secret/" + token.scope + "/" + token.name;
    Finding finding = draft.finding("k8s_long_lived_token", account, accounts_.at(account));
    finding.credential = id;
    finding.evidence.push_back(draft.evidence(token.place, id));
    finding.severity = finding.reach.privileged ? Severity::kHigh : Severity::kLow;
    finding.explanation = id + " holds a token of " + account + " that never ends";
    draft.add(std::move(finding));
  }
}

void K8sView::say_ineffective(Draft& draft) const {
  for (const K8sIneffective& grant : access_.ineffective()) {
    draft.note("ineffective", grant.subject, grant.reason,
               draft.evidence(grant.place, grant.subject));
  }
  for (const K8sBinding* binding : access_.unknown_roles()) {
    draft.note("coverage", id_of(*binding),
               "it gives " + binding->role_kind + " " + binding->role_name +
                   ", which is not in the inventory",
               draft.evidence(binding->place, id_of(*binding)));
  }
}

void K8sView::add_grants(Draft& draft) const {
  for (const K8sHolder& holder : access_.holders()) {
    for (const K8sGrant& grant : holder.grants) {
      const std::string scope = grant.scope.empty() ? "" : std::string(grant.scope) + "/";
      for (const std::string& resource : grant.rule->resources) {
        std::vector<std::string> things;
        for (const std::string& name : grant.rule->names) things.push_back(scope + name);
        if (things.empty()) things.push_back(scope.empty() ? "*" : scope + "*");
        for (const std::string& thing : things) {
          const std::string on = thing == "*" ? thing : resource + "/" + thing;
          for (const std::string& verb : grant.rule->verbs) {
            draft.grant({holder.id, resource, verb, on});
          }
        }
      }
    }
  }
}

}  // namespace mandate::observe
