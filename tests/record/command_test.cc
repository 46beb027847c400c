#include "mandate/record/command.h"

#include "tests/record/sample.h"

namespace mandate::record {
namespace {

using test::ErrorIs;
using test::IsOk;
using test::World;

TEST(Revoke, IsOneEventAboutOneNodeAndNothingTheSecondTime) {
  const std::vector<std::pair<NodeKind, std::string>> nodes = {
      {NodeKind::kPrincipal, "agent:triage"},
      {NodeKind::kTeam, "team:support"},
      {NodeKind::kResource, "https://tickets.acme.example"},
      {NodeKind::kEntitlement, "support-tickets"},
      {NodeKind::kDelegation, "triage-reads"},
      {NodeKind::kTrustedIssuer, "idp"},
      {NodeKind::kToken, "a-jti"},
      {NodeKind::kTransaction, "a-txn"},
  };
  for (const auto& [kind, id] : nodes) {
    SCOPED_TRACE(id);
    World world(test::kSample);
    const Plan plan = world.revoke(kind, id);
    EXPECT_EQ(plan.changes.size(), 1u);
    ASSERT_EQ(plan.differences.size(), 1u);
    EXPECT_EQ(plan.differences[0].kind, DifferenceKind::kEnded);
    EXPECT_EQ(plan.differences[0].noun, name(kind));
    if (has_handle(kind)) {
      EXPECT_EQ(world.view().status(kind, id), Status::kEnded);
    }
    EXPECT_THAT(world.revoke(kind, id).changes, testing::IsEmpty());
    // Nothing walks children: what rests on it is dead by its lineage, not by an event.
    if (id == "triage-reads") {
      EXPECT_EQ(world.view().status(NodeKind::kDelegation, "helper-reads"), Status::kActive);
    }
  }
}

TEST(Revoke, RefusesWhatIsNotOnRecord) {
  World world(test::kSample);
  for (const auto& [kind, id] : std::vector<std::pair<NodeKind, std::string>>{
           {NodeKind::kPrincipal, "agent:no"},
           {NodeKind::kDelegation, "no"},
           {NodeKind::kAuthenticator, "no"},
           {NodeKind::kToken, ""},
           {NodeKind::kToken, std::string(limits::kJtiBytesMax + 1, 'x')}}) {
    Result<Plan> plan = plan_revoke(world.view(), kind, id, std::nullopt);
    ASSERT_THAT(plan, ErrorIs(Reason::kBadRequest)) << id;
    EXPECT_EQ(plan.error().place, Place::kPath);
  }
  EXPECT_THAT(plan_revoke(world.view(), NodeKind::kToken, std::string(limits::kJtiBytesMax, 'x'),
                          std::nullopt),
              IsOk());
}

TEST(Suspend, CanBeTakenBackAndRetiringCannot) {
  World world(test::kSample);
  const PrincipalId triage = *PrincipalId::parse("agent:triage");
  EXPECT_THAT(world.resume("agent:triage").changes, testing::IsEmpty());
  EXPECT_EQ(world.suspend("agent:triage").changes.size(), 1u);
  EXPECT_EQ(world.view().status(NodeKind::kPrincipal, "agent:triage"), Status::kSuspended);
  EXPECT_THAT(world.suspend("agent:triage").changes, testing::IsEmpty());
  EXPECT_EQ(world.resume("agent:triage").changes.size(), 1u);
  EXPECT_EQ(world.view().status(NodeKind::kPrincipal, "agent:triage"), Status::kActive);
  world.suspend("agent:triage");
  world.revoke(NodeKind::kPrincipal, "agent:triage");
  EXPECT_THAT(plan_resume(world.view(), triage), ErrorIs(Reason::kIdIsDead));
  EXPECT_THAT(plan_suspend(world.view(), triage), ErrorIs(Reason::kIdIsDead));
  Result<Plan> unknown = plan_suspend(world.view(), *PrincipalId::parse("agent:no"));
  ASSERT_THAT(unknown, ErrorIs(Reason::kBadRequest));
  EXPECT_EQ(unknown.error().place, Place::kPath);
}

// A hop grant below triage-reads, for agent:helper.
DelegationDefinition grant(std::string_view changes = "") {
  std::string yaml = R"({apiVersion: mandate/v1, delegations: [{id: hop-1, parent: triage-reads,
    delegate: "agent:helper", not_after: "2027-01-15T12:05:00Z", authority: [{type: tickets,
    locations: ["https://tickets.acme.example"], actions: [read], identifier: "queue/eu/*"}]}]})";
  if (const std::size_t at = changes.find('>'); at != std::string_view::npos) {
    const std::string_view text = changes.substr(0, at);
    yaml.replace(yaml.find(text), text.size(), changes.substr(at + 1));
  }
  return test::document_of(yaml).delegations[0];
}

TEST(HopGrant, GoesOnRecordOnce) {
  World world(test::kSample);
  EXPECT_EQ(world.hop_grant(grant()).changes.size(), 1u);
  EXPECT_THAT(world.hop_grant(grant()).changes, testing::IsEmpty());
  const View view = world.view();
  EXPECT_EQ(view.delegation(*view.find_delegation("hop-1"))->delegator,
            *view.find_principal("agent:triage"));
  EXPECT_THAT(plan_hop_grant(view, grant("actions: [read]>actions: [comment]"), test::kWorldTime),
              ErrorIs(Reason::kProofReplayed));
}

