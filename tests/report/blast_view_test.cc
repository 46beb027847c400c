#include "mandate/report/blast_view.h"

#include <gtest/gtest.h>

#include <utility>

namespace mandate::report {
namespace {

using graph::Builder;
using graph::Graph;
using graph::NodeKind;
using graph::Relation;

struct Sample {
  Graph graph;
  std::vector<observe::EdgeNote> notes;
};

// ann -> robot -> every right, the second under a condition; names hold what must be escaped.
Sample sample() {
  Builder builder;
  graph::Node ann = builder.node(NodeKind::kPrincipal, "ann");
  graph::Node robot = builder.node(NodeKind::kPrincipal, "<robot>\"\x1b[2J");
  graph::Node all = builder.node(NodeKind::kResource, "all");
  builder.mark_privileged(all);
  builder.edge({ann, robot, Relation::kCanActAs, graph::kPossible, 0});
  builder.edge({robot, all, Relation::kMayChange, graph::kPossible | graph::kObserved, 1});
  return {std::move(builder).build(),
          {{"assumes & uses", false, {.file = "iam.json", .line = 7, .offset = 0, .event_id = "e"}},
           {"rewrites", true, {}}}};
}

BlastView view_of(const Sample& sample, const graph::Blast& blast) {
  return {sample.graph, blast, sample.notes, graph::kAnyEvidence};
}

TEST(BlastView, says_each_thing_reached_with_its_way) {
  Sample of = sample();
  graph::Blast blast = of.graph.blast({{0}}, graph::Direction::kForward, graph::kAnyEvidence);
  EXPECT_EQ(
      blast_text(view_of(of, blast)),
      "principal ann reaches 1 principals, 1 resources and 0 credentials, sessions and "
      "delegations; "
      "1 of them privileged\n\n"
      "principal <robot>\"?[2J\n"
      "     ann can act as <robot>\"?[2J [possible]: assumes & uses (iam.json:7)\n\n"
      "resource all (privileged)\n"
      "     ann can act as <robot>\"?[2J [possible]: assumes & uses (iam.json:7)\n"
      "     <robot>\"?[2J may change all [possible, observed, under a condition]: rewrites\n");
}

TEST(BlastView, gives_programs_the_same_in_json_graphviz_and_graphml) {
  Sample of = sample();
  graph::Blast blast = of.graph.blast({{2}}, graph::Direction::kBackward, graph::kAnyEvidence);
  json::Value value = blast_json(view_of(of, blast));
  EXPECT_EQ(value.find("direction")->as_string(), "backward");
  ASSERT_EQ(value.find("reached")->as_array().size(), 2U);
  const json::Value& last = value.find("reached")->as_array()[1];
  EXPECT_EQ(last.find("id")->as_string(), "ann");
  EXPECT_EQ(last.find("path")->as_array().size(), 2U);
  EXPECT_EQ(last.find("path")->as_array()[1].find("line")->as_integer(), 7);
  std::string dot = blast_graphviz(view_of(of, blast));
  EXPECT_NE(dot.find("n1 [label=\"<robot>\\\"?[2J\"];"), std::string::npos) << dot;
  EXPECT_NE(dot.find("n1 -> n2 [label=\"may change\", style=dashed];"), std::string::npos) << dot;
  std::string xml = blast_graphml(view_of(of, blast));
  EXPECT_NE(xml.find("<data key=\"id\">&lt;robot&gt;&quot;?[2J</data>"), std::string::npos) << xml;
  EXPECT_NE(xml.find("<data key=\"why\">assumes &amp; uses</data>"), std::string::npos) << xml;
  EXPECT_NE(xml.find("<edge source=\"n0\" target=\"n1\">"), std::string::npos) << xml;
}

}  // namespace
}  // namespace mandate::report
