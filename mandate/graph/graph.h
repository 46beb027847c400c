// The authority graph (DESIGN section 2): principals, credentials, sessions and resources, joined
// by edges that say who can act as whom, who may act for whom, and what was acted on. Each edge
// carries its evidence: granted, possible, observed, one or more. Built once, then read from any
// thread.
//
//   graph::Builder builder;
//   graph::Node ci = builder.node(NodeKind::kPrincipal, "pipeline:ci");
//   graph::Node admin = builder.node(NodeKind::kPrincipal, "role:admin");
//   builder.edge({ci, admin, Relation::kCanActAs, kPossible, 7});
//   graph::Graph graph = std::move(builder).build();
//   graph::Blast blast = graph.blast({{ci}}, Direction::kForward, kPossible | kObserved);
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mandate::graph {

using Node = std::uint32_t;  // a handle, dense from 0, in order of interning
using Edge = std::uint32_t;  // a handle, dense from 0, in order of adding

// Nodes share their word with the three evidence bits of the edge that leads to them.
inline constexpr Node kNodesMax = (Node{1} << 29) - 1;
inline constexpr Edge kEdgesMax = 0xfffffffe;
inline constexpr std::uint32_t kNone = 0xffffffff;

enum class NodeKind : std::uint8_t { kPrincipal, kCredential, kSession, kResource, kDelegation };
std::string_view name(NodeKind kind);  // "principal"

// Read from the edge's beginning to its end.
enum class Relation : std::uint8_t {
  kCanActAs,   // assumes, impersonates, holds the credential of
  kMayActFor,  // a delegation or a consent on record
  kMayChange,  // may rewrite the rights or the credentials of
  kActedOn,    // used, or may use, this resource
  kGranted,    // gave this delegation, and so holds at least as much
  kBelongsTo,  // is a member: a user of a group, a pod of its service account
};
std::string_view name(Relation relation);  // "can act as"

using Evidence = std::uint8_t;  // a set of the three bits
inline constexpr Evidence kGranted = 1;
inline constexpr Evidence kPossible = 2;
inline constexpr Evidence kObserved = 4;
inline constexpr Evidence kAnyEvidence = kGranted | kPossible | kObserved;
std::string names(Evidence evidence);  // "granted, observed"
// "granted", "possible" or "observed"; several with a comma between; nothing for what is none.
std::optional<Evidence> parse_evidence(std::string_view text);

struct EdgeData {
  Node from = 0;
  Node to = 0;
  Relation relation = Relation::kCanActAs;
  Evidence evidence = kPossible;  // at least one bit
  std::uint32_t handle = kNone;   // the caller's own number for what the edge rests on
};

enum class Direction : std::uint8_t {
  kForward,   // what `from` reaches
  kBackward,  // who reaches `from`
};

// One thing reached, in order of distance. `via` is the index of the step before in
// `Blast::steps`, or kNone where the search began; `slot` is for `Graph::explanation`.
struct Step {
  Node node = 0;
  std::uint32_t via = kNone;
  std::uint32_t slot = kNone;
};

struct Blast {
  std::vector<Step> steps;  // each node at most once; the beginnings first
  Direction direction = Direction::kForward;
};

// How much was reached, without the beginnings.
struct Reach {
  std::uint32_t principals = 0;
  std::uint32_t resources = 0;
  std::uint32_t others = 0;      // credentials, sessions and delegations
  std::uint32_t privileged = 0;  // of all of these, those marked so

  friend bool operator==(const Reach&, const Reach&) = default;
};

class Graph;

class Builder {
 public:
  // The same kind and id give the same handle. Precondition: fewer than kNodesMax nodes.
  Node node(NodeKind kind, std::string_view id);
  // Whoever acts as it holds rights over everything, or over everybody's rights.
  void mark_privileged(Node node);
  // Edges may repeat; each keeps its own evidence. Precondition: nodes of this builder, evidence
  // not empty, fewer than kEdgesMax edges.
  Edge edge(const EdgeData& edge);
  // Everything of another graph; its edges keep their handles.
  void add(const Graph& other);
  std::optional<Node> find(NodeKind kind, std::string_view id) const;
  std::size_t node_count() const { return ids_.size(); }
  std::size_t edge_count() const { return edges_.size(); }

  Graph build() &&;

 private:
  friend class Graph;

  std::deque<std::string> ids_;  // kind in front; addresses stay
  std::unordered_map<std::string_view, Node> by_id_;
  std::vector<bool> privileged_;
  std::vector<EdgeData> edges_;
};

class Graph {
 public:
  std::size_t node_count() const { return names_.ids_.size(); }
  std::size_t edge_count() const { return names_.edges_.size(); }
  std::optional<Node> find(NodeKind kind, std::string_view id) const;
  // Of any kind, in the order of NodeKind.
  std::vector<Node> find(std::string_view id) const;
  NodeKind kind(Node node) const { return static_cast<NodeKind>(names_.ids_[node][0]); }
  std::string_view id(Node node) const { return std::string_view(names_.ids_[node]).substr(1); }
  bool is_privileged(Node node) const { return names_.privileged_[node]; }
  const EdgeData& edge(Edge edge) const { return names_.edges_[edge]; }
  // Edges that leave (forward) or reach (backward) a node.
  std::span<const Edge> edges_of(Node node, Direction direction) const;
  // Everything that any edge between the two says.
  Evidence evidence_between(Node from, Node to) const;

  // Breadth first, over edges that carry at least one bit of `evidence`. O(nodes + edges).
  Blast blast(std::span<const Node> from, Direction direction, Evidence evidence) const;
  // The shortest explanation of `blast.steps[index]`: the edges from a beginning to it, in the
  // order in which they were walked. Empty for a beginning. Precondition: a blast of this graph.
  std::vector<Edge> explanation(const Blast& blast, std::size_t index) const;
  Reach reach(const Blast& blast) const;

 private:
  friend class Builder;
  // Compressed sparse rows: the neighbours of node n are ends[begin[n]] to ends[begin[n + 1]].
  struct Rows {
    std::vector<std::uint32_t> begin;
    std::vector<std::uint32_t> ends;  // neighbour, with the evidence in the upper three bits
    std::vector<Edge> edges;          // beside `ends`
  };

  explicit Graph(Builder names) : names_(std::move(names)) {}
  static Rows rows(const std::vector<EdgeData>& edges, std::size_t nodes, Direction direction);
  const Rows& rows(Direction d) const { return d == Direction::kForward ? forward_ : backward_; }

  Builder names_;
  Rows forward_;
  Rows backward_;
};

}  // namespace mandate::graph
