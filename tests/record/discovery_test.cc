// Discovered principals: who becomes one, who is known, and that one is inert until it is adopted.
#include "mandate/record/discovery.h"

#include "tests/record/sample.h"

namespace mandate::record {
namespace {

using test::ErrorIs;
using test::IsOk;
using test::World;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view kBot = "workload:arn:aws:iam::111122223333:role/bot";

std::vector<PrincipalId> ids_of(const std::vector<std::string>& texts) {
  std::vector<PrincipalId> ids;
  for (const std::string& text : texts) ids.push_back(PrincipalId::parse(text).value());
  return ids;
}

// Those that became discovered.
std::vector<std::string> discover(World& world, const std::vector<std::string>& seen) {
  const Plan plan = world.commit(Discovery(ids_of(seen)).plan(world.view()));
  EXPECT_EQ(plan.changes.size(), plan.differences.size());
  std::vector<std::string> added;
  for (const Difference& difference : plan.differences) added.push_back(difference.id);
  return added;
}

struct WithBot : World {
  WithBot() : World(test::kSample) {
    EXPECT_THAT(discover(*this, {std::string(kBot)}), ElementsAre(kBot));
  }
};

TEST(Discovery, AddsWhatIsNewAndNothingTheSecondTime) {
  World world(test::kSample);
  const std::vector<std::string> seen = {"human:ann@acme.example", std::string(kBot)};
  EXPECT_THAT(discover(world, seen), testing::ElementsAreArray(seen));
  EXPECT_EQ(world.state().discovered(), 2u);
  const Revision before = world.view().revision();
  EXPECT_THAT(discover(world, seen), IsEmpty());
  EXPECT_EQ(world.view().revision(), before);
  EXPECT_EQ(json::canonical(*world.view().definition(NodeKind::kPrincipal, kBot)),
            R"({"id":"workload:arn:aws:iam::111122223333:role/bot","status":"discovered"})");
}

// Each row beside a twin that is nobody's, so that nothing passes for want of adding anything.
TEST(Discovery, LeavesAloneWhoIsKnownInAnyWay) {
  const std::vector<std::string> known = {
      "agent:triage",               // by its id
      "workload:triage",            // behind another kind
      "human:kim@acme.example",     // a person
      "workload:KIM@acme.example",  // mail, whatever its case
      "workload:maria@acme.example",
      "service:tickets-api",
  };
  for (const std::string& id : known) {
    World world(test::kSample);
    EXPECT_THAT(discover(world, {id, id + "-twin"}), ElementsAre(id + "-twin")) << id;
  }
}

TEST(Discovery, ComparesMailWhateverItsCaseOnRecord) {
  World world(test::kSample);
  EXPECT_THAT(discover(world, {"human:Zeta@acme.example"}), ElementsAre("human:Zeta@acme.example"));
  EXPECT_THAT(discover(world, {"workload:zeta@acme.example", "workload:Zeta"}),
              ElementsAre("workload:Zeta"));
}

TEST(Discovery, KnowsPeopleByTheClaimsOfTheirAuthenticators) {
  struct Row {
    std::string claim;
    std::string id;
    bool is_known;
  };
  const std::vector<Row> rows = {
      {R"(email: "m@idp.example")", "human:m@idp.example", true},
      {R"(email: "m@idp.example")", "workload:M@IDP.example", true},
      {R"(email: "m@idp.example")", "human:n@idp.example", false},
      {R"(sub: "00u1")", "workload:00u1", true},
      {R"(sub: "00u1")", "workload:00U1", false},
      {R"(groups: "admins")", "workload:admins", false},
  };
  for (const Row& row : rows) {
    const std::string sample = test::sample_with(R"(email: "maria@acme.example")", row.claim);
    World world(sample);
    EXPECT_EQ(discover(world, {row.id}).empty(), row.is_known) << row.claim << " " << row.id;
    // Also where the authenticator came after the first look.
    World later;
    Discovery discovery(ids_of({row.id}));
    discovery.look(later.view());
    later.apply(sample);
    EXPECT_EQ(discovery.plan(later.view()).changes.empty(), row.is_known) << row.claim;
  }
  // What ended is known all the same.
  World world(test::kSample);
  world.revoke(NodeKind::kPrincipal, "human:maria@acme.example");
  EXPECT_THAT(discover(world, {"workload:maria@acme.example"}), IsEmpty());
}

TEST(Discovery, CountsOneNameOnceAndTheFirstOfItsKinds) {
  World world(test::kSample);
  EXPECT_THAT(discover(world, {"human:x@acme.example", "workload:X@acme.example"}),
              ElementsAre("human:x@acme.example"));
  EXPECT_THAT(discover(world, {"spiffe://acme.example/bot", "workload:spiffe://acme.example/bot"}),
              ElementsAre("spiffe://acme.example/bot"));
  EXPECT_THAT(discover(world, {"workload:spiffe://acme.example/bot"}), IsEmpty());
}

// What a document could use a principal for, with a hole for its id.
const std::vector<std::string> kUses = {
    R"(teams: [{id: "team:new", members: [%]}])",
    R"(principals: [{id: "agent:new", owner: %}])",
    R"(resources: [{id: "https://new.acme.example", type: new, actions: [read],
                    resource_server: %}])",
    R"(entitlements: [{id: new, principal: %, max_depth: 1, authority: [{type: tickets,
       locations: ["https://tickets.acme.example"], actions: [read]}]}])",
    R"(delegations: [{id: new, delegator: "human:maria@acme.example", delegate: %,
       authority: [{type: tickets, locations: ["https://tickets.acme.example"],
       actions: [read]}]}])",
};

