#include "tests/record/sample.h"

namespace mandate::record {
namespace {

using test::ErrorIs;
using test::IsOk;
using test::World;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> lines(const Plan& plan) {
  std::vector<std::string> out;
  for (const Difference& line : plan.differences) {
    out.push_back(std::string(name(line.kind)) + " " + line.noun + " " + line.id);
  }
  return out;
}

Result<Plan> plan(const World& world, std::string_view yaml, bool prune = false) {
  ApplyOptions options = test::apply_options();
  options.prune = prune;
  return plan_apply(world.view(), test::document_of(yaml), options, test::kWorldTime);
}

TEST(Apply, WritesEachNounAfterWhatItRefersTo) {
  World world;
  const Plan plan = world.apply(test::kSample);
  EXPECT_THAT(lines(plan),
              ElementsAre("added trusted_issuer idp", "added principal human:kim@acme.example",
                          "added principal human:maria@acme.example", "added team team:support",
                          "added principal agent:helper", "added principal agent:triage",
                          "added principal service:tickets-api",
                          "added resource https://tickets.acme.example",
                          "added entitlement support-tickets", "added delegation triage-reads",
                          "added delegation helper-reads", "changed guardrails guardrails"));
}

TEST(Apply, IsIdempotent) {
  World world(test::kSample);
  EXPECT_THAT(world.apply(test::kSample).changes, testing::IsEmpty());
  EXPECT_THAT(world.apply(test::kSample, true).changes, testing::IsEmpty());
}

TEST(Apply, ShowsWhatStoodAndWhatWillStand) {
  World world(test::kSample);
  const Plan plan = world.apply(test::sample_with("first-line triage", "night shift"));
  ASSERT_THAT(lines(plan), ElementsAre("changed delegation triage-reads"));
  EXPECT_EQ(plan.differences[0].before->find("purpose")->as_string(), "first-line triage");
  EXPECT_EQ(plan.differences[0].after->find("purpose")->as_string(), "night shift");
}

TEST(Apply, NeverDeletesByAbsenceUnlessItPrunes) {
  const std::string_view less = R"(
apiVersion: mandate/v1
principals:
  - id: "human:maria@acme.example"
    authenticators: [{issuer: idp, claims: {email: "maria@acme.example"}}]
trusted_issuers:
  - id: idp
    issuer: "https://idp.acme.example"
    audience: "https://mandate.acme.example"
    jwks: {keys: [{kty: OKP, crv: Ed25519, x: idpkey01}]}
    algorithms: [EdDSA]
)";
  World world(test::kSample);
  EXPECT_THAT(world.apply(less).changes, testing::IsEmpty());
  ApplyOptions options = test::apply_options();
  options.prune = true;
  options.keep = {"agent:helper", "team:support"};
  EXPECT_THAT(lines(world.commit(
                  plan_apply(world.view(), test::document_of(less), options, test::kWorldTime))),
              ElementsAre("changed guardrails guardrails", "ended delegation triage-reads",
                          "ended delegation helper-reads", "ended entitlement support-tickets",
                          "ended resource https://tickets.acme.example",
                          "ended principal human:kim@acme.example", "ended principal agent:triage",
                          "ended principal service:tickets-api"));
  EXPECT_EQ(world.view().status(NodeKind::kPrincipal, "agent:helper"), Status::kActive);
  EXPECT_THAT(world.view().guardrails(), testing::IsEmpty());
}

TEST(Apply, PruningLeavesHopGrantsAndWhatEndedByItself) {
  World world(test::kSample);
  DelegationDefinition grant = test::document_of(test::kSample).delegations[0];  // helper-reads
  ASSERT_EQ(grant.id.text(), "helper-reads");
  grant.id = *DelegationId::parse("hop-1");
  world.hop_grant(grant);
  EXPECT_THAT(plan(world, test::kSample, true)->changes, testing::IsEmpty());
  world.apply(R"({apiVersion: mandate/v1, delegations: [{id: over, parent: triage-reads,
    delegate: "agent:helper", not_after: "2027-01-15T12:00:00Z", authority: [{type: tickets,
    locations: ["https://tickets.acme.example"], actions: [read], identifier: "queue/eu/*"}]},
    {id: not-over, parent: triage-reads,
    delegate: "agent:helper", not_after: "2027-01-15T12:00:01Z", authority: [{type: tickets,
    locations: ["https://tickets.acme.example"], actions: [read], identifier: "queue/eu/*"}]}]})");
  EXPECT_THAT(lines(*plan(world, test::kSample, true)), ElementsAre("ended delegation not-over"));
}

