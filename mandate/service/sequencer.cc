#include "mandate/service/sequencer.h"

#include <utility>

#include "mandate/base/limits.h"
#include "mandate/crypto/hash.h"

namespace mandate::service {

Sequencer::Sequencer(record::Record& record, record::State& state, const Clock& clock)
    : Sequencer(record, state, clock, Bounds()) {}

Sequencer::Sequencer(record::Record& record, record::State& state, const Clock& clock,
                     Bounds bounds)
    : record_(record), state_(state), clock_(clock), bounds_(bounds), thread_([this] { run(); }) {}

Sequencer::~Sequencer() { stop(); }

void Sequencer::submit(std::string by, Command command, Done done) {
  std::unique_lock lock(mutex_);
  std::optional<Error> refusal = closed_;
  if (!refusal && stopping_) {
    refusal = Error{Reason::kRecordUnavailable, Place::kRequest, "the server is stopping"};
  } else if (!refusal && queue_.size() >= bounds_.queue_max) {
    refusal = Error{Reason::kLimitExceeded, Place::kRate,
                    std::to_string(queue_.size()) + " commands are waiting already"};
  }
  if (refusal) {
    lock.unlock();
    return done(fail(*std::move(refusal)));
  }
  queue_.push_back({std::move(by), std::move(command), std::move(done)});
  lock.unlock();
  wake_.notify_one();
}

void Sequencer::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

bool Sequencer::closed() const {
  std::lock_guard lock(mutex_);
  return closed_.has_value();
}

void Sequencer::run() {
  for (;;) {
    std::vector<Waiting> group;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      while (!queue_.empty() && group.size() < bounds_.group_max) {
        group.push_back(std::move(queue_.front()));
        queue_.pop_front();
      }
    }
    run_group(std::move(group));
  }
}

// Each command is planned against the state with the group's earlier changes applied and not yet
// published. So where the append fails, or a change is refused half-way, the state is ahead of the
// record and cannot be taken back: nothing may be planned on it any more.
void Sequencer::run_group(std::vector<Waiting> group) {
  const record::Revision head = state_.applied();
  const Instant now = clock_.now();
  std::vector<Planned> planned;
  std::vector<std::string> entries;
  for (Waiting& waiting : group) {
    if (closed()) {
      std::lock_guard lock(mutex_);
      planned.push_back({std::move(waiting.done), fail(*closed_)});
    } else {
      Result<Committed> answer = plan(waiting, now, entries);
      planned.push_back({std::move(waiting.done), std::move(answer)});
    }
  }
  if (!closed() && !entries.empty()) {
    Result<record::Revision> appended = record_.append(head, entries);
    if (!appended) {
      close(appended.error());
    } else if (*appended != state_.applied()) {
      close({Reason::kRecordUnavailable, Place::kRequest,
             "the record stands at " + std::to_string(*appended) + "; expected " +
                 std::to_string(state_.applied())});
    } else {
      state_.publish();
    }
  }
  std::optional<Error> closed_now;
  {
    std::lock_guard lock(mutex_);
    closed_now = closed_;
  }
  for (Planned& one : planned) {
    one.done(closed_now ? Result<Committed>(fail(*closed_now)) : std::move(one.answer));
  }
}

Result<Committed> Sequencer::plan(const Waiting& waiting, Instant now,
                                  std::vector<std::string>& entries) {
  Result<record::Plan> plan = waiting.command(state_.view(state_.applied()), now);
  if (!plan) return fail(plan.error());
  // What is applied is what a replay will read, so an entry that cannot be read back is never made.
  std::vector<record::Event> events;
  std::vector<std::string> texts;
  for (record::Change& change : plan->changes) {
    texts.push_back(record::serialise({now, waiting.by, std::move(change)}));
    if (texts.back().size() > limits::kLogEntryBytesMax) {
      return fail(Reason::kLimitExceeded, "a change takes " + std::to_string(texts.back().size()) +
                                              " bytes; expected at most " +
                                              std::to_string(limits::kLogEntryBytesMax));
    }
    Result<record::Event> event = record::parse_event(texts.back());
    if (!event) return fail(event.error());
    events.push_back(*std::move(event));
  }
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (Result<void> ok = state_.apply(events[i]); !ok) {
      if (i == 0) return fail(ok.error());  // it left no trace
      close({Reason::kRecordUnavailable, Place::kRequest,
             "a planned change was refused: " + ok.error().detail});
      return fail(ok.error());
    }
    entries.push_back(std::move(texts[i]));
  }
  return Committed{state_.applied(), std::move(plan->differences)};
}

