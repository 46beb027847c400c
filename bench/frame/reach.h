// The graph that searches are compared on: a million nodes, five million edges with evidence; and a
// bare breadth-first search over the edges that a filter keeps.
//
//   const ReachCase at{"anywhere", kNodes};   const std::vector<ReachEdge> edges = make_edges(at);
//   bare_search(bare_graph(edges), start)     // how many nodes are reached
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mandate::bench {

constexpr std::size_t kReachNodes = 1'000'000;
constexpr std::size_t kReachEdges = 5'000'000;
constexpr int kReachStarts = 20;

struct ReachCase {
  std::string name;       // ends the figure's name
  std::size_t community;  // edges lead to one of so many
  std::string what;
};
// Where most of the graph is reached, and where a thousandth is.
std::vector<ReachCase> reach_cases();

struct ReachEdge {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::uint8_t evidence = 0;  // mandate::graph::Evidence
  bool is_kept = false;       // by the filter
};
std::vector<ReachEdge> make_edges(const ReachCase& of);
std::vector<std::uint32_t> make_starts();

// Of the kept edges: compressed rows.
struct BareGraph {
  std::vector<std::uint32_t> begin;
  std::vector<std::uint32_t> ends;
};
BareGraph bare_graph(const std::vector<ReachEdge>& edges);
std::size_t bare_search(const BareGraph& bare, std::uint32_t from);

}  // namespace mandate::bench
