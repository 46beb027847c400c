// One writer and two readers: what a reader sees at a revision is what a fold up to it gives,
// whatever the writer does meanwhile. Run under TSan, it also holds the memory order of the state.
#include <atomic>
#include <thread>

#include "tests/record/sample.h"

namespace mandate::record {
namespace {

constexpr std::uint32_t kEvents = 1500;

Event nth_event(std::uint32_t n) {
  const std::string head = R"({"by":"x","time":"2027-01-15T12:00:00Z","type":)";
  const std::string id = "d" + std::to_string(n);
  std::string text;
  if (n % 7 == 6) {
    text = R"("revoked","kind":"delegation","id":"d)" + std::to_string(n - 1) + R"("})";
  } else if (n % 7 == 5) {
    text = (n / 7) % 2 == 0 ? R"("put","kind":"delegation","definition":{"id":")" + id +
                                  R"(","delegator":"human:maria@acme.example",)"
                                  R"("delegate":"agent:helper","authority":[{"type":"tickets",)"
                                  R"("locations":["https://tickets.acme.example"],)"
                                  R"("actions":["read"],"identifier":"queue/)" +
                                  id + R"("}]}})"
                            : R"("put","kind":"delegation","definition":{"id":")" + id +
                                  R"(","parent":"triage-reads","delegate":"agent:helper",)"
                                  R"("authority":[{"type":"tickets",)"
                                  R"("locations":["https://tickets.acme.example"],)"
                                  R"("actions":["read"]}],"purpose":")" +
                                  id + R"("}})";
  } else if (n % 2 == 0) {
    text = R"("suspended","id":"agent:triage"})";
  } else {
    text = R"("resumed","id":"agent:triage"})";
  }
  return parse_event(head + text).value();
}

// What a reader compares: cheap to compute, and different at nearly every revision.
struct Seen {
  std::uint32_t count = 0;
  std::size_t by_maria = 0;
  std::size_t from_triage = 0;
  std::size_t revoked = 0;
  std::size_t purposes = 0;
  bool suspended = false;
  friend bool operator==(const Seen&, const Seen&) = default;
};

Seen look(const View& view) {
  Seen seen;
  seen.count = view.count(NodeKind::kDelegation);
  const PrincipalHandle maria = *view.find_principal("human:maria@acme.example");
  const PrincipalHandle triage = *view.find_principal("agent:triage");
  const PrincipalHandle helper = *view.find_principal("agent:helper");
  seen.by_maria = view.delegations_by(maria, helper).size();
  const DelegationHandle parent = *view.find_delegation("triage-reads");
  for (DelegationHandle handle : view.delegations_from(parent, helper)) {
    const Delegation& delegation = *view.delegation(handle);
    ++seen.from_triage;
    seen.purposes += view.text(delegation.purpose).size() + delegation.authority->size();
    if (delegation.status == Status::kEnded) ++seen.revoked;
    EXPECT_EQ(view.find_delegation(view.id(handle)), handle);
  }
  seen.suspended = view.principal(triage)->status == Status::kSuspended;
  return seen;
}

TEST(StateThreads, ReadersAgreeWithAFoldAtEveryRevision) {
  test::World world(test::kSample);
  State& state = world.state();
  const Revision start = state.applied();

  std::vector<Seen> expected;  // at start + i
  {
    test::World twin(test::kSample);
    expected.push_back(look(twin.view()));
    for (std::uint32_t n = 0; n < kEvents; ++n) {
      ASSERT_THAT(twin.state().apply(nth_event(n)), test::IsOk());
      twin.state().publish();
      expected.push_back(look(twin.view()));
    }
  }

  std::atomic<bool> done{false};
  std::atomic<std::size_t> wrong{0};
  std::atomic<std::size_t> looks{0};
  std::atomic<std::size_t> snapshots{0};
  const auto read = [&](std::uint64_t stride) {
    std::uint64_t back = stride;
    while (!done.load()) {
      const View now = state.view();
      if (look(now) != expected[now.revision() - start]) ++wrong;
      back = back * 2654435761 % 4294967291;
      const Revision earlier = start + back % (now.revision() - start + 1);
      if (look(state.view(earlier)) != expected[earlier - start]) ++wrong;
      ++looks;
    }
  };
  // A snapshot of what is published is whole, whatever the writer does meanwhile.
  const auto restore = [&] {
    while (!done.load()) {
      const Revision at = state.view().revision();
      State copy;
      if (!copy.restore(state.snapshot(at)) || copy.view().revision() != at ||
          look(copy.view()) != expected[at - start]) {
        ++wrong;
      }
      ++snapshots;
    }
  };
  std::thread first(read, 17);
  std::thread second(read, 1009);
  std::thread third(restore);
  for (std::uint32_t n = 0; n < kEvents; ++n) {
    ASSERT_THAT(state.apply(nth_event(n)), test::IsOk());
    if (n % 5 == 4) state.publish();  // in groups, as the sequencer does
    if (n % 64 == 0) std::this_thread::yield();
  }
  state.publish();
  while (looks.load() < 20 || snapshots.load() < 3) std::this_thread::yield();
  done = true;
  first.join();
  second.join();
  third.join();
  EXPECT_EQ(wrong.load(), 0u);
  EXPECT_EQ(look(state.view()), expected.back());
}

}  // namespace
}  // namespace mandate::record
