// What RBAC really gives whom (kubernetes.io, "Using RBAC Authorization"): roles with what they are
// made of, bindings with their scope, and what of a grant the API server would not honour.
//
//   K8sAccess access(objects);
//   for (const K8sHolder& holder : access.holders())
//     if (access.can(holder, {"", "secrets", "list"}, "default")) ...
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/observe/inventory/k8s_objects.h"

namespace mandate::observe {

struct K8sGrant {
  const K8sRule* rule = nullptr;
  const K8sRole* role = nullptr;
  const K8sBinding* binding = nullptr;
  std::string_view scope;  // namespace; empty is the whole cluster
};

// A subject of bindings: `system:serviceaccount:NAMESPACE:NAME`, or the name of a user or group.
struct K8sHolder {
  std::string id;
  std::string kind;
  std::vector<K8sGrant> grants;
  std::set<std::string_view> scopes;  // of the grants
};

struct K8sAsk {
  std::string_view group;
  std::string_view resource;  // with `/` and the subresource
  std::string_view verb;
};

// A grant that is written down and holds nothing.
struct K8sIneffective {
  std::string subject;  // whom it was meant for, or the binding
  std::string reason;
  InventoryPlace place;
};

class K8sAccess {
 public:
  explicit K8sAccess(const K8sObjects& objects);

  const std::deque<K8sHolder>& holders() const { return holders_; }
  const std::vector<K8sIneffective>& ineffective() const { return ineffective_; }
  // Bound, and neither in the inventory nor one that the API server makes itself.
  const std::vector<const K8sBinding*>& unknown_roles() const { return unknown_roles_; }

  // The grant that allows it in the namespace (empty: everywhere), or nullptr. A grant that is
  // bounded by names does not allow it for all, so it does not count.
  const K8sGrant* can(const K8sHolder& holder, const K8sAsk& ask, std::string_view scope) const;
  // The names it is allowed for, where it is bounded by names.
  std::set<std::string> names(const K8sHolder& holder, const K8sAsk& ask,
                              std::string_view scope) const;

 private:
  const K8sRole* role_of(const K8sBinding& binding) const;
  void gather_rules(const K8sRole& role, std::vector<const K8sRule*>& out) const;
  void bind(const K8sBinding& binding);
  void check_scope(const K8sBinding& binding, const K8sRole& role, const std::string& subject);
  K8sHolder& holder(const std::string& id, const std::string& kind);

  const K8sObjects& objects_;
  std::deque<K8sRole> built_in_;
  std::map<std::pair<std::string, std::string>, const K8sRole*> roles_;  // namespace and name
  std::deque<K8sHolder> holders_;
  std::map<std::string, K8sHolder*> by_id_;
  std::vector<K8sIneffective> ineffective_;
  std::vector<const K8sBinding*> unknown_roles_;
};

// A resource that stands in no namespace, so that no grant of a namespace covers it.
bool is_cluster_scoped(std::string_view resource);
std::string service_account_id(std::string_view scope, std::string_view name);

}  // namespace mandate::observe
