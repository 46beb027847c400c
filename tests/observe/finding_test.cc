// Findings: ids that stay, incidents, and the line that scripts rely on.
#include "mandate/observe/finding.h"

#include <gtest/gtest.h>

#include <algorithm>

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

TEST(Incidents, join_what_shares_an_event_a_credential_or_a_principal) {
  std::vector<Finding> findings{finding("a", "p", {"e1"}), finding("b", "q", {"e1", "e2"}),
                                finding("c", "q", {"e3"}), finding("d", "x", {"e4"})};
  findings[3].credential = "k";
  findings.push_back(finding("e", "y", {"e5"}));
  findings[4].credential = "k";
  findings.push_back(finding("f", "z", {"e6"}));
  group_into_incidents(findings);
  EXPECT_EQ(findings[0].incident, findings[1].incident);
  EXPECT_EQ(findings[1].incident, findings[2].incident);
  EXPECT_EQ(findings[3].incident, findings[4].incident);
  EXPECT_NE(findings[0].incident, findings[3].incident);
  EXPECT_NE(findings[5].incident, findings[3].incident);

  std::vector<Finding> reversed(findings.rbegin(), findings.rend());
  group_into_incidents(reversed);
  for (std::size_t i = 0; i < findings.size(); ++i) {
    EXPECT_EQ(findings[i].incident, reversed[findings.size() - 1 - i].incident);
  }
}

}  // namespace
}  // namespace mandate::observe