TEST(HopGrant, RefusesWhatCannotStand) {
  const std::vector<std::pair<std::string, Reason>> rows = {
      {"hop-1>hup-1", Reason::kBadRequest},
      {"agent:helper>agent:no", Reason::kBadRequest},
      {"parent: triage-reads>parent: nobody", Reason::kNoDelegation},
      {"parent: triage-reads>parent: helper-reads", Reason::kDepthExceeded},
      {"actions: [read]>actions: [close]", Reason::kOutsideAuthority},
      {"2027-01-15T12:05:00Z>2027-01-15T12:00:00Z", Reason::kOutsideWindow},
      {"parent: triage-reads>delegator: \"human:kim@acme.example\"", Reason::kOutsideAuthority},
      {"parent: triage-reads>delegator: \"human:no@acme.example\"", Reason::kBadRequest},
  };
  World world(test::kSample);
  for (const auto& row : rows) {
    Result<Plan> plan = plan_hop_grant(world.view(), grant(row.first), test::kWorldTime);
    ASSERT_THAT(plan, ErrorIs(row.second)) << row.first;
    EXPECT_EQ(plan.error().place, Place::kHopGrant);
  }
  EXPECT_THAT(plan_hop_grant(world.view(), grant("2027-01-15T12:05:00Z>2027-01-15T12:00:01Z"),
                             test::kWorldTime),
              IsOk());
  EXPECT_THAT(plan_hop_grant(world.view(),
                             grant("parent: triage-reads>delegator: \"human:maria@acme.example\""),
                             test::kWorldTime),
              IsOk());
}

TEST(HopGrant, IsOneOfAtMostSoManyLiveOnes) {
  const auto from_maria = "parent: triage-reads>delegator: \"human:maria@acme.example\"";
  const Instant ended = test::kWorldTime + std::chrono::minutes(5);
  const auto later = "2027-01-15T12:05:00Z>2027-01-15T12:15:00Z";
  for (const bool below : {true, false}) {
    World world(test::kSample);
    const auto put = [&](std::size_t n, const char* changes, Instant now) {
      DelegationDefinition one = grant(changes);
      one.id = *DelegationId::parse("hop-n" + std::to_string(n));
      return plan_hop_grant(world.view(), one, now);
    };
    const char* mine = below ? "" : from_maria;
    for (std::size_t n = 0; n < kLiveHopGrantsMax; ++n) {
      world.commit(put(n, mine, test::kWorldTime));
    }
    Result<Plan> refused = put(kLiveHopGrantsMax, mine, test::kWorldTime);
    ASSERT_THAT(refused, ErrorIs(Reason::kLimitExceeded));
    EXPECT_EQ(refused.error().place, Place::kHopGrant);
    // What stands already is still no change, and others have room of their own.
    EXPECT_THAT(put(0, mine, test::kWorldTime), IsOk());
    EXPECT_THAT(put(kLiveHopGrantsMax, below ? from_maria : "", test::kWorldTime), IsOk());
    // A snapshot keeps the count.
    State restored;
    ASSERT_THAT(restored.restore(world.state().snapshot()), IsOk());
    EXPECT_THAT(plan_hop_grant(restored.view(), grant(mine), test::kWorldTime),
                ErrorIs(Reason::kLimitExceeded));
    if (below) {
      EXPECT_THAT(put(kLiveHopGrantsMax, later, ended - Milliseconds(1)),
                  ErrorIs(Reason::kLimitExceeded));
      EXPECT_THAT(put(kLiveHopGrantsMax, later, ended), IsOk());
    }
    world.revoke(NodeKind::kDelegation, "hop-n7");
    EXPECT_THAT(put(kLiveHopGrantsMax, mine, test::kWorldTime), IsOk());
  }
}

TEST(HopGrant, DoesNotExtendWhatIsDead) {
  const std::vector<std::tuple<NodeKind, std::string, Reason>> rows = {
      {NodeKind::kDelegation, "triage-reads", Reason::kAncestorRevoked},
      {NodeKind::kPrincipal, "agent:helper", Reason::kPrincipalRetired},
      {NodeKind::kPrincipal, "human:maria@acme.example", Reason::kPrincipalRetired},
      {NodeKind::kEntitlement, "support-tickets", Reason::kOutsideAuthority},
  };
  for (const auto& row : rows) {
    World world(test::kSample);
    EXPECT_THAT(plan_hop_grant(world.view(), grant(), test::kWorldTime), IsOk());
    world.revoke(std::get<0>(row), std::get<1>(row));
    EXPECT_THAT(plan_hop_grant(world.view(), grant(), test::kWorldTime), ErrorIs(std::get<2>(row)))
        << std::get<1>(row);
  }
  World world(test::kSample);
  world.hop_grant(grant());
  world.revoke(NodeKind::kDelegation, "hop-1");
  EXPECT_THAT(plan_hop_grant(world.view(), grant(), test::kWorldTime),
              ErrorIs(Reason::kDelegationRevoked));
}

}  // namespace
}  // namespace mandate::record
