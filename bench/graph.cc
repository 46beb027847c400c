// Blast radius over 1 M nodes and 5 M edges beside a bare breadth-first search over the same
// compressed rows, in one program: the limit is 1.5 times (DESIGN section 10). Two kinds of start:
// any node of a graph whose edges lead anywhere, where most of it is reached, and of one in
// communities, where a thousandth is. Peers search the same edges: igraph in `igraph.cc`; the edges
// are written under build/bench-data for `bench_graph_postgres`.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/frame/figure.h"
#include "bench/frame/reach.h"
#include "mandate/graph/graph.h"

namespace mandate::bench {
namespace {

using mandate::graph::Blast;
using mandate::graph::Builder;
using mandate::graph::Direction;
using mandate::graph::Evidence;
using mandate::graph::Graph;
using mandate::graph::NodeKind;
using mandate::graph::Relation;

constexpr double kLimit = 1.5;
constexpr Evidence kWanted = mandate::graph::kPossible | mandate::graph::kObserved;

Graph graph_of(const std::vector<ReachEdge>& edges) {
  Builder builder;
  for (std::size_t i = 0; i < kReachNodes; ++i) {
    builder.node(NodeKind::kPrincipal, "workload:" + std::to_string(i));
  }
  std::uint32_t number = 0;
  for (const ReachEdge& edge : edges) {
    builder.edge(
        {edge.from, edge.to, Relation::kCanActAs, static_cast<Evidence>(edge.evidence), number++});
  }
  return std::move(builder).build();
}

class Lines {
 public:
  explicit Lines(std::filesystem::path path)
      : path_(std::move(path)), file_(std::fopen((path_.string() + ".unfinished").c_str(), "w")) {
    if (file_ == nullptr) give_up("cannot write " + path_.string());
  }
  ~Lines() {
    const bool is_whole = std::fclose(file_) == 0;
    if (!is_whole) give_up("cannot write " + path_.string());
    std::filesystem::rename(path_.string() + ".unfinished", path_);
  }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;
  void add(std::size_t a, std::size_t b) { std::fprintf(file_, "%zu,%zu\n", a, b); }

 private:
  std::filesystem::path path_;
  std::FILE* file_;
};

// The kept edges; and the starts, each with how many nodes it reaches.
void write_down(const ReachCase& of, const std::vector<ReachEdge>& edges, const BareGraph& bare) {
  const std::filesystem::path folder = "build/bench-data";
  std::filesystem::create_directories(folder);
  const std::filesystem::path path = folder / ("graph-" + of.name + ".csv");
  if (std::filesystem::exists(path)) return;
  {
    Lines starts(folder / ("graph-" + of.name + ".starts.csv"));
    for (const std::uint32_t start : make_starts()) starts.add(start, bare_search(bare, start));
  }
  Lines lines(path);
  for (const ReachEdge& edge : edges) {
    if (edge.is_kept) lines.add(edge.from, edge.to);
  }
}

void run(const ReachCase& of) {
  const std::string figure = "graph.blast_" + of.name;
  if (!is_wanted(figure) && !is_wanted("graph.peer_postgres_" + of.name)) return;
  const std::vector<ReachEdge> edges = make_edges(of);
  const BareGraph bare = bare_graph(edges);
  write_down(of, edges, bare);
  if (!is_wanted(figure)) return;
  const Graph graph = graph_of(edges);
  const std::vector<std::uint32_t> starts = make_starts();
  std::size_t reached = 0;
  for (const std::uint32_t from : starts) {
    const std::size_t expected = bare_search(bare, from);
    reached = std::max(reached, expected);
    const Blast blast = graph.blast({{from}}, Direction::kForward, kWanted);
    if (blast.steps.size() != expected) give_up("the blast and the bare search disagree");
  }
  std::size_t ours_at = 0;
  std::size_t bare_at = 0;  // both sides search from the same starts, in the same order
  const auto samples = in_turns(kReachStarts, {[&] {
                                                 return 1e3 * seconds([&] {
                                                          graph.blast({{starts[ours_at]}},
                                                                      Direction::kForward, kWanted);
                                                          ours_at = (ours_at + 1) % starts.size();
                                                        });
                                               },
                                               [&] {
                                                 return 1e3 * seconds([&] {
                                                          bare_search(bare, starts[bare_at]);
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
         .note = of.what + ", up to " + std::to_string(reached) + " nodes reached"});
}

}  // namespace
}  // namespace mandate::bench

int main() {
  for (const auto& each : mandate::bench::reach_cases()) mandate::bench::run(each);
  return 0;
}
