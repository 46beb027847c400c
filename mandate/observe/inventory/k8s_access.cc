#include "mandate/observe/inventory/k8s_access.h"

#include <algorithm>
#include <array>
#include <utility>

namespace mandate::observe {
namespace {

bool holds(const std::vector<std::string>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

bool holds_or_all(const std::vector<std::string>& list, std::string_view item) {
  return holds(list, "*") || holds(list, item);
}

bool covers_resource(const std::vector<std::string>& list, std::string_view resource) {
  if (holds_or_all(list, resource)) return true;
  std::size_t slash = resource.find('/');
  return slash != std::string_view::npos && holds(list, "*" + std::string(resource.substr(slash)));
}

bool covers(const K8sRule& rule, const K8sAsk& ask) {
  return holds_or_all(rule.api_groups, ask.group) &&
         covers_resource(rule.resources, ask.resource) && holds_or_all(rule.verbs, ask.verb);
}

// `bind` and `escalate` are asked of the role in the binding's namespace, and the right to get a
// namespace in that namespace.
bool is_asked_in_namespace(const K8sAsk& ask) {
  return ask.verb == "bind" || ask.verb == "escalate" || !is_cluster_scoped(ask.resource);
}

K8sRule rule(std::initializer_list<std::string> groups,
             std::initializer_list<std::string> resources,
             std::initializer_list<std::string> verbs) {
  return {groups, resources, verbs, {}, {}, {}};
}

K8sRole built_in(std::string name, std::vector<K8sRule> rules) {
  return {std::move(name), {}, std::move(rules), {}, {}, {}};
}

// What every API server has for people (kubernetes.io, "User-facing roles"), as far as it matters
// for reach; an inventory's own objects of these names stand before them.
std::deque<K8sRole> built_in_roles() {
  K8sRule edit = rule({"", "apps", "batch"},
                      {"pods", "pods/exec", "pods/attach", "deployments", "daemonsets",
                       "statefulsets", "replicasets", "replicationcontrollers", "jobs", "cronjobs",
                       "serviceaccounts", "configmaps"},
                      {"create", "delete", "patch", "update", "get", "list", "watch"});
  K8sRule secrets = rule({""}, {"secrets"}, {"get", "list", "watch", "create", "update", "patch"});
  K8sRule act_as = rule({""}, {"serviceaccounts"}, {"impersonate"});
  K8sRule tokens = rule({""}, {"serviceaccounts/token"}, {"create"});
  K8sRule rbac = rule({"rbac.authorization.k8s.io"}, {"roles", "rolebindings"},
                      {"create", "delete", "patch", "update", "get", "list", "watch"});
  K8sRule all = rule({"*"}, {"*"}, {"*"});
  all.urls = {"*"};
  std::deque<K8sRole> roles;
  roles.push_back(built_in("cluster-admin", {all}));
  roles.push_back(built_in("admin", {edit, secrets, act_as, tokens, rbac}));
  roles.push_back(built_in("edit", {edit, secrets, act_as, tokens}));
  roles.push_back(built_in("view", {rule({""}, {"pods"}, {"get", "list", "watch"})}));
  return roles;
}

}  // namespace

bool is_cluster_scoped(std::string_view resource) {
  constexpr std::array<std::string_view, 32> kNames = {"nodes",
                                                       "persistentvolumes",
                                                       "clusterroles",
                                                       "clusterrolebindings",
                                                       "users",
                                                       "groups",
                                                       "uids",
                                                       "userextras",
                                                       "mutatingwebhookconfigurations",
                                                       "validatingwebhookconfigurations",
                                                       "validatingadmissionpolicies",
                                                       "validatingadmissionpolicybindings",
                                                       "customresourcedefinitions",
                                                       "apiservices",
                                                       "certificatesigningrequests",
                                                       "signers",
                                                       "storageclasses",
                                                       "volumeattachments",
                                                       "csidrivers",
                                                       "csinodes",
                                                       "priorityclasses",
                                                       "runtimeclasses",
                                                       "ingressclasses",
                                                       "flowschemas",
                                                       "prioritylevelconfigurations",
                                                       "tokenreviews",
                                                       "subjectaccessreviews",
                                                       "selfsubjectaccessreviews",
                                                       "selfsubjectrulesreviews",
                                                       "componentstatuses",
                                                       "podsecuritypolicies",
                                                       "clustertrustbundles"};
  std::string_view name = resource.substr(0, resource.find('/'));
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

std::string service_account_id(std::string_view scope, std::string_view name) {
  return "system:serviceaccount:" + std::string(scope) + ":" + std::string(name);
}

K8sAccess::K8sAccess(const K8sObjects& objects) : objects_(objects), built_in_(built_in_roles()) {
  for (const K8sRole& role : objects.roles) roles_.emplace(std::pair(role.scope, role.name), &role);
  for (const K8sRole& role : built_in_) roles_.emplace(std::pair(role.scope, role.name), &role);
  for (const K8sBinding& binding : objects.bindings) bind(binding);
}

K8sHolder& K8sAccess::holder(const std::string& id, const std::string& kind) {
  K8sHolder*& found = by_id_[kind + ":" + id];
  if (found == nullptr) found = &holders_.emplace_back(K8sHolder{id, kind, {}, {}});
  return *found;
}

const K8sRole* K8sAccess::role_of(const K8sBinding& binding) const {
  bool is_cluster_role = binding.role_kind == "ClusterRole";
  auto found = roles_.find({is_cluster_role ? std::string() : binding.scope, binding.role_name});
  return found == roles_.end() ? nullptr : found->second;
}

// An aggregated role is what its parts are; the controller copies their rules, so rules that stand
// in it already say the same.
void K8sAccess::gather_rules(const K8sRole& role, std::vector<const K8sRule*>& out) const {
  for (const K8sRule& rule : role.rules) out.push_back(&rule);
  for (const auto& selector : role.aggregates) {
    for (const K8sRole& part : objects_.roles) {
      bool is_part = &part != &role && part.scope.empty() && !selector.empty() &&
                     std::all_of(selector.begin(), selector.end(), [&](const auto& label) {
                       auto found = part.labels.find(label.first);
                       return found != part.labels.end() && found->second == label.second;
                     });
      if (!is_part) continue;
      for (const K8sRule& rule : part.rules) out.push_back(&rule);
    }
  }
}

void K8sAccess::check_scope(const K8sBinding& binding, const K8sRole& role,
                            const std::string& subject) {
  std::vector<const K8sRule*> rules;
  gather_rules(role, rules);
  for (const K8sRule* rule : rules) {
    std::string what;
    for (const std::string& resource : rule->resources) {
      bool only_bind = std::all_of(rule->verbs.begin(), rule->verbs.end(), [](const auto& verb) {
        return verb == "bind" || verb == "escalate";
      });
      if (is_cluster_scoped(resource) && !only_bind) what += (what.empty() ? "" : ", ") + resource;
    }
    if (!rule->urls.empty() && rule->resources.empty()) what = "URLs of the API server";
    if (what.empty()) continue;
    std::string role_kind = role.scope.empty() ? "ClusterRole " : "Role ";
    ineffective_.push_back({subject,
                            role_kind + role.name + " grants " + what +
                                ", which stand in no "
                                "namespace, and RoleBinding " +
                                binding.scope + "/" + binding.name + " gives it in the namespace " +
                                binding.scope + " only",
                            rule->place});
  }
}

void K8sAccess::bind(const K8sBinding& binding) {
  std::string name = (binding.scope.empty() ? "ClusterRoleBinding " : "RoleBinding ") +
                     (binding.scope.empty() ? "" : binding.scope + "/") + binding.name;
  if (binding.scope.empty() && binding.role_kind != "ClusterRole") {
    ineffective_.push_back(
        {name, "a ClusterRoleBinding cannot give a " + binding.role_kind, binding.place});
    return;
  }
  const K8sRole* role = role_of(binding);
  if (role == nullptr) {
    unknown_roles_.push_back(&binding);
    return;
  }
  std::vector<const K8sRule*> rules;
  gather_rules(*role, rules);
  for (const K8sSubject& subject : binding.subjects) {
    bool is_account = subject.kind == "ServiceAccount";
    std::string id = is_account ? service_account_id(subject.scope, subject.name) : subject.name;
    if (is_account && subject.scope.empty()) {
      ineffective_.push_back({service_account_id(binding.scope, subject.name),
                              name + " names the service account " + subject.name +
                                  " without its namespace, which the API server refuses",
                              binding.place});
      if (!binding.scope.empty()) {
        check_scope(binding, *role, service_account_id(binding.scope, subject.name));
      }
      continue;
    }
    if (binding.is_platforms) continue;
    if (!binding.scope.empty()) check_scope(binding, *role, id);
    K8sHolder& of = holder(id, subject.kind);
    for (const K8sRule* rule : rules) {
      of.grants.push_back({rule, role, &binding, binding.scope});
      of.scopes.insert(binding.scope);
    }
  }
}

const K8sGrant* K8sAccess::can(const K8sHolder& holder, const K8sAsk& ask,
                               std::string_view scope) const {
  for (const K8sGrant& grant : holder.grants) {
    bool is_everywhere = grant.scope.empty();
    if (!is_everywhere && (grant.scope != scope || !is_asked_in_namespace(ask))) continue;
    // Names bound what is there already; what is made has no name yet, so nothing can be made.
    if (grant.rule->names.empty() && covers(*grant.rule, ask)) return &grant;
  }
  return nullptr;
}

std::set<std::string> K8sAccess::names(const K8sHolder& holder, const K8sAsk& ask,
                                       std::string_view scope) const {
  std::set<std::string> out;
  for (const K8sGrant& grant : holder.grants) {
    if (!grant.scope.empty() && (grant.scope != scope || !is_asked_in_namespace(ask))) continue;
    if (covers(*grant.rule, ask)) out.insert(grant.rule->names.begin(), grant.rule->names.end());
  }
  return out;
}

}  // namespace mandate::observe
