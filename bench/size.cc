// What grows: an organisation from a thousand principals to a million, with five delegations each,
// and at each size the decision, the exchange's search, a command, memory; at the end the snapshot,
// a start from it, and the revocation of a node with a million descendants.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "bench/frame/decision_core.h"
#include "bench/frame/figure.h"
#include "bench/frame/organisation.h"
#include "mandate/decision/decision.h"
#include "mandate/record/command.h"
#include "mandate/service/sequencer.h"
#include "mandate/store/snapshot_file.h"
#include "testing/fixed_clock.h"
#include "testing/memory_record.h"
#include "testing/temporary_folder.h"

namespace mandate::bench {
namespace {

constexpr int kRounds = 7;
constexpr std::uint32_t kTokens = 100'000;
constexpr std::uint32_t kDescendants = 1'000'000;
constexpr std::uint32_t kEnded = 31;  // 30 leaves and the hub
constexpr std::uint32_t kPrincipals = 1'000'000;
constexpr std::uint32_t kDelegations = 5'000'000;

// Of /proc/self/status, in MiB: VmRSS or VmHWM.
double memory_mib(const std::string& what) {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (!line.starts_with(what + ":")) continue;
    return std::stod(line.substr(what.size() + 1)) / 1024;
  }
  give_up("no " + what + " in /proc/self/status");
}

// Leaves of lineages of three, spread over all: of each cycle of 15 delegations, the sixth.
std::vector<Asked> some_asked(const record::View& view, std::uint32_t delegations) {
  const std::uint32_t cycles = delegations / 15;
  const std::uint32_t count = std::min(kTokens, cycles);
  std::vector<Asked> asked;
  asked.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto cycle = static_cast<std::uint32_t>(std::uint64_t{i} * cycles / count);
    asked.push_back(asked_of(view, cycle * 15 + 5));
  }
  std::shuffle(asked.begin(), asked.end(), std::mt19937(7));
  return asked;
}

decision::Decision decide(const record::State& state, const Asked& asked) {
  return decision::decide(state.view(), kNow, DecisionCore::zones(), asked.request,
                          {.token = &asked.token,
                           .possession = &asked.possession,
                           .subject = std::nullopt,
                           .standing = &asked.standing});
}

Samples decisions(const record::State& state, std::uint32_t delegations) {
  const std::vector<Asked> asked = some_asked(state.view(), delegations);
  return in_turns(kRounds, {[&] {
                    return rate([&](auto i) {
                      const decision::Decision decision = decide(state, asked[i % asked.size()]);
                      if (!decision.permitted()) give_up("no permit: " + decision.refusal->detail);
                    });
                  }})
      .front();
}

// From the command's start until the next decision knows of it; through the sequencer, with a
// record in memory: the disk's part stands in the ledger's figures.
void revoke_hub(record::State& state, std::uint32_t hub) {
  const Asked asked = asked_of(state.view(), hub + kDescendants);
  if (!decide(state, asked).permitted()) give_up("no permit before the revocation");
  // Others are revoked first, so that there are samples; each is one event about one node.
  std::vector<std::string> entries;
  entries.reserve(state.applied() + kEnded);  // or the first to end would wait for all to be moved
  entries.resize(state.applied(), "{}");
  test::MemoryRecord record(std::move(entries));
  test::FixedClock clock(kNow);
  service::Sequencer sequencer(record, state, clock);
  Samples taken;
  const auto revoke = [&](std::uint32_t index) {
    const Asked at = index == hub ? asked : asked_of(state.view(), index);
    taken.push_back(1e3 * seconds([&] {
                      sequencer.submit(
                          "bench",
                          [&](const record::View& view, Instant) {
                            return record::plan_revoke(view, record::NodeKind::kDelegation,
                                                       Organisation::delegation_id(index),
                                                       std::nullopt);
                          },
                          [](Result<service::Committed> done) { must(done); });
                      while (decide(state, at).permitted()) {
                      }
                    }));
  };
  for (std::uint32_t i = 0; i + 1 < kEnded; ++i) revoke(i * 1500 + 5);
  const Samples others = taken;
  taken.clear();
  revoke(hub);
  print({.name = "revocation.leaf",
         .unit = "ms",
         .samples = others,
         .goal = at_most(5),
         .note = "from the command to the first refusal, record in memory"});
  print({.name = "revocation.million_descendants",
         .unit = "ms",
         .samples = taken,
         .goal = at_most(5),
         .note = "the same, of a delegation on which a million rest; asked is one of them"});
}

