#include "bench/frame/reach.h"

#include <random>

#include "mandate/graph/graph.h"

namespace mandate::bench {

std::vector<ReachCase> reach_cases() {
  return {{"anywhere", kReachNodes, "edges lead anywhere"},
          {"communities", 1000, "communities of 1,000"}};
}

std::vector<ReachEdge> make_edges(const ReachCase& of) {
  constexpr auto kWanted = mandate::graph::kPossible | mandate::graph::kObserved;
  std::mt19937 random(7);
  std::vector<ReachEdge> edges(kReachEdges);
  for (ReachEdge& edge : edges) {
    edge.from = static_cast<std::uint32_t>(random() % kReachNodes);
    edge.to = static_cast<std::uint32_t>(edge.from / of.community * of.community +
                                         random() % of.community);
    edge.evidence = static_cast<std::uint8_t>(1 + random() % 7);
    edge.is_kept = (edge.evidence & kWanted) != 0;
  }
  return edges;
}

std::vector<std::uint32_t> make_starts() {
  std::mt19937 random(11);
  std::vector<std::uint32_t> starts(kReachStarts);
  for (std::uint32_t& start : starts) start = static_cast<std::uint32_t>(random() % kReachNodes);
  return starts;
}

BareGraph bare_graph(const std::vector<ReachEdge>& edges) {
  BareGraph bare;
  bare.begin.resize(kReachNodes + 1);
  for (const ReachEdge& edge : edges) {
    if (edge.is_kept) ++bare.begin[edge.from + 1];
  }
  for (std::size_t i = 0; i < kReachNodes; ++i) bare.begin[i + 1] += bare.begin[i];
  bare.ends.resize(bare.begin.back());
  std::vector<std::uint32_t> next(bare.begin.begin(), bare.begin.end() - 1);
  for (const ReachEdge& edge : edges) {
    if (edge.is_kept) bare.ends[next[edge.from]++] = edge.to;
  }
  return bare;
}

// What any textbook has: rows, a queue, a mark for each node.
std::size_t bare_search(const BareGraph& bare, std::uint32_t from) {
  std::vector<std::uint8_t> seen(bare.begin.size() - 1);
  std::vector<std::uint32_t> queue{from};
  seen[from] = 1;
  for (std::size_t at = 0; at < queue.size(); ++at) {
    const std::uint32_t node = queue[at];
    for (std::uint32_t slot = bare.begin[node]; slot < bare.begin[node + 1]; ++slot) {
      const std::uint32_t end = bare.ends[slot];
      if (seen[end] != 0) continue;
      seen[end] = 1;
      queue.push_back(end);
    }
  }
  return queue.size();
}

}  // namespace mandate::bench
