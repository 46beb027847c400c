#include "apps/mandate/follow.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>

#include "apps/mandate/discoverer.h"
#include "apps/mandate/finding_sink.h"
#include "apps/mandate/follow_state.h"
#include "apps/mandate/identity.h"
#include "apps/mandate/tail.h"
#include "mandate/base/limits.h"
#include "mandate/base/system_clock.h"
#include "mandate/observe/identities.h"
#include "mandate/observe/rules.h"

namespace mandate::app {
namespace {

constexpr Milliseconds kBetweenLooks{250};
constexpr Milliseconds kPatience = std::chrono::seconds(2);
constexpr Milliseconds kRetryFirst = std::chrono::seconds(1);
constexpr Milliseconds kRetryMost = std::chrono::minutes(1);
constexpr int kTriesMax = 100;  // of one finding: about an hour and a half
// The rules look at everything that is known: they take at most this part of the time.
constexpr int kShareOfRules = 10;

// Every thread leaves these to the wait below.
sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM}) sigaddset(&signals, signal);
  return signals;
}

// Whether a stop was asked for before the time was over.
bool is_stopped_within(const sigset_t& signals, Milliseconds span) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(span);
  const timespec timeout{seconds.count(), (span - seconds).count() * 1'000'000};
  return ::sigtimedwait(&signals, nullptr, &timeout) > 0;
}

std::string line_of(const observe::Finding& finding) { return observe::to_ndjson(finding) + "\n"; }

class Follower {
 public:
  Follower(const std::vector<std::string>& paths, FollowState state, FindingSink& sink,
           std::optional<Discoverer> discoverer, const Clock& clock)
      : tail_(paths),
        state_(std::move(state)),
        sink_(sink),
        discoverer_(std::move(discoverer)),
        clock_(clock) {}

  int run(const sigset_t& signals) {
    forget_delivered();
    bool is_stopped = false;
    last_look_ = clock_.now();
    while (!is_stopped) {
      const bool has_read = tail_.poll(scan_);
      is_changed_ = is_changed_ || has_read;
      for (const std::string& problem : tail_.take_problems()) note(problem);
      // While more comes at once, what it means may be about to change.
      const bool is_due = clock_.now() - last_look_ >= kPatience;
      if (!has_read || is_due || tail_.is_over()) look();
      if (!deliver(signals)) return end();
      discover();
      if (tail_.is_over() && !is_changed_ && state_.outbox().empty()) break;
      is_stopped = is_stopped_within(signals, kBetweenLooks);
    }
    return end();
  }

 private:
  // A run that was killed after it wrote, and before it could say so.
  void forget_delivered() {
    while (!state_.outbox().empty() && sink_.has(state_.outbox().front())) state_.sent();
  }

  void look() {
    const Instant began = clock_.now();
    if (!is_changed_ || began < next_look_) return;
    is_changed_ = false;
    const std::vector<observe::Finding> findings = observe::find_borrowed_trust(scan_.summary());
    const std::size_t taken = state_.take(findings, line_of);
    if (discoverer_) {
      met_ = observe::identities_of(scan_.summary(), graph::Builder().build());
      is_told_ = false;
    }
    const Instant ended = clock_.now();
    last_look_ = ended;
    next_look_ = ended + kShareOfRules * std::max(Milliseconds(0), ended - began);
    if (const std::uint64_t dropped = state_.take_dropped(); dropped > 0) {
      note(std::to_string(dropped) + " findings dropped: more than " +
           std::to_string(FollowState::kOutboxMax) + " wait to be sent");
    }
    if (taken > 0) save();
  }

  // False where the stop was asked for in between.
  bool deliver(const sigset_t& signals) {
    if (state_.outbox().empty() || clock_.now() < next_try_) return true;
    bool goes_on = true;
    while (!state_.outbox().empty() && goes_on) {
      std::string why;
      const Sent sent = sink_.send(state_.outbox().front(), why);
      if (sent == Sent::kLater && ++tries_ < kTriesMax) {
        wait_longer(why);
        break;
      }
      if (sent != Sent::kDone) {
        note("finding " + state_.outbox().front().id + " is not sent: " + why);
        is_lossy_ = true;
      }
      tries_ = 0;
      retry_ = kRetryFirst;
      state_.sent();
      goes_on = !is_stopped_within(signals, Milliseconds(0));
    }
    save();
    return goes_on;
  }