// This program again, as a process of its own: {seconds, MiB after, MiB at most}.
std::vector<double> start_from(const std::string& snapshot) {
  int ends[2];
  if (::pipe(ends) != 0) give_up("no pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::execl("/proc/self/exe", "bench_size", "--restore", snapshot.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[256];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  std::istringstream in(text);
  std::vector<double> numbers(3);
  if (!(in >> numbers[0] >> numbers[1] >> numbers[2])) give_up("no start from the snapshot");
  return numbers;
}

void start_up(const record::State& state) {
  test::TemporaryFolder folder;
  const std::string path = folder.path() + "/snapshot";
  const std::string bytes = state.snapshot();
  const auto files = store::posix_file_system();
  must(store::write_snapshot(*files, path, bytes));
  Samples taken, after, most;
  for (int i = 0; i < 3; ++i) {
    const std::vector<double> numbers = start_from(path);
    taken.push_back(numbers[0]);
    after.push_back(numbers[1]);
    most.push_back(numbers[2]);
  }
  print({.name = "size.snapshot",
         .unit = "MiB",
         .samples = {static_cast<double>(bytes.size()) / (1 << 20)}});
  print({.name = "size.memory",
         .unit = "MiB",
         .samples = after,
         .goal = at_most(1024),
         .note = "resident after a start from the snapshot: a million principals, five million "
                 "delegations"});
  print({.name = "size.memory_peak",
         .unit = "MiB",
         .samples = most,
         .goal = at_most(1024),
         .note = "the most that was resident during that start"});
  print({.name = "size.start",
         .unit = "s",
         .samples = taken,
         .goal = at_most(5),
         .note = "of a core: the snapshot read and the state whole"});
}

void grow() {
  record::State state;
  Organisation organisation([&](const record::Event& event) { must(state.apply(event)); });
  for (std::uint32_t size = 1'000; size <= kPrincipals; size *= 10) {
    const bool last = size == kPrincipals;
    const std::uint32_t chained = last ? kDelegations - kDescendants - 1 : size * 5;
    double taken = 0;
    const std::uint32_t before = organisation.size().delegations;
    taken = seconds([&] { organisation.grow_to({size, chained}); });
    const std::uint32_t grown = organisation.size().delegations;
    const std::uint32_t hub = last ? organisation.add_hub(kDescendants) : 0;
    state.publish();
    const std::string at = "@" + std::to_string(size);
    print({.name = "growth.memory" + at,
           .unit = "MiB",
           .samples = {memory_mib("VmRSS")},
           .note = "principals; five delegations each"});
    print({.name = "growth.fold" + at,
           .unit = "1/s",
           .samples = {static_cast<double>(grown - before) / taken}});
    print({.name = "growth.decision" + at,
           .unit = "1/s",
           .samples = decisions(state, grown),
           .goal = last ? std::optional(at_least(500e3)) : std::nullopt,
           .note = "lineage of 3; principals, with five delegations each"});
    if (!last) continue;
    start_up(state);
    revoke_hub(state, hub);
  }
}

void restore(const std::string& path) {
  record::State state;
  const double before = core_seconds();
  {
    const auto files = store::posix_file_system();
    const auto snapshot = must(store::open_snapshot(*files, path));
    must(state.restore(**snapshot));
  }
  const double taken = core_seconds() - before;
  std::printf("%g %g %g\n", taken, memory_mib("VmRSS"), memory_mib("VmHWM"));
}

}  // namespace
}  // namespace mandate::bench

int main(int count, char** arguments) {
  using namespace mandate::bench;
  if (count == 3 && std::string(arguments[1]) == "--restore") {
    restore(arguments[2]);
    return 0;
  }
  if (is_wanted("growth") || is_wanted("size") || is_wanted("revocation")) grow();
}
