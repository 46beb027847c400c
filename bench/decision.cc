// Decisions in process: alone, by depth, with their journal entry, and at a token's first sight.
#include "mandate/decision/decision.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>

#include "bench/frame/decision_core.h"
#include "bench/frame/figure.h"
#include "bench/frame/organisation.h"
#include "bench/frame/signatures.h"
#include "mandate/service/decision_point.h"
#include "mandate/token/access_token.h"

namespace mandate::bench {
namespace {

constexpr int kRounds = 9;
constexpr std::uint32_t kTokens = 100'000;
constexpr int kDepthMax = 16;

struct World {
  record::State state;
  Organisation organisation{[this](const record::Event& event) { must(state.apply(event)); }};
};

// In no order that a cache knows.
std::vector<Asked> ask_all(const record::View& view, std::vector<std::uint32_t> leaves) {
  std::shuffle(leaves.begin(), leaves.end(), std::mt19937(7));
  std::vector<Asked> asked;
  asked.reserve(leaves.size());
  for (std::uint32_t leaf : leaves) asked.push_back(asked_of(view, leaf));
  return asked;
}

decision::Decision decide(const record::State& state, const Asked& asked) {
  return decision::decide(state.view(), kNow, DecisionCore::zones(), asked.request,
                          {.token = &asked.token,
                           .possession = &asked.possession,
                           .subject = std::nullopt,
                           .standing = &asked.standing});
}

void decide_or_give_up(const record::State& state, const Asked& asked) {
  const decision::Decision decision = decide(state, asked);
  if (!decision.permitted()) give_up("a decision is no permit: " + decision.refusal->detail);
}

// The same nodes by handle, and nothing else: what any decision over them must at least read.
void walk(const record::State& state, std::uint32_t leaf) {
  const record::View view = state.view();
  std::optional<record::DelegationHandle> next = record::DelegationHandle{leaf};
  std::uint64_t seen = 0;
  while (next) {
    const record::Delegation& hop = *view.delegation(*next);
    const record::Principal& delegate = *view.principal(hop.delegate);
    seen += static_cast<std::uint64_t>(view.principal(*delegate.owner)->status) +
            static_cast<std::uint64_t>(delegate.status) + hop.authority->size();
    next = hop.parent;
  }
  benchmark::DoNotOptimize(seen);
}

void alone() {
  if (!is_wanted("decision.alone")) return;
  World world;
  world.organisation.grow_to({.principals = kTokens, .delegations = 0});
  std::vector<std::uint32_t> leaves;
  while (leaves.size() < kTokens) leaves.push_back(world.organisation.add_chain(3, true));
  world.state.publish();
  const std::vector<Asked> asked = ask_all(world.state.view(), leaves);
  std::shuffle(leaves.begin(), leaves.end(), std::mt19937(7));
  const auto samples = in_turns(
      kRounds,
      {[&] { return rate([&](auto i) { decide_or_give_up(world.state, asked[i % kTokens]); }); },
       [&] { return rate([&](auto i) { walk(world.state, leaves[i % kTokens]); }); }});
  print({.name = "decision.alone",
         .unit = "1/s",
         .samples = samples[0],
         .limit_name = "a walk over the same nodes by handle",
         .limit = samples[1],
         .goal = at_least(1e6),
         .note = "lineage of 3, 100,000 live tokens"});
}

void by_depth() {
  if (!is_wanted("decision.depth")) return;
  World world;
  world.organisation.grow_to({.principals = 10'000, .delegations = 50'000});
  std::vector<std::vector<Asked>> asked;
  std::vector<Side> sides;
  for (int depth = 1; depth <= kDepthMax; depth *= 2) {
    std::vector<std::uint32_t> leaves;
    while (leaves.size() < 1000) leaves.push_back(world.organisation.add_chain(depth, true));
    world.state.publish();
    asked.push_back(ask_all(world.state.view(), leaves));
  }
  for (const std::vector<Asked>& at : asked) {
    sides.emplace_back(
        [&] { return rate([&](auto i) { decide_or_give_up(world.state, at[i % at.size()]); }); });
  }
  const auto samples = in_turns(kRounds, sides);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    print(
        {.name = "decision.depth@" + std::to_string(1 << i), .unit = "1/s", .samples = samples[i]});
  }
}

service::Decided decided_of(const Asked& asked, decision::Decision decision) {
  return {.instant = kNow,
          .request = asked.request,
          .decision = std::move(decision),
          .token = asked.token,
          .asked_by = "service:tickets",
          .subject = std::nullopt,
          .inputs = json::Value::object({{"method", "GET"}, {"path", "/queue/7/17"}}),
          .uses = {service::use_entry(asked.token.hash(), kNow)}};
}

void with_journal() {
  if (!is_wanted("decision.journalled") && !is_wanted("decision.receipted")) return;
  World world;
  world.organisation.grow_to({.principals = 10'000, .delegations = 0});
  std::vector<std::uint32_t> leaves;
  while (leaves.size() < 1000) leaves.push_back(world.organisation.add_chain(3, true));
  world.state.publish();
  const std::vector<Asked> asked = ask_all(world.state.view(), leaves);
  DecisionCore around(world.state);
  service::Core& core = around.core();
  const auto write = [&](std::uint64_t i) {
    const Asked& at = asked[i % asked.size()];
    const service::Decided decided = decided_of(at, decide(world.state, at));
    service::Journalist::Draft draft = service::decision_entry(core, decided);
    benchmark::DoNotOptimize(draft.leaf);
    // A full queue is waited for: what is counted is what the disk takes as well.
    while (!around.journal().append(draft.entry, {})) around.settle();
  };
  const auto answer = [&](std::uint64_t i) {
    const Asked& at = asked[i % asked.size()];
    service::journal_and_answer(core, decided_of(at, decide(world.state, at)),
                                [](const service::Decided& decided, const std::string& receipt) {
                                  if (!decided.decision.permitted() || receipt.empty()) {
                                    give_up("no permit with a receipt");
                                  }
                                });
  };
  RawSignatures receipts(RawSignatures::Kind::kEd25519);
  const auto samples = in_turns(kRounds, {[&] {
                                            const double per_second = rate(write, 0.3);
                                            around.settle();
                                            return per_second;
                                          },
                                          [&] {
                                            const double per_second = rate(answer, 0.3);
                                            around.settle();
                                            return per_second;
                                          },
                                          [&] { return rate([&](auto) { receipts.sign(); }); }});
  print({.name = "decision.journalled",
         .unit = "1/s",
         .samples = samples[0],
         .goal = at_least(300e3),
         .note = "its entry made, hashed and queued; another thread makes it durable"});
  print({.name = "decision.receipted",
         .unit = "1/s",
         .samples = samples[1],
         .limit_name = "one Ed25519 signature, the receipt's",
         .limit = samples[2],
         .note = "as above, and the receipt signed"});
}

void first_sight() {
  if (!is_wanted("decision.first_sight")) return;
  World world;
  world.organisation.grow_to({.principals = 10'000, .delegations = 0});
  DecisionCore around(world.state);
  std::vector<std::uint32_t> leaves;
  while (leaves.size() < 4000) leaves.push_back(world.organisation.add_chain(3, true));
  world.state.publish();
  struct Unseen {
    std::string text;
    AccessRequest request;
  };
  std::vector<Unseen> unseen;
  for (std::uint32_t leaf : leaves) {
    const TokenClaims claims = claims_of(world.state.view(), leaf);
    unseen.push_back({token::sign_access_token(claims, DecisionCore::kIssuer, around.token_key(),
                                               crypto::Algorithm::kEs256),
                      request_of(world.state.view(), leaf)});
  }
  std::optional<token::AccessTokenVerifier> verifier;
  const auto see = [&](std::uint64_t i) {
    // It remembers what it saw: before the first one comes again, another takes its place.
    if (i % unseen.size() == 0) {
      verifier.emplace(DecisionCore::kIssuer,
                       std::vector<crypto::PublicKey>{around.token_key().public_key()});
    }
    const Unseen& at = unseen[i % unseen.size()];
    const VerifiedToken token = *must(verifier->verify(at.text, Place::kAccessToken, kNow));
    const ProvenPossession proof = possession_of(token);
    const decision::Decision decision = decision::decide(
        world.state.view(), kNow, DecisionCore::zones(), at.request,
        {.token = &token, .possession = &proof, .subject = std::nullopt, .standing = nullptr});
    if (!decision.permitted()) give_up("no permit at first sight: " + decision.refusal->detail);
  };
  RawSignatures p256(RawSignatures::Kind::kP256);
  const auto samples = in_turns(
      kRounds, {[&] { return rate(see); }, [&] { return rate([&](auto) { p256.verify(); }); }});
  print({.name = "decision.first_sight",
         .unit = "1/s",
         .samples = samples[0],
         .limit_name = "one P-256 check",
         .limit = samples[1],
         .goal = ratio_at_least(0.9),
         .note = "the token's signature checked, its claims read, and the decision"});
}

}  // namespace
}  // namespace mandate::bench

int main() {
  using namespace mandate::bench;
  alone();
  by_depth();
  with_journal();
  first_sight();
}