std::string document(const std::string& part, const std::string& id) {
  std::string text = "apiVersion: mandate/v1\n" + part + "\n";
  return text.replace(text.find('%'), 1, "\"" + id + "\"");
}

TEST(Discovered, IsNamedByNoDocumentUntilOneListsIt) {
  const auto plan = [](const World& world, const std::string& text) {
    return plan_apply(world.view(), test::document_of(text), test::apply_options(),
                      test::kWorldTime);
  };
  for (const std::string& use : kUses) {
    const bool is_person = use.starts_with("teams") || use.starts_with("principals");
    const std::string id = is_person ? "human:ann@acme.example" : "service:bot";
    World world(test::kSample);
    ASSERT_THAT(discover(world, {id}), ElementsAre(id));
    const Result<Plan> refused = plan(world, document(use, id));
    ASSERT_THAT(refused, ErrorIs(Reason::kBadRequest)) << use;
    EXPECT_EQ(refused.error().place, Place::kConflict);
    EXPECT_NE(refused.error().detail.find("is only discovered"), std::string::npos);
    world.apply(R"({apiVersion: mandate/v1, principals: [{id: ")" + id + '"' +
                (is_person ? "" : R"(, owner: "team:support")") + "}]}");
    EXPECT_THAT(plan(world, document(use, id)), IsOk()) << use;
  }
  // As a delegator it would need an entitlement, which it cannot have; the document is refused for
  // what it names first.
  WithBot world;
  EXPECT_THAT(plan(world, R"({apiVersion: mandate/v1, delegations: [{id: new,
      delegator: "workload:arn:aws:iam::111122223333:role/bot", delegate: "agent:triage",
      authority: [{type: tickets, locations: ["https://tickets.acme.example"],
      actions: [read]}]}]})"),
              ErrorIs(Reason::kBadRequest));
}

TEST(Discovered, IsAdoptedByADocumentThatListsIt) {
  WithBot world;
  const Plan plan = world.apply(R"({apiVersion: mandate/v1, principals: [
    {id: "workload:arn:aws:iam::111122223333:role/bot", owner: "team:support", environment: prod,
     authenticators: [{jwk: {kty: OKP, crv: Ed25519, x: robot001}}]}]})");
  ASSERT_EQ(plan.differences.size(), 1u);
  EXPECT_EQ(plan.differences[0].kind, DifferenceKind::kChanged);
  EXPECT_EQ(world.view().status(NodeKind::kPrincipal, kBot), Status::kActive);
  EXPECT_EQ(world.state().discovered(), 0u);
  EXPECT_THAT(discover(world, {std::string(kBot)}), IsEmpty());
  // And is one like any other.
  EXPECT_EQ(world.suspend(kBot).changes.size(), 1u);
  EXPECT_EQ(world.resume(kBot).changes.size(), 1u);
}

