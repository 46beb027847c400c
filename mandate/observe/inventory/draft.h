// What the inventories share while a report is made: files, edges with what they rest on, and
// findings whose severity follows from their reach.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mandate/graph/graph.h"
#include "mandate/observe/inventory/documents.h"
#include "mandate/observe/inventory/inventory.h"
#include "mandate/observe/rules.h"

namespace mandate::observe {

class Draft {
 public:
  explicit Draft(std::vector<std::string> files) : files_(std::move(files)) {}

  graph::Builder& builder() { return builder_; }
  Evidence evidence(const InventoryPlace& place, std::string event_id) const;

  // A possible edge.
  void edge(graph::Node from, graph::Node to, graph::Relation relation, EdgeNote note);
  void note(std::string kind, std::string subject, std::string text, Evidence evidence);

  // A right as it is written down; of one principal at most `kGrantedMax`.
  static constexpr std::size_t kGrantedMax = 4096;
  void grant(GrantedPair pair);

  // After this no edge is added.
  void build();
  const graph::Graph& graph() const { return *graph_; }
  const std::vector<EdgeNote>& edges() const { return edges_; }

  // Starts a finding of a rule about a node: reach and the rule's own words are filled in.
  Finding finding(std::string_view rule, std::string principal, graph::Node node) const;
  void add(Finding finding);

  InventoryReport report(std::vector<InventorySkipped> skipped, std::uint64_t objects) &&;

 private:
  std::vector<std::string> files_;
  graph::Builder builder_;
  std::optional<graph::Graph> graph_;
  std::vector<EdgeNote> edges_;
  std::vector<Finding> findings_;
  std::vector<InventoryNote> notes_;
  std::map<std::string, std::set<GrantedPair>, std::less<>> granted_;  // by principal
};

// How far a walk along `possible` edges gets, and whether its shortest way to full control (or else
// to anything privileged) hangs on a condition.
struct Outlook {
  graph::Reach reach;
  bool is_admin = false;        // some node that stands for every right there is
  bool is_privileged = false;   // that, or any other privileged node
  bool is_conditional = false;  // of the way there
};
Outlook outlook(const Draft& draft, graph::Node node);

// A resource that stands for every right in an account, a cluster, a tenant.
inline constexpr std::string_view kAdministrator = ":administrator";

// "a, b and 3 more"
std::string listed(const std::vector<std::string>& items, std::size_t shown = 4);

}  // namespace mandate::observe
