// Revocation while the server is at work: half as many exchanges a second as it can do, and beside
// them an operator who ends something, and an actor who asks until it is refused.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <thread>

#include "bench/frame/figure.h"
#include "bench/frame/load.h"
#include "bench/frame/site.h"
#include "testing/temporary_folder.h"

namespace mandate::bench {
namespace {

constexpr std::uint32_t kClients = 100;  // that exchange
constexpr std::uint32_t kEnded = 300;    // whose delegations end
constexpr std::uint32_t kSuspensions = 200;
constexpr std::uint32_t kDescendants = 1'000'000;
constexpr int kConnections = 32;
constexpr std::size_t kLoadRequests = 1000;  // signed together: they are sent before they age

using Clock = std::chrono::steady_clock;
double ms_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

struct Times {
  Samples from_request;  // from the operator's request to the first refusal, in ms
  Samples from_answer;   // from the operator's answer to the first refusal that was asked for then
  std::uint64_t asked_after = 0;  // decisions asked for after the operator's answer
  std::uint64_t stale = 0;        // of those, permits
  Samples syncs;                  // of the disk alone, between them, in ms
};

bool is_permit(const std::string& answer) {
  if (answer.starts_with("HTTP/1.1 200")) return true;
  const bool is_refusal = answer.starts_with("HTTP/1.1 401") || answer.starts_with("HTTP/1.1 403");
  if (!is_refusal) give_up("neither permit nor refusal: " + answer);
  // The right one: not a proof that aged, or a rate.
  const bool is_end =
      answer.find("revoked") != std::string::npos || answer.find("suspended") != std::string::npos;
  if (!is_end) give_up("refused for another reason: " + answer);
  return false;
}

// One end of something: `question()` makes a fresh request each time.
template <class Question>
void end_it(Line& by_operator, Line& actor, const std::string& command, const Question& question,
            Times& times) {
  constexpr int kAskedAfter = 3;
  const auto ask = [&] {
    actor.send(question());
    return is_permit(actor.answer());
  };
  if (!ask()) give_up("no permit before the end");
  const Clock::time_point sent = Clock::now();
  by_operator.send(command);
  std::optional<Clock::time_point> answered, refused;
  for (int after = 0; after < kAskedAfter;) {
    const bool is_after = by_operator.is_answered();
    if (is_after && !answered) {
      answered = Clock::now();
      const std::string answer = by_operator.answer();
      if (!answer.starts_with("HTTP/1.1 200")) give_up("not ended: " + answer);
    }
    const bool permit = ask();
    const Clock::time_point now = Clock::now();
    if (!permit && !refused) {
      refused = now;
      times.from_request.push_back(ms_between(sent, now));
    }
    if (!is_after) continue;
    if (after++ == 0) times.from_answer.push_back(ms_between(*answered, now));
    ++times.asked_after;
    times.stale += permit ? 1 : 0;
  }
}

double percentile(Samples samples, double share) {
  std::sort(samples.begin(), samples.end());
  const double rank = std::ceil(share * static_cast<double>(samples.size()));
  return samples[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

// What a commit costs on this disk just then: 4 KiB written and synced.
double sync_ms(int file) {
  static const std::string kPage(4096, 'x');
  return 1e3 * seconds([&] {
           if (::pwrite(file, kPage.data(), kPage.size(), 0) < 0 || ::fdatasync(file) != 0) {
             give_up("the disk does not sync");
           }
         });
}

// `step(n)` for 0, 1, ... until `count`, with the load beside each.
template <class Step>
void under_load(Site& site, double per_second, std::uint32_t count, const Step& step) {
  for (std::uint32_t done = 0; done < count;) {
    const std::vector<std::string> requests = site.exchanges(kLoadRequests, kClients);
    std::atomic<bool> is_over = false;
    std::thread load([&] {
      const Load sent = send_paced(site.port(), kConnections, requests, per_second);
      is_over = true;
      if (sent.bad > 0) give_up("an exchange was refused: " + sent.first_bad);
    });
    while (done < count && !is_over) step(done++);
    load.join();
  }
}

void check(const std::string& name, const Times& times) {
  if (times.stale == 0) return;
  give_up(name + ": " + std::to_string(times.stale) + " stale permits of " +
          std::to_string(times.asked_after));
}

void report(const std::string& name, const Times& times, const std::string& what) {
  check(name, times);
  print({.name = name,
         .unit = "ms",
         .samples = times.from_request,
         .note = what + ": from the request to the first refusal; no stale permit among " +
                 std::to_string(times.asked_after) +
                 " decisions that were asked for after the answer"});
  print({.name = name + ".p99",
         .unit = "ms",
         .samples = {percentile(times.from_request, 0.99)},
         .limit_name = "one sync of the disk alone, its 99th percentile",
         .limit = {percentile(times.syncs, 0.99)},
         .goal = at_most(5),
         .note = "of " + std::to_string(times.from_request.size())});
  print({.name = name + ".after_answer.p99",
         .unit = "ms",
         .samples = {percentile(times.from_answer, 0.99)},
         .note = "from the operator's answer to the next decision's"});
}

void revocations() {
  Site site(kClients + kEnded, kDescendants);
  send_all(site.port(), kConnections, site.exchanges(kLoadRequests, kClients));
  const double peak =
      send_all(site.port(), kConnections, site.exchanges(kLoadRequests, kClients)).per_second;
  Line by_operator(site.port());
  Line actor(site.port());
  const test::TemporaryFolder folder;
  const int file = ::open((folder.path() + "/sync").c_str(), O_RDWR | O_CREAT, 0600);
  const std::string load =
      "beside " + std::to_string(std::lround(peak / 2)) + " exchanges a second";
  Times leaves, hub, whole;
  under_load(site, peak / 2, kEnded, [&](std::uint32_t n) {
    const std::uint32_t k = kClients + n;
    const std::string token = site.helpers_token(k);
    end_it(
        by_operator, actor, site.revocation(k), [&] { return site.forward_auth(k, token); },
        leaves);
    leaves.syncs.push_back(sync_ms(file));
  });
  const std::string below = site.token_below_hub();
  const auto ask_below = [&] { return site.forward_auth(0, below); };
  under_load(site, peak / 2, kSuspensions, [&](std::uint32_t) {
    end_it(by_operator, actor, site.hub_suspension(true), ask_below, hub);
    by_operator.send(site.hub_suspension(false));
    by_operator.answer();
    hub.syncs.push_back(sync_ms(file));
  });
  under_load(site, peak / 2, 1, [&](std::uint32_t) {
    end_it(by_operator, actor, site.hub_revocation(), ask_below, whole);
  });
  ::close(file);
  report("revocation.load", leaves, "a delegation, " + load);
  report("revocation.load.hub", hub,
         "the delegate of one on which a million rest, suspended " + load);
  check("revocation.load.hub_once", whole);
  print({.name = "revocation.load.hub_once",
         .unit = "ms",
         .samples = whole.from_request,
         .note = "a delegation on which a million rest, revoked " + load});
}

}  // namespace
}  // namespace mandate::bench

int main() {
  using namespace mandate::bench;
  pin_to_client_core();
  if (is_wanted("revocation.load")) revocations();
}
