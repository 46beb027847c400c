#include "mandate/observe/inventory/k8s_objects.h"

#include <algorithm>
#include <array>

namespace mandate::observe {
namespace {

constexpr std::string_view kDefault = "default";

std::string string_at(const json::Value& value, std::string_view key) {
  const json::Value* member = value.find(key);
  return member != nullptr && member->is_string() ? member->as_string() : std::string();
}

std::optional<bool> bool_at(const json::Value& value, std::string_view key) {
  const json::Value* member = value.find(key);
  if (member == nullptr || !member->is_bool()) return std::nullopt;
  return member->as_bool();
}

const json::Array& array_at(const json::Value& value, std::string_view key) {
  static const json::Array kEmpty;
  const json::Value* member = value.find(key);
  return member != nullptr && member->is_array() ? member->as_array() : kEmpty;
}

// The value at a path of members; a null where there is none.
const json::Value& at_path(const json::Value& value, std::initializer_list<std::string_view> path) {
  static const json::Value kNull;
  const json::Value* at = &value;
  for (std::string_view key : path) {
    at = at->find(key);
    if (at == nullptr) return kNull;
  }
  return *at;
}

std::vector<std::string> strings_at(const json::Value& value, std::string_view key) {
  std::vector<std::string> out;
  for (const json::Value& item : array_at(value, key)) {
    if (item.is_string()) out.push_back(item.as_string());
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> labels_of(const json::Value& value) {
  std::vector<std::pair<std::string, std::string>> out;
  if (!value.is_object()) return out;
  for (const json::Member& member : value.as_object()) {
    if (member.value.is_string()) out.emplace_back(member.key, member.value.as_string());
  }
  return out;
}

K8sRole read_role(const json::Value& value, const std::string& name, const std::string& scope,
                  const PlaceOf& place_of) {
  K8sRole role{.name = name,
               .scope = scope,
               .rules = {},
               .aggregates = {},
               .labels = {},
               .place = place_of(value)};
  for (const json::Value& rule : array_at(value, "rules")) {
    role.rules.push_back({strings_at(rule, "apiGroups"), strings_at(rule, "resources"),
                          strings_at(rule, "verbs"), strings_at(rule, "resourceNames"),
                          strings_at(rule, "nonResourceURLs"), place_of(rule)});
  }
  for (const auto& [key, text] : labels_of(at_path(value, {"metadata", "labels"}))) {
    role.labels[key] = text;
  }
  const json::Value& aggregation = at_path(value, {"aggregationRule"});
  for (const json::Value& selector : array_at(aggregation, "clusterRoleSelectors")) {
    role.aggregates.push_back(labels_of(at_path(selector, {"matchLabels"})));
  }
  return role;
}

K8sBinding read_binding(const json::Value& value, const std::string& name, const std::string& scope,
                        const PlaceOf& place_of) {
  K8sBinding binding{.name = name,
                     .scope = scope,
                     .role_kind = {},
                     .role_name = {},
                     .subjects = {},
                     .place = place_of(value)};
  const json::Value& role = at_path(value, {"roleRef"});
  binding.role_kind = string_at(role, "kind");
  binding.role_name = string_at(role, "name");
  for (const json::Value& subject : array_at(value, "subjects")) {
    binding.subjects.push_back(
        {string_at(subject, "kind"), string_at(subject, "name"), string_at(subject, "namespace")});
  }
  const json::Value& labels = at_path(value, {"metadata", "labels"});
  binding.is_platforms = string_at(labels, "kubernetes.io/bootstrapping") == "rbac-defaults";
  return binding;
}

// Where the pod's spec stands in each kind that makes pods.
const json::Value* pod_spec(const json::Value& value, std::string_view kind) {
  const json::Value* spec = nullptr;
  if (kind == "Pod") {
    spec = &at_path(value, {"spec"});
  } else if (kind == "PodTemplate") {
    spec = &at_path(value, {"template", "spec"});
  } else if (kind == "CronJob") {
    spec = &at_path(value, {"spec", "jobTemplate", "spec", "template", "spec"});
  } else {
    constexpr std::array<std::string_view, 6> kKinds = {
        "Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "Job", "ReplicationController"};
    if (std::find(kKinds.begin(), kKinds.end(), kind) == kKinds.end()) return nullptr;
    spec = &at_path(value, {"spec", "template", "spec"});
  }
  return spec->is_object() ? spec : nullptr;
}

bool projects_token(const json::Value& spec) {
  for (const json::Value& volume : array_at(spec, "volumes")) {
    for (const json::Value& source : array_at(at_path(volume, {"projected"}), "sources")) {
      if (source.find("serviceAccountToken") != nullptr) return true;
    }
  }
  return false;
}

std::string owner_of(const json::Value& metadata, const std::string& scope) {
  for (const json::Value& owner : array_at(metadata, "ownerReferences")) {
    if (bool_at(owner, "controller").value_or(false)) {
      return string_at(owner, "kind") + "/" + scope + "/" + string_at(owner, "name");
    }
  }
  return {};
}

}  // namespace

bool K8sObjects::is_object(const json::Value& value) {
  return !string_at(value, "apiVersion").empty() && !string_at(value, "kind").empty();
}

void K8sObjects::add(const json::Value& value, const PlaceOf& place_of) {
  std::string kind = string_at(value, "kind");
  if (!kind.ends_with("List") || value.find("items") == nullptr) {
    return add_one(value, kind, place_of);
  }
  kind.resize(kind.size() - 4);
  for (const json::Value& item : array_at(value, "items")) {
    // Items of a typed list need not say their kind.
    std::string own = string_at(item, "kind");
    add_one(item, own.empty() ? kind : own, place_of);
  }
}

void K8sObjects::add_one(const json::Value& value, std::string_view kind, const PlaceOf& place_of) {
  const json::Value& metadata = at_path(value, {"metadata"});
  std::string name = string_at(metadata, "name");
  if (name.empty()) name = string_at(metadata, "generateName");
  std::string scope = string_at(metadata, "namespace");
  bool is_cluster = kind.starts_with("Cluster");
  if (is_cluster) scope.clear();
  if (!is_cluster && scope.empty()) scope = kDefault;
  ++objects;
  if (name.empty() || seen_[std::string(kind) + "/" + scope + "/" + name]) return;
  seen_[std::string(kind) + "/" + scope + "/" + name] = true;
  if (kind == "Role" || kind == "ClusterRole") {
    roles.push_back(read_role(value, name, scope, place_of));
  } else if (kind == "RoleBinding" || kind == "ClusterRoleBinding") {
    bindings.push_back(read_binding(value, name, scope, place_of));
  } else if (kind == "ServiceAccount") {
    accounts.push_back(
        {name, scope, bool_at(value, "automountServiceAccountToken"), place_of(value)});
  } else if (kind == "Secret") {
    if (string_at(value, "type") != "kubernetes.io/service-account-token") return;
    tokens.push_back(
        {name, scope,
         string_at(at_path(metadata, {"annotations"}), "kubernetes.io/service-account.name"),
         place_of(value)});
  } else if (const json::Value* spec = pod_spec(value, kind)) {
    K8sWorkload workload{.kind = std::string(kind),
                         .name = name,
                         .scope = scope,
                         .account = {},
                         .mounts_token = {},
                         .facts = {},
                         .owner = {},
                         .place = place_of(value)};
    workload.account = string_at(*spec, "serviceAccountName");
    if (workload.account.empty()) workload.account = string_at(*spec, "serviceAccount");
    if (workload.account.empty()) workload.account = kDefault;
    workload.mounts_token = bool_at(*spec, "automountServiceAccountToken");
    workload.projects_token = projects_token(*spec);
    workload.facts = workload_facts(*spec);
    workload.owner = owner_of(metadata, scope);
    workloads.push_back(std::move(workload));
  }
}

}  // namespace mandate::observe
