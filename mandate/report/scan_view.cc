#include "mandate/report/scan_view.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "mandate/report/rules_view.h"

namespace mandate::report {
namespace {

using observe::CredentialRow;
using observe::Finding;
using observe::IssueRow;
using observe::Severity;
using observe::Summary;

constexpr std::size_t kHopsMax = 16;     // up from a credential
constexpr std::size_t kServicesMax = 8;  // that a credential is shown to have used

class Through {
 public:
  explicit Through(const Summary& summary) : summary_(summary) {}

  void credential(const std::string& name) {
    up(name, 0);
    used(name);
  }
  std::vector<ThroughStep> take() { return std::move(steps_); }

 private:
  void add(const std::string& from, const std::string& to, std::string how) {
    const ThroughStep step{from, to, std::move(how)};
    if (from.empty() || to.empty() || from == to || steps_.size() >= kThroughStepsMax) return;
    if (std::find(steps_.begin(), steps_.end(), step) == steps_.end()) steps_.push_back(step);
  }

  // What it was issued with, and with what that was.
  void up(const std::string& name, std::size_t hops) {
    const auto issues = summary_.issues().find(name);
    if (issues == summary_.issues().end() || hops == kHopsMax) return;
    const IssueRow& issue = issues->second.front();
    up(issue.issuer_credential, hops + 1);
    const bool has_key = !issue.issuer_credential.empty();
    if (has_key) add(issue.issuer, issue.issuer_credential, "holds");
    add(has_key ? issue.issuer_credential : issue.issuer, name, "issued");
  }

  void used(const std::string& name) {
    const auto found = summary_.credentials().find(name);
    if (found == summary_.credentials().end()) return;
    const CredentialRow& row = found->second;
    const bool is_issued = summary_.issues().contains(name);
    if (row.role.empty()) {
      if (!is_issued) add(row.principal, name, "holds");
    } else {
      if (!row.machine.empty()) add(row.machine, name, "holds");
      add(name, row.role, "acts as");
    }
    const std::string& actor = row.role.empty() ? name : row.role;
    std::size_t shown = 0;
    for (const std::string& service : row.services) {
      if (shown++ == kServicesMax) {
        add(actor, std::to_string(row.services.size() - kServicesMax) + " more", "used");
        break;
      }
      add(actor, service, "used");
    }
  }

