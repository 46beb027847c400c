// The engine against the naive model, on generated worlds: the same permits, and for each refusal a
// reason that the model has too. The comparison itself is shown to notice broken engines.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <set>
#include <string_view>

#include "tests/laws/engine.h"

namespace mandate::test {
namespace {

constexpr int kCasesPerWorld = 25;
constexpr int kCases = 10'000;
constexpr int kSoakCases = 1'000'000;

struct Engine {
  std::function<Answer(EngineWorld&, const Case&)> decide = test::decide;
  std::function<bool(EngineWorld&, const std::string&, const model::Request&)> permits =
      test::permits;
};

struct Comparison {
  int cases = 0;
  int permits = 0;
  int permits_by_any = 0;               // some lineage of the actor
  std::map<std::string, int> refusals;  // by the engine's reason
  std::set<std::string> mismatches;     // at most a few are kept
  int mismatch_count = 0;

  void mismatch(std::string text) {
    ++mismatch_count;
    if (mismatches.size() < 5) {
      mismatches.insert(std::move(text));
    }
  }
};

std::string text_of(const model::Reasons& reasons) {
  std::string text = reasons.empty() ? "permits" : "refuses:";
  for (const std::string& reason : reasons) {
    text += " " + reason;
  }
  return text;
}

void compare_one(const Engine& engine, EngineWorld& state, const model::World& world,
                 const Case& question, Comparison& result) {
  ++result.cases;
  const model::Reasons expected = model::refusals(world, question.token, question.request);
  const Answer answer = engine.decide(state, question);
  const bool agrees = answer.permitted() ? expected.empty() : expected.count(answer.refusal) != 0;
  if (!agrees) {
    result.mismatch(describe(question) + ": the model " + text_of(expected) + ", the engine says " +
                    (answer.permitted() ? "permit" : answer.refusal + " " + answer.detail));
  }
  if (answer.permitted()) {
    ++result.permits;
  } else {
    ++result.refusals[answer.refusal];
  }
  const bool any = model::permits(world, question.token.actor, question.request);
  result.permits_by_any += any ? 1 : 0;
  if (engine.permits(state, question.token.actor, question.request) != any) {
    result.mismatch(describe(question) + ": some lineage of " + question.token.actor +
                    (any ? " permits it" : " permits it only for the engine"));
  }
}

Comparison compare(const Engine& engine, int cases, std::uint64_t first_seed,
                   bool until_mismatch = false) {
  Comparison result;
  for (std::uint64_t seed = first_seed; result.cases < cases; ++seed) {
    Source source(seed);
    const model::World world = make_world(source);
    const std::vector<model::Lineage> lineages = lineages_of(world);
    EngineWorld state(world);
    for (int i = 0; i < kCasesPerWorld && result.cases < cases; ++i) {
      compare_one(engine, state, world, make_case(source, world, lineages), result);
      if (until_mismatch && result.mismatch_count > 0) {
        return result;
      }
    }
  }
  return result;
}

void expect_agreement(const Comparison& result) {
  EXPECT_EQ(result.mismatch_count, 0);
  for (const std::string& mismatch : result.mismatches) {
    ADD_FAILURE() << mismatch;
  }
}

// The worlds are interesting: what matters happens often enough to be compared.
void expect_shares(const Comparison& result) {
  EXPECT_GE(result.permits * 10, result.cases) << "at least a tenth is permitted";
  EXPECT_LE(result.permits * 2, result.cases) << "at most half is permitted";
  EXPECT_GE(result.permits_by_any * 10, result.cases);
  const std::map<std::string, int> least_per_thousand = {
      {"outside_authority", 50},   {"constraint_not_met", 20}, {"outside_window", 20},
      {"delegation_revoked", 10},  {"ancestor_revoked", 10},   {"depth_exceeded", 20},
      {"principal_suspended", 10}, {"principal_retired", 10},  {"principal_discovered", 8},
      {"owner_inactive", 10},      {"guardrail", 3},           {"proof_of_possession", 5},
      {"token_expired", 3},        {"audience_mismatch", 5},   {"token_revoked", 1},
      {"actor_mismatch", 1},
  };
  for (const auto& entry : least_per_thousand) {
    const auto found = result.refusals.find(entry.first);
    const int count = found == result.refusals.end() ? 0 : found->second;
    EXPECT_GE(count * 1000, entry.second * result.cases) << entry.first << ": " << count;
  }
  ::testing::Test::RecordProperty("permits", result.permits);
  for (const auto& entry : result.refusals) {
    ::testing::Test::RecordProperty(entry.first, entry.second);
    EXPECT_EQ(least_per_thousand.count(entry.first), 1u) << entry.first << " is not expected";
  }
}

TEST(Differential, EngineAndModelAgreeOnTenThousandCases) {
  const Comparison result = compare(Engine(), kCases, 0);
  EXPECT_EQ(result.cases, kCases);
  expect_agreement(result);
  expect_shares(result);
}

TEST(SoakDifferential, EngineAndModelAgreeOnAMillionCases) {
  const char* soak = std::getenv("MANDATE_SOAK");
  if (soak == nullptr || std::string_view(soak) != "1") {
    GTEST_SKIP() << "a million cases run with MANDATE_SOAK=1";
  }
  const Comparison result = compare(Engine(), kSoakCases, 1'000'000);
  EXPECT_EQ(result.cases, kSoakCases);
  expect_agreement(result);
  expect_shares(result);
}

// An engine that permits where the real one refuses for this reason.
Engine blind_to(std::string_view reason) {
  Engine engine;
  engine.decide = [reason](EngineWorld& state, const Case& question) {
    const Answer answer = test::decide(state, question);
    return answer.refusal == reason ? Answer() : answer;
  };
  return engine;
}

// Liveness of one lineage, authority of another.
bool permits_by_union(EngineWorld& engine, const std::string& actor,
                      const model::Request& request) {
  const record::View view = engine.view();
  const Instant now = instant_of(request.now);
  const record::PrincipalHandle handle = view.find_principal(actor).value();
  bool live = false;
  bool permitted = false;
  for (std::uint32_t i = 0; i < view.count(record::NodeKind::kDelegation); ++i) {
    if (view.delegation({i})->delegate != handle) {
      continue;
    }
    const auto chain = decision::chain_of(view, {i}).value();
    for (const auto root : view.entitlements_of(view.delegation(chain.back())->delegator)) {
      const decision::Lineage lineage{root, chain};
      live = live || decision::check_live(view, now, lineage);
      permitted =
          permitted || decision::check_permits(view, now, utc(), lineage, request_of(request));
    }
  }
  return (live && permitted) || test::permits(engine, actor, request);
}

void expect_noticed(const Engine& engine, std::string_view what) {
  EXPECT_EQ(compare(engine, kCases, 0, true).mismatch_count, 1) << what;
}

TEST(Differential, NoticesEnginesThatAreBroken) {
  for (const std::string_view reason :
       {"ancestor_revoked", "delegation_revoked", "outside_authority", "constraint_not_met",
        "outside_window", "depth_exceeded", "owner_inactive", "proof_of_possession"}) {
    expect_noticed(blind_to(reason), reason);
  }
  Engine unites;
  unites.permits = permits_by_union;
  expect_noticed(unites, "two lineages united");

  Engine mislabels;
  mislabels.decide = [](EngineWorld& state, const Case& question) {
    Answer answer = test::decide(state, question);
    answer.refusal = answer.refusal == "outside_window" ? "constraint_not_met" : answer.refusal;
    return answer;
  };
  expect_noticed(mislabels, "another reason");

  Engine forgets_the_root;  // the token as a source of authority
  forgets_the_root.decide = [](EngineWorld& state, const Case& question) {
    const Answer answer = test::decide(state, question);
    const bool by_root =
        answer.refusal == "outside_authority" && answer.detail.starts_with("entitlement");
    return by_root ? Answer() : answer;
  };
  expect_noticed(forgets_the_root, "no root");

  Engine refuses_all;
  refuses_all.decide = [](EngineWorld&, const Case&) { return Answer{"outside_authority", ""}; };
  expect_noticed(refuses_all, "refuses everything");
}

}  // namespace
}  // namespace mandate::test
