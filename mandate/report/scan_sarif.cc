// OASIS SARIF 2.1.0: one run; every rule of the table in the driver, OWASP's Top 10 as a taxonomy,
// a result for each finding at the places of its evidence.
#include <map>

#include "mandate/report/rules_view.h"
#include "mandate/report/scan_view.h"

namespace mandate::report {
namespace {

using observe::Evidence;
using observe::Finding;
using observe::Framework;
using observe::Rule;
using observe::Severity;

constexpr std::string_view kTaxonomy = "OWASP-NHI";
constexpr std::size_t kLocationsMax = 10;  // the others are related locations

std::string_view level_of(Severity severity) {
  switch (severity) {
    case Severity::kLow: return "note";
    case Severity::kMedium: return "warning";
    case Severity::kHigh:
    case Severity::kCritical: return "error";
  }
  return "none";
}

// What code scanning services sort by, from 0 to 10.
std::string_view score_of(Severity severity) {
  switch (severity) {
    case Severity::kLow: return "3.0";
    case Severity::kMedium: return "5.5";
    case Severity::kHigh: return "8.0";
    case Severity::kCritical: return "9.5";
  }
  return "0.0";
}

// Section 3.11.6: brackets make links, and a backslash takes that from them.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

json::Value text_object(std::string_view text) {
  return json::Value::object({{"text", plain(text)}});
}

// A relative or absolute path as a URI reference (RFC 3986): everything else is percent-encoded.
std::string uri_of(std::string_view path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string uri = path.starts_with('/') ? "file://" : "";
  for (const char c : path) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (is_letter || (c >= '0' && c <= '9') ||
        std::string_view("-._~/").find(c) != std::string_view::npos) {
      uri += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    uri += '%';
    uri += kHex[byte >> 4];
    uri += kHex[byte & 15];
  }
  return uri;
}

json::Value location_of(const Evidence& evidence) {
  json::Value region = json::Value::object({});
  if (evidence.line > 0) region.set("startLine", static_cast<std::int64_t>(evidence.line));
  region.set("byteOffset", static_cast<std::int64_t>(evidence.offset));
  json::Value location = json::Value::object(
      {{"physicalLocation",
        json::Value::object(
            {{"artifactLocation", json::Value::object({{"uri", uri_of(evidence.file)}})},
             {"region", std::move(region)}})}});
  if (!evidence.event_id.empty()) location.set("message", text_object(evidence.event_id));
  return location;
}

json::Value taxon_of(std::string_view id) {
  return json::Value::object(
      {{"id", id}, {"toolComponent", json::Value::object({{"name", kTaxonomy}})}});
}

json::Value rule_json(const Rule& rule) {
  json::Array tags{"security", name(rule.finding_class)};
  for (const Framework framework : observe::kFrameworks) {
    const std::string_view id = column(rule, framework);
    if (!id.empty()) tags.push_back(std::string(slug(framework)) + ":" + std::string(id));
  }
  return json::Value::object(
      {{"id", rule.id},
       {"shortDescription", text_object(rule.title)},
       {"fullDescription",
        text_object(std::string(rule.title) + "; needs " + std::string(rule.needs) +
                    "; cannot know: " + std::string(rule.cannot_know))},
       {"help", text_object(rule.remedy)},
       {"defaultConfiguration", json::Value::object({{"level", level_of(rule.least)}})},
       {"relationships",
        json::Value::array({json::Value::object(
            {{"target", taxon_of(rule.owasp)}, {"kinds", json::Value::array({"relevant"})}})})},
       {"properties", json::Value::object({{"tags", std::move(tags)},
                                           {"security-severity", score_of(rule.most)}})}});
}

json::Value taxonomy() {
  json::Array taxa;
  for (const observe::Control& control : observe::all_controls()) {
    if (control.framework != Framework::kOwaspNhi) continue;
    taxa.push_back(json::Value::object({{"id", control.id},
                                        {"name", control.title},
                                        {"shortDescription", text_object(control.title)}}));
  }
  return json::Value::object(
      {{"name", kTaxonomy},
       {"version", "2025"},
       {"organization", "OWASP"},
       {"shortDescription", text_object(name(Framework::kOwaspNhi))},
       {"informationUri", "https://owasp.org/www-project-non-human-identities-top-10/2025/"},
       {"isComprehensive", true},
       {"taxa", std::move(taxa)}});
}

json::Value result_of(const Finding& finding, std::int64_t rule_index) {
  const Rule& rule = observe::rule(finding.rule);
  json::Array locations;
  json::Array related;
  for (const Evidence& evidence : finding.evidence) {
    (locations.size() < kLocationsMax ? locations : related).push_back(location_of(evidence));
  }
  const json::Value own = observe::to_json(finding);
  json::Value properties = json::Value::object({});
  for (const std::string_view member : {"class", "severity", "confidence", "principal",
                                        "credential", "incident", "time", "reach", "remedy"}) {
    properties.set(member, *own.find(member));
  }
  json::Value result = json::Value::object(
      {{"ruleId", rule.id},
       {"ruleIndex", rule_index},
       {"kind", "fail"},
       {"level", level_of(finding.severity)},
       {"message", text_object(finding.explanation + " To do: " + std::string(rule.remedy) + ".")},
       {"locations", std::move(locations)},
       {"partialFingerprints", json::Value::object({{"mandateFinding/v1", finding.id}})},
       {"taxa", json::Value::array({taxon_of(rule.owasp)})},
       {"properties", std::move(properties)}});
  if (!related.empty()) result.set("relatedLocations", std::move(related));
  return result;
}

}  // namespace

json::Value scan_sarif(const ScanView& view) {
  json::Array rules;
  std::map<std::string_view, std::int64_t> index;
  for (const Rule& rule : observe::all_rules()) {
    index[rule.id] = static_cast<std::int64_t>(rules.size());
    rules.push_back(rule_json(rule));
  }
  json::Array results;
  for (const Finding& finding : view.findings) {
    results.push_back(result_of(finding, index.at(finding.rule)));
  }
  json::Value driver = json::Value::object(
      {{"name", "mandate"},
       {"version", view.version},
       {"semanticVersion", view.version},
       {"rules", std::move(rules)},
       {"supportedTaxonomies",
        json::Value::array({json::Value::object({{"name", kTaxonomy}, {"index", 0}})})}});
  json::Value run =
      json::Value::object({{"tool", json::Value::object({{"driver", std::move(driver)}})},
                           {"taxonomies", json::Value::array({taxonomy()})},
                           {"columnKind", "utf16CodeUnits"},
                           {"results", std::move(results)}});
  return json::Value::object({{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                              {"version", "2.1.0"},
                              {"runs", json::Value::array({std::move(run)})}});
}

}  // namespace mandate::report
