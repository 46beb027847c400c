#include "tests/record/sample.h"

namespace mandate::record {
namespace {

using test::ErrorIs;
using test::World;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> stops(const World& world, NodeKind kind, std::string_view id,
                               Instant now = test::kWorldTime) {
  std::vector<std::string> out;
  const auto all = what_stops(world.view(), kind, id, now);
  EXPECT_THAT(all, test::IsOk());
  for (const Stop& stop : *all) {
    std::string shown = stop.kind == NodeKind::kAuthenticator ? "*" : stop.id;
    out.push_back(stop.owner + ": " + std::string(name(stop.kind)) + " " + shown);
  }
  return out;
}

TEST(WhatStops, IsEveryLiveNodeThatRestsOnIt) {
  const World world(test::kSample);
  EXPECT_THAT(stops(world, NodeKind::kDelegation, "helper-reads"),
              ElementsAre("human:maria@acme.example: delegation helper-reads"));
  EXPECT_THAT(stops(world, NodeKind::kDelegation, "triage-reads"),
              ElementsAre("human:maria@acme.example: delegation helper-reads",
                          "team:support: delegation triage-reads"));
  EXPECT_THAT(stops(world, NodeKind::kEntitlement, "support-tickets"),
              ElementsAre("human:maria@acme.example: entitlement support-tickets",
                          "human:maria@acme.example: delegation helper-reads",
                          "team:support: delegation triage-reads"));
  EXPECT_THAT(
      stops(world, NodeKind::kPrincipal, "agent:triage"),
      ElementsAre("human:maria@acme.example: delegation helper-reads",
                  "team:support: principal agent:triage", "team:support: delegation triage-reads",
                  "team:support: authenticator *"));
  EXPECT_THAT(stops(world, NodeKind::kToken, "a-jti"), ElementsAre(": token a-jti"));
}

TEST(WhatStops, ForAPersonCountsWhatTheyOwn) {
  const World world(test::kSample);
  EXPECT_THAT(stops(world, NodeKind::kPrincipal, "human:maria@acme.example"),
              ElementsAre("human:maria@acme.example: principal agent:helper",
                          "human:maria@acme.example: principal human:maria@acme.example",
                          "human:maria@acme.example: entitlement support-tickets",
                          "human:maria@acme.example: delegation helper-reads",
                          "human:maria@acme.example: authenticator *",
                          "human:maria@acme.example: authenticator *",
                          "team:support: delegation triage-reads"));
  // The team keeps a member, so what it owns goes on; without the other member it does not.
  EXPECT_THAT(stops(world, NodeKind::kPrincipal, "human:kim@acme.example"),
              ElementsAre("human:kim@acme.example: principal human:kim@acme.example"));
  World alone(test::sample_with("[\"human:maria@acme.example\", \"human:kim@acme.example\"]",
                                "[\"human:kim@acme.example\"]"));
  EXPECT_THAT(stops(alone, NodeKind::kPrincipal, "human:kim@acme.example"),
              testing::Contains("team:support: principal agent:triage"));
}

TEST(WhatStops, ForATeamAResourceAndAnIssuer) {
  const World world(test::kSample);
  EXPECT_THAT(
      stops(world, NodeKind::kTeam, "team:support"),
      testing::AllOf(testing::Contains("team:support: principal service:tickets-api"),
                     testing::Contains("human:maria@acme.example: delegation helper-reads")));
  EXPECT_THAT(stops(world, NodeKind::kResource, "https://tickets.acme.example"),
              ElementsAre("human:maria@acme.example: entitlement support-tickets",
                          "human:maria@acme.example: delegation helper-reads",
                          "team:support: resource https://tickets.acme.example",
                          "team:support: delegation triage-reads"));
  EXPECT_THAT(stops(world, NodeKind::kTrustedIssuer, "idp"),
              ElementsAre(": trusted_issuer idp",
                          "human:maria@acme.example: principal human:maria@acme.example",
                          "human:maria@acme.example: authenticator *"));
}

TEST(WhatStops, ForALastKeyEndsWhatItsHolderDoes) {
  World world(test::kSample);
  const View view = world.view();
  const std::string key(
      view.id(view.principal(*view.find_principal("agent:helper"))->authenticators[0]));
  EXPECT_THAT(stops(world, NodeKind::kAuthenticator, key),
              ElementsAre("human:maria@acme.example: principal agent:helper",
                          "human:maria@acme.example: delegation helper-reads",
                          "human:maria@acme.example: authenticator *"));
  world.apply(test::sample_with("authenticators: [{jwk: {kty: OKP, crv: Ed25519, x: helper01}",
                                "authenticators: [{jwk: {kty: OKP, crv: Ed25519, x: helper02}}, "
                                "{jwk: {kty: OKP, crv: Ed25519, x: helper01}"));
  EXPECT_THAT(stops(world, NodeKind::kAuthenticator, key),
              ElementsAre("human:maria@acme.example: authenticator *"));
}

TEST(WhatStops, LeavesOutWhatAnotherEntitlementCovers) {
  World world(test::kSample);
  world.apply(R"({apiVersion: mandate/v1, entitlements: [{id: other, max_depth: 2,
    principal: "human:maria@acme.example", authority: [{type: tickets,
    locations: ["https://tickets.acme.example"], actions: [read]}]}]})");
  // helper-reads is covered by it, triage-reads is not whole any more.
  EXPECT_THAT(stops(world, NodeKind::kEntitlement, "support-tickets"),
              testing::Contains("team:support: delegation triage-reads"));
  EXPECT_THAT(stops(world, NodeKind::kEntitlement, "other"),
              ElementsAre("human:maria@acme.example: entitlement other"));
}

