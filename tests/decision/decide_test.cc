// Decisions over one small organisation, each row one change away from a permit.
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "mandate/base/time_zones.h"
#include "mandate/decision/decision.h"
#include "testing/evidence.h"
#include "testing/matchers.h"
#include "testing/world.h"

namespace mandate::test {
namespace {

using decision::Decision;
using record::NodeKind;

// maria holds support; kim's own tickets have a hop of their own. maria -> triage -> helper.
constexpr std::string_view kOrganisation = R"(
apiVersion: mandate/v1
teams:
  - {id: "team:support", members: ["human:kim@acme.example", "human:lee@acme.example"]}
principals:
  - {id: "human:maria@acme.example"}
  - {id: "human:kim@acme.example"}
  - {id: "human:lee@acme.example"}
  - {id: "organization:partner.example"}
  - {id: "agent:triage", owner: "team:support", not_after: "2027-06-01T00:00:00Z",
     authenticators: [{jwk: {kty: OKP, crv: Ed25519, x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
                       not_after: "2027-05-01T00:00:00Z"}]}
  - {id: "service:helper", owner: "human:lee@acme.example"}
resources:
  - {id: "https://tickets.acme.example", type: tickets, actions: [read, comment, close],
     environment: prod}
  - {id: "https://open.acme.example", type: tickets, actions: [read, comment, close],
     accept_asserted: true}
entitlements:
  - id: support
    principal: "human:maria@acme.example"
    max_depth: 2
    authority: [{type: tickets, locations: ["https://tickets.acme.example",
                 "https://open.acme.example"], actions: [read, comment]}]
  - id: closing
    principal: "human:maria@acme.example"
    authority: [{type: tickets, locations: ["https://open.acme.example"], actions: [close],
                 constraints: {max: {context.amount: 5}}}]
  - id: kims
    principal: "human:kim@acme.example"
    max_depth: 1
    authority: [{type: tickets, locations: ["https://tickets.acme.example"], actions: [read]}]
delegations:
  - id: triage-reads
    delegator: "human:maria@acme.example"
    delegate: "agent:triage"
    not_before: "2027-01-01T00:00:00Z"
    not_after: "2027-03-01T00:00:00Z"
    max_depth: 1
    max_token_lifetime: 10m
    authority: [{type: tickets, locations: ["https://tickets.acme.example"], actions: [read, comment],
                 identifier: "queue/eu/*", constraints: {environments: [prod]}}]
  - id: helper-reads
    parent: triage-reads
    delegate: "service:helper"
    max_token_lifetime: 5m
    authority: [{type: tickets, locations: ["https://tickets.acme.example"], actions: [read],
                 identifier: "queue/eu/*",
                 constraints: {environments: [prod], hours: {days: [mon, tue, wed, thu, fri], from: "08:00", to: "18:00",
                                       zone: Europe/Berlin}}}]
  - id: kims-reads
    delegator: "human:kim@acme.example"
    delegate: "agent:triage"
    authority: [{type: tickets, locations: ["https://tickets.acme.example"], actions: [read]}]
)";

const SystemTimeZones& zones() {
  static const SystemTimeZones loaded = SystemTimeZones::load().value();
  return loaded;
}
Instant at(std::string_view text) { return parse_rfc3339(text).value(); }
PrincipalId principal(std::string_view id) { return PrincipalId::parse(id).value(); }

json::Value authority_json(std::string_view text) { return json::parse(text).value(); }

// A question that is permitted as it stands: helper reads for maria, through triage.
struct Question {
  World world{kOrganisation};
  Instant now = at("2027-01-15T12:00:00Z");  // a Friday
  std::string action = "read";
  std::string location = "https://tickets.acme.example";
  std::string identifier = "queue/eu/7";
  std::vector<std::string> lineage = {"helper-reads", "triage-reads"};
  std::string root = "support";
  std::string subject = "human:maria@acme.example";
  std::string actor = "service:helper";
  std::vector<std::string> more_rests_on = {"t:before"};

  decision::Lineage named_lineage() {
    const record::View view = world.view();
    decision::Lineage named{view.find_entitlement(root).value(), {}};
    for (const std::string& id : lineage) {
      named.delegations.push_back(view.find_delegation(id).value());
    }
    return named;
  }

  AccessRequest request() const {
    return {
        "tickets",
        ResourceId::parse(location).value(),
        action,
        identifier.empty() ? std::nullopt : std::optional(Identifier::parse(identifier).value()),
        {},
        {}};
  }

  TokenClaims claims() {
    const Authority authority =
        Authority::parse(authority_json(R"([{"type":"tickets","actions":["read","comment","close"],
            "locations":["https://tickets.acme.example","https://open.acme.example"]}])"))
            .value();
    TokenClaims claims{principal(subject),
                       principal(actor),
                       {},
                       ResourceId::parse(location).value(),
                       authority,
                       "key",
                       "transaction",
                       "this",
                       at("2027-01-15T11:59:00Z"),
                       at("2028-01-01T00:00:00Z"),
                       {},
                       decision::rests_on(world.view(), named_lineage()),
                       1};
    for (const std::string& id : lineage) {
      claims.lineage.push_back(DelegationId::parse(id).value());
    }
    claims.rests_on.insert(claims.rests_on.end(), more_rests_on.begin(), more_rests_on.end());
    return claims;
  }

  Decision decide() {
    const VerifiedToken token = testing::EvidenceMaker::token(claims());
    const ProvenPossession possession = testing::EvidenceMaker::possession("key", token.hash());
    return decision::decide(world.view(), now, zones(), request(), {&token, &possession, {}});
  }

  // No token; over the subject's own entitlements.
  Decision decide_asserted() {
    return decision::decide(world.view(), now, zones(), request(),
                            {nullptr, nullptr, principal(subject)});
  }
};

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
  EXPECT_EQ(decision.delegations, (std::vector<std::string>{"helper-reads", "triage-reads"}));
  EXPECT_EQ(decision.entitlement, "support");
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
  EXPECT_THAT(decision.rests_on, ::testing::UnorderedElementsAreArray(expected));
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
      EXPECT_EQ(decision.entitlement, "support");
      EXPECT_TRUE(decision.delegations.empty());
      EXPECT_EQ(decision.rests_on.size(), 2u);
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
