#include "mandate/observe/inventory/draft.h"

#include <algorithm>
#include <unordered_set>

namespace mandate::observe {

Evidence Draft::evidence(const InventoryPlace& place, std::string event_id) const {
  return {.file = place.file < files_.size() ? files_[place.file] : std::string(),
          .line = place.line,
          .offset = place.offset,
          .event_id = std::move(event_id)};
}

void Draft::edge(graph::Node from, graph::Node to, graph::Relation relation, EdgeNote note) {
  builder_.edge({from, to, relation, graph::kPossible, static_cast<std::uint32_t>(edges_.size())});
  edges_.push_back(std::move(note));
}

void Draft::note(std::string kind, std::string subject, std::string text, Evidence evidence) {
  notes_.push_back({std::move(kind), std::move(subject), std::move(text), std::move(evidence)});
}

void Draft::grant(GrantedPair pair) {
  std::set<GrantedPair>& pairs = granted_[pair.principal];
  if (pairs.size() < kGrantedMax) pairs.insert(std::move(pair));
}

void Draft::build() { graph_ = std::move(builder_).build(); }

Finding Draft::finding(std::string_view rule_id, std::string principal, graph::Node node) const {
  const Rule& rule = observe::rule(rule_id);
  Finding finding;
  finding.rule = rule.id;
  finding.finding_class = rule.finding_class;
  finding.principal = std::move(principal);
  finding.confidence = Confidence::kHigh;
  graph::Reach reach = outlook(*this, node).reach;
  finding.reach = {.principals = reach.principals,
                   .resources = reach.resources,
                   .privileged = reach.privileged > 0};
  finding.ambiguity.emplace_back(rule.cannot_know);
  return finding;
}

void Draft::add(Finding finding) {
  seal(finding);
  findings_.push_back(std::move(finding));
}

InventoryReport Draft::report(std::vector<InventorySkipped> skipped, std::uint64_t objects) && {
  sort_findings(findings_);
  std::sort(notes_.begin(), notes_.end(), [](const InventoryNote& a, const InventoryNote& b) {
    return std::tie(a.kind, a.subject, a.text, a.evidence) <
           std::tie(b.kind, b.subject, b.text, b.evidence);
  });
  std::vector<GrantedPair> granted;
  for (auto& [principal, pairs] : granted_) {
    granted.insert(granted.end(), pairs.begin(), pairs.end());
  }
  return {std::move(findings_), std::move(notes_), std::move(skipped), std::move(*graph_),
          std::move(edges_),    objects,           std::move(granted)};
}

namespace {

// Whether a node that stands for every right (or else any privileged one) is reached without a
// condition.
bool is_certain(const Draft& draft, graph::Node from, bool is_admin) {
  const graph::Graph& graph = draft.graph();
  std::unordered_set<graph::Node> seen{from};
  std::vector<graph::Node> queue{from};
  for (std::size_t at = 0; at < queue.size(); ++at) {
    for (graph::Edge edge : graph.edges_of(queue[at], graph::Direction::kForward)) {
      graph::Node to = graph.edge(edge).to;
      if (draft.edges()[graph.edge(edge).handle].is_conditional || !seen.insert(to).second)
        continue;
      if (graph.is_privileged(to) && (!is_admin || graph.id(to).ends_with(kAdministrator))) {
        return true;
      }
      queue.push_back(to);
    }
  }
  return false;
}

}  // namespace

Outlook outlook(const Draft& draft, graph::Node node) {
  const graph::Graph& graph = draft.graph();
  graph::Blast blast = graph.blast({{node}}, graph::Direction::kForward, graph::kPossible);
  Outlook out;
  out.reach = graph.reach(blast);
  for (const graph::Step& step : blast.steps) {
    bool is_own = step.via == graph::kNone;
    if (is_own || !graph.is_privileged(step.node)) continue;
    out.is_privileged = true;
    out.is_admin |= graph.id(step.node).ends_with(kAdministrator);
  }
  out.is_conditional = out.is_privileged && !is_certain(draft, node, out.is_admin);
  return out;
}

std::string listed(const std::vector<std::string>& items, std::size_t shown) {
  std::string out;
  for (std::size_t i = 0; i < items.size() && i < shown; ++i) {
    if (i > 0) out += i + 1 == items.size() ? " and " : ", ";
    out += items[i];
  }
  if (items.size() > shown) out += " and " + std::to_string(items.size() - shown) + " more";
  return out;
}

}  // namespace mandate::observe