  const Summary& summary_;
  std::vector<ThroughStep> steps_;
};

std::vector<ThroughStep> possible_path(const Finding& finding,
                                       const observe::InventoryReport& inventory) {
  std::vector<ThroughStep> steps;
  const graph::Graph& graph = inventory.graph;
  const std::vector<graph::Node> from = graph.find(finding.principal);
  if (from.empty()) return steps;
  const graph::Blast blast = graph.blast(from, graph::Direction::kForward, graph::kPossible);
  // The nearest that is control of everything, or else of anything.
  std::size_t target = blast.steps.size();
  for (std::size_t i = blast.steps.size(); i-- > 0;) {
    const graph::Step& step = blast.steps[i];
    if (step.via == graph::kNone || !graph.is_privileged(step.node)) continue;
    const bool is_all = graph.id(step.node).ends_with(":administrator");
    const bool had_all = target < blast.steps.size() &&
                         graph.id(blast.steps[target].node).ends_with(":administrator");
    if (is_all || !had_all) target = i;
  }
  if (target == blast.steps.size()) return steps;
  for (const graph::Edge edge : graph.explanation(blast, target)) {
    const graph::EdgeData& data = graph.edge(edge);
    const bool has_note = data.handle < inventory.edges.size();
    std::string how(name(data.relation));
    if (has_note && !inventory.edges[data.handle].text.empty()) {
      how = inventory.edges[data.handle].text;
    }
    steps.push_back({std::string(graph.id(data.from)), std::string(graph.id(data.to)), how});
    if (steps.size() == kThroughStepsMax) break;
  }
  return steps;
}

json::Value number(std::uint64_t n) { return static_cast<std::int64_t>(n); }

json::Value list(const std::vector<std::string>& texts) {
  return json::Array(texts.begin(), texts.end());
}

json::Value when(const std::optional<Instant>& instant) {
  return instant ? json::Value(format_rfc3339(*instant)) : json::Value();
}

json::Value summary_json(const ScanView& view, const std::vector<Incident>& incidents) {
  std::map<std::string_view, std::int64_t> classes;
  std::map<Severity, std::int64_t> severities;
  std::int64_t delegations = 0;
  for (const Finding& finding : view.findings) {
    ++classes[name(finding.finding_class)];
    ++severities[finding.severity];
    delegations += finding.remedy ? 1 : 0;
  }
  json::Value by_class = json::Value::object({});
  for (const auto& [of, count] : classes) by_class.set(of, count);
  json::Value by_severity = json::Value::object({});
  for (const auto& [of, count] : severities) by_severity.set(name(of), count);
  return json::Value::object({{"time", format_rfc3339(view.now)},
                              {"version", view.version},
                              {"events", number(view.input.events)},
                              {"repeats", number(view.input.repeats)},
                              {"files", number(view.input.files)},
                              {"inventories", number(view.input.inventories)},
                              {"foreign_files", number(view.input.foreign_files)},
                              {"problems", list(view.input.problems)},
                              {"incidents", number(incidents.size())},
                              {"findings", number(view.findings.size())},
                              {"classes", std::move(by_class)},
                              {"severities", std::move(by_severity)},
                              {"delegations", delegations},
                              {"controls", controls_json(view.findings)}});
}

json::Value full_json(const Finding& finding, const ScanView& view) {
  json::Value out = observe::to_json(finding);
  const observe::Rule& rule = observe::rule(finding.rule);
  json::Array path;
  for (const ThroughStep& step : path_of(finding, view.summary, view.inventory)) {
    path.push_back(json::Value::object({{"from", step.from}, {"how", step.how}, {"to", step.to}}));
  }
  out.set("title", rule.title);
  out.set("explanation", finding.explanation);
  out.set("reasons", list(finding.reasons));
  out.set("ambiguity", list(finding.ambiguity));
  out.set("to_do", rule.remedy);
  out.set("path", std::move(path));
  return out;
}

}  // namespace

std::vector<Incident> incidents_of(std::span<const Finding> findings) {
  std::map<std::string, Incident> by_id;
  for (const Finding& finding : findings) {
    Incident& incident = by_id[finding.incident];
    incident.id = finding.incident;
    incident.severity = std::max(incident.severity, finding.severity);
    incident.findings.push_back(&finding);
    if (!finding.time) continue;
    incident.first = std::min(incident.first.value_or(*finding.time), *finding.time);
    incident.last = std::max(incident.last.value_or(*finding.time), *finding.time);
  }
  std::vector<Incident> incidents;
  for (auto& [id, incident] : by_id) {
    std::set<std::string> principals;
    for (const Finding* finding : incident.findings) principals.insert(finding->principal);
    incident.principals.assign(principals.begin(), principals.end());
    std::stable_sort(incident.findings.begin(), incident.findings.end(),
                     [](const Finding* a, const Finding* b) { return a->severity > b->severity; });
    incidents.push_back(std::move(incident));
  }
  std::sort(incidents.begin(), incidents.end(), [](const Incident& a, const Incident& b) {
    return std::tie(b.severity, a.first, a.id) < std::tie(a.severity, b.first, b.id);
  });
  return incidents;
}

std::vector<ThroughStep> path_of(const Finding& finding, const Summary& summary,
                                 const observe::InventoryReport& inventory) {
  if (!observe::rule(finding.rule).is_of_logs()) return possible_path(finding, inventory);
  Through through(summary);
  through.credential(finding.credential.empty() ? finding.principal : finding.credential);
  return through.take();
}

json::Value scan_json(const ScanView& view) {
  const std::vector<Incident> incidents = incidents_of(view.findings);
  json::Array told;
  for (const Incident& incident : incidents) {
    json::Array ids;
    for (const Finding* finding : incident.findings) ids.emplace_back(finding->id);
    told.push_back(json::Value::object({{"id", incident.id},
                                        {"severity", name(incident.severity)},
                                        {"first", when(incident.first)},
                                        {"last", when(incident.last)},
                                        {"principals", list(incident.principals)},
                                        {"findings", std::move(ids)}}));
  }
  json::Array findings;
  for (const Finding& finding : view.findings) findings.push_back(full_json(finding, view));
  return json::Value::object({{"summary", summary_json(view, incidents)},
                              {"incidents", std::move(told)},
                              {"findings", std::move(findings)}});
}

}  // namespace mandate::report