TEST(WhatStops, ListsAtMostSoManyAndSaysHowManyMore) {
  const World world(test::kSample);
  const std::string_view maria = "human:maria@acme.example";
  const std::size_t all = stops(world, NodeKind::kPrincipal, maria).size();
  ASSERT_EQ(all, 7U);
  for (const std::size_t most : {std::size_t{0}, std::size_t{1}, all - 1, all, all + 1}) {
    const auto found =
        what_stops(world.view(), NodeKind::kPrincipal, maria, test::kWorldTime, most);
    ASSERT_THAT(found, test::IsOk());
    EXPECT_EQ(found->stops.size(), std::min(most, all));
    EXPECT_EQ(found->more, all - found->stops.size());
    if (most == 1) {
      EXPECT_EQ(found->stops[0].id, maria);
    }
  }
}

// So many that a look at all of them for each that stops would not end within the test's time.
TEST(WhatStops, LooksAtEachNodeOnce) {
  constexpr std::size_t kAgents = 300'000;
  constexpr std::size_t kTeams = 3'000;
  const auto maria = *PrincipalId::parse("human:maria@acme.example");
  State state;
  const auto put = [&](auto definition) {
    ASSERT_THAT(state.apply({test::kWorldTime, "bootstrap", Put{std::move(definition), {}}}),
                test::IsOk());
  };
  put(PrincipalDefinition{maria, std::nullopt, "", std::nullopt, {}});
  const auto team = [](std::size_t n) { return *TeamId::parse("team:" + std::to_string(n)); };
  for (std::size_t n = 0; n < kTeams; ++n) put(TeamDefinition{team(n), {maria}});
  for (std::size_t n = 0; n < kAgents; ++n) {
    put(PrincipalDefinition{*PrincipalId::parse("agent:a" + std::to_string(n)),
                            n % 2 == 0 ? Owner(maria) : Owner(team(n % kTeams)),
                            "",
                            std::nullopt,
                            {}});
  }
  state.publish();
  const auto found =
      what_stops(state.view(), NodeKind::kPrincipal, maria.text(), test::kWorldTime, 10);
  ASSERT_THAT(found, test::IsOk());
  EXPECT_EQ(found->stops.size() + found->more, 1 + kAgents);
}

TEST(WhatStops, LeavesOutWhatIsDeadAlready) {
  World world(test::kSample);
  const Instant later = *parse_rfc3339("2027-03-31T00:00:00Z");  // when triage-reads ends
  EXPECT_THAT(stops(world, NodeKind::kDelegation, "helper-reads", later - Milliseconds(1)),
              testing::SizeIs(1));
  EXPECT_THAT(stops(world, NodeKind::kDelegation, "helper-reads", later), IsEmpty());
  world.revoke(NodeKind::kDelegation, "helper-reads");
  EXPECT_THAT(stops(world, NodeKind::kDelegation, "helper-reads"), IsEmpty());
  EXPECT_THAT(stops(world, NodeKind::kDelegation, "triage-reads"),
              ElementsAre("team:support: delegation triage-reads"));
  EXPECT_THAT(what_stops(world.view(), NodeKind::kDelegation, "no", test::kWorldTime),
              ErrorIs(Reason::kBadRequest));
}

}  // namespace
}  // namespace mandate::record
