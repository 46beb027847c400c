// What an AWS inventory shows: edges of the authority graph, then findings over it.
//
//   AwsView view(accounts);   view.add_edges(draft);   draft.build();   view.add_findings(draft);
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "mandate/observe/inventory/aws_reach.h"
#include "mandate/observe/inventory/draft.h"

namespace mandate::observe {

class AwsView {
 public:
  explicit AwsView(const AwsAccounts& accounts)
      : accounts_(accounts), reach_(find_aws_reach(accounts)) {}

  void add_edges(Draft& draft);
  void add_findings(Draft& draft) const;
  // What policies allow, as they write it; what they deny elsewhere is not taken off.
  void add_grants(Draft& draft) const;

 private:
  void add_moves(Draft& draft);
  void add_guests(Draft& draft);
  void add_second_steps(Draft& draft);
  void find_escalations(Draft& draft) const;
  void find_chains(Draft& draft) const;
  void find_guests(Draft& draft) const;
  void find_guest(Draft& draft, const AwsGuest& guest) const;
  void find_posture(Draft& draft) const;
  void find_duplicates(Draft& draft) const;
  void find_ownerless(Draft& draft) const;
  Finding about(const Draft& draft, std::string_view rule, const AwsEntity& entity) const;
  graph::Node node_of(const AwsEntity& entity) const { return nodes_.at(&entity); }
  graph::Node admin_node(Draft& draft, const std::string& account);

  const AwsAccounts& accounts_;
  AwsReach reach_;
  std::unordered_map<const AwsEntity*, graph::Node> nodes_;
  std::map<std::string, graph::Node> admin_nodes_;  // by account
  std::unordered_set<const AwsEntity*> powerful_;   // administrators, and who can become one alone
};

}  // namespace mandate::observe
