#include "mandate/graph/graph.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <utility>

namespace mandate::graph {
namespace {

constexpr unsigned kEvidenceShift = 29;
constexpr std::string_view kEvidenceNames[] = {"granted", "possible", "observed"};

static_assert(kNodesMax == (Node{1} << kEvidenceShift) - 1);
static_assert(kAnyEvidence < (1U << (32 - kEvidenceShift)));

std::string key_of(NodeKind kind, std::string_view id) {
  std::string key(1, static_cast<char>(kind));
  return key.append(id);
}

// Our bug, in every build: a handle past its bound would name another node.
void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

std::string_view name(NodeKind kind) {
  switch (kind) {
    case NodeKind::kPrincipal: return "principal";
    case NodeKind::kCredential: return "credential";
    case NodeKind::kSession: return "session";
    case NodeKind::kResource: return "resource";
    case NodeKind::kDelegation: return "delegation";
  }
  return {};
}

std::string_view name(Relation relation) {
  switch (relation) {
    case Relation::kCanActAs: return "can act as";
    case Relation::kMayActFor: return "may act for";
    case Relation::kMayChange: return "may change";
    case Relation::kActedOn: return "acted on";
    case Relation::kGranted: return "granted";
    case Relation::kBelongsTo: return "belongs to";
  }
  return {};
}

std::string names(Evidence evidence) {
  std::string out;
  for (unsigned bit = 0; bit < std::size(kEvidenceNames); ++bit) {
    if ((evidence >> bit & 1) == 0) continue;
    if (!out.empty()) out += ", ";
    out += kEvidenceNames[bit];
  }
  return out;
}

std::optional<Evidence> parse_evidence(std::string_view text) {
  Evidence evidence = 0;
  while (true) {
    std::string_view word = text.substr(0, text.find(','));
    const auto* at = std::find(std::begin(kEvidenceNames), std::end(kEvidenceNames), word);
    if (at == std::end(kEvidenceNames)) return std::nullopt;
    evidence |= static_cast<Evidence>(1U << (at - std::begin(kEvidenceNames)));
    if (word.size() == text.size()) return evidence;
    text.remove_prefix(word.size() + 1);
  }
}

Node Builder::node(NodeKind kind, std::string_view id) {
  std::string key = key_of(kind, id);
  if (auto found = by_id_.find(key); found != by_id_.end()) return found->second;
  require(ids_.size() < kNodesMax);
  Node node = static_cast<Node>(ids_.size());
  by_id_.emplace(ids_.emplace_back(std::move(key)), node);
  privileged_.push_back(false);
  return node;
}

void Builder::mark_privileged(Node node) { privileged_[node] = true; }

Edge Builder::edge(const EdgeData& edge) {
  require(edge.from < ids_.size() && edge.to < ids_.size());
  require(edge.evidence != 0 && edge.evidence <= kAnyEvidence && edges_.size() < kEdgesMax);
  edges_.push_back(edge);
  return static_cast<Edge>(edges_.size() - 1);
}

void Builder::add(const Graph& other) {
  std::vector<Node> nodes;  // by theirs, ours
  nodes.reserve(other.node_count());
  for (Node node = 0; node < other.node_count(); ++node) {
    nodes.push_back(this->node(other.kind(node), other.id(node)));
    if (other.is_privileged(node)) mark_privileged(nodes.back());
  }
  for (Edge at = 0; at < other.edge_count(); ++at) {
    EdgeData copy = other.edge(at);
    copy.from = nodes[copy.from];
    copy.to = nodes[copy.to];
    edge(copy);
  }
}

std::optional<Node> Builder::find(NodeKind kind, std::string_view id) const {
  const auto found = by_id_.find(key_of(kind, id));
  return found == by_id_.end() ? std::nullopt : std::optional(found->second);
}

Graph Builder::build() && {
  Graph graph(std::move(*this));
  const std::vector<EdgeData>& edges = graph.names_.edges_;
  graph.forward_ = Graph::rows(edges, graph.node_count(), Direction::kForward);
  graph.backward_ = Graph::rows(edges, graph.node_count(), Direction::kBackward);
  return graph;
}

Graph::Rows Graph::rows(const std::vector<EdgeData>& edges, std::size_t nodes,
                        Direction direction) {
  bool is_forward = direction == Direction::kForward;
  Rows rows;
  rows.begin.resize(nodes + 1);
  rows.ends.resize(edges.size());
  rows.edges.resize(edges.size());
  for (const EdgeData& edge : edges) ++rows.begin[(is_forward ? edge.from : edge.to) + 1];
  for (std::size_t node = 0; node < nodes; ++node) rows.begin[node + 1] += rows.begin[node];
  std::vector<std::uint32_t> next(rows.begin.begin(), rows.begin.end() - 1);
  for (std::size_t at = 0; at < edges.size(); ++at) {
    const EdgeData& edge = edges[at];
    std::uint32_t slot = next[is_forward ? edge.from : edge.to]++;
    Node end = is_forward ? edge.to : edge.from;
    rows.ends[slot] = end | std::uint32_t{edge.evidence} << kEvidenceShift;
    rows.edges[slot] = static_cast<Edge>(at);
  }
  return rows;
}

std::optional<Node> Graph::find(NodeKind kind, std::string_view id) const {
  auto found = names_.by_id_.find(key_of(kind, id));
  if (found == names_.by_id_.end()) return std::nullopt;
  return found->second;
}

std::vector<Node> Graph::find(std::string_view id) const {
  std::vector<Node> found;
  for (NodeKind kind : {NodeKind::kPrincipal, NodeKind::kCredential, NodeKind::kSession,
                        NodeKind::kResource, NodeKind::kDelegation}) {
    if (std::optional<Node> node = find(kind, id)) found.push_back(*node);
  }
  return found;
}

std::span<const Edge> Graph::edges_of(Node node, Direction direction) const {
  const Rows& of = rows(direction);
  return std::span(of.edges).subspan(of.begin[node], of.begin[node + 1] - of.begin[node]);
}

Evidence Graph::evidence_between(Node from, Node to) const {
  Evidence evidence = 0;
  for (Edge at : edges_of(from, Direction::kForward)) {
    if (edge(at).to == to) evidence |= edge(at).evidence;
  }
  return evidence;
}

Blast Graph::blast(std::span<const Node> from, Direction direction, Evidence evidence) const {
  constexpr std::size_t kAhead = 8;  // rows asked for before they are needed
  const Rows& of = rows(direction);
  const std::uint32_t wanted = std::uint32_t{evidence} << kEvidenceShift;
  // One bit a node stays in the cache; parents are written in the order of the queue, which is the
  // answer itself; the edge's own number is looked up only where somebody asks for it.
  std::vector<std::uint64_t> seen((node_count() + 63) / 64);
  Blast blast{.steps = {}, .direction = direction};
  std::vector<Step>& steps = blast.steps;
  for (Node node : from) {
    std::uint64_t bit = std::uint64_t{1} << (node & 63);
    if ((seen[node >> 6] & bit) == 0) steps.push_back({node, kNone, kNone});
    seen[node >> 6] |= bit;
  }
  for (std::uint32_t at = 0; at < steps.size(); ++at) {
    if (at + 2 * kAhead < steps.size()) {
      __builtin_prefetch(&of.begin[steps[at + 2 * kAhead].node]);
      __builtin_prefetch(of.ends.data() + of.begin[steps[at + kAhead].node]);
    }
    Node node = steps[at].node;
    for (std::uint32_t slot = of.begin[node], end = of.begin[node + 1]; slot < end; ++slot) {
      std::uint32_t packed = of.ends[slot];
      if ((packed & wanted) == 0) continue;
      Node next = packed & kNodesMax;
      std::uint64_t bit = std::uint64_t{1} << (next & 63);
      if ((seen[next >> 6] & bit) != 0) continue;
      seen[next >> 6] |= bit;
      steps.push_back({next, at, slot});
    }
  }
  return blast;
}

std::vector<Edge> Graph::explanation(const Blast& blast, std::size_t index) const {
  std::vector<Edge> edges;
  for (const Step* step = &blast.steps[index]; step->via != kNone; step = &blast.steps[step->via]) {
    edges.push_back(rows(blast.direction).edges[step->slot]);
  }
  std::reverse(edges.begin(), edges.end());
  return edges;
}

Reach Graph::reach(const Blast& blast) const {
  Reach reach;
  for (const Step& step : blast.steps) {
    if (step.via == kNone) continue;
    NodeKind of = kind(step.node);
    std::uint32_t& count = of == NodeKind::kPrincipal  ? reach.principals
                           : of == NodeKind::kResource ? reach.resources
                                                       : reach.others;
    ++count;
    reach.privileged += is_privileged(step.node) ? 1 : 0;
  }
  return reach;
}

}  // namespace mandate::graph
