// Decisions that stand by themselves: lineages that come back, time travel, subjects, assertions.
#include <gmock/gmock.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "mandate/record/discovery.h"
#include "tests/decision/question.h"

namespace mandate::test {
namespace {

TEST(Decide, RefusesALineageThatComesBack) {
  Question question;
  const Document document = document_of(R"(
apiVersion: mandate/v1
delegations:
  - {id: back, parent: triage-reads, delegate: "human:maria@acme.example",
     authority: [{type: tickets, locations: ["https://tickets.acme.example"], actions: [read]}]}
)");
  ASSERT_TRUE(
      question.world.state().apply({kWorldTime, "test", record::Put{document.delegations[0], {}}}));
  question.world.state().publish();
  question.lineage = {"back", "triage-reads"};
  question.actor = "human:maria@acme.example";
  const Decision decision = question.decide();
  ASSERT_FALSE(decision.permitted());
  EXPECT_EQ(decision.refusal->reason, Reason::kDepthExceeded) << decision.refusal->detail;
  EXPECT_NE(decision.refusal->detail.find("maria"), std::string::npos);
}

TEST(Decide, IsClosedAfterARestoreThatForgets) {
  Question question;
  const VerifiedToken token = [&] {
    TokenClaims claims = question.claims();
    claims.revision = question.world.view().revision();
    return testing::EvidenceMaker::token(std::move(claims));
  }();
  const ProvenPossession possession = testing::EvidenceMaker::possession("key", token.hash());
  const auto decide_at = [&](record::Revision revision) {
    return decision::decide(question.world.state().view(revision), question.now, zones(),
                            question.request(), {&token, &possession, {}});
  };
  const record::Revision revision = question.world.view().revision();
  EXPECT_TRUE(decide_at(revision).permitted());
  ASSERT_FALSE(decide_at(revision - 1).permitted());
  EXPECT_EQ(decide_at(revision - 1).refusal->reason, Reason::kStateTooOld);
  // Time travel: what was revoked later was permitted then.
  question.world.revoke(NodeKind::kDelegation, "helper-reads");
  EXPECT_TRUE(decide_at(revision).permitted());
  EXPECT_FALSE(decide_at(revision + 1).permitted());
}

TEST(Decide, ComparesTheSubjectOfTheQuestionWithTheToken) {
  Question question;
  const VerifiedToken token = testing::EvidenceMaker::token(question.claims());
  const ProvenPossession possession = testing::EvidenceMaker::possession("key", token.hash());
  const auto decide_about = [&](std::string_view subject) {
    return decision::decide(question.world.view(), question.now, zones(), question.request(),
                            {&token, &possession, principal(subject)});
  };
  EXPECT_TRUE(decide_about("human:maria@acme.example").permitted());
  ASSERT_FALSE(decide_about("human:kim@acme.example").permitted());
  EXPECT_EQ(decide_about("human:kim@acme.example").refusal->reason, Reason::kBadRequest);
}

struct AssertedRow {
  std::string_view title;
  std::function<void(Question&)> change;
  std::optional<Reason> reason;
};

constexpr const char* kAdopted = R"(
apiVersion: mandate/v1
principals: [{id: "human:seen@acme.example"}]
)";
constexpr const char* kEntitled = R"(
entitlements:
  - {id: seen, principal: "human:seen@acme.example", authority: [{type: tickets,
     locations: ["https://open.acme.example"], actions: [read]}]}
)";

// The subject was seen by a scan, and then, maybe, put in a document.
std::function<void(Question&)> discovered(const std::string& document) {
  return [document](Question& q) {
    q.subject = "human:seen@acme.example";
    q.world.commit(record::Discovery({PrincipalId::parse(q.subject).value()}).plan(q.world.view()));
    if (!document.empty()) q.world.apply(document);
  };
}

TEST(Decide, AssertedOnlyWhereTheResourceAcceptsIt) {
  for (const AssertedRow& row : std::vector<AssertedRow>{
           {"own right", [](Question&) {}, {}},
           {"a resource that wants proof",
            [](Question& q) { q.location = "https://tickets.acme.example"; },
            Reason::kProofOfPossession},
           {"a resource that is not on record",
            [](Question& q) { q.location = "https://nowhere.example"; }, Reason::kAudienceMismatch},
           {"somebody unheard of", [](Question& q) { q.subject = "human:nobody@acme.example"; },
            Reason::kPrincipalDiscovered},
           {"somebody only discovered", discovered(""), Reason::kPrincipalDiscovered},
           {"and adopted, without an entitlement", discovered(kAdopted), Reason::kOutsideAuthority},
           {"and adopted, with one", discovered(std::string(kAdopted) + kEntitled), {}},
           {"somebody suspended", [](Question& q) { q.world.suspend(q.subject); },
            Reason::kPrincipalSuspended},
           {"somebody without an entitlement",
            [](Question& q) { q.subject = "human:lee@acme.example"; }, Reason::kOutsideAuthority},
           {"somebody entitled elsewhere",
            [](Question& q) { q.subject = "human:kim@acme.example"; }, Reason::kOutsideAuthority},
           {"somebody delegated to", [](Question& q) { q.subject = "agent:triage"; },
            Reason::kOutsideAuthority},
           {"a constraint of one root is nearest", [](Question& q) { q.action = "close"; },
            Reason::kConstraintNotMet},
           {"a dead root", [](Question& q) { q.world.revoke(NodeKind::kEntitlement, "support"); },
            Reason::kOutsideAuthority},
       }) {
    SCOPED_TRACE(row.title);
    Question question;
    question.location = "https://open.acme.example";
    row.change(question);
    const Decision decision = question.decide_asserted();
    EXPECT_EQ(decision.authority, decision::AuthorityKind::kAsserted);
    EXPECT_EQ(name(decision.authority), "asserted");
    if (!row.reason) {
      ASSERT_TRUE(decision.permitted()) << decision.refusal->detail;
      const decision::Names names = names_of(question.world.view(), decision, nullptr);
      EXPECT_EQ(names.entitlement, question.subject.starts_with("human:seen") ? "seen" : "support");
      EXPECT_TRUE(names.delegations.empty());
      EXPECT_EQ(names.rests_on.size(), 2u);
      continue;
    }
    ASSERT_FALSE(decision.permitted());
    EXPECT_EQ(decision.refusal->reason, *row.reason) << decision.refusal->detail;
  }
  Question question;
  question.location = "https://open.acme.example";
  const Decision nobody = decision::decide(question.world.view(), question.now, zones(),
                                           question.request(), {nullptr, nullptr, {}});
  ASSERT_FALSE(nobody.permitted());
  EXPECT_EQ(nobody.refusal->reason, Reason::kBadRequest);
}

}  // namespace
}  // namespace mandate::test