TEST(Apply, ExpandsEveryActionSoThatANewOneNeverWidens) {
  const std::string every =
      test::sample_with("actions: [comment, read], identifier", "actions: [\"*\"], identifier");
  World world(every);
  const auto actions = [&] {
    const View view = world.view();
    return view.delegation(*view.find_delegation("triage-reads"))
        ->authority->whole()
        .permissions()[0]
        .actions;
  };
  EXPECT_THAT(actions(), ElementsAre("close", "comment", "read"));
  world.apply(R"({apiVersion: mandate/v1, resources: [{id: "https://tickets.acme.example",
    type: tickets, actions: [close, comment, delete, read],
    resource_server: "service:tickets-api"}]})");
  EXPECT_THAT(actions(), ElementsAre("close", "comment", "read"));
}

TEST(Apply, ExpandsEveryActionForEachResourceAlone) {
  World world(R"(
apiVersion: mandate/v1
principals: [{id: "human:a@acme.example"}]
resources:
  - {id: "https://one.acme.example", type: files, actions: [read]}
  - {id: "https://two.acme.example", type: files, actions: [read, write]}
entitlements:
  - id: files
    principal: "human:a@acme.example"
    authority: [{type: files, actions: ["*"],
                 locations: ["https://one.acme.example", "https://two.acme.example"]}]
)");
  const View view = world.view();
  EXPECT_EQ(
      json::canonical(view.entitlement({0})->authority->whole().to_json()),
      R"([{"actions":["read"],"locations":["https://one.acme.example"],"type":"files"},)"
      R"({"actions":["read","write"],"locations":["https://two.acme.example"],"type":"files"}])");
}

// A document that changes the sample in one place, over the sample on record or over nothing.
struct Row {
  std::string what;
  std::string text;         // in the sample
  std::string replacement;  // refused
  Reason reason;
  std::string says;
  std::string twin;  // the nearest that is permitted; empty: the sample itself
};

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {"a member nobody knows", "\"human:maria@acme.example\", \"human:kim",
       "\"human:no@acme.example\", \"human:kim", Reason::kBadRequest,
       "member of team \"team:support\": principal \"human:no@acme.example\"", ""},
      {"an owner nobody knows", "owner: \"human:maria@acme.example\"",
       "owner: \"human:no@acme.example\"", Reason::kBadRequest, "owner of \"agent:helper\"",
       "owner: \"human:kim@acme.example\""},
      {"an owning team nobody knows", "owner: \"team:support\"\n", "owner: \"team:no\"\n",
       Reason::kBadRequest, "team \"team:no\" is neither in the document nor on record", ""},
      {"an issuer nobody knows", "issuer: idp, claims", "issuer: nobody, claims",
       Reason::kBadRequest,
       "authenticator of \"human:maria@acme.example\": trusted_issuer \"nobody\"", ""},
      {"a key under two principals", "x: helper01", "x: triage01", Reason::kBadRequest,
       "stands under", "x: helper02"},
      {"a resource server nobody knows", "resource_server: \"service:tickets-api\"",
       "resource_server: \"service:no\"", Reason::kBadRequest, "\"service:no\"",
       "resource_server: \"agent:triage\""},
      {"an entitlement of nobody", "    principal: \"human:maria@acme.example\"",
       "    principal: \"human:no@acme.example\"", Reason::kBadRequest, "\"human:no@acme.example\"",
       ""},
      {"a resource nobody knows",
       "locations: [\"https://tickets.acme.example\"],\n                 actions: [close",
       "locations: [\"https://no.acme.example\"],\n                 actions: [close",
       Reason::kBadRequest, "resource \"https://no.acme.example\"", ""},
      {"another type than the resource's",
       "{type: tickets, locations: [\"https://tickets.acme.example\"],\n                 actions: "
       "[comment",
       "{type: mail, locations: [\"https://tickets.acme.example\"],\n                 actions: "
       "[comment",
       Reason::kBadRequest, "has type \"tickets\"; expected \"mail\"", ""},
      {"an action that the resource lacks", "actions: [close, comment, read]}]",
       "actions: [close, comment, fly, read]}]", Reason::kBadRequest, "has no action \"fly\"",
       "actions: [comment, read]}]"},
      {"a delegator nobody knows", "delegator: \"human:maria@acme.example\"",
       "delegator: \"human:no@acme.example\"", Reason::kBadRequest, "\"human:no@acme.example\"",
       ""},
      {"a delegator without entitlement", "delegator: \"human:maria@acme.example\"",
       "delegator: \"human:kim@acme.example\"", Reason::kOutsideAuthority,
       "has no live entitlement", ""},
      {"a delegate nobody knows", "delegate: \"agent:helper\"", "delegate: \"agent:no\"",
       Reason::kBadRequest, "\"agent:no\"", ""},
      {"a parent nobody knows", "parent: triage-reads", "parent: nobody", Reason::kBadRequest,
       "delegation \"nobody\"", ""},
      {"parents in a circle", "delegator: \"human:maria@acme.example\"", "parent: helper-reads",
       Reason::kBadRequest, "circle", ""},
      {"a root wider than its entitlement", "actions: [close, comment, read]}]\n    max_depth",
       "actions: [comment], identifier: \"queue/**\"}]\n    max_depth", Reason::kOutsideAuthority,
       "lies within no entitlement",
       "actions: [comment, read], identifier: \"queue/**\"}]\n    max_depth"},
      {"a child wider than its parent", "actions: [read], identifier: \"queue/eu/*\"",
       "actions: [close], identifier: \"queue/eu/*\"", Reason::kOutsideAuthority,
       "lies outside delegation \"triage-reads\"",
       "actions: [comment], identifier: \"queue/eu/*\""},
      {"a child with a wider identifier", "identifier: \"queue/eu/*\"", "identifier: \"**\"",
       Reason::kOutsideAuthority, "lies outside", "identifier: \"queue/**\""},
      {"a child without its parent's constraint", "identifier: \"queue/**\"",
       "identifier: \"queue/**\", constraints: {networks: [\"10.0.0.0/8\"]}",
       Reason::kOutsideAuthority, "lies outside", ""},
      {"a root below an entitlement that is not delegable", "max_depth: 2\ndelegations",
       "max_depth: 0\ndelegations", Reason::kDepthExceeded, "allows 1 delegations", ""},
      {"a child deeper than the entitlement allows", "max_depth: 2\ndelegations",
       "max_depth: 1\ndelegations", Reason::kDepthExceeded, "allows 2 delegations", ""},
      {"a child deeper than its parent allows", "    max_depth: 1\n    max_token",
       "    max_depth: 0\n    max_token", Reason::kDepthExceeded,
       "max_depth of delegation \"triage-reads\" is 0; expected at least 1",
       "    max_depth: 2\n    max_token"},
      {"a hop grant's id", "id: helper-reads", "id: hop-reads", Reason::kBadRequest,
       "ids beginning with hop- are hop grants'", "id: hopreads"},
      {"a key set that was not read", "jwks: {keys: [{kty: OKP, crv: Ed25519, x: idpkey01}]}",
       "jwks_file: idp.json", Reason::kBadRequest, "was not read", ""},
  };
  return all;
}