  // Whether the server can be told or not, findings go on.
  void discover() {
    if (is_told_ || clock_.now() < next_telling_) return;
    is_told_ = discoverer_->tell(met_, false);
    retelling_ = is_told_ ? kRetryFirst : std::min(2 * retelling_, kRetryMost);
    next_telling_ = clock_.now() + retelling_;
  }

  void wait_longer(const std::string& why) {
    note(why + "; " + std::to_string(state_.outbox().size()) + " findings wait, next try in " +
         std::to_string(retry_.count() / 1000) + " s");
    next_try_ = clock_.now() + retry_;
    retry_ = std::min(2 * retry_, kRetryMost);
  }

  void save() {
    if (const Result<void> saved = state_.save(); !saved && !has_complained_) {
      note(saved.error().detail + "; findings may be told twice after the next start");
      has_complained_ = true;
    }
  }

  int end() {
    save();
    if (!is_told_) is_told_ = discoverer_->tell(met_, false);
    const std::size_t waiting = state_.outbox().size();
    if (waiting > 0) note(std::to_string(waiting) + " findings wait for the next start");
    return is_lossy_ || !is_told_ ? kExitCouldNot : kExitDone;
  }

  Tail tail_;
  FollowState state_;
  FindingSink& sink_;
  std::optional<Discoverer> discoverer_;
  const Clock& clock_;
  observe::Scan scan_;
  std::vector<PrincipalId> met_;
  bool is_told_ = true;  // the server, of all that were met
  Instant next_telling_ = kBeginningOfTime;
  Milliseconds retelling_ = kRetryFirst;
  bool is_changed_ = false;  // since the rules looked last
  Instant last_look_ = kBeginningOfTime;
  Instant next_look_ = kBeginningOfTime;
  Instant next_try_ = kBeginningOfTime;
  Milliseconds retry_ = kRetryFirst;
  int tries_ = 0;
  bool is_lossy_ = false;
  bool has_complained_ = false;
};

}  // namespace

int follow(const ScanOptions& options, const Connection& connection) {
  if (options.paths.empty()) {
    note("nothing to follow; expected files, folders or -");
    return kExitUsage;
  }
  if (options.dry_run) {
    note("--follow goes on for good; expected --dry-run with a scan that ends");
    return kExitUsage;
  }
  std::optional<Discoverer> discoverer;
  if (connection.is_named) {
    discoverer = Discoverer::connect(connection);
    if (!discoverer) return connection.identity.empty() ? kExitUsage : kExitCouldNot;
  }
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // errors are values
  SinkOptions where{options.webhook, options.syslog, {}};
  if (!connection.ca.empty()) {
    Result<std::string> text = read_file(connection.ca, limits::kPemBytesMax);
    if (!text) return report(text.error(), Format::kText);
    where.authorities = *std::move(text);
  }
  const SystemClock clock;
  Result<std::unique_ptr<FindingSink>> sink = make_sink(where, clock);
  if (!sink) {
    report(sink.error(), Format::kText);
    return kExitUsage;
  }
  const std::unique_ptr<store::FileSystem> files = store::posix_file_system();
  std::unique_ptr<store::FileLock> lock;
  if (!options.state.empty()) {
    Result<std::unique_ptr<store::FileLock>> held =
        files->lock(options.state + ".lock", "mandate scan --follow");
    if (!held) return report(held.error(), Format::kText);
    lock = *std::move(held);
  }
  Result<FollowState> state = FollowState::open(options.state, *files);
  if (!state) return report(state.error(), Format::kText);
  return Follower(options.paths, *std::move(state), **sink, std::move(discoverer), clock)
      .run(signals);
}

}  // namespace mandate::app
