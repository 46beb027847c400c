#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "mandate/base/limits.h"
#include "mandate/decision/decision.h"
#include "testing/matchers.h"
#include "testing/world.h"

namespace mandate::test {
namespace {

using decision::Lineage;
using record::DelegationHandle;
using record::NodeKind;

std::string chain_document(int length) {
  std::string text = R"(
apiVersion: mandate/v1
principals:
  - {id: "human:maria@acme.example", not_after: "2029-01-01T00:00:00Z"}
  - {id: "organization:partner.example"}
  - {id: "organization:owned.example", owner: "human:maria@acme.example"}
resources:
  - {id: "https://t.example", type: t, actions: [read, write]}
entitlements:
  - {id: all, principal: "human:maria@acme.example", max_depth: 16,
     authority: [{type: t, locations: ["https://t.example"], actions: [read, write]}]}
)";
  std::string delegations = "delegations:\n";
  std::string principals;
  for (int i = 0; i < length; ++i) {
    const std::string n = std::to_string(i);
    principals += "  - {id: \"agent:a" + n + "\", owner: \"human:maria@acme.example\"}\n";
    delegations += "  - {id: d" + n +
                   (i == 0 ? ", delegator: \"human:maria@acme.example\""
                           : ", parent: d" + std::to_string(i - 1)) +
                   ", delegate: \"agent:a" + n +
                   "\", max_depth: " + std::to_string(std::max(0, 15 - i)) +
                   ", max_token_lifetime: " + std::to_string(600 - i) + "s, not_after: \"2028-01-" +
                   (i < 9 ? "2" + std::to_string(9 - i) : std::to_string(28 - i)) +
                   "T00:00:00Z\", authority: [{type: t, locations: [\"https://t.example\"], "
                   "actions: [" +
                   (i == 1 ? "read" : "read, write") + "]" + "}]}\n";
  }
  text.insert(text.find("  - {id: \"organization:partner"), principals);
  return length == 0 ? text : text + delegations;
}

// Past what `apply` checks: a record may hold longer chains than a decision follows.
void put_chain(World& world, int length) {
  const Document document = document_of(chain_document(length));
  const auto put = [&](const auto& definition) {
    ASSERT_TRUE(world.state().apply({kWorldTime, "test", record::Put{definition, {}}}));
  };
  for (const bool owned : {false, true}) {
    for (const PrincipalDefinition& principal : document.principals) {
      if (principal.owner.has_value() == owned) {
        put(principal);
      }
    }
  }
  put(document.resources[0]);
  put(document.entitlements[0]);
  for (int i = 0; i < length; ++i) {
    for (const DelegationDefinition& delegation : document.delegations) {
      if (delegation.id.text() == "d" + std::to_string(i)) {
        put(delegation);
      }
    }
  }
  world.state().publish();
}

Lineage lineage_in(const World& world, int length) {
  Lineage lineage{world.view().find_entitlement("all").value(), {}};
  for (int i = length - 1; i >= 0; --i) {
    lineage.delegations.push_back(world.view().find_delegation("d" + std::to_string(i)).value());
  }
  return lineage;
}

TEST(Lineage, HasAtMostSixteenDelegations) {
  World world;
  put_chain(world, 17);
  const record::View view = world.view();
  const auto chain = decision::chain_of(view, view.find_delegation("d15").value());
  ASSERT_TRUE(chain);
  EXPECT_EQ(*chain, lineage_in(world, 16).delegations);
  EXPECT_TRUE(decision::check_live(view, kWorldTime, lineage_in(world, 16)));
  EXPECT_THAT(decision::chain_of(view, view.find_delegation("d16").value()),
              ErrorIs(Reason::kDepthExceeded));
  EXPECT_THAT(decision::check_live(view, kWorldTime, lineage_in(world, 17)),
              ErrorIs(Reason::kDepthExceeded));
  EXPECT_THAT(decision::authority_of(view, lineage_in(world, 17)), ErrorIs(Reason::kDepthExceeded));
  EXPECT_EQ(decision::lifetime_of(view, lineage_in(world, 17)).max_token_lifetime, Seconds{0});
  EXPECT_THAT(decision::chain_of(view, {4'000'000}), ErrorIs(Reason::kStateTooOld));
}

TEST(Lineage, CarriesTheMeet) {
  World world;
  put_chain(world, 3);
  const auto scope = [&](int length) {
    return to_scope(decision::authority_of(world.view(), lineage_in(world, length)).value());
  };
  EXPECT_EQ(scope(0), "t:read t:write");
  EXPECT_EQ(scope(1), "t:read t:write");
  EXPECT_EQ(scope(2), "t:read");  // the second hop has no more
  EXPECT_EQ(scope(3), "t:read");  // and the third cannot have it back
}

TEST(Lineage, EndsWithTheFirstOfItsEnds) {
  World world;
  put_chain(world, 3);
  const auto lifetime = [&](int length) {
    return decision::lifetime_of(world.view(), lineage_in(world, length));
  };
  EXPECT_EQ(lifetime(0).not_after, parse_rfc3339("2029-01-01T00:00:00Z").value()) << "the holder";
  EXPECT_EQ(lifetime(0).max_token_lifetime, std::nullopt);
  EXPECT_EQ(lifetime(1).not_after, parse_rfc3339("2028-01-29T00:00:00Z").value());
  EXPECT_EQ(lifetime(3).not_after, parse_rfc3339("2028-01-27T00:00:00Z").value());
  EXPECT_EQ(lifetime(1).max_token_lifetime, Seconds{600});
  EXPECT_EQ(lifetime(3).max_token_lifetime, Seconds{598});
  world.apply(R"({apiVersion: mandate/v1, guardrails: [
      {select: {principal: "agent:a1"}, max_token_lifetime: 60s},
      {select: {kind: human}, max_token_lifetime: 90s},
      {select: {kind: service}, max_token_lifetime: 1s}]})");
  EXPECT_EQ(lifetime(0).max_token_lifetime, Seconds{90});
  EXPECT_EQ(lifetime(1).max_token_lifetime, Seconds{90});
  EXPECT_EQ(lifetime(3).max_token_lifetime, Seconds{60});
}

