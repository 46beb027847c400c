#include <algorithm>
#include <set>
#include <utility>

#include "mandate/observe/inventory/k8s_findings.h"

namespace mandate::observe {
namespace {

using graph::NodeKind;
using graph::Relation;

// Groups that mean everybody of a kind are named by whom they mean.
std::string principal_of(const K8sHolder& holder) {
  constexpr std::string_view kOfNamespace = "system:serviceaccounts:";
  if (holder.kind != "Group") return holder.id;
  if (holder.id == "system:nodes") return "system:node:*";
  if (holder.id == "system:serviceaccounts") return "system:serviceaccount:*";
  if (holder.id.starts_with(kOfNamespace)) {
    return service_account_id(holder.id.substr(kOfNamespace.size()), "*");
  }
  return holder.id;
}

}  // namespace

// A verb with `|` between is any of them.
const K8sGrant* K8sView::allows(const K8sHolder& holder, const K8sAsk& ask,
                                std::string_view scope) const {
  std::string_view verbs = ask.verb;
  while (!verbs.empty()) {
    std::string_view verb = verbs.substr(0, verbs.find('|'));
    if (const K8sGrant* grant = access_.can(holder, {ask.group, ask.resource, verb}, scope)) {
      return grant;
    }
    verbs.remove_prefix(std::min(verb.size() + 1, verbs.size()));
  }
  return nullptr;
}

bool K8sView::has_all(const K8sHolder& holder, std::string_view scope) const {
  // Nothing but a wildcard covers names that nobody has.
  return access_.can(holder, {"-", "-", "-"}, scope) != nullptr;
}

// Tokens and impersonation are often bounded to one service account by its name.
void K8sView::add_names(const K8sHolder& holder, const K8sEscalation& row, std::string_view scope,
                        std::vector<Way>& out) const {
  if (!row.asks[0].resource.starts_with("serviceaccounts")) return;
  for (const std::string& name : access_.names(holder, row.asks[0], scope)) {
    out.push_back({&row, std::string(scope), &holder.grants.front(), name});
  }
}

void K8sView::try_row(const K8sHolder& holder, const K8sEscalation& row,
                      std::vector<Way>& out) const {
  for (std::string_view scope : holder.scopes) {  // the whole cluster comes first
    if ((row.cluster_only && !scope.empty()) || has_all(holder, scope)) continue;
    const K8sGrant* first = allows(holder, row.asks[0], scope);
    bool holds = first != nullptr &&
                 (row.asks[1].resource.empty() || allows(holder, row.asks[1], scope) != nullptr);
    if (holds) {
      out.push_back({&row, std::string(scope), first, {}});
      if (scope.empty()) return;
    } else {
      add_names(holder, row, scope, out);
    }
  }
}

std::vector<K8sView::Way> K8sView::ways_of(const K8sHolder& holder) const {
  std::vector<Way> out;
  if (has_all(holder, "")) return out;
  for (const K8sEscalation& row : k8s_escalations()) try_row(holder, row, out);
  return out;
}

bool K8sView::mounts_token(const K8sWorkload& workload) const {
  if (workload.projects_token) return true;
  if (workload.mounts_token) return *workload.mounts_token;
  for (const K8sAccount& account : objects_.accounts) {
    if (account.name == workload.account && account.scope == workload.scope) {
      return account.mounts_token.value_or(true);
    }
  }
  return true;
}

bool K8sView::is_made_by_another(const K8sWorkload& workload) const {
  return std::any_of(objects_.workloads.begin(), objects_.workloads.end(),
                     [&](const K8sWorkload& other) { return other.id() == workload.owner; });
}

void K8sView::add_accounts(Draft& draft) {
  auto add = [&](const std::string& scope, const std::string& name) {
    std::string id = service_account_id(scope, name);
    if (accounts_.contains(id)) return;
    accounts_[id] = draft.builder().node(NodeKind::kPrincipal, id);
    in_scope_[scope].push_back(id);
  };
  for (const K8sAccount& account : objects_.accounts) add(account.scope, account.name);
  for (const K8sWorkload& workload : objects_.workloads) add(workload.scope, workload.account);
  for (const K8sToken& token : objects_.tokens) {
    if (!token.account.empty()) add(token.scope, token.account);
  }
  for (const K8sBinding& binding : objects_.bindings) {
    for (const K8sSubject& subject : binding.subjects) {
      bool is_account = subject.kind == "ServiceAccount" && !subject.scope.empty();
      if (is_account) add(subject.scope, subject.name);
    }
  }
}

void K8sView::add_workloads(Draft& draft) {
  for (const K8sWorkload& workload : objects_.workloads) {
    graph::Node node = draft.builder().node(NodeKind::kPrincipal, workload.id());
    workloads_[&workload] = node;
    std::string account = service_account_id(workload.scope, workload.account);
    if (mounts_token(workload)) {
      draft.edge(node, accounts_.at(account), Relation::kCanActAs,
                 {"holds the token of its service account", false,
                  draft.evidence(workload.place, workload.id())});
      std::vector<std::string>& running = running_in_[workload.scope];
      if (std::find(running.begin(), running.end(), account) == running.end()) {
        running.push_back(account);
      }
    }
    for (const K8sFact& fact : workload.facts) {
      if (!fact.leads_out) continue;
      draft.edge(node, nodes_, Relation::kCanActAs,
                 {fact.text, false, draft.evidence(workload.place, workload.id())});
    }
  }
  for (const auto& [scope, running] : running_in_) {
    for (const std::string& account : running) {
      draft.edge(nodes_, accounts_.at(account), Relation::kCanActAs,
                 {"a node holds the tokens of the pods that run on it", true, {}});
    }
  }
}

void K8sView::add_way(Draft& draft, const K8sHolder& holder, const Way& way) {
  graph::Node from = holders_.at(&holder);
  Evidence evidence =
      draft.evidence(way.grant->rule->place, way.grant->role->scope + "/" + way.grant->role->name);
  EdgeNote note{std::string(way.row->how), false, evidence};
  EdgeNote maybe{std::string(way.row->how), true, evidence};
  // Which secrets there are, and which of them are tokens, is not known.
  if (way.row->asks[0].resource == "secrets") note.is_conditional = true;
  auto act_as = [&](const std::map<std::string, std::vector<std::string>>& by_scope) {
    for (const auto& [scope, ids] : by_scope) {
      if (!way.scope.empty() && scope != way.scope) continue;
      for (const std::string& id : ids) {
        bool is_meant = way.only.empty() || id == service_account_id(scope, way.only);
        if (is_meant && id != holder.id) {
          draft.edge(from, accounts_.at(id), Relation::kCanActAs, note);
        }
      }
    }
  };
  bool is_everywhere = way.scope.empty() && way.only.empty();
  switch (way.row->gain) {
    case K8sGain::kPods: draft.edge(from, nodes_, Relation::kCanActAs, maybe); [[fallthrough]];
    case K8sGain::kAccounts:
      act_as(in_scope_);
      // Among all service accounts is one with every right, in any cluster that works.
      if (is_everywhere) draft.edge(from, cluster_, Relation::kCanActAs, maybe);
      break;
    case K8sGain::kRunningAccounts:
      act_as(running_in_);
      if (is_everywhere) draft.edge(from, cluster_, Relation::kCanActAs, maybe);
      break;
    case K8sGain::kRights: {
      if (is_everywhere) draft.edge(from, cluster_, Relation::kCanActAs, maybe);
      graph::Node rights = draft.builder().node(
          NodeKind::kResource, "k8s:" + (way.scope.empty() ? "every namespace" : way.scope));
      draft.builder().mark_privileged(rights);
      draft.edge(from, rights, Relation::kCanActAs, note);
      act_as(in_scope_);
      break;
    }
    case K8sGain::kCluster: draft.edge(from, cluster_, Relation::kCanActAs, note); break;
    case K8sGain::kNodes: draft.edge(from, nodes_, Relation::kCanActAs, note); break;
  }
}

void K8sView::add_holder(Draft& draft, const K8sHolder& holder) {
  graph::Node node = holders_.at(&holder);
  for (std::string_view scope : holder.scopes) {
    if (!has_all(holder, scope)) continue;
    graph::Node all = cluster_;
    if (!scope.empty()) {
      all = draft.builder().node(NodeKind::kResource, "k8s:" + std::string(scope));
      draft.builder().mark_privileged(all);
    }
    draft.edge(node, all, Relation::kCanActAs, {"its role allows everything there", false, {}});
  }
  std::vector<Way>& ways = ways_[&holder] = ways_of(holder);
  for (const Way& way : ways) add_way(draft, holder, way);
}

void K8sView::add_edges(Draft& draft) {
  if (objects_.objects == 0) return;
  cluster_ = draft.builder().node(NodeKind::kResource, "k8s:cluster" + std::string(kAdministrator));
  nodes_ = draft.builder().node(NodeKind::kResource, "k8s:nodes");
  draft.builder().mark_privileged(cluster_);
  draft.builder().mark_privileged(nodes_);
  add_accounts(draft);
  add_workloads(draft);
  graph::Node node_user = draft.builder().node(NodeKind::kPrincipal, "system:node:*");
  draft.edge(nodes_, node_user, Relation::kCanActAs, {"a node's own credential", false, {}});
  for (const K8sHolder& holder : access_.holders()) {
    holders_[&holder] = draft.builder().node(NodeKind::kPrincipal, principal_of(holder));
  }
  for (const K8sHolder& holder : access_.holders()) {
    add_holder(draft, holder);
    if (holder.kind != "Group") continue;
    for (const auto& [scope, ids] : in_scope_) {
      bool is_in = holder.id == "system:serviceaccounts" || holder.id == "system:authenticated" ||
                   holder.id == "system:serviceaccounts:" + scope;
      if (!is_in) continue;
      for (const std::string& id : ids) {
        draft.edge(accounts_.at(id), holders_.at(&holder), Relation::kBelongsTo,
                   {"is of the group " + holder.id, false, {}});
      }
    }
  }
  for (const auto& [id, node] : accounts_) {
    draft.edge(cluster_, node, Relation::kCanActAs,
               {"whoever has every right can act as everybody", false, {}});
  }
}

}  // namespace mandate::observe
