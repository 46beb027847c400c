// OCSF 1.8.0, category Findings: Detection Finding (class 2004) and IAM Analysis Finding (2008).
// Their required attributes and enumerations are those of the published schema at its tag 1.8.0;
// tests/outputs/ocsf_test.py holds each line to them. What has no attribute stands in `unmapped`.
#include <set>

#include "mandate/json/line.h"
#include "mandate/observe/rules.h"
#include "mandate/report/scan_view.h"

namespace mandate::report {
namespace {

using observe::Confidence;
using observe::Evidence;
using observe::Finding;
using observe::Rule;
using observe::Severity;

constexpr std::int64_t kCategory = 2;  // Findings
constexpr std::int64_t kDetection = 2004;
constexpr std::int64_t kIamAnalysis = 2008;
constexpr std::int64_t kCreate = 1;

std::int64_t id_of(Severity severity) {
  switch (severity) {
    case Severity::kLow: return 2;
    case Severity::kMedium: return 3;
    case Severity::kHigh: return 4;
    case Severity::kCritical: return 5;
  }
  return 0;
}

std::int64_t id_of(Confidence confidence) {
  switch (confidence) {
    case Confidence::kLow: return 1;
    case Confidence::kMedium: return 2;
    case Confidence::kHigh: return 3;
  }
  return 0;
}

std::string caption(std::string_view word) {
  std::string text(word);
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') {
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  }
  return text;
}

json::Value milliseconds(Instant instant) {
  return std::int64_t{instant.time_since_epoch().count()};
}

json::Value number(std::uint64_t n) { return static_cast<std::int64_t>(n); }

json::Value place_of(const Evidence& evidence) {
  return json::Value::object({{"file", evidence.file},
                              {"line", number(evidence.line)},
                              {"offset", number(evidence.offset)}});
}

json::Value finding_info(const Finding& finding, const Rule& rule) {
  json::Value info =
      json::Value::object({{"uid", finding.id},
                           {"title", rule.title},
                           {"desc", finding.explanation},
                           {"types", json::Value::array({name(finding.finding_class)})},
                           {"analytic", json::Value::object({{"uid", rule.id},
                                                             {"name", rule.id},
                                                             {"desc", rule.title},
                                                             {"type_id", 1},
                                                             {"type", "Rule"}})}});
  std::set<std::string_view> uids;
  for (const Evidence& evidence : finding.evidence) {
    if (rule.is_of_logs() && !evidence.event_id.empty()) uids.insert(evidence.event_id);
  }
  json::Array events;
  for (const std::string_view uid : uids) {
    events.push_back(json::Value::object({{"uid", uid}}));
  }
  if (finding.time) info.set("first_seen_time", milliseconds(*finding.time));
  if (!events.empty()) {
    info.set("related_events_count", number(events.size()));
    info.set("related_events", std::move(events));
  }
  return info;
}

json::Value evidences(const Finding& finding) {
  json::Array all;
  for (const Evidence& evidence : finding.evidence) {
    json::Value one = json::Value::object({{"data", place_of(evidence)}});
    if (!evidence.event_id.empty()) one.set("uid", evidence.event_id);
    all.push_back(std::move(one));
  }
  return all;
}

// What the analysis looked at: a role's last use where it is about that, else the grants that the
// evidence names.
void add_analysis(json::Value& event, const Finding& finding) {
  event.set("user", json::Value::object({{"uid", finding.principal}, {"name", finding.principal}}));
  if (finding.time) {
    event.set("identity_activity_metrics",
              json::Value::object({{"last_seen_time", milliseconds(*finding.time)}}));
    return;
  }
  json::Array results;
  for (const Evidence& evidence : finding.evidence) {
    const std::string& uid = evidence.event_id.empty() ? finding.principal : evidence.event_id;
    results.push_back(json::Value::object(
        {{"policy", json::Value::object({{"uid", uid}, {"data", place_of(evidence)}})}}));
  }
  event.set("permission_analysis_results", std::move(results));
}

json::Value event_of(const Finding& finding, const ScanView& view) {
  const Rule& rule = observe::rule(finding.rule);
  const std::int64_t class_uid = rule.is_of_logs() ? kDetection : kIamAnalysis;
  const std::string class_name = rule.is_of_logs() ? "Detection Finding" : "IAM Analysis Finding";
  json::Value event = json::Value::object(
      {{"activity_id", kCreate},
       {"activity_name", "Create"},
       {"category_uid", kCategory},
       {"category_name", "Findings"},
       {"class_uid", class_uid},
       {"class_name", class_name},
       {"type_uid", class_uid * 100 + kCreate},
       {"type_name", class_name + ": Create"},
       {"time", milliseconds(view.now)},
       {"severity_id", id_of(finding.severity)},
       {"severity", caption(name(finding.severity))},
       {"confidence_id", id_of(finding.confidence)},
       {"confidence", caption(name(finding.confidence))},
       {"status_id", 1},
       {"status", "New"},
       {"message", finding.explanation},
       {"metadata",
        json::Value::object({{"version", "1.8.0"},
                             {"correlation_uid", finding.incident},
                             {"product", json::Value::object({{"name", "Mandate"},
                                                              {"vendor_name", "Mandate"},
                                                              {"version", view.version}})}})},
       {"finding_info", finding_info(finding, rule)},
       {"resources", json::Value::array({json::Value::object({{"uid", finding.principal},
                                                              {"name", finding.principal},
                                                              {"type", "identity"},
                                                              {"role_id", 3},
                                                              {"role", "Affected"}})})},
       {"remediation", json::Value::object({{"desc", rule.remedy}})}});
  if (finding.time) event.set("start_time", milliseconds(*finding.time));
  if (rule.is_of_logs()) {
    event.set("is_alert", true);
    event.set("evidences", evidences(finding));
  } else {
    add_analysis(event, finding);
  }
  const json::Value own = observe::to_json(finding);
  json::Value unmapped = json::Value::object({});
  for (const std::string_view member : {"class", "credential", "incident", "reach", "remedy"}) {
    unmapped.set(member, *own.find(member));
  }
  event.set("unmapped", std::move(unmapped));
  return event;
}

}  // namespace

std::string scan_ocsf(const ScanView& view) {
  std::string lines;
  for (const Finding& finding : view.findings) {
    lines += json::to_line(event_of(finding, view)) + "\n";
  }
  return lines;
}

}  // namespace mandate::report
