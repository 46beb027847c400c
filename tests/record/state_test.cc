#include "mandate/record/state.h"

#include "tests/record/sample.h"

namespace mandate::record {
namespace {

using test::ErrorIs;
using test::IsOk;
using test::World;
using testing::ElementsAre;

TEST(State, ShowsWhatWasPut) {
  World world(test::kSample);
  const View view = world.view();
  EXPECT_EQ(view.revision(), 12u);
  EXPECT_EQ(view.count(NodeKind::kPrincipal), 5u);

  const Principal& triage = *view.principal(*view.find_principal("agent:triage"));
  EXPECT_EQ(triage.kind, PrincipalKind::kAgent);
  EXPECT_EQ(view.text(triage.environment), "prod");
  EXPECT_EQ(triage.owner_team, view.find_team("team:support"));
  EXPECT_FALSE(triage.owner);
  EXPECT_EQ(triage.not_after, parse_rfc3339("2027-12-31T00:00:00Z"));
  ASSERT_EQ(triage.authenticators.size(), 1u);
  EXPECT_EQ(view.authenticator(triage.authenticators[0])->principal,
            *view.find_principal("agent:triage"));

  const Delegation& root = *view.delegation(*view.find_delegation("triage-reads"));
  EXPECT_EQ(root.delegator, view.find_principal("human:maria@acme.example"));
  EXPECT_FALSE(root.parent);
  EXPECT_EQ(root.max_token_lifetime, std::optional<Seconds>(Seconds{300}));
  EXPECT_EQ(view.text(root.purpose), "first-line triage");
  EXPECT_EQ(root.not_before, kBeginningOfTime);
  const Delegation& below = *view.delegation(*view.find_delegation("helper-reads"));
  EXPECT_EQ(below.parent, view.find_delegation("triage-reads"));
  EXPECT_EQ(below.delegator, view.find_principal("agent:triage"));
  EXPECT_EQ(below.not_after, kEndOfTime);
  EXPECT_EQ(below.max_token_lifetime, std::nullopt);
  EXPECT_EQ(view.guardrails().size(), 1u);
}

TEST(State, ADefinitionOnRecordIsTheOneThatWasWritten) {
  World world(test::kSample);
  const Document document = test::document_of(test::kSample);
  const auto check = [&](const auto& list) {
    for (const auto& definition : list) {
      using Definition = std::decay_t<decltype(definition)>;
      EXPECT_EQ(world.view().definition(kind_of_definition<Definition>, definition.id.text()),
                definition.to_json());
    }
  };
  check(document.teams);
  check(document.principals);
  check(document.resources);
  check(document.entitlements);
  check(document.delegations);
  check(document.trusted_issuers);
  EXPECT_EQ(world.view().definition(NodeKind::kTeam, "team:none"), std::nullopt);
}

TEST(State, EqualAuthoritiesAreOneObject) {
  World world(test::kSample);
  world.apply(
      R"({apiVersion: mandate/v1, entitlements: [{id: again, principal: "human:kim@acme.example",
    authority: [{type: tickets, locations: ["https://tickets.acme.example"],
                 actions: [read, close, comment]}]}]})");
  const View view = world.view();
  EXPECT_EQ(view.entitlement(*view.find_entitlement("again"))->authority,
            view.entitlement(*view.find_entitlement("support-tickets"))->authority);
  EXPECT_NE(view.entitlement(*view.find_entitlement("again"))->authority,
            view.delegation(*view.find_delegation("triage-reads"))->authority);
}

TEST(State, ReadersSeeNothingBeforeItIsPublished) {
  State state;
  const auto put = [&](std::string_view id) {
    return state.apply({test::kWorldTime, "x", Put{TeamDefinition{*TeamId::parse(id), {}}, {}}});
  };
  ASSERT_THAT(put("team:a"), IsOk());
  EXPECT_EQ(state.view().find_team("team:a"), std::nullopt);
  EXPECT_EQ(state.view(1).find_team("team:a"), TeamHandle{0});  // the writer may look
  state.publish();
  EXPECT_EQ(state.view().find_team("team:a"), TeamHandle{0});
  ASSERT_THAT(put("team:b"), IsOk());
  EXPECT_EQ(state.view().count(NodeKind::kTeam), 1u);
  EXPECT_EQ(state.applied(), 2u);
}

