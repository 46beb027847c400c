// What a benchmark prints: one line of JSON a figure, which `tools/bench` gathers. Subject and
// limit are measured in turns, in short rounds of one run, so that a busy machine slows both.
//
//   auto samples = in_turns(9, {[&] { return rate(ours); }, [&] { return rate(limit); }});
//   print({.name = "decision.alone", .unit = "1/s", .samples = samples[0],
//          .limit_name = "a walk", .limit = samples[1], .goal = at_least(1e6)});
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mandate::bench {

using Samples = std::vector<double>;  // one a round, in the figure's unit

struct Goal {
  double number = 0;
  bool of_ratio = false;  // compared with median / limit, else with the median
  bool higher_is_better = true;
};
inline Goal at_least(double median) { return {median, false, true}; }
inline Goal at_most(double median) { return {median, false, false}; }
inline Goal ratio_at_least(double ratio) { return {ratio, true, true}; }

struct Figure {
  std::string name;  // dotted, "decision.lineage_3"; a curve's point ends in "@<where>"
  std::string unit;  // "1/s", "us", "MiB", ...
  Samples samples;
  std::string limit_name = {};  // empty: no limit
  Samples limit = {};           // in the same unit
  std::optional<Goal> goal = {};
  std::string note = {};
};
void print(const Figure& figure);

// Whether `make bench FIGURE=...` asks for this figure or this prefix of figures; all without one.
bool is_wanted(const std::string& name);

// Stops the program with the reason: a benchmark of something else than it says is worse than none.
[[noreturn]] void give_up(const std::string& why);
template <class Outcome>
Outcome must(Outcome outcome) {
  if (!outcome) give_up(outcome.error().detail);
  return outcome;
}

// Seconds that a piece of work takes.
template <class Work>
double seconds(const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Seconds that this thread has had of its core: what others take of the machine does not count.
double core_seconds();

// Operations a second of one core: `work` is called with 0, 1, 2, ... for about this long.
template <class Work>
double rate(const Work& work, double for_seconds = 0.08) {
  std::uint64_t done = 0;
  double taken = 0;
  for (std::uint64_t batch = 1; taken < for_seconds; batch *= 2) {
    const double begin = core_seconds();
    for (std::uint64_t i = 0; i < batch; ++i) work(done + i);
    taken += core_seconds() - begin;
    done += batch;
    if (taken > for_seconds / 4) batch = (batch + 1) / 2;
  }
  return static_cast<double>(done) / taken;
}

using Side = std::function<double()>;
// `rounds` samples of each side, side by side; one round before them is thrown away.
std::vector<Samples> in_turns(int rounds, const std::vector<Side>& sides);

double median(Samples samples);

}  // namespace mandate::bench
