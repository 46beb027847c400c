#include "mandate/service/sequencer.h"

#include <atomic>
#include <future>

#include "mandate/crypto/hash.h"
#include "testing/fixed_clock.h"
#include "testing/matchers.h"
#include "testing/memory_record.h"
#include "testing/world.h"

namespace mandate::service {
namespace {

using record::NodeKind;
using record::Plan;
using record::State;
using record::View;
using test::ErrorIs;
using test::IsOk;
using testing::HasSubstr;

Sequencer::Command put_team(std::string id) {
  return [id = std::move(id)](const View& view, Instant) -> Result<Plan> {
    if (view.find_team(id)) return Plan{};
    Plan plan;
    plan.changes.push_back(record::Put{TeamDefinition{*TeamId::parse(id), {}}, {}});
    plan.differences.push_back({record::DifferenceKind::kAdded, "team", id, {}, {}});
    return plan;
  };
}

Sequencer::Command refused(Reason reason) {
  return [reason](const View&, Instant) -> Result<Plan> { return fail(reason, "by the test"); };
}

std::future<Result<Committed>> submit(Sequencer& sequencer, Sequencer::Command command) {
  auto promise = std::make_shared<std::promise<Result<Committed>>>();
  sequencer.submit("workload:operator", std::move(command),
                   [promise](Result<Committed> done) { promise->set_value(std::move(done)); });
  return promise->get_future();
}

// Holds the sequencer's thread, so that what is submitted meanwhile becomes one group.
struct Gate {
  std::promise<void> entered;
  std::promise<void> open;
  Sequencer::Command command() {
    return [this](const View&, Instant) -> Result<Plan> {
      entered.set_value();
      open.get_future().wait();
      return Plan{};
    };
  }
};

struct Fixture {
  test::FailingRecord record;
  State state;
  test::FixedClock clock{test::kWorldTime};
};

TEST(Sequencer, AnswersAfterTheChangeIsOnRecordAndPublished) {
  Fixture at;
  Sequencer sequencer(at.record, at.state, at.clock);
  const Result<Committed> done = submit(sequencer, put_team("team:a")).get();
  ASSERT_THAT(done, IsOk());
  EXPECT_EQ(done->revision, 1u);
  EXPECT_EQ(done->differences.size(), 1u);
  EXPECT_TRUE(at.state.view().find_team("team:a"));
  EXPECT_EQ(at.record.read(0, 9)->at(0),
            R"({"by":"workload:operator","definition":{"id":"team:a","members":[]},"kind":"team",)"
            R"("time":"2027-01-15T12:00:00Z","type":"put"})");
  const Result<Committed> again = submit(sequencer, put_team("team:a")).get();
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->revision, 1u);
  EXPECT_THAT(again->differences, testing::IsEmpty());
  EXPECT_EQ(at.record.appends(), 1u);
}

TEST(Sequencer, PutsAGroupOnRecordAtOnceAndPlansEachOnTheOnesBefore) {
  Fixture at;
  Sequencer sequencer(at.record, at.state, at.clock);
  Gate gate;
  auto held = submit(sequencer, gate.command());
  gate.entered.get_future().wait();
  auto first = submit(sequencer, put_team("team:a"));
  auto bad = submit(sequencer, refused(Reason::kOutsideAuthority));
  auto same = submit(sequencer, put_team("team:a"));
  auto last = submit(sequencer, put_team("team:b"));
  gate.open.set_value();
  EXPECT_THAT(held.get(), IsOk());
  EXPECT_EQ(first.get()->revision, 1u);
  EXPECT_THAT(bad.get(), ErrorIs(Reason::kOutsideAuthority));
  EXPECT_THAT(same.get()->differences, testing::IsEmpty());
  EXPECT_EQ(last.get()->revision, 2u);
  EXPECT_EQ(at.record.appends(), 1u);
}

TEST(Sequencer, ClosesForEverWhenTheRecordCannotBeWritten) {
  Fixture at;
  Sequencer sequencer(at.record, at.state, at.clock);
  ASSERT_THAT(submit(sequencer, put_team("team:a")).get(), IsOk());
  at.record.fail_from(1);
  Gate gate;
  auto held = submit(sequencer, gate.command());
  gate.entered.get_future().wait();
  auto lost = submit(sequencer, put_team("team:b"));
  auto resting_on_it = submit(sequencer, put_team("team:b"));
  gate.open.set_value();
  EXPECT_THAT(held.get(), IsOk());  // a group of its own
  EXPECT_THAT(lost.get(), ErrorIs(Reason::kRecordUnavailable));
  EXPECT_THAT(resting_on_it.get(), ErrorIs(Reason::kRecordUnavailable));
  EXPECT_THAT(submit(sequencer, put_team("team:c")).get(), ErrorIs(Reason::kRecordUnavailable));
  EXPECT_TRUE(sequencer.closed());
  EXPECT_EQ(at.state.view().revision(), 1u);
  EXPECT_TRUE(at.state.view().find_team("team:a"));
  EXPECT_FALSE(at.state.view().find_team("team:b"));
  EXPECT_EQ(at.record.head(), 1u);
}

TEST(Sequencer, ClosesWhenAnotherWroteToTheRecord) {
  Fixture at;
  Sequencer sequencer(at.record, at.state, at.clock);
  ASSERT_THAT(at.record.append(0, {"{}"}), IsOk());
  const Result<Committed> done = submit(sequencer, put_team("team:a")).get();
  ASSERT_THAT(done, ErrorIs(Reason::kRecordUnavailable));
  EXPECT_THAT(done.error().detail, HasSubstr("the head is 1"));
  EXPECT_TRUE(sequencer.closed());
  EXPECT_EQ(at.state.view().revision(), 0u);
}

TEST(Sequencer, StaysOpenAfterARefusedCommand) {
  Fixture at;
  Sequencer sequencer(at.record, at.state, at.clock);
  const auto unknown_member = [](const View&, Instant) -> Result<Plan> {
    TeamDefinition team{*TeamId::parse("team:x"), {*PrincipalId::parse("human:no@acme.example")}};
    return Plan{{record::Put{std::move(team), {}}}, {}};
  };
  const auto too_large = [](const View&, Instant) -> Result<Plan> {
    TeamDefinition team{*TeamId::parse("team:x"), {}};
    for (int i = 0; i < 1000; ++i) {
      team.members.push_back(
          *PrincipalId::parse("human:" + std::string(80, 'a') + std::to_string(i)));
    }
    return Plan{{record::Put{std::move(team), {}}}, {}};
  };
  EXPECT_THAT(submit(sequencer, refused(Reason::kIdIsDead)).get(), ErrorIs(Reason::kIdIsDead));
  EXPECT_THAT(submit(sequencer, unknown_member).get(), ErrorIs(Reason::kBadRequest));
  EXPECT_THAT(submit(sequencer, too_large).get(), ErrorIs(Reason::kLimitExceeded));
  EXPECT_FALSE(sequencer.closed());
  EXPECT_THAT(submit(sequencer, put_team("team:a")).get(), IsOk());
  EXPECT_EQ(at.record.head(), 1u);
}

TEST(Sequencer, ClosesWhenAPlanIsRefusedHalfWay) {
  Fixture at;
  Sequencer sequencer(at.record, at.state, at.clock);
  const auto half = [](const View&, Instant) -> Result<Plan> {
    TeamDefinition good{*TeamId::parse("team:x"), {}};
    TeamDefinition bad{*TeamId::parse("team:y"), {*PrincipalId::parse("human:no@acme.example")}};
    return Plan{{record::Put{std::move(good), {}}, record::Put{std::move(bad), {}}}, {}};
  };
  EXPECT_THAT(submit(sequencer, half).get(), ErrorIs(Reason::kRecordUnavailable));
  EXPECT_TRUE(sequencer.closed());
  EXPECT_EQ(at.record.head(), 0u);
  EXPECT_EQ(at.state.view().revision(), 0u);
}

TEST(Sequencer, RefusesWhatDoesNotFitItsQueue) {
  Fixture at;
  Sequencer sequencer(at.record, at.state, at.clock, {.queue_max = 2, .group_max = 512});
  Gate gate;
  auto held = submit(sequencer, gate.command());
  gate.entered.get_future().wait();
  auto first = submit(sequencer, put_team("team:a"));
  auto second = submit(sequencer, put_team("team:b"));
  const Result<Committed> third = submit(sequencer, put_team("team:c")).get();
  ASSERT_THAT(third, ErrorIs(Reason::kLimitExceeded));
  EXPECT_EQ(third.error().place, Place::kRate);
  gate.open.set_value();
  EXPECT_THAT(first.get(), IsOk());
  EXPECT_THAT(second.get(), IsOk());
  EXPECT_THAT(submit(sequencer, put_team("team:c")).get(), IsOk());
}

TEST(Sequencer, FinishesWhatIsQueuedWhenItStops) {
  Fixture at;
  Sequencer sequencer(at.record, at.state, at.clock, {.queue_max = 1000, .group_max = 3});
  std::vector<std::future<Result<Committed>>> all;
  for (int i = 0; i < 100; ++i) {
    all.push_back(submit(sequencer, put_team("team:" + std::to_string(i))));
  }
  sequencer.stop();
  for (auto& done : all) EXPECT_THAT(done.get(), IsOk());
  EXPECT_EQ(at.record.head(), 100u);
  EXPECT_GE(at.record.appends(), 34u);  // groups of three
  EXPECT_THAT(submit(sequencer, put_team("team:late")).get(), ErrorIs(Reason::kRecordUnavailable));
  EXPECT_FALSE(sequencer.closed());
}

TEST(Sequencer, TakesCommandsFromManyThreadsAndFromADone) {
  Fixture at;
  std::atomic<int> answered{0};
  {
    Sequencer sequencer(at.record, at.state, at.clock);
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&sequencer, &answered, t] {
        for (int i = 0; i < 50; ++i) {
          const std::string id = "team:" + std::to_string(t) + "-" + std::to_string(i);
          sequencer.submit("x", put_team(id), [&sequencer, &answered, id](Result<Committed> done) {
            EXPECT_THAT(done, IsOk());
            ++answered;
            sequencer.submit("x", put_team(id), [&answered](Result<Committed> again) {
              EXPECT_THAT(again, IsOk());
              ++answered;
            });
          });
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    while (answered.load() < 300) std::this_thread::yield();
  }
  EXPECT_EQ(at.state.view().count(NodeKind::kTeam), 150u);
  EXPECT_EQ(at.record.head(), 150u);
}

constexpr std::string_view kTeams = R"({apiVersion: mandate/v1, teams: [{id: "team:a", members: []},
    {id: "team:b", members: []}]})";