TEST(Discovered, IsDismissedForEver) {
  WithBot world;
  EXPECT_EQ(world.revoke(NodeKind::kPrincipal, kBot).changes.size(), 1u);
  EXPECT_EQ(world.state().discovered(), 0u);
  EXPECT_THAT(discover(world, {std::string(kBot)}), IsEmpty());
  EXPECT_EQ(world.view().status(NodeKind::kPrincipal, kBot), Status::kEnded);
  EXPECT_THAT(plan_apply(world.view(), test::document_of(R"({apiVersion: mandate/v1, principals: [
    {id: "workload:arn:aws:iam::111122223333:role/bot", owner: "team:support"}]})"),
                         test::apply_options(), test::kWorldTime),
              ErrorIs(Reason::kIdIsDead));
}

TEST(Discovered, IsNeitherSuspendedNorResumedNorPruned) {
  WithBot world;
  const PrincipalId bot = PrincipalId::parse(kBot).value();
  for (const Result<Plan>& plan :
       {plan_suspend(world.view(), bot), plan_resume(world.view(), bot)}) {
    ASSERT_THAT(plan, ErrorIs(Reason::kBadRequest));
    EXPECT_EQ(plan.error().place, Place::kConflict);
  }
  world.apply(test::kSample, true);
  EXPECT_EQ(world.view().status(NodeKind::kPrincipal, kBot), Status::kDiscovered);
}

TEST(Discovered, TakesNoHopGrant) {
  DelegationDefinition grant = test::document_of(R"({apiVersion: mandate/v1, delegations: [
    {id: hop-1, parent: triage-reads, delegate: "workload:arn:aws:iam::111122223333:role/bot",
     not_after: "2027-01-15T12:05:00Z", authority: [{type: tickets,
     locations: ["https://tickets.acme.example"], actions: [read],
     identifier: "queue/eu/*"}]}]})")
                                   .delegations[0];
  WithBot world;
  const Result<Plan> refused = plan_hop_grant(world.view(), grant, test::kWorldTime);
  ASSERT_THAT(refused, ErrorIs(Reason::kPrincipalDiscovered));
  EXPECT_EQ(refused.error().place, Place::kHopGrant);
  world.apply(R"({apiVersion: mandate/v1, principals: [
    {id: "workload:arn:aws:iam::111122223333:role/bot", owner: "team:support"}]})");
  EXPECT_THAT(plan_hop_grant(world.view(), grant, test::kWorldTime), IsOk());
}

TEST(Discovered, IsSeenAtItsRevisionAndSurvivesASnapshot) {
  WithBot world;
  const Revision discovered = world.view().revision();
  EXPECT_FALSE(world.state().view(discovered - 1).find_principal(kBot));
  State restored;
  ASSERT_THAT(restored.restore(world.state().snapshot()), IsOk());
  EXPECT_EQ(test::shown(restored.view()), test::shown(world.view()));
  EXPECT_EQ(restored.discovered(), 1u);
  world.apply(R"({apiVersion: mandate/v1, principals: [
    {id: "workload:arn:aws:iam::111122223333:role/bot", owner: "team:support"}]})");
  EXPECT_EQ(world.state().view(discovered).status(NodeKind::kPrincipal, kBot), Status::kDiscovered);
  ASSERT_THAT(restored.apply(*parse_event(world.entries().back())), IsOk());
  EXPECT_EQ(restored.discovered(), 0u);
}

TEST(Discovered, IsNobodyWhoIsOnRecord) {
  World world(test::kSample);
  const std::string shown = test::shown(world.view());
  const Event event{test::kWorldTime, "x", Discovered{PrincipalId::parse("agent:triage").value()}};
  EXPECT_THAT(world.state().apply(event), ErrorIs(Reason::kBadRequest));
  EXPECT_EQ(test::shown(world.view()), shown);
}

}  // namespace
}  // namespace mandate::record
