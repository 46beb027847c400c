// What a Kubernetes inventory shows: edges of the authority graph, then findings over it. All
// objects given are taken for one cluster.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mandate/observe/inventory/draft.h"
#include "mandate/observe/inventory/k8s_access.h"
#include "mandate/observe/inventory/k8s_escalation.h"

namespace mandate::observe {

class K8sView {
 public:
  explicit K8sView(const K8sObjects& objects) : objects_(objects), access_(objects) {}

  void add_edges(Draft& draft);
  void add_findings(Draft& draft) const;
  // What bindings allow: verbs on kinds of resources, by name where they are bounded by names.
  void add_grants(Draft& draft) const;

 private:
  struct Way {
    const K8sEscalation* row = nullptr;
    std::string scope;  // namespace; empty is the whole cluster
    const K8sGrant* grant = nullptr;
    std::string only;  // the one service account it is bounded to by name
  };
  std::vector<Way> ways_of(const K8sHolder& holder) const;
  bool has_all(const K8sHolder& holder, std::string_view scope) const;
  void try_row(const K8sHolder& holder, const K8sEscalation& row, std::vector<Way>& out) const;
  const K8sGrant* allows(const K8sHolder& holder, const K8sAsk& ask, std::string_view scope) const;
  void add_names(const K8sHolder& holder, const K8sEscalation& row, std::string_view scope,
                 std::vector<Way>& out) const;
  void add_accounts(Draft& draft);
  void add_workloads(Draft& draft);
  void add_holder(Draft& draft, const K8sHolder& holder);
  void add_way(Draft& draft, const K8sHolder& holder, const Way& way);
  bool mounts_token(const K8sWorkload& workload) const;
  bool is_made_by_another(const K8sWorkload& workload) const;
  void find_holder(Draft& draft, const K8sHolder& holder) const;
  void find_broad_group(Draft& draft, const K8sHolder& holder) const;
  void find_workloads(Draft& draft) const;
  void find_shared(Draft& draft) const;
  void find_tokens(Draft& draft) const;
  void say_ineffective(Draft& draft) const;
  Finding about(const Draft& draft, std::string_view rule, const K8sHolder& holder,
                const std::vector<const K8sGrant*>& grants) const;

  const K8sObjects& objects_;
  K8sAccess access_;
  std::map<std::string, graph::Node> accounts_;                 // by service_account_id
  std::map<std::string, std::vector<std::string>> in_scope_;    // namespace to account ids
  std::map<std::string, std::vector<std::string>> running_in_;  // namespace to account ids
  std::unordered_map<const K8sHolder*, std::vector<Way>> ways_;
  std::unordered_map<const K8sHolder*, graph::Node> holders_;
  std::unordered_map<const K8sWorkload*, graph::Node> workloads_;
  graph::Node cluster_ = 0;
  graph::Node nodes_ = 0;
};

}  // namespace mandate::observe