TEST(Load, FoldsTheRecordAndTellsHowFarItIs) {
  const test::World world(kTeams);
  test::MemoryRecord record(world.entries());
  State state;
  std::vector<std::pair<record::Revision, record::Revision>> told;
  ASSERT_THAT(load(record, state, [&](auto done, auto head) { told.emplace_back(done, head); }),
              IsOk());
  EXPECT_EQ(state.view().revision(), 2u);
  EXPECT_TRUE(state.view().find_team("team:b"));
  EXPECT_EQ(told.back(), (std::pair<record::Revision, record::Revision>(2, 2)));
}

TEST(Load, RefusesARecordThatCannotBeFolded) {
  test::World world(kTeams);
  for (const char* bad :
       {"{}", R"({"by":"x","time":"2027-01-15T12:00:00Z","type":"suspended","id":"agent:no"})"}) {
    std::vector<std::string> entries = world.entries();
    entries.push_back(bad);
    test::MemoryRecord record(entries);
    State state;
    const Result<void> ok = load(record, state, nullptr);
    ASSERT_THAT(ok, ErrorIs(Reason::kRecordUnavailable));
    EXPECT_THAT(ok.error().detail, HasSubstr("entry 3 of the record"));
  }
}

// A snapshot taken by command, in the middle of a record; what `keep` was given.
struct WithSnapshot {
  Fixture at;
  std::string bytes;
  WithSnapshot() {
    Sequencer sequencer(at.record, at.state, at.clock);
    submit(sequencer, put_team("team:a")).wait();
    auto keep = [this](record::Revision revision, std::string_view taken) -> Result<void> {
      EXPECT_EQ(revision, 1u);
      bytes = taken;
      return {};
    };
    const Result<Sequencer::Command> command = take_snapshot(at.state, keep);
    EXPECT_THAT(command, IsOk());
    EXPECT_THAT(submit(sequencer, *command).get(), IsOk());
    submit(sequencer, put_team("team:b")).wait();
  }
};

