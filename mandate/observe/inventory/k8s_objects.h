// Kubernetes objects as an inventory tells of them: RBAC (rbac.authorization.k8s.io/v1), service
// accounts, and whatever makes pods. Names and rights only: the data of a Secret is never kept.
//
//   K8sObjects objects;
//   if (K8sObjects::is_object(value)) objects.add(value, place_of);
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mandate/json/value.h"
#include "mandate/observe/inventory/aws_policy.h"  // PlaceOf
#include "mandate/observe/inventory/documents.h"

namespace mandate::observe {

struct K8sRule {
  std::vector<std::string> api_groups;
  std::vector<std::string> resources;
  std::vector<std::string> verbs;
  std::vector<std::string> names;  // resourceNames; none is all
  std::vector<std::string> urls;   // nonResourceURLs
  InventoryPlace place;
};

struct K8sRole {
  std::string name;
  std::string scope;  // namespace; empty for a ClusterRole
  std::vector<K8sRule> rules;
  // A ClusterRole that is made of others: each selector is labels that must all stand there.
  std::vector<std::vector<std::pair<std::string, std::string>>> aggregates;
  std::map<std::string, std::string> labels;
  InventoryPlace place;
};

struct K8sSubject {
  std::string kind;  // User, Group, ServiceAccount
  std::string name;
  std::string scope;  // namespace of a service account
};

struct K8sBinding {
  std::string name;
  std::string scope;  // namespace; empty for a ClusterRoleBinding
  std::string role_kind;
  std::string role_name;
  std::vector<K8sSubject> subjects;
  bool is_platforms = false;  // made by the API server itself at its start
  InventoryPlace place;
};

struct K8sAccount {
  std::string name;
  std::string scope;
  std::optional<bool> mounts_token;
  InventoryPlace place;
};

// What a workload could do to its node, in words; `leads_out` where the node is its to control.
struct K8sFact {
  std::string text;
  bool leads_out = false;
};

struct K8sWorkload {
  std::string kind;
  std::string name;
  std::string scope;
  std::string account;  // service account
  std::optional<bool> mounts_token;
  bool projects_token = false;
  std::vector<K8sFact> facts;
  std::string owner;  // kind/namespace/name of what made it
  InventoryPlace place;

  std::string id() const { return kind + "/" + scope + "/" + name; }
};

struct K8sToken {
  std::string name;  // of the secret
  std::string scope;
  std::string account;
  InventoryPlace place;
};

class K8sObjects {
 public:
  static bool is_object(const json::Value& value);
  // Lists are taken apart. An object that came before, by kind, namespace and name, is passed over.
  void add(const json::Value& value, const PlaceOf& place_of);

  std::deque<K8sRole> roles;
  std::deque<K8sBinding> bindings;
  std::deque<K8sAccount> accounts;
  std::deque<K8sWorkload> workloads;
  std::deque<K8sToken> tokens;
  std::uint64_t objects = 0;  // of any kind

 private:
  void add_one(const json::Value& value, std::string_view list_kind, const PlaceOf& place_of);

  std::map<std::string, bool> seen_;
};

// Of a pod's spec.
std::vector<K8sFact> workload_facts(const json::Value& spec);

}  // namespace mandate::observe