TEST(State, TimeTravelAgreesWithAFoldUpToThatRevision) {
  World world(test::kSample);
  world.suspend("agent:triage");
  world.apply(test::sample_with("triage01", "triage02"));
  world.resume("agent:triage");
  world.revoke(NodeKind::kEntitlement, "support-tickets");
  world.apply(R"({apiVersion: mandate/v1, guardrails: []})");
  world.revoke(NodeKind::kPrincipal, "agent:helper");
  State fold;
  for (const std::string& entry : world.entries()) {
    EXPECT_EQ(test::shown(fold.view()), test::shown(world.state().view(fold.applied())));
    ASSERT_THAT(fold.apply(parse_event(entry).value()), IsOk());
    fold.publish();
  }
  EXPECT_EQ(fold.applied(), world.view().revision());
  EXPECT_EQ(test::shown(fold.view()), test::shown(world.view()));
}

TEST(State, ListsAreInTheOrderOfIdsAndOfTheirRevision) {
  World world(test::kSample);
  const Revision before = world.view().revision();
  const auto more = [](std::string id) {
    return "{id: " + id + R"(, delegator: "human:maria@acme.example", delegate: "agent:triage",
      authority: [{type: tickets, locations: ["https://tickets.acme.example"], actions: [read]}]})";
  };
  world.apply("{apiVersion: mandate/v1, delegations: [" + more("zeta") + "," + more("alpha") +
              "]}");
  world.revoke(NodeKind::kDelegation, "alpha");
  const View view = world.view();
  const PrincipalHandle maria = *view.find_principal("human:maria@acme.example");
  const PrincipalHandle triage = *view.find_principal("agent:triage");
  const PrincipalHandle helper = *view.find_principal("agent:helper");
  EXPECT_THAT(test::ids(view, view.delegations_by(maria, triage)),
              ElementsAre("alpha", "triage-reads", "zeta"));
  const View earlier = world.state().view(before);
  EXPECT_THAT(test::ids(earlier, earlier.delegations_by(maria, triage)),
              ElementsAre("triage-reads"));
  EXPECT_THAT(test::ids(view, view.delegations_by(maria, helper)), ElementsAre());
  const DelegationHandle parent = *view.find_delegation("triage-reads");
  EXPECT_THAT(test::ids(view, view.delegations_from(parent, helper)), ElementsAre("helper-reads"));
  EXPECT_THAT(test::ids(view, view.delegations_from(parent, triage)), ElementsAre());
  EXPECT_THAT(test::ids(view, view.entitlements_of(maria)), ElementsAre("support-tickets"));
  EXPECT_THAT(test::ids(view, view.entitlements_of(helper)), ElementsAre());
}

TEST(State, KeepsThousandsOfNodesApart) {
  State state;
  constexpr std::uint32_t kCount = 5000;  // several chunks, several tables
  const auto id = [](std::uint32_t i) { return "team:" + std::to_string(i); };
  for (std::uint32_t i = 0; i < kCount; ++i) {
    ASSERT_THAT(
        state.apply({test::kWorldTime, "x", Put{TeamDefinition{*TeamId::parse(id(i)), {}}, {}}}),
        IsOk());
  }
  state.publish();
  for (std::uint32_t i = 0; i < kCount; ++i) {
    ASSERT_EQ(state.view().find_team(id(i)), TeamHandle{i});
    ASSERT_EQ(state.view().id(TeamHandle{i}), id(i));
  }
  EXPECT_EQ(state.view().find_team(id(kCount)), std::nullopt);
  EXPECT_EQ(state.view().team(TeamHandle{kCount}), nullptr);
  EXPECT_EQ(state.view(77).count(NodeKind::kTeam), 77u);
}

TEST(State, ARotatedKeyEndsAndMayComeBackUnlessItWasRevoked) {
  const std::string first = std::string(test::kSample);
  const std::string second = test::sample_with("triage01", "triage02");
  World world(first);
  const AuthenticatorHandle key =
      world.view().principal(*world.view().find_principal("agent:triage"))->authenticators[0];
  const std::string id(world.view().id(key));
  world.apply(second);
  EXPECT_EQ(world.view().authenticator(key)->status, Status::kEnded);
  EXPECT_FALSE(world.view().authenticator(key)->revoked);
  world.apply(first);
  EXPECT_EQ(world.view().authenticator(key)->status, Status::kActive);
  world.apply(second);
  world.revoke(NodeKind::kAuthenticator, id);
  EXPECT_TRUE(world.view().authenticator(key)->revoked);
  EXPECT_THAT(
      plan_apply(world.view(), test::document_of(first), test::apply_options(), test::kWorldTime),
      ErrorIs(Reason::kIdIsDead));
}