void Sequencer::close(Error why) {
  std::lock_guard lock(mutex_);
  closed_ = Error{Reason::kRecordUnavailable, Place::kRequest,
                  "the record is closed until a restart: " + std::move(why.detail)};
}

namespace {

constexpr std::size_t kReadMax = 4096;  // entries to a read

// Calls `each` for every entry after `from`.
template <class Each>
Result<void> for_each_entry(record::Record& record, record::Revision from, const Each& each) {
  for (;;) {
    Result<std::vector<std::string>> entries = record.read(from, kReadMax);
    if (!entries) return fail(entries.error());
    if (entries->empty()) return {};
    for (const std::string& entry : *entries) {
      if (Result<void> ok = each(entry); !ok) return ok;
    }
    from += entries->size();
  }
}

Result<void> load_tail(record::Record& record, record::State& state, const Progress& progress) {
  Result<record::Revision> head = record.head();
  if (!head) return fail(head.error());
  auto fold = [&](const std::string& entry) -> Result<void> {
    Result<void> ok = record::parse_event(entry).and_then(
        [&](const record::Event& event) { return state.apply(event); });
    if (!ok) {
      return fail(Reason::kRecordUnavailable, "entry " + std::to_string(state.applied() + 1) +
                                                  " of the record: " + ok.error().detail);
    }
    if (progress && state.applied() % kReadMax == 0) progress(state.applied(), *head);
    return {};
  };
  if (Result<void> ok = for_each_entry(record, state.applied(), fold); !ok) return ok;
  state.publish();
  if (progress) progress(state.applied(), *head);
  return {};
}

// Whether the record says that the snapshot at this revision has this digest.
Result<bool> on_record(record::Record& record, record::Revision revision, const Digest& digest) {
  bool found = false;
  auto look = [&](const std::string& entry) -> Result<void> {
    Result<record::Event> event = record::parse_event(entry);
    if (!event) return fail(event.error());
    const auto* taken = std::get_if<record::SnapshotTaken>(&event->change);
    found = found || (taken && taken->revision == revision && taken->digest == digest);
    return {};
  };
  if (Result<void> ok = for_each_entry(record, revision, look); !ok) return fail(ok.error());
  return found;
}

}  // namespace

Result<void> load(record::Record& record, record::State& state, const Progress& progress) {
  return load_tail(record, state, progress);
}

Result<bool> load(record::Record& record, record::State& state, record::SnapshotSource& snapshot,
                  const Progress& progress) {
  Result<record::Revision> revision = record::State::revision_of(snapshot.head());
  bool good = false;
  if (revision) {
    Result<bool> named = on_record(record, *revision, snapshot.digest());
    if (!named) return fail(named.error());
    good = *named;
  }
  // It only saves time: where its bytes are others, the state is empty again.
  good = good && state.restore(snapshot).has_value();
  return load_tail(record, state, progress).map([&] { return good; });
}

Result<Sequencer::Command> take_snapshot(const record::State& state, const KeepSnapshot& keep) {
  const record::Revision revision = state.view().revision();
  const std::string bytes = state.snapshot(revision);
  if (Result<void> ok = keep(revision, bytes); !ok) return fail(ok.error());
  return [revision, digest = crypto::sha256(bytes)](const record::View&, Instant) {
    record::Plan plan;
    plan.changes.emplace_back(record::SnapshotTaken{revision, digest});
    return Result<record::Plan>(std::move(plan));
  };
}

}  // namespace mandate::service