TEST(LoadSnapshot, IsUsedWhereTheRecordNamesItsDigest) {
  WithSnapshot taken;
  State state;
  record::SnapshotBytes snapshot(taken.bytes, crypto::sha256(taken.bytes));
  EXPECT_EQ(load(taken.at.record, state, snapshot, nullptr), true);
  EXPECT_EQ(state.earliest(), 1u);
  EXPECT_EQ(state.view().revision(), 3u);
  EXPECT_TRUE(state.view().find_team("team:a") && state.view().find_team("team:b"));
}

TEST(LoadSnapshot, IsLeftWhereItIsAnother) {
  WithSnapshot taken;
  std::string renamed = taken.bytes;
  renamed.replace(renamed.find("team:a"), 6, "team:x");  // a good snapshot of another state
  State check;
  ASSERT_THAT(check.restore(renamed), IsOk());
  for (const std::string& bytes : {renamed, std::string("garbage"), std::string()}) {
    State state;
    record::SnapshotBytes snapshot(bytes, crypto::sha256(bytes));
    EXPECT_EQ(load(taken.at.record, state, snapshot, nullptr), false);
    EXPECT_EQ(state.earliest(), 0u);
    EXPECT_EQ(state.view().revision(), 3u);
    EXPECT_TRUE(state.view().find_team("team:a"));
  }
}

