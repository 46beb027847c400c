// What the record grants, as edges: only what is live, by the engine's own checks.
#include "mandate/report/record_graph.h"

#include <gmock/gmock.h>

#include "tests/record/sample.h"

namespace mandate::report {
namespace {

using graph::Direction;
using graph::Graph;
using graph::NodeKind;

struct Made {
  Graph graph;
  std::vector<observe::EdgeNote> notes;
};

Made made_of(const record::View& view, bool with_maria = false, std::string_view alike = "") {
  graph::Builder builder;
  Made made{graph::Builder().build(), {}};
  if (!alike.empty()) builder.node(NodeKind::kPrincipal, alike);
  GrantedOptions options;
  if (with_maria)
    options.acted_for = [](std::string_view id) { return id.starts_with("human:maria"); };
  add_granted(view, test::kWorldTime, options, builder, made.notes);
  made.graph = std::move(builder).build();
  return made;
}

std::vector<std::string> reached(const Graph& graph, NodeKind kind, std::string_view from,
                                 Direction direction) {
  const std::optional<graph::Node> node = graph.find(kind, from);
  EXPECT_TRUE(node) << from;
  if (!node) return {};
  std::vector<std::string> all;
  const graph::Blast blast = graph.blast({{*node}}, direction, graph::kGranted);
  for (const graph::Step& step : blast.steps) {
    if (step.via != graph::kNone) all.emplace_back(graph.id(step.node));
  }
  std::sort(all.begin(), all.end());
  return all;
}

// Without keys, whose ids are digests.
std::vector<std::string> without_keys(const Graph& graph, std::vector<std::string> ids) {
  std::erase_if(ids, [&](const std::string& id) {
    return graph.find(NodeKind::kCredential, id).has_value();
  });
  return ids;
}

constexpr const char* kTickets = "https://tickets.acme.example";

TEST(GrantedGraph, reaches_what_delegations_allow_and_no_more) {
  const test::World world(test::kSample);
  const Graph graph = made_of(world.view()).graph;
  using testing::ElementsAre;
  EXPECT_THAT(without_keys(
                  graph, reached(graph, NodeKind::kPrincipal, "agent:helper", Direction::kForward)),
              ElementsAre("helper-reads", kTickets));
  EXPECT_THAT(reached(graph, NodeKind::kDelegation, "triage-reads", Direction::kForward),
              ElementsAre("helper-reads", kTickets));
  EXPECT_THAT(reached(graph, NodeKind::kPrincipal, "human:maria@acme.example", Direction::kForward),
              ElementsAre("helper-reads", kTickets, "triage-reads"));
  EXPECT_THAT(
      without_keys(graph,
                   reached(graph, NodeKind::kDelegation, "helper-reads", Direction::kBackward)),
      ElementsAre("agent:helper", "agent:triage", "human:maria@acme.example", "triage-reads"));
  EXPECT_THAT(reached(graph, NodeKind::kPrincipal, "human:kim@acme.example", Direction::kForward),
              testing::IsEmpty());
}

TEST(GrantedGraph, tells_who_may_act_for_somebody_only_where_asked) {
  const test::World world(test::kSample);
  const Graph plain = made_of(world.view()).graph;
  EXPECT_THAT(
      reached(plain, NodeKind::kPrincipal, "human:maria@acme.example", Direction::kBackward),
      testing::IsEmpty());
  const Graph asked = made_of(world.view(), true).graph;
  EXPECT_THAT(without_keys(asked, reached(asked, NodeKind::kPrincipal, "human:maria@acme.example",
                                          Direction::kBackward)),
              testing::ElementsAre("agent:triage", "triage-reads"));
}

TEST(GrantedGraph, holds_only_what_is_live) {
  const auto of_helper = [](const std::function<void(test::World&)>& change) {
    test::World world(test::kSample);
    change(world);
    const Graph graph = made_of(world.view()).graph;
    return without_keys(graph,
                        reached(graph, NodeKind::kPrincipal, "agent:helper", Direction::kForward));
  };
  EXPECT_EQ(of_helper([](test::World&) {}).size(), 2U);
  using record::NodeKind;
  const std::vector<std::function<void(test::World&)>> kills = {
      [](test::World& w) { w.revoke(NodeKind::kDelegation, "helper-reads"); },
      [](test::World& w) { w.revoke(NodeKind::kDelegation, "triage-reads"); },
      [](test::World& w) { w.revoke(NodeKind::kEntitlement, "support-tickets"); },
      [](test::World& w) { w.suspend("agent:triage"); },
      [](test::World& w) { w.suspend("human:maria@acme.example"); },
      [](test::World& w) { w.revoke(NodeKind::kTeam, "team:support"); },
  };
  for (std::size_t i = 0; i < kills.size(); ++i) EXPECT_TRUE(of_helper(kills[i]).empty()) << i;
}

TEST(GrantedGraph, joins_principals_to_their_names_in_logs) {
  const test::World world(test::kSample);
  const Made made = made_of(world.view(), false, "triage");
  const graph::Node triage = *made.graph.find(NodeKind::kPrincipal, "agent:triage");
  const graph::Node alike = *made.graph.find(NodeKind::kPrincipal, "triage");
  EXPECT_EQ(made.graph.evidence_between(triage, alike), graph::kAnyEvidence);
  EXPECT_EQ(made.graph.evidence_between(alike, triage), graph::kAnyEvidence);
  EXPECT_FALSE(made_of(world.view()).graph.find(NodeKind::kPrincipal, "triage"));
}

TEST(GrantedGraph, says_what_is_allowed_and_under_which_conditions) {
  const test::World world(test::sample_with(
      R"(actions: [read], identifier: "queue/eu/*"})",
      R"(actions: [read], identifier: "queue/eu/*", constraints: {networks: ["10.0.0.0/8"]}})"));
  const Made made = made_of(world.view());
  std::size_t seen = 0;
  for (graph::Edge at = 0; at < made.graph.edge_count(); ++at) {
    const graph::EdgeData& edge = made.graph.edge(at);
    if (made.graph.id(edge.from) != "helper-reads") continue;
    EXPECT_EQ(made.notes.at(edge.handle).text, "may read on queue/eu/*");
    EXPECT_TRUE(made.notes.at(edge.handle).is_conditional);
    ++seen;
  }
  EXPECT_EQ(seen, 1U);
}

}  // namespace
}  // namespace mandate::report