TEST(Principal, HasTheLeastLifetimeOfTheGuardrailsThatSelectIt) {
  World world;
  put_chain(world, 2);
  const auto lifetime = [&](std::string_view id) {
    return decision::max_token_lifetime_of(world.view(), *world.view().find_principal(id));
  };
  EXPECT_EQ(lifetime("agent:a1"), std::nullopt);
  world.apply(R"({apiVersion: mandate/v1, guardrails: [
      {select: {kind: agent}, max_token_lifetime: 90s},
      {select: {kind: agent}, max_depth: 3},
      {select: {principal: "agent:a1"}, max_token_lifetime: 60s},
      {select: {kind: agent}, max_token_lifetime: 70s}]})");
  EXPECT_EQ(lifetime("agent:a1"), Seconds{60});
  EXPECT_EQ(lifetime("agent:a0"), Seconds{70});
  EXPECT_EQ(lifetime("human:maria@acme.example"), std::nullopt);
}

TEST(Lineage, RestsOnItsEntitlementAndPrincipals) {
  World world;
  put_chain(world, 2);
  const record::View view = world.view();
  std::vector<std::string> expected = {
      record::short_id({NodeKind::kEntitlement, view.find_entitlement("all")->index, {}})};
  for (const char* id : {"human:maria@acme.example", "agent:a0", "agent:a1"}) {
    expected.push_back(
        record::short_id({NodeKind::kPrincipal, view.find_principal(id)->index, {}}));
  }
  EXPECT_EQ(decision::rests_on(view, lineage_in(world, 2)), expected);
  EXPECT_TRUE(decision::check_rests_on(view, expected, kWorldTime));
  world.suspend("agent:a1");
  EXPECT_THAT(decision::check_rests_on(world.view(), expected, kWorldTime),
              ErrorIs(Reason::kPrincipalSuspended));
  EXPECT_TRUE(decision::check_rests_on(view, expected, kWorldTime)) << "as it was before";
}

TEST(Principal, NeedsAnActiveOwnerWhereItHasOrNeedsOne) {
  World world;
  put_chain(world, 1);
  const auto check = [&](std::string_view id) {
    const record::View view = world.view();
    return decision::check_principal(view, view.find_principal(id).value(), kWorldTime);
  };
  for (const char* id : {"human:maria@acme.example", "organization:partner.example",
                         "organization:owned.example", "agent:a0"}) {
    EXPECT_THAT(check(id), IsOk()) << id;
  }
  world.suspend("human:maria@acme.example");
  EXPECT_THAT(check("human:maria@acme.example"), ErrorIs(Reason::kPrincipalSuspended));
  EXPECT_THAT(check("organization:partner.example"), IsOk());
  EXPECT_THAT(check("organization:owned.example"), ErrorIs(Reason::kOwnerInactive));
  EXPECT_THAT(check("agent:a0"), ErrorIs(Reason::kOwnerInactive));
  world.resume("human:maria@acme.example");
  EXPECT_THAT(check("agent:a0"), IsOk());
  EXPECT_THAT(decision::check_principal(world.view(), {4'000'000}, kWorldTime),
              ErrorIs(Reason::kStateTooOld));
}

}  // namespace
}  // namespace mandate::test
