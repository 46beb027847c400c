// Decisions over one small organisation, each row one change away from a permit.
#include <gmock/gmock.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/decision/question.h"

namespace mandate::test {
namespace {

struct Row {
  std::string_view title;
  std::function<void(Question&)> change;
  std::optional<Reason> reason;  // nothing: permitted still
  std::string_view says = {};
};

void check(const Row& row) {
  SCOPED_TRACE(row.title);
  Question question;
  row.change(question);
  const Decision decision = question.decide();
  if (!row.reason) {
    EXPECT_TRUE(decision.permitted()) << decision.refusal->detail;
    return;
  }
  ASSERT_FALSE(decision.permitted());
  EXPECT_EQ(decision.refusal->reason, *row.reason)
      << name(decision.refusal->reason) << ": " << decision.refusal->detail;
  EXPECT_NE(decision.refusal->detail.find(row.says), std::string::npos) << decision.refusal->detail;
}

TEST(Decide, NamesWhatItRestsOn) {
  Question question;
  const Decision decision = question.decide();
  ASSERT_TRUE(decision.permitted()) << decision.refusal->detail;
  EXPECT_EQ(decision.authority, decision::AuthorityKind::kProven);
  EXPECT_EQ(name(decision.authority), "proven");
  const TokenClaims claims = question.claims();
  const decision::Names names = names_of(question.world.view(), decision, &claims);
  EXPECT_EQ(names.delegations, (std::vector<std::string>{"helper-reads", "triage-reads"}));
  EXPECT_EQ(names.entitlement, "support");
  EXPECT_EQ(decision.revision, question.world.view().revision());
  const record::View view = question.world.view();
  std::vector<std::string> expected = decision::rests_on(view, question.named_lineage());
  ASSERT_EQ(expected.size(), 4u) << "the entitlement, maria, triage, helper";
  for (const std::string more : {"t:before", "t:this", "x:transaction"}) {
    expected.push_back(more);
  }
  for (const std::string& id : question.lineage) {
    expected.push_back(
        record::short_id({NodeKind::kDelegation, view.find_delegation(id)->index, {}}));
  }
  EXPECT_THAT(names.rests_on, ::testing::UnorderedElementsAreArray(expected));
}

TEST(Decide, RefusesWhatRestsOnTheDead) {
  const std::string key = "the agent's key";
  const auto revoke = [](NodeKind kind, std::string id) {
    return [=](Question& q) { q.world.revoke(kind, id); };
  };
  const auto suspend = [](std::string id) { return [=](Question& q) { q.world.suspend(id); }; };
  for (const Row& row : std::vector<Row>{
           {"nothing", [](Question&) {}, {}},
           {"the leaf", revoke(NodeKind::kDelegation, "helper-reads"), Reason::kDelegationRevoked,
            "\"helper-reads\""},
           {"its parent", revoke(NodeKind::kDelegation, "triage-reads"), Reason::kAncestorRevoked,
            "\"triage-reads\""},
           {"another delegation", revoke(NodeKind::kDelegation, "kims-reads"), {}},
           {"the entitlement", revoke(NodeKind::kEntitlement, "support"), Reason::kAncestorRevoked,
            "\"support\""},
           {"another entitlement", revoke(NodeKind::kEntitlement, "closing"), {}},
           {"the subject", revoke(NodeKind::kPrincipal, "human:maria@acme.example"),
            Reason::kPrincipalRetired, "maria"},
           {"the subject, for a while", suspend("human:maria@acme.example"),
            Reason::kPrincipalSuspended, "maria"},
           {"the actor in between", suspend("agent:triage"), Reason::kPrincipalSuspended, "triage"},
           {"the actor", suspend("service:helper"), Reason::kPrincipalSuspended, "helper"},
           {"the actor, and back",
            [](Question& q) {
              q.world.suspend("service:helper");
              q.world.resume("service:helper");
            },
            {}},
           {"the actor's owner", suspend("human:lee@acme.example"), Reason::kOwnerInactive,
            "helper"},
           {"one of the owning team", suspend("human:kim@acme.example"), {}},
           {"the token", revoke(NodeKind::kToken, "this"), Reason::kTokenRevoked},
           {"another token", revoke(NodeKind::kToken, "other"), {}},
           {"the token before", revoke(NodeKind::kToken, "before"), Reason::kAncestorRevoked,
            "token \"before\""},
           {"the transaction", revoke(NodeKind::kTransaction, "transaction"),
            Reason::kAncestorRevoked, "transaction \"transaction\""},
           {"the resource",
            [](Question& q) {
              q.world.revoke(NodeKind::kResource, "https://tickets.acme.example");
            },
            Reason::kAudienceMismatch, "tickets.acme"},
       }) {
    check(row);
  }
}

TEST(Decide, RestsOnTheAuthenticatorThatTheTokenNames) {
  const auto resting = [](Question& q) {
    const record::View view = q.world.view();
    const auto* triage = view.principal(view.find_principal("agent:triage").value());
    const record::AuthenticatorHandle handle = triage->authenticators[0];
    q.more_rests_on = {record::short_id({NodeKind::kAuthenticator, handle.index, {}})};
    q.lineage = {"triage-reads"};
    q.actor = "agent:triage";
    return std::string(view.id(handle));
  };
  const auto until = [&](std::string_view now) {
    return [=](Question& q) {
      resting(q);
      q.lineage = {"kims-reads"};
      q.root = "kims";
      q.subject = "human:kim@acme.example";
      q.now = at(now);
    };
  };
  for (const Row& row : std::vector<Row>{
           {"alive", [&](Question& q) { resting(q); }, {}},
           {"revoked", [&](Question& q) { q.world.revoke(NodeKind::kAuthenticator, resting(q)); },
            Reason::kAncestorRevoked, "authenticator"},
           {"before its date", until("2027-04-30T23:59:59.999Z"), {}},
           {"at its date", until("2027-05-01T00:00:00Z"), Reason::kCredentialExpired,
            "authenticator"},
       }) {
    check(row);
  }
}

TEST(Decide, KeepsWindowsToTheInstant) {
  const auto when = [](std::string_view now) {
    return [=](Question& q) {
      q.lineage = {"triage-reads"};
      q.actor = "agent:triage";
      q.now = at(now);
    };
  };
  const auto kims = [](std::string_view now) {
    return [=](Question& q) {
      q.lineage = {"kims-reads"};
      q.root = "kims";
      q.subject = "human:kim@acme.example";
      q.actor = "agent:triage";
      q.now = at(now);
    };
  };
  const auto hour = [](std::string_view now) { return [=](Question& q) { q.now = at(now); }; };
  for (const Row& row : std::vector<Row>{
           {"before not_before", when("2026-12-31T23:59:59.999Z"), Reason::kOutsideWindow,
            "\"triage-reads\" begins"},
           {"at not_before", when("2027-01-01T00:00:00Z"), {}},
           {"before not_after", when("2027-02-28T23:59:59.999Z"), {}},
           {"at not_after", when("2027-03-01T00:00:00Z"), Reason::kOutsideWindow,
            "\"triage-reads\" ended"},
           {"before the principal's end", kims("2027-05-31T23:59:59.999Z"), {}},
           {"at the principal's end", kims("2027-06-01T00:00:00Z"), Reason::kPrincipalRetired,
            "triage"},
           {"before the hour", hour("2027-01-15T06:59:59Z"), Reason::kOutsideWindow, "hours"},
           {"at the hour", hour("2027-01-15T07:00:00Z"), {}},
           {"after the hour", hour("2027-01-15T17:00:00Z"), Reason::kOutsideWindow,
            "\"helper-reads\""},
           {"at the token's end", when("2028-01-01T00:00:00Z"), Reason::kTokenExpired},
       }) {
    check(row);
  }
}

TEST(Decide, AsksEveryHopAndTheRootAsTheyAreNow) {
  const auto instead = [](std::string_view of, std::string_view by) {
    return [=](Question& q) {
      std::string text(kOrganisation);
      text.replace(text.find(of), of.size(), by);
      q.world.apply(text);
    };
  };
  for (const Row& row : std::vector<Row>{
           {"an action that the leaf lacks", [](Question& q) { q.action = "comment"; },
            Reason::kOutsideAuthority, "\"helper-reads\""},
           {"an identifier that the leaf lacks", [](Question& q) { q.identifier = "queue/us/7"; },
            Reason::kOutsideAuthority, "\"helper-reads\""},
           {"no identifier", [](Question& q) { q.identifier.clear(); }, Reason::kOutsideAuthority,
            "\"helper-reads\""},
           {"the resource moved to another environment",
            instead("environment: prod", "environment: test"), Reason::kConstraintNotMet,
            "constraint environments of delegation \"helper-reads\""},
           {"the resource is in no environment", instead(",\n     environment: prod", ""),
            Reason::kConstraintNotMet, "environments"},
           {"a resource that is not on record",
            [](Question& q) { q.location = "https://nowhere.example"; }, Reason::kAudienceMismatch,
            "nowhere"},
           {"an alternative of another root",
            [](Question& q) {
              q.lineage.clear();
              q.root = "support";
              q.actor = q.subject;
              q.location = "https://open.acme.example";
              q.action = "close";
            },
            Reason::kOutsideAuthority, "entitlement \"support\""},
           {"in one's own right",
            [](Question& q) {
              q.lineage.clear();
              q.actor = q.subject;
            },
            {}},
       }) {
    check(row);
  }
}

TEST(Decide, NeverSplicesLineages) {
  for (const Row& row : std::vector<Row>{
           {"a parent left out", [](Question& q) { q.lineage = {"helper-reads"}; },
            Reason::kTokenMalformed, "\"helper-reads\""},
           {"upside down",
            [](Question& q) {
              q.lineage = {"triage-reads", "helper-reads"};
            },
            Reason::kTokenMalformed, "\"triage-reads\""},
           {"under another's delegation",
            [](Question& q) {
              q.lineage = {"helper-reads", "kims-reads"};
            },
            Reason::kTokenMalformed, "\"helper-reads\""},
           {"on another's root", [](Question& q) { q.root = "kims"; }, Reason::kTokenMalformed,
            "\"triage-reads\""},
           {"for another subject", [](Question& q) { q.subject = "human:kim@acme.example"; },
            Reason::kActorMismatch},
           {"by another actor", [](Question& q) { q.actor = "agent:triage"; },
            Reason::kActorMismatch},
           {"a second root", [](Question& q) { q.more_rests_on = {"e0"}; }, Reason::kTokenMalformed,
            "one entitlement"},
           {"a node that is not a node", [](Question& q) { q.more_rests_on = {"q7"}; },
            Reason::kTokenMalformed, "q7"},
           {"a node that this revision does not know",
            [](Question& q) { q.more_rests_on = {"d4000000"}; }, Reason::kStateTooOld},
       }) {
    check(row);
  }
}

TEST(Decide, KeepsDepthsAndGuardrails) {
  const auto guardrails = [](std::string text) {
    return [=](Question& q) { q.world.apply("apiVersion: mandate/v1\nguardrails: " + text); };
  };
  const auto narrowed = [](std::string_view of, std::string_view by) {
    return [=](Question& q) {
      std::string text(kOrganisation);
      text.replace(text.find(of), of.size(), by);
      Document document = document_of(text);  // as a record could hold it, past apply's own check
      for (const EntitlementDefinition& entitlement : document.entitlements) {
        ASSERT_TRUE(q.world.state().apply({kWorldTime, "test", record::Put{entitlement, {}}}));
      }
      for (const char* id : {"triage-reads", "helper-reads"}) {
        for (const DelegationDefinition& delegation : document.delegations) {
          if (delegation.id.text() == id) {
            ASSERT_TRUE(q.world.state().apply({kWorldTime, "test", record::Put{delegation, {}}}));
          }
        }
      }
      q.world.state().publish();
    };
  };
  for (const Row& row : std::vector<Row>{
           {"the entitlement allows one", narrowed("max_depth: 2", "max_depth: 1"),
            Reason::kDepthExceeded, "entitlement \"support\" allows 1"},
           {"the parent allows none", narrowed("max_depth: 1\n    max_token", "max_token"),
            Reason::kDepthExceeded, "delegation \"triage-reads\" allows 0"},
           {"as it was", narrowed("max_depth: 2", "max_depth: 2"), {}},
           {"one below an agent", guardrails("[{select: {kind: agent}, max_depth: 1}]"), {}},
           {"none below an agent",
            guardrails(
                "[{select: {kind: agent}, max_depth: 1}, {select: {kind: agent}, max_depth: 0}]"),
            Reason::kGuardrail, "guardrail 1 "},
           {"none below that agent",
            guardrails("[{select: {principal: \"agent:triage\"}, max_depth: 0}]"),
            Reason::kGuardrail, "guardrail 0 "},
           {"none below another",
            guardrails("[{select: {principal: \"agent:other\"}, max_depth: 0}]"),
            {}},
           {"none below a service", guardrails("[{select: {kind: service}, max_depth: 0}]"), {}},
           {"both hold",
            guardrails("[{select: {kind: agent, principal: \"agent:triage\"}, max_depth: 0}]"),
            Reason::kGuardrail, "triage"},
           {"one of both holds",
            guardrails("[{select: {kind: agent, principal: \"agent:other\"}, max_depth: 0}]"),
            {}},
           {"two below a human", guardrails("[{select: {kind: human}, max_depth: 2}]"), {}},
           {"one below a human", guardrails("[{select: {kind: human}, max_depth: 1}]"),
            Reason::kGuardrail, "maria"},
       }) {
    check(row);
  }
}

}  // namespace
}  // namespace mandate::test
