#include "tests/record/sample.h"

namespace mandate::record {
namespace {

using test::ErrorIs;
using test::IsOk;
using test::World;

// One with everything in it: every kind, every status, a rotated and a revoked key.
void fill(World& world) {
  world.apply(test::kSample);
  world.apply(test::sample_with("triage01", "triage02"));
  world.suspend("agent:helper");
  world.revoke(NodeKind::kAuthenticator, std::string(world.view().id(AuthenticatorHandle{0})));
  world.apply(R"({apiVersion: mandate/v1, delegations: [
    {id: second, delegator: "human:maria@acme.example", delegate: "agent:triage",
     not_before: "2027-01-01T00:00:00Z", authority: [{type: tickets,
     locations: ["https://tickets.acme.example"], actions: [read],
     constraints: {networks: ["10.0.0.0/8"]}},
     {type: tickets, locations: ["https://tickets.acme.example"], actions: [read],
     identifier: "queue/7"}]}]})");
  world.revoke(NodeKind::kDelegation, "helper-reads");
  world.commit(Plan{{Discovered{*PrincipalId::parse("workload:bot")}}, {}});
  world.commit(plan_revoke(world.view(), NodeKind::kToken, "a-jti", test::kWorldTime));
  world.commit(plan_revoke(world.view(), NodeKind::kTransaction, "a-txn", std::nullopt));
}

TEST(Snapshot, RestoresToAnEqualState) {
  World world;
  fill(world);
  const std::string bytes = world.state().snapshot();
  EXPECT_EQ(State::revision_of(bytes), world.view().revision());
  State restored;
  ASSERT_THAT(restored.restore(bytes), IsOk());
  EXPECT_EQ(restored.view().revision(), world.view().revision());
  EXPECT_EQ(restored.earliest(), world.view().revision());
  EXPECT_EQ(test::shown(restored.view()), test::shown(world.view()));
  EXPECT_TRUE(restored.view().token_revoked("a-jti"));
  EXPECT_TRUE(restored.view().transaction_revoked("a-txn"));
  EXPECT_EQ(restored.snapshot(), bytes);
  const View view = restored.view();
  EXPECT_EQ(test::ids(view, view.delegations_by(*view.find_principal("human:maria@acme.example"),
                                                *view.find_principal("agent:triage"))),
            (std::vector<std::string>{"second", "triage-reads"}));
}

TEST(Snapshot, AndTheTailGiveTheSameStateAsTheWholeRecord) {
  World world;
  fill(world);
  const std::string bytes = world.state().snapshot();
  const std::size_t at = world.entries().size();
  world.resume("agent:helper");
  world.apply(
      R"({apiVersion: mandate/v1, teams: [{id: "team:new", members: []}], guardrails: []})");
  world.revoke(NodeKind::kDelegation, "second");
  State restored;
  ASSERT_THAT(restored.restore(bytes), IsOk());
  for (std::size_t i = at; i < world.entries().size(); ++i) {
    ASSERT_THAT(restored.apply(*parse_event(world.entries()[i])), IsOk());
  }
  restored.publish();
  EXPECT_EQ(test::shown(restored.view()), test::shown(world.view()));
  EXPECT_EQ(restored.view(restored.earliest()).guardrails().size(), 1u);
  EXPECT_EQ(restored.snapshot(), world.state().snapshot());
}

TEST(Snapshot, ForgetsTokensThatEndedLongAgo) {
  const auto restored_after = [](Milliseconds after) {
    World world(test::kSample);
    world.commit(plan_revoke(world.view(), NodeKind::kToken, "a-jti", test::kWorldTime - after));
    State restored;
    EXPECT_THAT(restored.restore(world.state().snapshot()), IsOk());
    return restored.view().token_revoked("a-jti");
  };
  EXPECT_TRUE(restored_after(std::chrono::hours(1)));
  EXPECT_FALSE(restored_after(std::chrono::hours(1) + Milliseconds(1)));
}

TEST(Snapshot, OfAnEmptyState) {
  State empty;
  State restored;
  EXPECT_THAT(restored.restore(empty.snapshot()), IsOk());
  EXPECT_EQ(restored.view().revision(), 0u);
}

