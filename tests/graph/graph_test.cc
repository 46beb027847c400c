#include "mandate/graph/graph.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>

namespace mandate::graph {
namespace {

// "a>b" is possible, "a=b" granted, "a~b" observed; nodes are principals of one letter.
Graph graph_of(std::initializer_list<std::string_view> edges) {
  Builder builder;
  for (std::string_view text : edges) {
    Node from = builder.node(NodeKind::kPrincipal, text.substr(0, 1));
    Node to = builder.node(NodeKind::kPrincipal, text.substr(2, 1));
    Evidence evidence = text[1] == '=' ? kGranted : text[1] == '>' ? kPossible : kObserved;
    builder.edge({from, to, Relation::kCanActAs, evidence, kNone});
  }
  return std::move(builder).build();
}

Node at(const Graph& graph, std::string_view id) {
  return graph.find(NodeKind::kPrincipal, id).value();
}

// The nodes reached, sorted, without the beginning.
std::string reached(const Graph& graph, std::string_view from, Direction direction,
                    Evidence evidence) {
  std::string out;
  for (const Step& step : graph.blast({{at(graph, from)}}, direction, evidence).steps) {
    if (step.via != kNone) out += graph.id(step.node);
  }
  std::sort(out.begin(), out.end());
  return out;
}

TEST(Blast, follows_edges_in_their_direction_and_with_the_evidence_asked_for) {
  Graph graph = graph_of({"a>b", "b~c", "c=d", "d>a", "x>a"});
  struct Row {
    std::string_view from;
    Direction direction;
    Evidence evidence;
    std::string expected;
  };
  for (const Row& row : {
           Row{"a", Direction::kForward, kAnyEvidence, "bcd"},
           Row{"a", Direction::kForward, kPossible, "b"},
           Row{"a", Direction::kForward, kPossible | kObserved, "bc"},
           Row{"a", Direction::kForward, kGranted, ""},
           Row{"a", Direction::kBackward, kAnyEvidence, "bcdx"},
           Row{"a", Direction::kBackward, kPossible, "dx"},
           Row{"d", Direction::kBackward, kGranted, "c"},
           Row{"x", Direction::kForward, kAnyEvidence, "abcd"},
           Row{"x", Direction::kBackward, kAnyEvidence, ""},
       }) {
    EXPECT_EQ(reached(graph, row.from, row.direction, row.evidence), row.expected) << row.from;
  }
}

TEST(Blast, explains_each_thing_by_a_shortest_path) {
  Graph graph = graph_of({"a>b", "b>c", "c>d", "a>c", "d>e"});
  Blast blast = graph.blast({{at(graph, "a")}}, Direction::kForward, kAnyEvidence);
  for (std::size_t i = 0; i < blast.steps.size(); ++i) {
    if (graph.id(blast.steps[i].node) != "e") continue;
    std::string path = "a";
    for (Edge edge : graph.explanation(blast, i)) path += graph.id(graph.edge(edge).to);
    EXPECT_EQ(path, "acde");
  }
  EXPECT_TRUE(graph.explanation(blast, 0).empty());
  EXPECT_EQ(blast.steps.size(), 5U);
}

TEST(Blast, agrees_with_the_closure_on_random_graphs) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::size_t nodes = 1 + random() % 70;
    Builder builder;
    for (std::size_t i = 0; i < nodes; ++i) {
      builder.node(NodeKind::kPrincipal, std::to_string(i));
    }
    std::vector<std::vector<Evidence>> direct(nodes, std::vector<Evidence>(nodes, 0));
    for (std::size_t i = random() % (nodes * 2); i > 0; --i) {
      Node from = static_cast<Node>(random() % nodes);
      Node to = static_cast<Node>(random() % nodes);
      auto evidence = static_cast<Evidence>(1 + random() % kAnyEvidence);
      builder.edge({from, to, Relation::kCanActAs, evidence, kNone});
      direct[from][to] |= evidence;
    }
    Graph graph = std::move(builder).build();
    auto wanted = static_cast<Evidence>(1 + random() % kAnyEvidence);
    std::vector<std::vector<bool>> closed(nodes, std::vector<bool>(nodes, false));
    for (std::size_t i = 0; i < nodes; ++i) {
      for (std::size_t j = 0; j < nodes; ++j) {
        closed[i][j] = i == j || (direct[i][j] & wanted) != 0;
        EXPECT_EQ(graph.evidence_between(static_cast<Node>(i), static_cast<Node>(j)), direct[i][j]);
      }
    }
    for (std::size_t k = 0; k < nodes; ++k) {
      for (std::size_t i = 0; i < nodes; ++i) {
        for (std::size_t j = 0; j < nodes; ++j) {
          if (closed[i][k] && closed[k][j]) closed[i][j] = true;
        }
      }
    }
    for (Direction direction : {Direction::kForward, Direction::kBackward}) {
      Node from = static_cast<Node>(random() % nodes);
      std::vector<bool> got(nodes, false);
      for (const Step& step : graph.blast({{from}}, direction, wanted).steps) {
        EXPECT_FALSE(got[step.node]);
        got[step.node] = true;
      }
      for (std::size_t i = 0; i < nodes; ++i) {
        EXPECT_EQ(got[i], direction == Direction::kForward ? closed[from][i] : closed[i][from]);
      }
    }
  }
}

TEST(Graph, interns_by_kind_and_id_and_counts_what_is_reached) {
  Builder builder;
  Node user = builder.node(NodeKind::kPrincipal, "x");
  Node key = builder.node(NodeKind::kCredential, "x");
  Node session = builder.node(NodeKind::kSession, "s");
  Node bucket = builder.node(NodeKind::kResource, "b");
  EXPECT_NE(user, key);
  EXPECT_EQ(builder.node(NodeKind::kPrincipal, "x"), user);
  builder.mark_privileged(bucket);
  builder.edge({user, key, Relation::kBelongsTo, kPossible, kNone});
  builder.edge({key, session, Relation::kCanActAs, kObserved, kNone});
  builder.edge({session, bucket, Relation::kActedOn, kObserved, kNone});
  Graph graph = std::move(builder).build();
  EXPECT_EQ(graph.find("x"), (std::vector<Node>{user, key}));
  EXPECT_TRUE(graph.find("y").empty());
  EXPECT_EQ(graph.kind(session), NodeKind::kSession);
  Reach reach = graph.reach(graph.blast({{user}}, Direction::kForward, kAnyEvidence));
  EXPECT_EQ(reach, (Reach{.principals = 0, .resources = 1, .others = 2, .privileged = 1}));
  EXPECT_TRUE(graph.blast({}, Direction::kForward, kAnyEvidence).steps.empty());
}

TEST(Evidence, is_read_as_it_is_written) {
  for (Evidence evidence = 1; evidence <= kAnyEvidence; ++evidence) {
    std::string text = names(evidence);
    std::erase(text, ' ');
    EXPECT_EQ(parse_evidence(text), evidence);
  }
  for (std::string_view text :
       {"", "granted,", ",granted", "Granted", "granted, observed", "all"}) {
    EXPECT_EQ(parse_evidence(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace mandate::graph
