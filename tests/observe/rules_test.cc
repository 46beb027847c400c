// Rules on logs of attacks that others ran and labelled: what must be found, what must not.
#include "mandate/observe/rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "mandate/observe/scan.h"
#include "testing/shared_data.h"

namespace mandate::observe {
namespace {

struct Labels {
  std::map<std::string, std::set<std::string>> positive;  // by class, event ids
  std::map<std::string, std::set<std::string>> negative;
  std::set<std::string> any_positive;
  std::set<std::string> credentials;
};

Labels read_labels(const std::filesystem::path& path) {
  Labels labels;
  std::istringstream lines(test::read_file(path));
  for (std::string line; std::getline(lines, line);) {
    const json::Value row = *json::parse(line);
    const std::string& id = row.find("id")->as_string();
    const std::string& in = row.find("class")->as_string();
    const bool is_positive = row.find("label")->as_string() == "pos";
    if (row.find("unit")->as_string() == "credential") {
      labels.credentials.insert(id);
    } else if (is_positive) {
      labels.positive[in].insert(id);
      labels.any_positive.insert(id);
    } else {
      labels.negative[in].insert(id);
    }
  }
  return labels;
}

constexpr std::pair<std::string_view, FindingClass> kClasses[] = {
    {"C1", FindingClass::kBorrowedCredential},
    {"C2", FindingClass::kBorrowedTrust},
    {"C3", FindingClass::kTrustInheritance},
    {"C4", FindingClass::kTrustDelegation},
    {"C5", FindingClass::kUngovernedDelegation}};

std::set<std::string> cited(const std::vector<Finding>& findings, std::string_view label) {
  std::set<std::string> events;
  for (const Finding& finding : findings) {
    for (const auto& [name, finding_class] : kClasses) {
      if (name != label || finding.finding_class != finding_class) continue;
      for (const Evidence& evidence : finding.evidence) events.insert(evidence.event_id);
    }
  }
  return events;
}

std::size_t common(const std::set<std::string>& a, const std::set<std::string>& b) {
  return static_cast<std::size_t>(
      std::count_if(a.begin(), a.end(), [&](const std::string& id) { return b.contains(id); }));
}

// `from` is replaced by `to` in every file, as if the tool had another name.
std::vector<Finding> findings_in(const std::filesystem::path& folder, std::string_view from = "",
                                 std::string_view to = "") {
  Scan scan;
  std::set<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.insert(entry.path());
  for (const std::filesystem::path& path : paths) {
    if (path.extension() != ".json") continue;
    std::string text = test::read_file(path);
    for (std::size_t at = from.empty() ? std::string::npos : text.find(from);
         at != std::string::npos; at = text.find(from, at + to.size())) {
      text.replace(at, from.size(), to);
    }
    json::MemorySource source(text);
    scan.read(path.filename().string(), source);
  }
  return find_borrowed_trust(scan.summary());
}

TEST(Rules, on_invictus_find_what_is_labelled_and_no_false_incident) {
  MANDATE_NEEDS_SHARED("data/invictus-aws");
  const Labels labels = read_labels(test::shared_path("data/invictus-aws/labels.jsonl"));
  const auto findings = findings_in(test::shared_path("data/invictus-aws/CloudTrail"));
  std::set<std::string> borrowed;
  for (const Finding& finding : findings) {
    if (finding.rule == "person_key_automated") borrowed.insert(finding.credential);
  }
  EXPECT_EQ(borrowed, labels.credentials);
  const auto inherited = cited(findings, "C3");
  EXPECT_EQ(common(inherited, labels.positive.at("C3")), 2U);
  EXPECT_EQ(common(inherited, labels.negative.at("C3")), 0U);
  const auto trust = cited(findings, "C2");
  EXPECT_EQ(common(trust, labels.positive.at("C2")), 8U);
  EXPECT_EQ(common(trust, labels.negative.at("C2")), 0U);
  const auto delegated = cited(findings, "C4");
  EXPECT_EQ(common(delegated, labels.positive.at("C4")), 3U);
  EXPECT_EQ(common(delegated, labels.negative.at("C4")), 0U);
  std::map<std::string, bool> incidents;
  for (const Finding& finding : findings) {
    for (const Evidence& evidence : finding.evidence) {
      incidents[finding.incident] |= labels.any_positive.contains(evidence.event_id);
    }
  }
  for (const auto& [incident, is_true] : incidents) EXPECT_TRUE(is_true) << incident;
}

TEST(Rules, on_stratus_find_the_stolen_session_and_cite_nothing_that_is_negative) {
  MANDATE_NEEDS_SHARED("data/stratus");
  const Labels labels = read_labels(test::shared_path("data/stratus/labels.jsonl"));
  const auto findings = findings_in(test::shared_path("data/stratus"));
  const auto inherited = cited(findings, "C3");
  EXPECT_EQ(common(inherited, labels.positive.at("C3")), 4U);
  EXPECT_EQ(common(cited(findings, "C2"), labels.positive.at("C2")), 9U);
  for (const auto& [label, negative] : labels.negative) {
    EXPECT_EQ(common(cited(findings, label), negative), 0U) << label;
  }
}

TEST(Rules, do_not_rest_on_the_name_of_the_attackers_tool) {
  MANDATE_NEEDS_SHARED("data/stratus");
  for (const char* folder : {"data/stratus", "data/invictus-aws/CloudTrail"}) {
    const auto as_is = findings_in(test::shared_path(folder));
    const auto renamed = findings_in(test::shared_path(folder), "stratus-red-team", "x");
    for (const auto& [label, finding_class] : kClasses) {
      EXPECT_EQ(cited(as_is, label), cited(renamed, label)) << folder << label;
    }
  }
}

TEST(Rules, of_logs_and_of_inventories_are_one_table_without_holes) {
  std::set<std::string_view> ids;
  for (const Rule& row : all_rules()) {
    SCOPED_TRACE(std::string(row.id));
    EXPECT_TRUE(ids.insert(row.id).second);
    EXPECT_EQ(find_rule(row.id), &row);
    EXPECT_FALSE(row.title.empty() || row.needs.empty() || row.remedy.empty());
    EXPECT_FALSE(row.cannot_know.empty());
    EXPECT_LE(row.least, row.most);
    for (const Framework framework : kFrameworks) {
      const std::string_view id = column(row, framework);
      const bool is_listed =
          std::any_of(all_controls().begin(), all_controls().end(),
                      [&](const Control& c) { return c.framework == framework && c.id == id; });
      EXPECT_TRUE(is_listed || (id.empty() && framework == Framework::kDigitalIdentity)) << id;
    }
  }
  EXPECT_EQ(find_rule("aws_role"), nullptr);
}

}  // namespace
}  // namespace mandate::observe