TEST(Apply, RefusesWhatDoesNotFit) {
  for (const Row& row : rows()) {
    SCOPED_TRACE(row.what);
    World empty;
    Result<Plan> refused = plan(empty, test::sample_with(row.text, row.replacement));
    ASSERT_THAT(refused, ErrorIs(row.reason));
    EXPECT_THAT(refused.error().detail, HasSubstr(row.says));
    EXPECT_THAT(plan(empty, row.twin.empty() ? std::string(test::kSample)
                                             : test::sample_with(row.text, row.twin)),
                IsOk());
  }
}

// What an id stood for stays so.
TEST(Apply, RefusesToUseAnIdForAnother) {
  const std::vector<Row> changes = {
      {"another delegate", "parent: triage-reads\n    delegate: \"agent:helper\"",
       "parent: triage-reads\n    delegate: \"service:tickets-api\"", Reason::kBadRequest,
       "delegation \"helper-reads\" stands on record between others", ""},
      {"another parent", "parent: triage-reads", "delegator: \"human:maria@acme.example\"",
       Reason::kBadRequest, "delegation \"helper-reads\"", ""},
      {"another principal", "    principal: \"human:maria@acme.example\"",
       "    principal: \"human:kim@acme.example\"", Reason::kBadRequest,
       "entitlement \"support-tickets\"", ""},
      {"another's key", "x: helper01", "x: triage01", Reason::kBadRequest, "stands under", ""},
  };
  World world(test::kSample);
  for (const Row& row : changes) {
    SCOPED_TRACE(row.what);
    Result<Plan> refused = plan(world, test::sample_with(row.text, row.replacement));
    ASSERT_THAT(refused, ErrorIs(row.reason));
    EXPECT_EQ(refused.error().place, Place::kConflict);
    EXPECT_THAT(refused.error().detail, HasSubstr(row.says));
  }
  // Also a key that its first holder no longer lists.
  world.apply(test::sample_with("x: triage01", "x: triage02"));
  EXPECT_THAT(plan(world, R"({apiVersion: mandate/v1, principals: [{id: "agent:helper",
    owner: "human:maria@acme.example",
    authenticators: [{jwk: {kty: OKP, crv: Ed25519, x: triage01}}]}]})"),
              ErrorIs(Reason::kBadRequest));
}

