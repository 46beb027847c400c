// The report over shadow: what is counted for whom, and the document that is proposed.
#include "mandate/report/shadow.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace mandate::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Seen {
  std::string subject;
  std::vector<std::string> actors;
  std::string action = "read";
  std::string identifier = "queue/eu/1";
  std::string reason = "outside_authority";
  std::string time = "2026-11-21T10:00:00Z";
};

json::Value entry_of(const Seen& seen) {
  json::Array actors;
  for (const std::string& actor : seen.actors) actors.emplace_back(actor);
  json::Value entry = json::Value::object({{"type", "decided"},
                                           {"time", seen.time},
                                           {"enforcement", "shadow"},
                                           {"decision", "deny"},
                                           {"answered", "permit"},
                                           {"resource", "https://tickets.acme.example"},
                                           {"resource_type", "tickets"},
                                           {"action", seen.action},
                                           {"sub", seen.subject},
                                           {"reason", seen.reason},
                                           {"detail", "why"},
                                           {"actors", std::move(actors)}});
  if (!seen.identifier.empty()) entry.set("identifier", seen.identifier);
  return entry;
}

ShadowRecord record() {
  const Result<Document> document = Document::parse(*json::parse_yaml(R"(
apiVersion: mandate/v1
teams:
  - {id: "team:support", members: ["human:kim"]}
principals:
  - {id: "human:kim"}
  - {id: "human:ann"}
  - {id: "agent:triage", owner: "team:support"}
  - {id: "service:onward", owner: "human:ann"}
entitlements:
  - id: ann-everything
    principal: "human:ann"
    authority:
      - {type: tickets, locations: ["https://tickets.acme.example"], actions: [close, read]}
    max_depth: 1
  - id: kim-reads
    principal: "human:kim"
    authority:
      - {type: tickets, locations: ["https://tickets.acme.example"], actions: [read],
         identifier: "queue/**", constraints: {environments: [prod]}}
    max_depth: 2
)"));
  EXPECT_TRUE(document) << document.error().detail;
  return {document->entitlements, document->principals, document->teams};
}

ShadowProposal proposal_for(const std::vector<Seen>& all) {
  ShadowReport report;
  for (const Seen& seen : all) EXPECT_TRUE(report.add(entry_of(seen)));
  return propose(report, record());
}

TEST(ShadowReport, CountsWhatWasPermittedOnlyInShadow) {
  ShadowReport report(*parse_rfc3339("2026-11-21T09:00:00Z"));
  EXPECT_FALSE(report.add(
      entry_of({"human:kim", {}, "read", "q", "no_delegation", "2026-11-21T08:59:59Z"})));
  EXPECT_TRUE(report.add(
      entry_of({"human:kim", {}, "read", "q", "no_delegation", "2026-11-21T09:00:00Z"})));
  json::Value allowed = entry_of({"human:kim", {}});
  allowed.set("decision", "permit");
  std::erase_if(allowed.as_object(), [](const json::Member& m) { return m.key == "answered"; });
  EXPECT_TRUE(report.add(allowed));
  json::Value enforced = entry_of({"human:kim", {}});
  enforced.set("enforcement", "enforce");
  EXPECT_TRUE(report.add(enforced));
  EXPECT_EQ(report.decided(), 2U);
  EXPECT_EQ(report.would_refuse(), 1U);
  EXPECT_EQ(report.missing().size(), 1U);
}

TEST(ShadowReport, IsBoundedInPartiesAndCountsOn) {
  ShadowReport report;
  for (std::size_t i = 0; i < kShadowRowsMax + 2; ++i) {
    report.add(entry_of({"service:s" + std::to_string(i), {}}));
  }
  EXPECT_EQ(report.missing().size(), kShadowRowsMax);
  EXPECT_EQ(report.left_out(), 2U);
  EXPECT_EQ(report.would_refuse(), kShadowRowsMax + 2);
}

struct Proposed {
  std::string_view title;
  std::vector<Seen> seen;
  std::string_view remedy;
  std::string_view document;  // canonical JSON of the delegations and entitlements, in part
};

void check(const Proposed& row) {
  SCOPED_TRACE(std::string(row.title));
  const ShadowProposal proposal = proposal_for(row.seen);
  ASSERT_EQ(proposal.remedies.size(), 1U);
  EXPECT_THAT(proposal.remedies[0], HasSubstr(std::string(row.remedy)));
  const std::string text = json::canonical(proposal.document.to_json());
  EXPECT_THAT(text, HasSubstr(std::string(row.document)));
  EXPECT_TRUE(Document::parse(proposal.document.to_json()));
}

TEST(ShadowProposal, IsTheLeastThatWouldPermitIt) {
  for (const Proposed& row : std::vector<Proposed>{
           {"software acts for whom of its owners holds the right, under its constraints",
            {{"agent:triage", {"agent:triage"}}},
            "delegation shadow-agent-triage from human:kim to agent:triage",
            R"("constraints":{"environments":["prod"]},"identifier":"queue/eu/1")"},
           {"and for somebody else where its owners hold less",
            {{"agent:triage", {"agent:triage"}, "close"}},
            "from human:ann to agent:triage",
            R"("actions":["close"])"},
           {"its own right where nobody holds it",
            {{"agent:triage", {"agent:triage"}, "delete"}},
            "entitlement shadow-agent-triage for agent:triage",
            R"("principal":"agent:triage")"},
           {"on behalf of who holds it",
            {{"human:ann", {"agent:triage"}, "close"}},
            "delegation shadow-agent-triage from human:ann to agent:triage",
            R"("delegator":"human:ann")"},
           {"a chain, hop by hop",
            {{"human:kim", {"service:onward", "agent:triage"}}},
            "delegation shadow-agent-triage from human:kim to agent:triage, below it delegation "
            "shadow-service-onward from agent:triage to service:onward",
            R"("parent":"shadow-agent-triage")"},
           {"a chain longer than its root allows begins with an entitlement",
            {{"human:ann", {"service:onward", "agent:triage"}}},
            "entitlement shadow-human-ann for human:ann, and delegation",
            R"("max_depth":2)"},
           {"of a few things each by name",
            {{"human:ann", {"agent:triage"}, "read", "queue/eu/1"},
             {"human:ann", {"agent:triage"}, "read", "queue/us/2"}},
            "from human:ann",
            R"("identifier":"queue/us/2")"},
           {"nothing to identify is everything",
            {{"human:ann", {"agent:triage"}, "read", ""}},
            "from human:ann",
            R"("actions":["read"],"locations")"},
           {"who is not on record comes first",
            {{"service:unknown", {}, "read", "q", "principal_discovered"},
             {"service:unknown", {}, "read", "q", "no_delegation"}},
            "put service:unknown on record",
            "{"},
           {"no delegation makes it another hour",
            {{"human:ann", {"agent:triage"}, "read", "q", "outside_window"}},
            "none by a delegation",
            R"({"apiVersion":"mandate/v1"})"},
           {"who holds the right lacks only a token",
            {{"human:ann", {}, "read", "q", "proof_of_possession"}},
            "has to show a token",
            R"({"apiVersion":"mandate/v1"})"},
       }) {
    check(row);
  }
}

TEST(ShadowProposal, HoldsManyIdentifiersInOnePattern) {
  const auto pattern = [](const std::vector<std::string>& some) {
    std::vector<Seen> seen;
    for (std::size_t i = 0; i <= kIdentifiersWrittenOut; ++i) {
      for (const std::string& text : some) {
        std::string one = text;
        if (const std::size_t at = one.find('#'); at != std::string::npos) {
          one.replace(at, 1, std::to_string(i));
        }
        seen.push_back({"human:ann", {"agent:triage"}, "close", one});
      }
    }
    const ShadowProposal proposal = proposal_for(seen);
    const auto& held = proposal.document.delegations.at(0).authority.permissions();
    EXPECT_EQ(held.size(), 1U);
    return held.at(0).identifier ? held.at(0).identifier->text() : std::string("everything");
  };
  EXPECT_EQ(pattern({"queue/eu/#"}), "queue/eu/*");
  EXPECT_EQ(pattern({"queue/eu/#", "queue/us/1"}), "queue/*/*");
  EXPECT_EQ(pattern({"queue/eu/#", "queue/eu/1/notes"}), "queue/eu/**");
  EXPECT_EQ(pattern({"queue/eu", "queue/eu/#"}), "queue/**");
  EXPECT_EQ(pattern({"#", "queue/eu/1"}), "everything");
}

}  // namespace
}  // namespace mandate::report
