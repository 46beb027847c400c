// The findings as one page that needs nothing else: no script, no request, its one style sheet
// named by its hash in the page's own policy. Text of logs never begins a table's cell, so that a
// spreadsheet that opens the page finds no formula.
#include <algorithm>
#include <set>

#include "mandate/observe/rules.h"
#include "mandate/report/markup.h"
#include "mandate/report/scan_html_style.h"
#include "mandate/report/scan_view.h"

namespace mandate::report {
namespace {

using observe::Evidence;
using observe::Finding;
using observe::Framework;
using observe::Rule;
using observe::Severity;

constexpr std::size_t kEvidenceShown = 50;
constexpr std::size_t kStepsMax = 80;  // of an incident's drawing

std::string element(std::string_view name, std::string_view of_class, std::string content) {
  const std::string tag(name);
  const std::string attribute = of_class.empty() ? "" : " class=\"" + std::string(of_class) + "\"";
  return "<" + tag + attribute + ">" + std::move(content) + "</" + tag + ">";
}

std::string code(std::string_view text) { return element("code", "", in_markup(text)); }

std::string counted(std::uint64_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

std::string chip(Severity severity) {
  const std::string word(name(severity));
  return element("span", "chip " + word, word);
}

// Line by line, so that its own ends stay.
std::string in_markup_lines(std::string_view text) {
  std::string all;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    all += in_markup(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return all;
}

std::string row(std::string_view title, std::string content) {
  return element("dt", "", std::string(title)) + element("dd", "", std::move(content));
}

std::string items(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += element("li", "", in_markup(text));
  return element("ul", "", all);
}

// What was used stands on one line.
std::string path_html(const std::vector<ThroughStep>& steps) {
  std::string all;
  std::string used;
  std::string user;
  for (const ThroughStep& step : steps) {
    if (step.how == "used") {
      user = step.from;
      used += (used.empty() ? "" : " ") + code(step.to);
    } else {
      all += element("li", "",
                     code(step.from) + " \u2192 " + code(step.to) + " " +
                         element("span", "how", in_markup(step.how)));
    }
  }
  if (!used.empty()) all += element("li", "", code(user) + " used " + used);
  return element("ul", "", all);
}

std::string evidence_html(const Finding& finding) {
  std::string all;
  for (std::size_t i = 0; i < finding.evidence.size() && i < kEvidenceShown; ++i) {
    const Evidence& evidence = finding.evidence[i];
    std::string line = code(evidence.file + ":" + std::to_string(evidence.line)) + " byte " +
                       std::to_string(evidence.offset);
    if (!evidence.event_id.empty()) line += ", event " + code(evidence.event_id);
    all += element("li", "", line);
  }
  const std::size_t more =
      finding.evidence.size() - std::min(finding.evidence.size(), kEvidenceShown);
  if (more > 0) all += element("li", "", "and " + std::to_string(more) + " more");
  return "<details><summary>" + counted(finding.evidence.size(), "place") + "</summary>" +
         element("ul", "evidence", all) + "</details>";
}

std::string remedy_html(const Finding& finding, const Rule& rule) {
  std::string text = in_markup(rule.remedy);
  if (!finding.remedy) return text;
  return text + "<details><summary>the delegation, ready for <code>mandate apply</code></summary>" +
         element("pre", "", in_markup_lines(json::pretty(*finding.remedy))) + "</details>";
}

std::string controls_of(const Rule& rule) {
  std::string all;
  for (const Framework framework : observe::kFrameworks) {
    const std::string_view id = column(rule, framework);
    if (id.empty()) continue;
    all +=
        element("span", "control", in_markup(std::string(name(framework)) + " " + std::string(id)));
  }
  return all;
}

std::string finding_html(const Finding& finding, const std::vector<ThroughStep>& path) {
  const Rule& rule = observe::rule(finding.rule);
  std::string reach = counted(finding.reach.principals, "principal") + ", " +
                      counted(finding.reach.resources, "resource");
  if (finding.reach.privileged) reach += ", control over identities or rights";
  std::string facts;
  facts += row("who", code(finding.principal) +
                          (finding.credential.empty() ? "" : " with " + code(finding.credential)));
  if (finding.time) facts += row("when", format_rfc3339(*finding.time));
  std::string confidence(name(finding.confidence));
  if (!finding.reasons.empty()) confidence += items(finding.reasons);
  facts += row("confidence", confidence);
  if (!finding.ambiguity.empty()) facts += row("or else", items(finding.ambiguity));
  if (!path.empty()) facts += row("path", path_html(path));
  facts += row("reach", reach);
  facts += row("evidence", evidence_html(finding));
  facts += row("to do", remedy_html(finding, rule));
  facts += row("controls", controls_of(rule));
  return "<article id=\"f-" + finding.id + "\"><h3>" + chip(finding.severity) + " " +
         in_markup(rule.title) + "</h3>" +
         element("p", "rule",
                 in_markup(name(finding.finding_class)) + " \u00b7 " + in_markup(rule.id) +
                     " \u00b7 " + code(finding.id)) +
         element("p", "", in_markup(finding.explanation)) + element("dl", "", facts) + "</article>";
}

std::string incident_html(const Incident& incident, const ScanView& view, bool is_open) {
  std::vector<ThroughStep> steps;
  std::set<ThroughStep> known;
  std::set<std::vector<ThroughStep>> told;
  std::string findings;
  for (const Finding* finding : incident.findings) {
    const std::vector<ThroughStep> path = path_of(*finding, view.summary, view.inventory);
    for (const ThroughStep& step : path) {
      if (steps.size() < kStepsMax && known.insert(step).second) steps.push_back(step);
    }
    const bool is_new = told.insert(path).second;
    findings += finding_html(*finding, is_new ? path : std::vector<ThroughStep>{});
  }
  std::string about;
  for (std::size_t i = 0; i < incident.principals.size() && i < 4; ++i) {
    about += (i == 0 ? "" : " ") + code(incident.principals[i]);
  }
  if (incident.principals.size() > 4) {
    about += " and " + std::to_string(incident.principals.size() - 4) + " more";
  }
  std::string when;
  if (incident.first) when = format_rfc3339(*incident.first);
  if (incident.first != incident.last) when += " to " + format_rfc3339(*incident.last);
  std::string drawing = drawing_of(steps);
  if (!drawing.empty()) drawing = element("div", "scroll", std::move(drawing));
  return std::string("<details class=\"incident\"") + (is_open ? " open" : "") + "><summary>" +
         chip(incident.severity) +
         element("strong", "", counted(incident.findings.size(), "finding")) +
         element("span", "about", about) + element("span", "when", when) + "</summary>" + drawing +
         findings + "</details>";
}

std::string tile(std::string_view number, std::string_view what, std::string_view of_class) {
  return element("div", "tile " + std::string(of_class),
                 element("b", "", std::string(number)) + element("span", "", std::string(what)));
}

std::string tiles(const ScanView& view, std::size_t incidents) {
  std::string all = tile(std::to_string(incidents), incidents == 1 ? "incident" : "incidents", "");
  for (const Severity severity :
       {Severity::kCritical, Severity::kHigh, Severity::kMedium, Severity::kLow}) {
    std::uint64_t count = 0;
    for (const Finding& finding : view.findings) count += finding.severity == severity ? 1 : 0;
    all +=
        tile(std::to_string(count),
             std::string(name(severity)) + (count == 1 ? " finding" : " findings"), name(severity));
  }
  std::uint64_t delegations = 0;
  for (const Finding& finding : view.findings) delegations += finding.remedy ? 1 : 0;
  return element("div", "tiles", all + tile(std::to_string(delegations), "remedies ready", ""));
}

std::string controls_html(const ScanView& view) {
  std::string all;
  for (const Framework framework : observe::kFrameworks) {
    std::string rows;
    for (const observe::Control& control : observe::all_controls()) {
      if (control.framework != framework) continue;
      std::uint64_t count = 0;
      for (const Finding& finding : view.findings) {
        count += column(observe::rule(finding.rule), framework) == control.id ? 1 : 0;
      }
      rows += "<tr" + std::string(count == 0 ? " class=\"none\"" : "") + ">" +
              element("td", "", in_markup(control.id)) +
              element("td", "", in_markup(control.title)) +
              element("td", "count", std::to_string(count)) + "</tr>";
    }
    all += element("section", "framework",
                   element("h3", "", in_markup(name(framework))) + element("table", "", rows));
  }
  return element("div", "frameworks", all);
}

std::string input_html(const ScanView& view) {
  const ScanInput& input = view.input;
  std::string text = counted(input.events, "event") + " in " + counted(input.files, "log") + " (" +
                     counted(input.repeats, "repeat") + "), " + std::to_string(input.inventories) +
                     (input.inventories == 1 ? " inventory" : " inventories");
  if (input.foreign_files > 0) {
    text += ", " + counted(input.foreign_files, "file") + " of no known kind";
  }
  text = element("p", "",
                 "Read: " + text + ". Mandate " + in_markup(view.version) + ", " +
                     format_rfc3339(view.now) + ".");
  if (input.problems.empty()) return text;
  return text + element("p", "", "Not everything could be read:") + items(input.problems);
}

}  // namespace

std::string scan_html(const ScanView& view) {
  const std::vector<Incident> incidents = incidents_of(view.findings);
  std::string told;
  for (std::size_t i = 0; i < incidents.size(); ++i) {
    told += incident_html(incidents[i], view, i == 0);
  }
  if (incidents.empty()) told = element("p", "", "Nothing was found in what was read.");
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '" +
         std::string(kScanStyleHash) +
         "'; base-uri 'none'; form-action 'none'\">"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
         "<meta name=\"referrer\" content=\"no-referrer\"><title>Borrowed trust</title><style>" +
         std::string(kScanStyle) + "</style></head><body><header><h1>Borrowed trust</h1>" +
         tiles(view, incidents.size()) + input_html(view) + "</header><main><h2>Incidents</h2>" +
         told + "<h2>What it touches</h2>" + controls_html(view) + "</main></body></html>\n";
}

}  // namespace mandate::report
