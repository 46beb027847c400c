// Blast radius over 1 M nodes and 5 M edges beside a bare breadth-first search over the same
// compressed rows, in one program: the limit is 1.5 times (DESIGN section 10). Two kinds of start:
// any node of a graph whose edges lead anywhere, where most of it is reached, and of one in
// communities, where a thousandth is.
#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "bench/frame/figure.h"
#include "mandate/graph/graph.h"

namespace mandate::bench {
namespace {

using mandate::graph::Blast;
using mandate::graph::Builder;
using mandate::graph::Direction;
using mandate::graph::Evidence;
using mandate::graph::Graph;
using mandate::graph::Node;
using mandate::graph::NodeKind;
using mandate::graph::Relation;

constexpr std::size_t kNodes = 1'000'000;
constexpr std::size_t kEdges = 5'000'000;
constexpr int kStarts = 20;
constexpr double kLimit = 1.5;

struct Bare {
  std::vector<std::uint32_t> begin;
  std::vector<std::uint32_t> ends;
};

// What any textbook has: rows, a queue, a mark for each node.
std::size_t bare_search(const Bare& bare, Node from) {
  std::vector<std::uint8_t> seen(bare.begin.size() - 1);
  std::vector<Node> queue{from};
  seen[from] = 1;
  for (std::size_t at = 0; at < queue.size(); ++at) {
    Node node = queue[at];
    for (std::uint32_t slot = bare.begin[node]; slot < bare.begin[node + 1]; ++slot) {
      Node end = bare.ends[slot];
      if (seen[end] != 0) continue;
      seen[end] = 1;
      queue.push_back(end);
    }
  }
  return queue.size();
}

struct Sample {
  Graph graph;
  Bare bare;  // of the edges that the filter keeps
};

Sample make(std::size_t community, Evidence wanted) {
  std::mt19937 random(7);
  Builder builder;
  for (std::size_t i = 0; i < kNodes; ++i) {
    builder.node(NodeKind::kPrincipal, "workload:" + std::to_string(i));
  }
  std::vector<std::pair<Node, Node>> kept;
  for (std::size_t i = 0; i < kEdges; ++i) {
    Node from = static_cast<Node>(random() % kNodes);
    Node to = static_cast<Node>(from / community * community + random() % community);
    auto evidence = static_cast<Evidence>(1 + random() % 7);
    builder.edge({from, to, Relation::kCanActAs, evidence, static_cast<std::uint32_t>(i)});
    if ((evidence & wanted) != 0) kept.emplace_back(from, to);
  }
  Bare bare;
  bare.begin.resize(kNodes + 1);
  bare.ends.resize(kept.size());
  for (auto [from, to] : kept) ++bare.begin[from + 1];
  for (std::size_t i = 0; i < kNodes; ++i) bare.begin[i + 1] += bare.begin[i];
  std::vector<std::uint32_t> next(bare.begin.begin(), bare.begin.end() - 1);
  for (auto [from, to] : kept) bare.ends[next[from]++] = to;
  return {std::move(builder).build(), std::move(bare)};
}

void run(const std::string& figure, const std::string& what, std::size_t community) {
  if (!is_wanted(figure)) return;
  constexpr Evidence kWanted = mandate::graph::kPossible | mandate::graph::kObserved;
  const Sample sample = make(community, kWanted);
  std::mt19937 random(11);
  std::vector<Node> starts;
  for (int i = 0; i < kStarts; ++i) starts.push_back(static_cast<Node>(random() % kNodes));
  std::size_t reached = 0;
  for (const Node from : starts) {
    const std::size_t expected = bare_search(sample.bare, from);
    reached = std::max(reached, expected);
    const Blast blast = sample.graph.blast({{from}}, Direction::kForward, kWanted);
    if (blast.steps.size() != expected) give_up("the blast and the bare search disagree");
  }
  std::size_t ours_at = 0;
  std::size_t bare_at = 0;  // both sides search from the same starts, in the same order
  const auto samples = in_turns(
      kStarts, {[&] {
                  return 1e3 * seconds([&] {
                           sample.graph.blast({{starts[ours_at]}}, Direction::kForward, kWanted);
                           ours_at = (ours_at + 1) % starts.size();
                         });
                },
                [&] {
                  return 1e3 * seconds([&] {
                           bare_search(sample.bare, starts[bare_at]);
                           bare_at = (bare_at + 1) % starts.size();
                         });
                }});
  Goal goal = ratio_at_least(kLimit);
  goal.higher_is_better = false;
  print({.name = figure,
         .unit = "ms",
         .samples = samples[0],
         .limit_name = "a bare breadth-first search of the edges that the filter keeps",
         .limit = samples[1],
         .goal = goal,
         .note = what + ", up to " + std::to_string(reached) + " nodes reached"});
}

}  // namespace
}  // namespace mandate::bench

int main() {
  mandate::bench::run("graph.blast_anywhere", "edges lead anywhere", mandate::bench::kNodes);
  mandate::bench::run("graph.blast_communities", "communities of 1,000", 1000);
  return 0;
}