TEST(Snapshot, IsRefusedWhereItIsCutOrContinued) {
  World world;
  fill(world);
  const std::string bytes = world.state().snapshot();
  for (std::size_t size = 0; size < bytes.size(); size += size < 300 ? 1 : 7) {
    State state;
    ASSERT_THAT(state.restore(bytes.substr(0, size)), ErrorIs(Reason::kBadRequest)) << size;
  }
  State state;
  EXPECT_THAT(state.restore(bytes + '\0'), ErrorIs(Reason::kBadRequest));
  State other_version;
  EXPECT_THAT(other_version.restore("mandate state 1\n" + bytes.substr(16)),
              ErrorIs(Reason::kBadRequest));
}

// A changed byte is found by the digest on record; here it must only never lead to a broken state.
TEST(Snapshot, WithAChangedByteIsRefusedOrStillAState) {
  World world;
  fill(world);
  const std::string bytes = world.state().snapshot();
  std::size_t refused = 0;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ (1 << (at / 3 % 8)));
    State state;
    if (Result<void> ok = state.restore(changed); !ok) {
      ++refused;
    } else {
      ASSERT_FALSE(test::shown(state.view()).empty());
      State again;
      ASSERT_THAT(again.restore(state.snapshot()), IsOk()) << at;
    }
  }
  EXPECT_GT(refused, bytes.size() / 9);
}

// What a file gives: its bytes in pieces, and at their end perhaps that they are others.
class InPieces final : public SnapshotSource {
 public:
  InPieces(std::string_view bytes, std::size_t piece_bytes, bool is_damaged)
      : bytes_(bytes), piece_bytes_(piece_bytes), is_damaged_(is_damaged) {}
  const Digest& digest() const override { return digest_; }
  std::uint64_t size() const override { return bytes_.size(); }
  std::string_view head() const override { return bytes_.substr(0, kHeadBytes); }
  Result<std::string_view> next() override {
    if (given_ == bytes_.size() && is_damaged_) return fail(Reason::kRecordUnavailable, "damaged");
    piece_ = bytes_.substr(given_, piece_bytes_);
    given_ += piece_.size();
    return piece_;
  }

 private:
  const std::string_view bytes_;
  const std::size_t piece_bytes_;
  const bool is_damaged_;
  const Digest digest_{};
  std::size_t given_ = 0;
  std::string piece_;  // the former one is gone
};

TEST(Snapshot, ComesInPiecesOfAnySize) {
  World world;
  fill(world);
  std::string large = R"({apiVersion: mandate/v1, principals: [)";
  for (int i = 0; i < 2200; ++i) {  // more than a reader keeps ready
    large += R"({id: "human:)" + std::string(100, 'a') + std::to_string(i) + R"("},)";
  }
  world.apply(large + "]}");
  const std::string bytes = world.state().snapshot();
  ASSERT_GT(bytes.size(), std::size_t{2 * 120 << 10});
  for (const std::size_t piece_bytes : {1000U, 65'536U, 200'000U, 1U << 20}) {
    InPieces whole(bytes, piece_bytes, false);
    State restored;
    ASSERT_THAT(restored.restore(whole), IsOk()) << piece_bytes;
    EXPECT_EQ(restored.snapshot(), bytes);
    InPieces cut(std::string_view(bytes).substr(0, bytes.size() - 1), piece_bytes, false);
    State empty;
    EXPECT_THAT(empty.restore(cut), ErrorIs(Reason::kBadRequest)) << piece_bytes;
  }
}

TEST(Snapshot, ThatTurnsOutDamagedLeavesAnEmptyState) {
  World world;
  fill(world);
  const std::string bytes = world.state().snapshot();
  InPieces damaged(bytes, 1000, true);
  State state;
  ASSERT_THAT(state.restore(damaged), ErrorIs(Reason::kBadRequest));
  EXPECT_EQ(state.applied(), 0u);
  EXPECT_FALSE(state.view().find_principal("agent:triage"));
  EXPECT_EQ(state.snapshot(), State().snapshot());
  EXPECT_THAT(state.restore(bytes), IsOk());
}

TEST(Snapshot, GoesIntoAnEmptyStateOnly) {
  World world(test::kSample);
  EXPECT_THAT(world.state().restore(world.state().snapshot()), ErrorIs(Reason::kBadRequest));
}

}  // namespace
}  // namespace mandate::record
