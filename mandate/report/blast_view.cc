#include "mandate/report/blast_view.h"

#include <string_view>

#include "mandate/base/text.h"

namespace mandate::report {
namespace {

using graph::EdgeData;
using graph::Node;
using observe::EdgeNote;

const EdgeNote& note_of(const BlastView& view, const EdgeData& edge) {
  static const EdgeNote kNone;
  return edge.handle < view.notes.size() ? view.notes[edge.handle] : kNone;
}

std::string id_of(const BlastView& view, Node node) { return without_unseen(view.graph.id(node)); }

// The step's own edge; nullptr for a beginning.
const EdgeData* last_edge(const BlastView& view, std::size_t index) {
  std::vector<graph::Edge> way = view.graph.explanation(view.blast, index);
  return way.empty() ? nullptr : &view.graph.edge(way.back());
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string in_xml(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string place_of(const EdgeNote& note) {
  if (note.evidence.file.empty()) return {};
  return without_unseen(note.evidence.file) + ":" + std::to_string(note.evidence.line);
}

std::string sentence_of(const BlastView& view, const EdgeData& edge) {
  const EdgeNote& note = note_of(view, edge);
  std::string out = id_of(view, edge.from) + " " + std::string(name(edge.relation)) + " " +
                    id_of(view, edge.to) + " [" + graph::names(edge.evidence) +
                    (note.is_conditional ? ", under a condition" : "") + "]";
  if (!note.text.empty()) out += ": " + without_unseen(note.text);
  if (std::string place = place_of(note); !place.empty()) out += " (" + place + ")";
  return out;
}

json::Value json_of(const BlastView& view, const EdgeData& edge) {
  const EdgeNote& note = note_of(view, edge);
  return json::Value::object({{"from", std::string(view.graph.id(edge.from))},
                              {"relation", std::string(name(edge.relation))},
                              {"to", std::string(view.graph.id(edge.to))},
                              {"evidence", graph::names(edge.evidence)},
                              {"conditional", note.is_conditional},
                              {"why", note.text},
                              {"file", note.evidence.file},
                              {"line", static_cast<std::int64_t>(note.evidence.line)},
                              {"event_id", note.evidence.event_id}});
}

}  // namespace

std::string blast_text(const BlastView& view) {
  std::string out;
  graph::Reach reach = view.graph.reach(view.blast);
  bool is_forward = view.blast.direction == graph::Direction::kForward;
  for (std::size_t i = 0; i < view.blast.steps.size(); ++i) {
    const graph::Step& step = view.blast.steps[i];
    std::string what = std::string(name(view.graph.kind(step.node))) + " " +
                       id_of(view, step.node) +
                       (view.graph.is_privileged(step.node) ? " (privileged)" : "");
    if (step.via == graph::kNone) {
      out += what + (is_forward ? " reaches " : " is reached by ") +
             std::to_string(reach.principals) + " principals, " + std::to_string(reach.resources) +
             " resources and " + std::to_string(reach.others) +
             " credentials, sessions and delegations; " + std::to_string(reach.privileged) +
             " of them privileged\n";
      continue;
    }
    out += "\n" + what + "\n";
    for (graph::Edge edge : view.graph.explanation(view.blast, i)) {
      out += "     " + sentence_of(view, view.graph.edge(edge)) + "\n";
    }
  }
  return out;
}

json::Value blast_json(const BlastView& view) {
  json::Value reached{json::Array{}};
  json::Value from{json::Array{}};
  for (std::size_t i = 0; i < view.blast.steps.size(); ++i) {
    const graph::Step& step = view.blast.steps[i];
    json::Value node = json::Value::object({{"kind", std::string(name(view.graph.kind(step.node)))},
                                            {"id", std::string(view.graph.id(step.node))},
                                            {"privileged", view.graph.is_privileged(step.node)}});
    if (step.via == graph::kNone) {
      from.push_back(std::move(node));
      continue;
    }
    json::Value way{json::Array{}};
    for (graph::Edge edge : view.graph.explanation(view.blast, i)) {
      way.push_back(json_of(view, view.graph.edge(edge)));
    }
    node.set("path", std::move(way));
    reached.push_back(std::move(node));
  }
  graph::Reach reach = view.graph.reach(view.blast);
  bool is_forward = view.blast.direction == graph::Direction::kForward;
  return json::Value::object({{"from", std::move(from)},
                              {"direction", is_forward ? "forward" : "backward"},
                              {"evidence", graph::names(view.evidence)},
                              {"principals", static_cast<std::int64_t>(reach.principals)},
                              {"resources", static_cast<std::int64_t>(reach.resources)},
                              {"others", static_cast<std::int64_t>(reach.others)},
                              {"privileged", static_cast<std::int64_t>(reach.privileged)},
                              {"reached", std::move(reached)}});
}

std::string blast_graphviz(const BlastView& view) {
  std::string out =
      "digraph blast {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n";
  for (std::size_t i = 0; i < view.blast.steps.size(); ++i) {
    const graph::Step& step = view.blast.steps[i];
    bool is_resource = view.graph.kind(step.node) == graph::NodeKind::kResource;
    out += "  n" + std::to_string(step.node) + " [label=" + in_quotes(id_of(view, step.node)) +
           (is_resource ? ", shape=ellipse" : "") +
           (view.graph.is_privileged(step.node) ? ", color=red" : "") +
           (step.via == graph::kNone ? ", penwidth=2" : "") + "];\n";
    if (const EdgeData* edge = last_edge(view, i)) {
      bool is_conditional = note_of(view, *edge).is_conditional;
      out += "  n" + std::to_string(edge->from) + " -> n" + std::to_string(edge->to) +
             " [label=" + in_quotes(name(edge->relation)) +
             (is_conditional ? ", style=dashed" : "") + "];\n";
    }
  }
  return out + "}\n";
}

std::string blast_graphml(const BlastView& view) {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n";
  for (std::string_view key : {"id", "kind", "privileged"}) {
    out += "  <key id=\"" + std::string(key) + "\" for=\"node\" attr.name=\"" + std::string(key) +
           "\" attr.type=\"" + (key == "privileged" ? "boolean" : "string") + "\"/>\n";
  }
  for (std::string_view key : {"relation", "evidence", "why"}) {
    out += "  <key id=\"" + std::string(key) + "\" for=\"edge\" attr.name=\"" + std::string(key) +
           "\" attr.type=\"string\"/>\n";
  }
  out += "  <graph edgedefault=\"directed\">\n";
  auto data = [](std::string_view key, std::string_view value) {
    return "<data key=\"" + std::string(key) + "\">" + in_xml(value) + "</data>";
  };
  std::string edges;
  for (std::size_t i = 0; i < view.blast.steps.size(); ++i) {
    Node node = view.blast.steps[i].node;
    out += "    <node id=\"n" + std::to_string(node) + "\">" + data("id", id_of(view, node)) +
           data("kind", name(view.graph.kind(node))) +
           data("privileged", view.graph.is_privileged(node) ? "true" : "false") + "</node>\n";
    const EdgeData* edge = last_edge(view, i);
    if (edge == nullptr) continue;
    edges += "    <edge source=\"n" + std::to_string(edge->from) + "\" target=\"n" +
             std::to_string(edge->to) + "\">" + data("relation", name(edge->relation)) +
             data("evidence", graph::names(edge->evidence)) +
             data("why", without_unseen(note_of(view, *edge).text)) + "</edge>\n";
  }
  return out + edges + "  </graph>\n</graphml>\n";
}

}  // namespace mandate::report