TEST(Apply, NeverBringsBackWhatIsDead) {
  const std::vector<std::pair<NodeKind, std::string>> dead = {
      {NodeKind::kPrincipal, "agent:helper"},
      {NodeKind::kPrincipal, "human:maria@acme.example"},
      {NodeKind::kTeam, "team:support"},
      {NodeKind::kResource, "https://tickets.acme.example"},
      {NodeKind::kEntitlement, "support-tickets"},
      {NodeKind::kDelegation, "triage-reads"},
      {NodeKind::kTrustedIssuer, "idp"},
  };
  for (const auto& [kind, id] : dead) {
    SCOPED_TRACE(id);
    World world(test::kSample);
    EXPECT_THAT(plan(world, test::kSample), IsOk());
    world.revoke(kind, id);
    Result<Plan> again = plan(world, test::kSample);
    ASSERT_THAT(again, ErrorIs(Reason::kIdIsDead));
    EXPECT_EQ(again.error().place, Place::kConflict);
  }
}

TEST(Apply, RefusesToReferToWhatIsDead) {
  const std::string_view child = R"({apiVersion: mandate/v1, delegations: [{id: more,
    parent: triage-reads, delegate: "agent:helper", authority: [{type: tickets,
    locations: ["https://tickets.acme.example"], actions: [read], identifier: "queue/eu/*"}]}]})";
  World world(test::kSample);
  EXPECT_THAT(plan(world, child), IsOk());
  world.revoke(NodeKind::kDelegation, "triage-reads");
  EXPECT_THAT(plan(world, child), ErrorIs(Reason::kIdIsDead));
}

TEST(Apply, RefusesToReferToWhatItPrunes) {
  const std::string_view child = R"({apiVersion: mandate/v1, teams: [{id: "team:support",
    members: ["human:kim@acme.example"]}]})";
  World world(test::kSample);
  EXPECT_THAT(plan(world, child), IsOk());
  Result<Plan> pruned = plan(world, child, true);
  ASSERT_THAT(pruned, ErrorIs(Reason::kBadRequest));
  EXPECT_THAT(pruned.error().detail, HasSubstr("pruning would end it"));
}

TEST(Apply, NarrowsAnEntitlementBelowWhatWasGrantedFromIt) {
  World world(test::kSample);
  const Plan narrowed = world.apply(test::sample_with("actions: [close, comment, read]}]\n    max",
                                                      "actions: [close]}]\n    max"));
  EXPECT_THAT(lines(narrowed), ElementsAre("changed entitlement support-tickets"));
}

TEST(Apply, TakesAnyOneOfTheEntitlementsAndNeverTheirUnion) {
  const std::string_view second = R"({apiVersion: mandate/v1, entitlements: [{id: second,
    principal: "human:kim@acme.example", max_depth: 1, authority: [{type: tickets,
    locations: ["https://tickets.acme.example"], actions: [read]}]}, {id: third,
    principal: "human:kim@acme.example", max_depth: 1, authority: [{type: tickets,
    locations: ["https://tickets.acme.example"], actions: [close]}]}]})";
  const auto delegation = [](std::string actions) {
    return R"({apiVersion: mandate/v1, delegations: [{id: kims, delegator: "human:kim@acme.example",
      delegate: "agent:triage", authority: [{type: tickets,
      locations: ["https://tickets.acme.example"], actions: )" +
           actions + "}]}]}";
  };
  World world(test::kSample);
  world.apply(second);
  EXPECT_THAT(plan(world, delegation("[read]")), IsOk());
  EXPECT_THAT(plan(world, delegation("[close]")), IsOk());
  EXPECT_THAT(plan(world, delegation("[close, read]")), ErrorIs(Reason::kOutsideAuthority));
}

TEST(Apply, BoundsALineagesDepth) {
  std::string yaml = test::sample_with("max_depth: 2\ndelegations", "max_depth: 16\ndelegations");
  yaml.replace(yaml.find("max_depth: 1\n"), 12, "max_depth: 15");
  World world(yaml);
  std::string parent = "triage-reads";
  const auto child = [&](std::size_t depth) {
    return "{apiVersion: mandate/v1, delegations: [{id: n" + std::to_string(depth) +
           ", parent: " + parent + R"(, delegate: "agent:helper", max_depth: )" +
           std::to_string(16 - std::min<std::size_t>(depth, 16)) +
           R"(, authority: [{type: tickets, locations: ["https://tickets.acme.example"],
           actions: [read], identifier: "queue/eu/*"}]}]})";
  };
  for (std::size_t depth = 2; depth <= limits::kLineageDepthMax; ++depth) {
    world.apply(child(depth));
    parent = "n" + std::to_string(depth);
  }
  EXPECT_THAT(plan(world, child(limits::kLineageDepthMax + 1)), ErrorIs(Reason::kDepthExceeded));
}

}  // namespace
}  // namespace mandate::record
