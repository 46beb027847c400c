// The laws of the design, each a property over generated worlds. The seed is RapidCheck's; a
// counterexample is told in words.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "testing/evidence.h"
#include "tests/laws/engine.h"
#include "tests/laws/for_all.h"

namespace mandate::test {
namespace {

constexpr int kRequests = 10;  // a seed

// Every grant's authority in a world.
std::vector<model::Authority> authorities_of(const model::World& world) {
  std::vector<model::Authority> all;
  for (const auto& entry : world.grants) {
    all.push_back(entry.second.authority);
  }
  return all;
}

bool permits(const model::World& world, const Authority& authority, const model::Request& request) {
  const AccessRequest asked = request_of(request);
  return authority.permits(asked, inputs_of(world, asked, request.now)).permits();
}

Answer decide_in(const model::World& world, const Case& question) {
  EngineWorld engine(world);
  return decide(engine, question);
}

std::string expect_refusal(const Answer& answer, const model::Reasons& expected,
                           const std::string& what) {
  if (expected.count(answer.refusal) != 0) {
    return {};
  }
  return what + ": " + (answer.permitted() ? "permitted" : answer.refusal + " " + answer.detail);
}

TEST(Law1_Narrowing, AMeetPermitsExactlyWhatBothPermit) {
  EXPECT_TRUE(for_all_seeds("law 1: meet", [](std::uint64_t seed) -> std::string {
    Source source(seed);
    const model::World world = make_world(source);
    const std::vector<model::Authority> all = authorities_of(world);
    const model::Authority& one = source.pick(all);
    const model::Authority& other = source.pick(all);
    const Authority a = authority_of(one);
    const Authority b = authority_of(other);
    const Result<Authority> meet = a.attenuated_by(b);
    if (!meet) {
      return meet.error().detail;
    }
    if (!meet->within(a) || !meet->within(b)) {
      return "the meet is not within both";
    }
    if (meet->to_json() != b.attenuated_by(a)->to_json() || *meet->attenuated_by(b) != *meet) {
      return "the meet depends on the order, or a second one narrows more";
    }
    for (int i = 0; i < kRequests; ++i) {
      const model::Request request = make_request(source, source.chance(50) ? one : other);
      const bool both = model::refusals(world, one, request).empty() &&
                        model::refusals(world, other, request).empty();
      if (permits(world, *meet, request) != both) {
        return "the meet differs from both at " + describe({{}, request});
      }
    }
    return {};
  }));
}

TEST(Law1_Narrowing, ALineageCarriesTheMeetOfItsHops) {
  EXPECT_TRUE(for_all_seeds("law 1: lineage", [](std::uint64_t seed) -> std::string {
    Source source(seed);
    const Permitted found = make_permitted(source);
    const EngineWorld engine(found.world);
    const model::Lineage& lineage = found.question.token.lineage;
    const Result<Authority> carried =
        decision::authority_of(engine.view(), engine.lineage_of(lineage));
    if (!carried) {
      return carried.error().detail;
    }
    for (const std::string& id : lineage) {
      if (!carried->within(authority_of(found.world.grants.at(id).authority))) {
        return "wider than " + id;
      }
    }
    for (int i = 0; i < kRequests; ++i) {
      const std::string& hop = source.pick(lineage);
      const model::Request request = make_request(source, found.world.grants.at(hop).authority);
      const bool all = std::all_of(lineage.begin(), lineage.end(), [&](const std::string& id) {
        const model::Authority& authority = found.world.grants.at(id).authority;
        return model::refusals(found.world, authority, request).empty();
      });
      if (permits(found.world, *carried, request) != all) {
        return "the lineage differs from its hops at " + describe({{}, request});
      }
    }
    return permits(found.world, *carried, found.question.request) ? "" : "a permit was lost";
  }));
}

TEST(Law1_Narrowing, WhatIsSelectedLiesWithinWhatIsGranted) {
  int selections = 0;
  int refusals = 0;
  EXPECT_TRUE(for_all_seeds("law 1: select", [&](std::uint64_t seed) -> std::string {
    Source source(seed);
    const model::World world = make_world(source);
    const std::vector<model::Authority> all = authorities_of(world);
    const model::Authority& grant = source.pick(all);
    const Authority granted = authority_of(grant);
    for (int i = 0; i < kRequests; ++i) {
      const model::Authority& near = source.chance(70) ? grant : source.pick(all);
      const model::Permission wanted = narrowed(source, source.pick(near));
      const auto requested =
          parse_authorization_details(authority_of(model::Authority{wanted}).to_json());
      const Result<Authority> selected =
          select(granted, requested.value(), Place::kAuthorizationDetails);
      if (!selected) {
        ++refusals;
        if (selected.error().reason != Reason::kOutsideAuthority) {
          return selected.error().detail;
        }
        continue;
      }
      ++selections;
      if (!selected->within(granted) || !selected->within(authority_of(model::Authority{wanted}))) {
        return "the selection is wider than the grant or the request";
      }
    }
    return {};
  }));
  EXPECT_GT(selections, 20) << "the property is not vacuous";
  EXPECT_GT(refusals, 20);
}

TEST(Law2_OneLineageNow, TwoLineagesAreNeverUnited) {
  EXPECT_TRUE(for_all_seeds("law 2: union", [](std::uint64_t seed) -> std::string {
    Source source(seed);
    Permitted found = make_permitted(source);
    model::World& world = found.world;
    const model::Lineage& lineage = found.question.token.lineage;
    if (lineage.size() < 2) {
      return {};
    }
    // Its twin lives and permits all but this action; itself, it is revoked.
    model::Grant& leaf = world.grants.at(lineage.front());
    model::Grant& twin = world.grants["d-twin"] = leaf;
    for (model::Permission& permission : twin.authority) {
      permission.actions.erase(found.question.request.action);
      permission.actions.insert("other");
    }
    leaf.revoked = true;
    Case by_twin = found.question;
    by_twin.token.lineage.front() = "d-twin";
    EngineWorld engine(world);
    std::string wrong =
        expect_refusal(decide(engine, found.question), {"delegation_revoked"}, "the dead one");
    if (wrong.empty()) {
      wrong = expect_refusal(decide(engine, by_twin), {"outside_authority"}, "the live one");
    }
    const std::string& actor = found.question.token.actor;
    const bool any = model::permits(world, actor, found.question.request);
    if (wrong.empty() && test::permits(engine, actor, found.question.request) != any) {
      wrong = "together they permit, or a third lineage was missed";
    }
    return wrong;
  }));
}

TEST(Law2_OneLineageNow, ATokenBoundsAndGrantsNothing) {
  EXPECT_TRUE(for_all_seeds("law 2: token", [](std::uint64_t seed) -> std::string {
    Source source(seed);
    const Permitted found = make_permitted(source);
    const model::World& world = found.world;
    Case question = found.question;
    EngineWorld engine(world);
    // Without the action in the token: refused, though the lineage has it.
    for (model::Permission& permission : question.token.authority) {
      permission.actions.erase(question.request.action);
      permission.actions.insert("other");
    }
    std::string wrong =
        expect_refusal(decide(engine, question), {"outside_authority"}, "the token lacks it");
    // With everything in the token: still what the lineage permits, no more.
    question = found.question;
    question.token.authority.clear();
    for (const model::Authority& authority : authorities_of(world)) {
      question.token.authority.insert(question.token.authority.end(), authority.begin(),
                                      authority.end());
    }
    for (int i = 0; wrong.empty() && i < kRequests; ++i) {
      question.request = make_request(source, source.pick(authorities_of(world)));
      question.request.now = found.question.request.now;  // while the token lives
      question.token.audience = question.request.location;
      const model::Reasons expected =
          model::refusals(world, question.token.lineage, question.request);
      const Answer answer = decide(engine, question);
      if (answer.permitted() != expected.empty()) {
        wrong = "the lineage " + std::string(expected.empty() ? "permits" : "does not permit") +
                ", the engine says '" + answer.refusal + ": " + answer.detail + "' at " +
                describe(question);
      }
    }
    return wrong;
  }));
}

// Kills one thing that the permitted question rests on; gives the reasons that tell of it.
struct Kill {
  std::string_view what;
  std::function<model::Reasons(Source&, model::World&, const model::Lineage&, int now)> in;
};

const std::vector<Kill>& kills() {
  static const std::vector<Kill> all = {
      {"revoked",
       [](Source& source, model::World& world, const model::Lineage& lineage, int) {
         const std::string& id = source.pick(lineage);
         world.grants.at(id).revoked = true;
         return model::Reasons{id == lineage.front() && lineage.size() > 1 ? "delegation_revoked"
                                                                           : "ancestor_revoked"};
       }},
      {"suspended",
       [](Source& source, model::World& world, const model::Lineage& lineage, int) {
         world.principals.at(world.grants.at(source.pick(lineage)).to).status = 's';
         return model::Reasons{"principal_suspended", "owner_inactive"};
       }},
      {"retired",
       [](Source& source, model::World& world, const model::Lineage& lineage, int) {
         world.principals.at(world.grants.at(source.pick(lineage)).to).status = 'r';
         return model::Reasons{"principal_retired", "owner_inactive"};
       }},
      {"only discovered",
       [](Source& source, model::World& world, const model::Lineage& lineage, int) {
         world.principals.at(world.grants.at(source.pick(lineage)).to).status = 'd';
         return model::Reasons{"principal_discovered", "owner_inactive"};
       }},
      {"past its date",
       [](Source& source, model::World& world, const model::Lineage& lineage, int now) {
         world.principals.at(world.grants.at(source.pick(lineage)).to).end = now;
         return model::Reasons{"principal_retired", "owner_inactive"};
       }},
      {"over",
       [](Source& source, model::World& world, const model::Lineage& lineage, int now) {
         world.grants.at(source.pick(lineage)).end = now;
         return model::Reasons{"outside_window"};
       }},
      {"not begun",
       [](Source& source, model::World& world, const model::Lineage& lineage, int now) {
         world.grants.at(source.pick(lineage)).begin = now + 1;
         return model::Reasons{"outside_window"};
       }},
      {"too deep",
       [](Source&, model::World& world, const model::Lineage& lineage, int) {
         world.grants.at(lineage.back()).depth = static_cast<int>(lineage.size()) - 2;
         return model::Reasons{"depth_exceeded"};
       }},
      {"ownerless",
       [](Source&, model::World& world, const model::Lineage& lineage, int) {
         model::Principal& actor = world.principals.at(world.grants.at(lineage.front()).to);
         world.teams["team:empty"] = {};
         actor.owner = "team:empty";
         return model::Reasons{"owner_inactive"};
       }},
  };
  return all;
}

// An entitlement has no window, one's own right no depth, and a human no owner: not to be killed
// so.
bool applies(const Kill& kill, const model::World& world, const model::Lineage& lineage) {
  const bool human = world.grants.at(lineage.front()).to.starts_with("human:");
  return lineage.size() > 1 && !(kill.what == "ownerless" && human);
}

TEST(Law3_Liveness, WhatADecisionRestsOnMustLive) {
  std::map<std::string_view, int> killed;
  EXPECT_TRUE(for_all_seeds("law 3: kill", [&](std::uint64_t seed) -> std::string {
    Source source(seed);
    const Permitted found = make_permitted(source);
    const model::Lineage& lineage = found.question.token.lineage;
    for (const Kill& kill : kills()) {
      if (!applies(kill, found.world, lineage)) {
        continue;
      }
      model::World world = found.world;
      const model::Reasons expected = kill.in(source, world, lineage, found.question.request.now);
      if (world.grants.at(lineage.back()).end != kForEver ||
          world.grants.at(lineage.back()).begin != 0) {
        continue;  // it fell on the entitlement, which has no window
      }
      ++killed[kill.what];
      const std::string wrong =
          expect_refusal(decide_in(world, found.question), expected, std::string(kill.what));
      if (!wrong.empty()) {
        return wrong + " at " + describe(found.question);
      }
    }
    const Answer answer = decide_in(found.world, found.question);
    return answer.permitted() ? "" : "its living twin is refused: " + answer.detail;
  }));
  for (const Kill& kill : kills()) {
    EXPECT_GT(killed[kill.what], 5) << kill.what;
  }
}

TEST(Law3_Liveness, WhatADecisionDoesNotRestOnMayDie) {
  EXPECT_TRUE(for_all_seeds("law 3: bystanders", [](std::uint64_t seed) -> std::string {
    Source source(seed);
    const Permitted found = make_permitted(source);
    const model::Lineage& lineage = found.question.token.lineage;
    model::World world = found.world;
    model::Words rests_on;
    for (const std::string& id : lineage) {
      const std::string& holder = world.grants.at(id).to;
      const std::string& owner = world.principals.at(holder).owner;
      rests_on.insert(holder);
      rests_on.insert(owner);
      if (world.teams.count(owner) != 0) {
        rests_on.insert(world.teams.at(owner).begin(), world.teams.at(owner).end());
      }
    }
    for (auto& entry : world.principals) {
      if (rests_on.count(entry.first) == 0) {
        entry.second.status = 'r';
      }
    }
    for (auto& entry : world.grants) {
      entry.second.revoked = std::count(lineage.begin(), lineage.end(), entry.first) == 0;
    }
    const Answer answer = decide_in(world, found.question);
    return answer.permitted() ? "" : "refused by a bystander's end: " + answer.detail;
  }));
}

// Evidence for a permitted question, to be spoiled in one thing.
struct Spoilt {
  TokenClaims claims;
  AccessRequest request;
  std::optional<std::string> proof = "key";
  bool with_token = true;
  bool for_this_token = true;
};
struct Spoil {
  Reason reason;
  std::function<void(Spoilt&, const EngineWorld&)> in;
};

const std::vector<Spoil>& spoils() {
  static const std::vector<Spoil> all = {
      {Reason::kProofOfPossession, [](Spoilt& s, const EngineWorld&) { s.with_token = false; }},
      {Reason::kProofOfPossession, [](Spoilt& s, const EngineWorld&) { s.proof.reset(); }},
      {Reason::kProofOfPossession, [](Spoilt& s, const EngineWorld&) { s.proof = "other"; }},
      {Reason::kProofOfPossession, [](Spoilt& s, const EngineWorld&) { s.for_this_token = false; }},
      {Reason::kProofOfPossession, [](Spoilt& s, const EngineWorld&) { s.claims.jkt.reset(); }},
      {Reason::kStateTooOld,
       [](Spoilt& s, const EngineWorld& e) { s.claims.revision = e.view().revision() + 1; }},
      {Reason::kStateTooOld,
       [](Spoilt& s, const EngineWorld&) { s.claims.rests_on.push_back("p4000000"); }},
      {Reason::kTokenMalformed,
       [](Spoilt& s, const EngineWorld&) { s.claims.rests_on.push_back("?"); }},
      {Reason::kTokenMalformed,
       [](Spoilt& s, const EngineWorld&) { s.claims.rests_on.push_back("e0"); }},
      {Reason::kTokenMalformed,
       [](Spoilt& s, const EngineWorld&) {
         s.claims.lineage.push_back(DelegationId::parse("unheard-of").value());
       }},
      {Reason::kOutsideAuthority, [](Spoilt& s, const EngineWorld&) { s.claims.rests_on.clear(); }},
      {Reason::kOutsideAuthority, [](Spoilt& s, const EngineWorld&) { s.claims.authority = {}; }},
      {Reason::kOutsideAuthority, [](Spoilt& s, const EngineWorld&) { s.request.action = "*"; }},
      {Reason::kOutsideAuthority, [](Spoilt& s, const EngineWorld&) { s.request.type = "other"; }},
      {Reason::kTokenExpired,
       [](Spoilt& s, const EngineWorld&) { s.claims.expires_at = instant_of(0); }},
      {Reason::kAudienceMismatch,
       [](Spoilt& s, const EngineWorld&) {
         s.request.location = ResourceId::parse("https://nowhere.example").value();
         s.claims.audience = s.request.location;
       }},
      {Reason::kActorMismatch,
       [](Spoilt& s, const EngineWorld&) {
         s.claims.client_id = PrincipalId::parse("agent:nobody").value();
       }},
  };
  return all;
}

Answer decide_spoilt(const EngineWorld& engine, const Spoilt& spoilt, int now) {
  const VerifiedToken token = testing::EvidenceMaker::token(spoilt.claims);
  Digest hash = token.hash();
  hash[0] = static_cast<std::uint8_t>(spoilt.for_this_token ? hash[0] : hash[0] + 1);
  const ProvenPossession possession =
      testing::EvidenceMaker::possession(spoilt.proof.value_or(""), hash);
  decision::Evidence evidence;
  evidence.token = spoilt.with_token ? &token : nullptr;
  evidence.possession = spoilt.proof ? &possession : nullptr;
  evidence.subject = spoilt.claims.subject;
  return answer_of(
      decision::decide(engine.view(), instant_of(now), utc(), spoilt.request, evidence));
}

TEST(Law7_DefaultDeny, WhatIsMissingOrWrongIsRefused) {
  EXPECT_TRUE(for_all_seeds("law 7: evidence", [](std::uint64_t seed) -> std::string {
    Source source(seed);
    const Permitted found = make_permitted(source);
    EngineWorld engine(found.world);
    const Spoilt good{engine.claims_of(found.question.token), request_of(found.question.request)};
    const int now = found.question.request.now;
    if (const Answer answer = decide_spoilt(engine, good, now); !answer.permitted()) {
      return "the twin is refused: " + answer.detail;
    }
    for (std::size_t i = 0; i < spoils().size(); ++i) {
      Spoilt spoilt = good;
      spoils()[i].in(spoilt, engine);
      const Answer answer = decide_spoilt(engine, spoilt, now);
      if (answer.refusal != name(spoils()[i].reason)) {
        return "row " + std::to_string(i) + ": " + answer.refusal + " " + answer.detail;
      }
    }
    return {};
  }));
}

TEST(Law7_DefaultDeny, AConstraintWithoutItsInputIsNotMet) {
  int refusals = 0;
  EXPECT_TRUE(for_all_seeds("law 7: inputs", [&](std::uint64_t seed) -> std::string {
    Source source(seed);
    const Permitted found = make_permitted(source);
    EngineWorld engine(found.world);
    const auto without = [&](const std::function<void(model::Request&)>& drop) -> std::string {
      Case question = found.question;
      drop(question.request);
      const model::Reasons expected =
          model::refusals(found.world, question.token, question.request);
      const Answer answer = decide(engine, question);
      refusals += answer.permitted() ? 0 : 1;
      const bool agrees = answer.permitted() ? expected.empty() : expected.count(answer.refusal);
      return agrees ? "" : "without an input: " + answer.refusal + " " + answer.detail;
    };
    std::string wrong = without([](model::Request& r) { r.address.clear(); });
    wrong += without([](model::Request& r) { r.words.clear(); });
    wrong += without([](model::Request& r) { r.numbers.clear(); });
    wrong += without([](model::Request& r) { r.identifier.clear(); });
    return wrong;
  }));
  EXPECT_GT(refusals, 10) << "the property is not vacuous";
}

TEST(Law9_OrderOfListing, NeverMatters) {
  EXPECT_TRUE(for_all_seeds("law 9", [](std::uint64_t seed) -> std::string {
    Source source(seed);
    const model::World world = make_world(source);
    EngineWorld one(world);
    EngineWorld other(world, &source);
    const std::vector<model::Lineage> lineages = lineages_of(world);
    for (int i = 0; i < kRequests; ++i) {
      const Case question = make_case(source, world, lineages);
      const Answer first = decide(one, question);
      const Answer second = decide(other, question);
      if (first.refusal != second.refusal || first.detail != second.detail) {
        return describe(question) + ": " + first.detail + " against " + second.detail;
      }
      const auto a = decision::authority_of(one.view(), one.lineage_of(question.token.lineage));
      const auto b = decision::authority_of(other.view(), other.lineage_of(question.token.lineage));
      if (!a || !b || !(*a == *b)) {
        return describe(question) + ": another authority";
      }
    }
    return {};
  }));
}

}  // namespace
}  // namespace mandate::test
