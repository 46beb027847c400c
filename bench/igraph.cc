// igraph's own breadth-first search over the edges of `graph.cc`'s figures: a peer, in the same
// process as the bare search that says how many nodes there are to be found. Built where igraph is
// installed, which `make bench` does.
#include <igraph/igraph.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bench/frame/figure.h"
#include "bench/frame/reach.h"

namespace mandate::bench {
namespace {

void check(igraph_error_t code) {
  if (code != IGRAPH_SUCCESS) give_up(std::string("igraph: ") + igraph_strerror(code));
}

class Peer {
 public:
  explicit Peer(const std::vector<ReachEdge>& edges) {
    igraph_vector_int_t ends;
    check(igraph_vector_int_init(&ends, 0));
    for (const ReachEdge& edge : edges) {
      if (!edge.is_kept) continue;
      check(igraph_vector_int_push_back(&ends, edge.from));
      check(igraph_vector_int_push_back(&ends, edge.to));
    }
    check(igraph_create(&graph_, &ends, static_cast<igraph_integer_t>(kReachNodes), true));
    igraph_vector_int_destroy(&ends);
    check(igraph_vector_int_init(&order_, 0));
  }
  ~Peer() {
    igraph_vector_int_destroy(&order_);
    igraph_destroy(&graph_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  std::size_t search(std::uint32_t from) {
    check(igraph_bfs_simple(&graph_, from, IGRAPH_OUT, &order_, nullptr, nullptr));
    return static_cast<std::size_t>(igraph_vector_int_size(&order_));
  }

 private:
  igraph_t graph_;
  igraph_vector_int_t order_;
};

void run(const ReachCase& of) {
  const std::string figure = "graph.peer_igraph_" + of.name;
  if (!is_wanted(figure)) return;
  const std::vector<ReachEdge> edges = make_edges(of);
  const BareGraph bare = bare_graph(edges);
  Peer peer(edges);
  Samples samples;
  for (const std::uint32_t start : make_starts()) {
    if (peer.search(start) != bare_search(bare, start)) give_up("igraph finds other nodes");
    samples.push_back(1e3 * seconds([&] { peer.search(start); }));
  }
  print(
      {.name = figure, .unit = "ms", .samples = samples, .note = of.what + ", igraph_bfs_simple"});
}

}  // namespace
}  // namespace mandate::bench

int main() {
  for (const auto& each : mandate::bench::reach_cases()) mandate::bench::run(each);
  return 0;
}
