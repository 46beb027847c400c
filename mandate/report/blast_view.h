// What a blast radius holds, for people and programs: text, JSON, Graphviz, GraphML. Each thing
// reached comes with the shortest way to it. Every name is escaped: it came from outside.
#pragma once

#include <string>
#include <vector>

#include "mandate/graph/graph.h"
#include "mandate/json/value.h"
#include "mandate/observe/inventory/inventory.h"

namespace mandate::report {

struct BlastView {
  const graph::Graph& graph;
  const graph::Blast& blast;
  const std::vector<observe::EdgeNote>& notes;  // by `EdgeData::handle`
  graph::Evidence evidence = graph::kAnyEvidence;
};

std::string blast_text(const BlastView& view);
json::Value blast_json(const BlastView& view);
std::string blast_graphviz(const BlastView& view);
std::string blast_graphml(const BlastView& view);

}  // namespace mandate::report
