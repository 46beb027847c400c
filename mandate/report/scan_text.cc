// The findings for a terminal, one incident after another, the worst first.
#include <algorithm>
#include <cctype>
#include <set>

#include "mandate/base/text.h"
#include "mandate/observe/rules.h"
#include "mandate/report/scan_view.h"

namespace mandate::report {
namespace {

using observe::Evidence;
using observe::Finding;

constexpr std::size_t kPrincipalsShown = 4;
constexpr std::size_t kEvidenceShown = 3;
constexpr std::size_t kIdShown = 8;  // as many tell findings apart, and `propose --finding` takes

std::string counted(std::uint64_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

std::string day_and_minute(Instant instant) {
  std::string text = format_rfc3339(instant).substr(0, 16);
  text[10] = ' ';
  return text;
}

std::string between(const Incident& incident) {
  if (!incident.first) return "";
  const std::string first = day_and_minute(*incident.first);
  const std::string last = day_and_minute(*incident.last);
  if (first == last) return ", " + first + " UTC";
  const bool is_one_day = first.substr(0, 10) == last.substr(0, 10);
  return ", " + first + " to " + (is_one_day ? last.substr(11) : last) + " UTC";
}

std::string in_capitals(std::string_view word) {
  std::string text(word);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string joined(const std::vector<std::string>& texts, std::size_t shown) {
  std::string all;
  for (std::size_t i = 0; i < texts.size() && i < shown; ++i) {
    all += (i == 0 ? "" : ", ") + texts[i];
  }
  if (texts.size() > shown) all += " and " + std::to_string(texts.size() - shown) + " more";
  return all;
}

std::string reach_text(const observe::Reach& reach) {
  std::string text =
      counted(reach.principals, "principal") + ", " + counted(reach.resources, "resource");
  if (reach.privileged) text += ", control over identities or rights";
  return text;
}

// A text of a log on one line, harmless for a terminal.
std::string safe(std::string_view text) { return without_unseen(text); }

// "ann -> AKIA1 -> role; used s3, ec2": what was used stands together.
std::string path_text(const std::vector<ThroughStep>& steps) {
  std::string text;
  std::string at;
  std::string user;
  std::vector<std::string> used;
  for (const ThroughStep& step : steps) {
    if (step.how == "used") {
      user = step.from;
      used.push_back(step.to);
      continue;
    }
    if (step.from != at) text += (text.empty() ? "" : "; ") + step.from;
    text += " -> " + step.to;
    at = step.to;
  }
  if (!used.empty()) {
    text += (text.empty() ? user + " " : "; ") + ("used " + joined(used, used.size()));
  }
  return safe(text);
}

// Files once each, with the events in them; an event with one id in one place is shown once.
std::string evidence_text(const Finding& finding) {
  std::string text;
  std::string at;
  std::string id;
  std::size_t shown = 0;
  for (const Evidence& evidence : finding.evidence) {
    const std::string place = evidence.file + ":" + std::to_string(evidence.line);
    if (shown > 0 && place == at && evidence.event_id == id) continue;
    if (shown++ == kEvidenceShown) break;
    if (place != at) text += (text.empty() ? "      evidence " : "\n               ") + safe(place);
    if (!evidence.event_id.empty()) text += (place == at ? ", " : " ") + safe(evidence.event_id);
    at = place;
    id = evidence.event_id;
  }
  if (text.empty()) return text;
  if (finding.evidence.size() > 1) {
    text += "  (" + counted(finding.evidence.size(), "event") + ")";
  }
  return text + "\n";
}

std::string finding_text(const Finding& finding, const ScanView& view,
                         std::set<std::string>& paths) {
  std::string text = "    [" + finding.id.substr(0, kIdShown) + "] " + safe(finding.explanation) +
                     "\n      " + std::string(name(finding.severity)) + ", confidence " +
                     std::string(name(finding.confidence));
  if (!finding.reasons.empty()) {
    text += ": " + safe(joined(finding.reasons, finding.reasons.size()));
  }
  text += "\n      reach    " + reach_text(finding.reach) + "\n";
  const std::string path = path_text(path_of(finding, view.summary, view.inventory));
  if (!path.empty() && paths.insert(path).second) text += "      path     " + path + "\n";
  text += evidence_text(finding);
  if (finding.remedy) {
    text +=
        "      remedy   mandate propose PATH --finding " + finding.id.substr(0, kIdShown) + "\n";
  }
  return text;
}

// All of one rule together: what it tells, each finding, then what they could also be and what to
// do, once.
std::string rule_text(const std::vector<const Finding*>& findings, const ScanView& view,
                      std::set<std::string>& paths) {
  const observe::Rule& rule = observe::rule(findings.front()->rule);
  std::string severity = in_capitals(name(findings.front()->severity));
  severity.resize(8, ' ');
  std::string text = "  " + severity + "  " + std::string(rule.title) + " (" +
                     std::string(name(rule.finding_class)) + ", " + std::string(rule.id) + ")\n";
  std::set<std::string> others;
  for (const Finding* finding : findings) {
    text += finding_text(*finding, view, paths);
    others.insert(finding->ambiguity.begin(), finding->ambiguity.end());
  }
  for (const std::string& other : others) text += "    or else: " + safe(other) + "\n";
  return text + "    to do: " + std::string(rule.remedy) + "\n\n";
}

}  // namespace

std::string scan_text(const ScanView& view) {
  std::string text;
  for (const Incident& incident : incidents_of(view.findings)) {
    text += "incident " + incident.id.substr(0, kIdShown) + "  " +
            in_capitals(name(incident.severity)) + ", " +
            counted(incident.findings.size(), "finding") + between(incident) + "\n  about " +
            safe(joined(incident.principals, kPrincipalsShown)) + "\n\n";
    std::vector<std::vector<const Finding*>> rules;  // in the order of their worst finding
    for (const Finding* finding : incident.findings) {
      const auto known = std::find_if(rules.begin(), rules.end(), [&](const auto& of_rule) {
        return of_rule.front()->rule == finding->rule;
      });
      if (known == rules.end()) {
        rules.push_back({finding});
      } else {
        known->push_back(finding);
      }
    }
    std::set<std::string> paths;  // that were told
    for (const auto& findings : rules) text += rule_text(findings, view, paths);
  }
  return text;
}

}  // namespace mandate::report