// Its digest is on record; at its end the bytes turn out to have another.
class Damaged final : public record::SnapshotSource {
 public:
  Damaged(std::string_view bytes, std::string_view written)
      : bytes_(bytes, crypto::sha256(written)) {}
  const Digest& digest() const override { return bytes_.digest(); }
  std::uint64_t size() const override { return bytes_.size(); }
  std::string_view head() const override { return bytes_.head(); }
  Result<std::string_view> next() override {
    Result<std::string_view> piece = bytes_.next();
    if (!piece->empty()) return piece;
    return fail(Reason::kRecordUnavailable, "others than were written");
  }

 private:
  record::SnapshotBytes bytes_;
};

TEST(LoadSnapshot, LeavesNothingBehindWhereItsBytesAreOthers) {
  WithSnapshot taken;
  std::string renamed = taken.bytes;
  renamed.replace(renamed.find("team:a"), 6, "team:x");
  State state;
  Damaged snapshot(renamed, taken.bytes);
  EXPECT_EQ(load(taken.at.record, state, snapshot, nullptr), false);
  EXPECT_EQ(state.earliest(), 0u);
  EXPECT_EQ(state.view().revision(), 3u);
  EXPECT_TRUE(state.view().find_team("team:a"));
  EXPECT_FALSE(state.view().find_team("team:x"));
}

TEST(TakeSnapshot, DoesNotHoldTheSequencer) {
  Fixture at;
  Sequencer sequencer(at.record, at.state, at.clock);
  submit(sequencer, put_team("team:a")).wait();
  // A command goes through while the snapshot is being kept, and is not in it.
  std::string bytes;
  const Result<Sequencer::Command> command =
      take_snapshot(at.state, [&](record::Revision, std::string_view taken) -> Result<void> {
        EXPECT_THAT(submit(sequencer, put_team("team:b")).get(), IsOk());
        bytes = taken;
        return {};
      });
  ASSERT_THAT(command, IsOk());
  EXPECT_THAT(submit(sequencer, *command).get(), IsOk());
  State state;
  record::SnapshotBytes snapshot(bytes, crypto::sha256(bytes));
  EXPECT_EQ(load(at.record, state, snapshot, nullptr), true);
  EXPECT_EQ(state.earliest(), 1u);
  EXPECT_TRUE(state.view().find_team("team:a") && state.view().find_team("team:b"));
}

TEST(TakeSnapshot, PutsNoDigestOnRecordWhereItCouldNotBeKept) {
  Fixture at;
  auto full = [](record::Revision, std::string_view) -> Result<void> {
    return fail(Reason::kRecordUnavailable, "the disk is full");
  };
  EXPECT_THAT(take_snapshot(at.state, full), ErrorIs(Reason::kRecordUnavailable));
  EXPECT_EQ(at.record.head(), 0u);
}

}  // namespace
}  // namespace mandate::service