TEST(State, ASuspendedPrincipalStaysSoWhenItsDefinitionChanges) {
  World world(test::kSample);
  world.suspend("agent:triage");
  world.apply(test::sample_with("environment: prod", "environment: test"));
  const View view = world.view();
  const Principal& triage = *view.principal(*view.find_principal("agent:triage"));
  EXPECT_EQ(triage.status, Status::kSuspended);
  EXPECT_EQ(view.text(triage.environment), "test");
}

TEST(State, RevokedTokensAndTransactionsAreKeptApart) {
  World world(test::kSample);
  const Revision before = world.view().revision();
  world.commit(plan_revoke(world.view(), NodeKind::kToken, "one", std::nullopt));
  world.commit(plan_revoke(world.view(), NodeKind::kTransaction, "two", std::nullopt));
  EXPECT_TRUE(world.view().token_revoked("one"));
  EXPECT_FALSE(world.view().token_revoked("two"));
  EXPECT_TRUE(world.view().transaction_revoked("two"));
  EXPECT_FALSE(world.view().transaction_revoked("one"));
  EXPECT_FALSE(world.state().view(before).token_revoked("one"));
}

// What the record holds was checked by a command; these are records that are not ours.
TEST(State, RefusesARecordThatIsNotOursAndIsUnchanged) {
  const std::string head = R"({"by":"x","time":"2027-01-15T12:00:00Z","type":)";
  const std::string authority =
      R"("authority":[{"type":"t","locations":["https://t.example"],"actions":["a"]}])";
  const std::vector<std::pair<std::string, Reason>> rows = {
      {R"("put","kind":"team","definition":{"id":"team:x","members":["human:no@acme.example"]}})",
       Reason::kBadRequest},
      {R"("put","kind":"principal","authenticators":[],)"
       R"("definition":{"id":"agent:x","owner":"team:no"}})",
       Reason::kBadRequest},
      {R"("put","kind":"principal","authenticators":["k"],"definition":{"id":"agent:triage",)"
       R"("owner":"team:no","authenticators":[{"jwk":{"kty":"OKP","crv":"Ed25519","x":"aaaa"}}]}})",
       Reason::kBadRequest},
      {R"("put","kind":"entitlement","definition":{"id":"e","principal":"agent:no",)" + authority +
           "}}",
       Reason::kBadRequest},
      {R"("put","kind":"delegation","definition":{"id":"d","parent":"no",)"
       R"("delegate":"agent:triage",)" +
           authority + "}}",
       Reason::kBadRequest},
      {R"("put","kind":"delegation","definition":{"id":"d","delegator":"agent:no",)"
       R"("delegate":"agent:triage",)" +
           authority + "}}",
       Reason::kBadRequest},
      {R"("put","kind":"delegation","definition":{"id":"triage-reads","delegator":"agent:triage",)"
       R"("delegate":"agent:helper",)" +
           authority + "}}",
       Reason::kBadRequest},
      {R"("put","kind":"entitlement","definition":{"id":"support-tickets",)"
       R"("principal":"agent:triage",)" +
           authority + "}}",
       Reason::kBadRequest},
      {R"("put","kind":"principal","authenticators":[],)"
       R"("definition":{"id":"human:kim@acme.example"}})",
       Reason::kIdIsDead},
      {R"("suspended","id":"human:kim@acme.example"})", Reason::kIdIsDead},
      {R"("suspended","id":"agent:no"})", Reason::kBadRequest},
      {R"("revoked","kind":"delegation","id":"no"})", Reason::kBadRequest},
      {R"("revoked","kind":"token","id":""})", Reason::kBadRequest},
  };
  World world(test::kSample);
  world.revoke(NodeKind::kPrincipal, "human:kim@acme.example");
  const std::string before = test::shown(world.view());
  const Revision revision = world.state().applied();
  for (const auto& row : rows) {
    Result<Event> event = parse_event(head + row.first);
    ASSERT_THAT(event, IsOk()) << row.first;
    EXPECT_THAT(world.state().apply(*event), ErrorIs(row.second)) << row.first;
    EXPECT_EQ(world.state().applied(), revision);
  }
  EXPECT_EQ(test::shown(world.state().view(revision)), before);
  // The twin: the same kind of event about what is there.
  EXPECT_THAT(world.state().apply(*parse_event(head + R"("suspended","id":"agent:triage"})")),
              IsOk());
}

}  // namespace
}  // namespace mandate::record
