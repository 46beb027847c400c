#include "mandate/observe/rules/patterns.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <vector>

#include "mandate/observe/rules/common.h"

namespace mandate::observe::rules {
namespace {

constexpr Milliseconds kOneRun = std::chrono::minutes(10);
constexpr std::size_t kRunsMin = 5;
constexpr Milliseconds kJitterMin = std::chrono::minutes(2);
constexpr int kJitterPart = 50;  // 2 %
constexpr int kHoursMin = 20;

std::vector<Instant> runs_in(const Sample& sample) {
  std::vector<Instant> runs;
  Instant last = kBeginningOfTime;
  for (const Seen& seen : sample.events()) {
    if (runs.empty() || seen.time - last >= kOneRun) runs.push_back(seen.time);
    last = seen.time;
  }
  // The sample may end within the last run, which does no harm: its start is what counts.
  return runs;
}

int first_number(std::string_view text) {
  int number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool is_private_four(int first, int second) {
  constexpr int kShared = 100;
  const bool is_own = first == 10 || (first == 172 && second >= 16 && second <= 31) ||
                      (first == 192 && second == 168);
  const bool is_local = first == 127 || (first == 169 && second == 254) || first == 0;
  return is_own || is_local || (first == kShared && second >= 64 && second <= 127);
}

}  // namespace

bool is_clockwork(const Sample& sample) {
  const std::vector<Instant> runs = runs_in(sample);
  if (runs.size() < kRunsMin) return false;
  std::vector<Milliseconds> gaps;
  for (std::size_t i = 1; i < runs.size(); ++i) gaps.push_back(runs[i] - runs[i - 1]);
  std::vector<Milliseconds> sorted = gaps;
  std::sort(sorted.begin(), sorted.end());
  const Milliseconds middle = sorted[sorted.size() / 2];
  const Milliseconds jitter = std::max(kJitterMin, middle / kJitterPart);
  return std::all_of(gaps.begin(), gaps.end(), [&](Milliseconds gap) {
    return gap >= middle - jitter && gap <= middle + jitter;
  });
}

bool is_round_the_clock(const Use& use) {
  return use.first <= use.last && use.last - use.first >= 2 * kDay &&
         std::popcount(use.hours) >= kHoursMin;
}

bool is_program_use(const Use& use) {
  const bool is_program =
      use.key.agent_kind == AgentKind::kSoftware || use.key.agent_kind == AgentKind::kShell;
  return is_program && use.key.outcome == Outcome::kSucceeded && !use.key.source_is_service &&
         !use.is_delegated && !use.key.source.empty();
}

std::string network_of(std::string_view address) {
  constexpr std::string_view kMapped = "::ffff:";  // an IPv4 address in IPv6's form
  if (address.starts_with(kMapped) && address.find('.') != std::string_view::npos) {
    address.remove_prefix(kMapped.size());
  }
  if (address.find(':') != std::string_view::npos) {
    // Unique local (fc00::/7), link-local (fe80::/10), loopback and unspecified.
    const auto at = [address](std::size_t i) { return i < address.size() ? address[i] | 0x20 : 0; };
    const bool is_local = at(0) == 'f' && (at(1) == 'c' || at(1) == 'd');
    const bool is_link_local = at(0) == 'f' && at(1) == 'e' &&
                               (at(2) == '8' || at(2) == '9' || at(2) == 'a' || at(2) == 'b');
    const bool is_own = is_local || is_link_local || address.starts_with("::");
    const std::size_t second = address.find(':', address.find(':') + 1);
    return is_own ? std::string() : std::string(address.substr(0, second));
  }
  const std::size_t dot = address.find('.');
  const std::size_t next = dot == std::string_view::npos ? dot : address.find('.', dot + 1);
  if (next == std::string_view::npos) return {};
  const int first = first_number(address);
  const int second = first_number(address.substr(dot + 1));
  if (first < 0 || second < 0 || is_private_four(first, second)) return {};
  return std::string(address.substr(0, next));
}

std::size_t cite_after(Finding& finding, const Sample& sample, Instant when) {
  std::size_t count = 0;
  for (const Seen& seen : sample.events()) {
    if (seen.time <= when) continue;
    cite(finding, seen);
    ++count;
  }
  return count;
}

}  // namespace mandate::observe::rules
