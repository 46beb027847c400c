// Findings: ids that stay, incidents, and the line that scripts rely on.
#include "mandate/observe/finding.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace mandate::observe {
namespace {

Finding finding(std::string rule, std::string principal, std::vector<std::string> events) {
  Finding made;
  made.rule = std::move(rule);
  made.principal = std::move(principal);
  for (std::string& event : events) made.evidence.push_back({"a.json", 1, 0, std::move(event)});
  seal(made);
  return made;
}

TEST(Finding, writes_the_fields_that_scripts_rely_on_in_their_order) {
  Finding made = finding("static_key_automated", "arn:aws:iam::1:user/ann", {"e1"});
  made.finding_class = FindingClass::kBorrowedCredential;
  made.severity = Severity::kHigh;
  made.confidence = Confidence::kMedium;
  made.credential = "AKIA1";
  made.incident = "i";
  made.time = from_numeric_date(1'700'000'000);
  made.reach = {.principals = 1, .resources = 2, .privileged = true};
  EXPECT_EQ(
      to_ndjson(made),
      R"({"id":")" + made.id +
          R"(","class":"borrowed_credential","rule":"static_key_automated","severity":"high",)"
          R"("confidence":"medium","principal":"arn:aws:iam::1:user/ann",)"
          R"("credential":"AKIA1","incident":"i","time":"2023-11-14T22:13:20Z",)"
          R"("evidence":[{"file":"a.json","line":1,"offset":0,"event_id":"e1"}],)"
          R"("reach":{"principals":1,"resources":2,"privileged":true},"remedy":null})");
}

TEST(Finding, lets_no_text_from_a_log_reach_a_terminal_as_it_is) {
  const std::string line =
      to_ndjson(finding("r", "\x1b[2J\xc2\x9b\xff\xe2\x80\xae\n\xf0\x9f\x94\x91", {"e\r"}));
  EXPECT_TRUE(std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7f; }));
  EXPECT_NE(line.find(R"("\u001b[2J\u009b\ufffd\u202e\u000a\ud83d\udd11")"), std::string::npos);
}

TEST(Finding, has_an_id_of_rule_and_evidence_and_of_nothing_else) {
  Finding one = finding("r", "p", {"e1", "e2"});
  Finding elsewhere = finding("r", "p", {"e2", "e1", "e1"});
  for (Evidence& evidence : elsewhere.evidence) evidence.file = "b.json";
  elsewhere.severity = Severity::kCritical;
  seal(elsewhere);
  EXPECT_EQ(one.id, elsewhere.id);
  EXPECT_NE(one.id, finding("s", "p", {"e1", "e2"}).id);
  EXPECT_NE(one.id, finding("r", "p", {"e1"}).id);
  EXPECT_NE(one.id, finding("r", "q", {"e1", "e2"}).id);
}

TEST(Finding, without_event_ids_has_an_id_by_where_its_evidence_lies) {
  Finding here = finding("r", "p", {""});
  Finding there = here;
  there.evidence[0].offset = 7;
  seal(there);
  EXPECT_NE(here.id, there.id);
}

Finding at_hour(Finding made, int first, int last) {
  made.time = from_numeric_date(1'700'000'000 + std::int64_t{3600} * first);
  made.last = from_numeric_date(1'700'000'000 + std::int64_t{3600} * last);
  return made;
}

// Which of the findings are together, whatever their order: "aab".
std::string together(std::vector<Finding> findings) {
  group_into_incidents(findings);
  std::vector<Finding> reversed(findings.rbegin(), findings.rend());
  group_into_incidents(reversed);
  std::map<std::string, char> letters;
  std::string text;
  for (std::size_t i = 0; i < findings.size(); ++i) {
    EXPECT_EQ(findings[i].incident, reversed[findings.size() - 1 - i].incident);
    const char next = static_cast<char>('a' + letters.size());
    text += letters.try_emplace(findings[i].incident, next).first->second;
  }
  return text;
}

TEST(Incidents, join_what_shares_an_event_a_credential_or_a_principal) {
  std::vector<Finding> findings{finding("a", "p", {"e1"}), finding("b", "q", {"e1", "e2"}),
                                finding("c", "q", {"e3"}), finding("d", "x", {"e4"})};
  findings[3].credential = "k";
  findings.push_back(finding("e", "y", {"e5"}));
  findings[4].credential = "k";
  findings.push_back(finding("f", "z", {"e6"}));
  for (Finding& each : findings) each = at_hour(each, 0, 0);
  EXPECT_EQ(together(findings), "aaabbc");
}

TEST(Incidents, join_what_comes_from_one_credential) {
  std::vector<Finding> findings{finding("a", "p", {"e1"}), finding("b", "q", {"e2"}),
                                finding("c", "r", {"e3"})};
  findings[0].credential = "root";
  findings[1].credential = "session";
  findings[1].chain = "root";
  findings[2].credential = "other";
  for (Finding& each : findings) each = at_hour(each, 0, 0);
  EXPECT_EQ(together(findings), "aab");
}

TEST(Incidents, end_where_nothing_follows_within_the_window) {
  const auto of_one = [](std::vector<std::pair<int, int>> spans) {
    std::vector<Finding> findings;
    for (const auto& [first, last] : spans) {
      findings.push_back(
          at_hour(finding("a", "p", {"e" + std::to_string(findings.size())}), first, last));
    }
    return together(findings);
  };
  EXPECT_EQ(of_one({{0, 0}, {24, 24}}), "aa");
  EXPECT_EQ(of_one({{0, 0}, {25, 25}}), "ab");
  EXPECT_EQ(of_one({{0, 1}, {25, 25}}), "aa") << "from the last evidence";
  EXPECT_EQ(of_one({{0, 0}, {20, 20}, {40, 40}}), "aaa") << "one follows the other";
  EXPECT_EQ(of_one({{0, 100}, {1, 1}, {101, 101}}), "aaa") << "the longest counts";
  std::vector<Finding> one_event{at_hour(finding("a", "p", {"e"}), 0, 0),
                                 at_hour(finding("b", "q", {"e"}), 90, 90)};
  EXPECT_EQ(together(one_event), "aa");
}

TEST(Incidents, of_an_inventory_join_each_other_and_the_latest_of_logs) {
  std::vector<Finding> findings{at_hour(finding("a", "p", {"e1"}), 0, 0),
                                at_hour(finding("b", "p", {"e2"}), 90, 90), finding("c", "p", {""}),
                                finding("d", "p", {""})};
  findings[3].time = from_numeric_date(1);  // since when it is stale: no event
  EXPECT_EQ(together(findings), "abbb");
}

TEST(Incidents, keep_their_id_while_they_grow) {
  std::vector<Finding> one{at_hour(finding("a", "p", {"e1"}), 0, 0)};
  std::vector<Finding> two{one[0], at_hour(finding("b", "p", {"e2"}), 1, 1)};
  group_into_incidents(one);
  group_into_incidents(two);
  EXPECT_EQ(one[0].incident, two[1].incident);
}

}  // namespace
}  // namespace mandate::observe
