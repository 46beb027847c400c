#include "mandate/store/journal.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <span>
#include <thread>
#include <utility>

#include "mandate/base/limits.h"
#include "mandate/store/journal_log.h"
#include "mandate/store/log_entries.h"
#include "mandate/store/recent_leaves.h"

namespace mandate::store {
namespace {

using Day = std::chrono::sys_days;

Day day_of(Instant instant) { return std::chrono::floor<std::chrono::days>(instant); }

// Whether an entry that somebody waits for is held back for others. Under load the next one is
// never far, and both then share a sync; who asks one thing after the other would only be slower.
// So it is tried now and then, and kept up for as long as others do come.
class Company {
 public:
  bool is_likely() { return left_ > 0 || ++alone_ >= kAloneGroups; }
  void was_waited_for(std::size_t waiters) {
    alone_ = 0;
    if (waiters > 1) {
      left_ = kPatience;
    } else if (left_ > 0) {
      --left_;
    }
  }

 private:
  static constexpr int kPatience = 8;      // groups held back in vain, and no more
  static constexpr int kAloneGroups = 64;  // groups until the next try
  int left_ = 0;
  int alone_ = 0;
};

struct Item {
  std::string entry;
  record::Journal::Done done;
  std::uint32_t log = 0;
};

// A closed log is the one that its successor names; a shorter one is damaged, not shorter.
Result<void> check_closed(const JournalLog& log, const std::optional<ledger::Checkpoint>& closed) {
  const ledger::Frontier found = log.frontier();
  if (!closed || (found.size() == closed->size && found.root() == closed->root)) return {};
  return fail(Reason::kRecordUnavailable,
              "log " + std::to_string(log.number()) + " of the journal is damaged: it has " +
                  std::to_string(found.size()) + " whole entries, and the next log names " +
                  std::to_string(closed->size) + " or others");
}

}  // namespace

struct SegmentJournal::Impl {
  explicit Impl(const SegmentJournalOptions& given) : options(given), recent(given.remembered) {}
  ~Impl() { stop(); }

  const SegmentJournalOptions options;

  std::mutex queue_mutex;  // guards the queue's members
  std::condition_variable queued;
  std::vector<Item> queue;
  std::size_t queue_bytes = 0;
  std::size_t waiters = 0;            // entries of the queue that somebody's answer hangs on
  std::uint32_t queue_log = 0;        // the log that the next entry goes to
  std::uint64_t queue_log_bytes = 0;  // what that log will have then
  Day queue_log_day{};
  std::optional<Error> closed;
  bool stopping = false;

  mutable std::mutex logs_mutex;  // guards the logs' members
  struct Known {
    std::shared_ptr<JournalLog> log;              // nothing: not read yet
    std::optional<ledger::Checkpoint> closed_at;  // nothing: still open
  };
  std::deque<Known> logs;  // log n is at n - 1
  RecentLeaves recent;

  std::vector<std::string_view> entries;  // the writer's, kept for their memory
  std::vector<JournalLog::Leaf> leaves;
  std::thread writer;

  Result<void> open();
  Result<void> check_published(const JournalLog& newest) const;
  Result<std::uint32_t> first_remembered(std::uint32_t count);
  Result<Opened> read_opened(std::uint32_t number);
  Result<void> replay(std::uint32_t number, OpenMode mode);
  Result<void> start();

  Result<void> open_next_log();
  Result<void> write_entries(JournalLog& log, std::span<const std::string_view> batch);
  Result<void> write_items(std::span<Item> items);
  void write_group(std::vector<Item>& group);
  Error close(const Error& error);
  void stop();
  void run_writer();

  // Under the queue's lock. What the writer acts on: it is woken when this grows.
  enum class Waiting { kNothing, kEntries, kSomebody, kFullGroup };
  Waiting waiting() const {
    if (stopping || queue.size() >= kJournalGatherEntriesMax) return Waiting::kFullGroup;
    if (waiters > 0) return Waiting::kSomebody;
    return queue.empty() ? Waiting::kNothing : Waiting::kEntries;
  }
  // Until it has grown to this, or the time is over.
  void gather(std::unique_lock<std::mutex>& lock, std::chrono::milliseconds time, Waiting until) {
    queued.wait_for(lock, time, [&] { return waiting() >= until; });
  }
  std::string origin(std::uint32_t log) const { return journal_log_origin(options.host, log); }
  std::shared_ptr<JournalLog> newest() const;
  Result<std::shared_ptr<JournalLog>> load(std::uint32_t number);
};

void SegmentJournal::Impl::stop() {
  {
    const std::lock_guard lock(queue_mutex);
    stopping = true;
  }
  queued.notify_all();
  if (writer.joinable()) writer.join();
}

// --- start ---

Result<Opened> SegmentJournal::Impl::read_opened(std::uint32_t number) {
  Result<std::unique_ptr<File>> file =
      options.files.open(segment_path(options.folder, number), OpenMode::kRead);
  if (!file) return fail(file.error());
  Result<std::vector<std::string>> first =
      read_entries(**file, {.index = 0, .offset = kSegmentHead.size()}, 0, 1);
  if (!first) return fail(first.error());
  Result<json::Value> entry = json::parse(first->front());
  if (!entry) return fail(entry.error());
  return parse_opened(*entry);
}

// The log in which the time that is remembered begins; notes on the way how each log was closed.
Result<std::uint32_t> SegmentJournal::Impl::first_remembered(std::uint32_t count) {
  const Instant horizon = options.clock.now() - options.remembered;
  std::uint32_t first = count;
  bool is_found = false;
  for (std::uint32_t number = count; number >= 1; --number) {
    Result<Opened> opened = read_opened(number);
    if (!opened) {
      return fail(Reason::kRecordUnavailable,
                  "log " + std::to_string(number) +
                      " of the journal does not begin as a log: " + opened.error().detail);
    }
    if (number > 1) logs[number - 2].closed_at = opened->predecessor;
    if (number == count) queue_log_day = day_of(opened->time);
    if (!is_found) first = number;
    is_found = is_found || opened->time <= horizon;
  }
  return first;
}

Result<void> SegmentJournal::Impl::replay(std::uint32_t number, OpenMode mode) {
  const Instant now = options.clock.now();
  auto log = open_log(options.files, options.folder, number, mode,
                      [&](std::uint64_t index, std::string_view entry, const Digest& leaf) {
                        recent.add(leaf, {number, index}, now);
                        if (options.replay) options.replay(entry);
                      });
  if (!log) return fail(log.error());
  logs[number - 1].log = *std::move(log);
  return check_closed(*logs[number - 1].log, logs[number - 1].closed_at);
}

// What was published was durable, so it cannot be missing from a torn tail; what is still there of
// it is evidence.
Result<void> SegmentJournal::Impl::check_published(const JournalLog& newest) const {
  if (!options.published) return {};
  Result<std::uint64_t> published = options.published(newest.number());
  if (!published) return fail(published.error());
  const std::uint64_t found = newest.frontier().size();
  if (found >= *published) return {};
  return fail(Reason::kRecordUnavailable, "\"" + segment_path(options.folder, newest.number()) +
                                              "\" is damaged: it has " + std::to_string(found) +
                                              " whole entries, and " + std::to_string(*published) +
                                              " were published; see `mandate restore --help`");
}

Result<void> SegmentJournal::Impl::open() {
  if (auto ok = options.files.make_directory(options.folder); !ok) return ok;
  Result<std::uint32_t> count = count_segments(options.files, options.folder);
  if (!count) return fail(count.error());
  if (*count > 0) {
    // A crash can leave the newest segment without a whole first entry: then nothing in it was ever
    // answered, and it is made anew.
    Result<std::shared_ptr<JournalLog>> last =
        open_log(options.files, options.folder, *count, OpenMode::kRead,
                 [](std::uint64_t, std::string_view, const Digest&) {});
    if (!last) return fail(last.error());
    if (auto ok = check_published(**last); !ok) return ok;
    if ((*last)->frontier().size() == 0) --*count;
  }
  logs.resize(*count);
  if (*count > 0) {
    Result<std::uint32_t> first = first_remembered(*count);
    if (!first) return fail(first.error());
    for (std::uint32_t number = *first; number <= *count; ++number) {
      const OpenMode mode = number == *count ? OpenMode::kWrite : OpenMode::kRead;
      if (auto ok = replay(number, mode); !ok) return ok;
    }
    auto settled =
        newest()->settle().and_then([&] { return options.files.sync_directory(options.folder); });
    if (!settled) return settled;
  }
  return start();
}

Result<void> SegmentJournal::Impl::start() {
  if (logs.empty()) {
    if (auto ok = open_next_log(); !ok) return ok;
    queue_log_day = day_of(options.clock.now());
  }
  JournalLog& log = *newest();
  const std::string started =
      serialise(Started{options.run, log.frontier().size(), options.clock.now()});
  const std::string_view batch[] = {started};
  if (auto ok = write_entries(log, batch); !ok) return ok;
  queue_log = log.number();
  queue_log_bytes = log.end();
  writer = std::thread([this] { run_writer(); });
  return {};
}

// --- the writer ---

Result<void> SegmentJournal::Impl::write_entries(JournalLog& log,
                                                 std::span<const std::string_view> batch) {
  Result<std::uint64_t> first = log.write(batch, leaves);
  if (!first) return fail(first.error());
  const Instant now = options.clock.now();
  const std::lock_guard lock(logs_mutex);
  std::uint64_t index = *first;
  for (const JournalLog::Leaf& leaf : leaves) recent.add(leaf.hash, {log.number(), index++}, now);
  return {};
}

Result<void> SegmentJournal::Impl::open_next_log() {
  Opened opened{.predecessor = {}, .run = options.run, .time = options.clock.now()};
  std::uint32_t number = 1;
  if (!logs.empty()) {
    // Every entry of the log before is durable by now, so its size and root are final.
    const std::shared_ptr<JournalLog> before = newest();
    const ledger::Frontier frontier = before->frontier();
    opened.predecessor = {origin(before->number()), frontier.size(), frontier.root()};
    number = before->number() + 1;
  }
  Result<std::shared_ptr<JournalLog>> log = make_log(options.files, options.folder, number);
  if (!log) return fail(log.error());
  const std::string entry = serialise(opened);
  const std::string_view batch[] = {entry};
  if (auto ok = write_entries(**log, batch); !ok) return ok;
  const std::lock_guard lock(logs_mutex);
  if (!logs.empty()) logs.back().closed_at = opened.predecessor;
  logs.push_back({*std::move(log), {}});
  return {};
}

Result<void> SegmentJournal::Impl::write_items(std::span<Item> items) {
  {
    const std::lock_guard lock(queue_mutex);
    if (closed) return fail(*closed);
  }
  while (newest()->number() < items.front().log) {
    if (auto ok = open_next_log(); !ok) return ok;
  }
  entries.clear();
  for (const Item& item : items) entries.push_back(item.entry);
  return write_entries(*newest(), entries);
}

// Entries of one log are one write and one sync; only then are their writers called.
void SegmentJournal::Impl::write_group(std::vector<Item>& group) {
  std::span<Item> rest = group;
  while (!rest.empty()) {
    const auto other =
        std::ranges::find_if(rest, [&](const Item& item) { return item.log != rest.front().log; });
    const std::span<Item> items = rest.first(static_cast<std::size_t>(other - rest.begin()));
    Result<void> durable = write_items(items);
    if (!durable) durable = fail(close(durable.error()));
    for (Item& item : items) {
      if (item.done) item.done(durable);
    }
    rest = rest.subspan(items.size());
  }
}

Error SegmentJournal::Impl::close(const Error& error) {
  const std::lock_guard lock(queue_mutex);
  if (!closed) {
    closed = Error{Reason::kRecordUnavailable, mandate::Place::kRequest,
                   "the journal takes no more until a restart: " + error.detail};
  }
  return *closed;
}

void SegmentJournal::Impl::run_writer() {
  std::vector<Item> group;
  Company company;
  while (true) {
    group.clear();
    {
      std::unique_lock lock(queue_mutex);
      queued.wait(lock, [this] { return waiting() > Waiting::kNothing; });
      gather(lock, kJournalGatherTime, Waiting::kSomebody);
      if (waiting() == Waiting::kSomebody && company.is_likely()) {
        gather(lock, kJournalCompanyTime, Waiting::kFullGroup);
        company.was_waited_for(waiters);
      }
      if (queue.empty()) return;
      group.swap(queue);
      queue_bytes = 0;
      waiters = 0;
    }
    write_group(group);
  }
}

std::shared_ptr<JournalLog> SegmentJournal::Impl::newest() const {
  const std::lock_guard lock(logs_mutex);
  return logs.back().log;
}

Result<std::shared_ptr<JournalLog>> SegmentJournal::Impl::load(std::uint32_t number) {
  {
    const std::lock_guard lock(logs_mutex);
    if (number == 0 || number > logs.size()) {
      return fail(Reason::kBadRequest, mandate::Place::kPath,
                  "journal has no log " + std::to_string(number));
    }
    if (logs[number - 1].log) return logs[number - 1].log;
  }
  auto log = open_log(options.files, options.folder, number, OpenMode::kRead,
                      [](std::uint64_t, std::string_view, const Digest&) {});
  if (!log) return fail(log.error());
  const std::lock_guard lock(logs_mutex);
  Impl::Known& known = logs[number - 1];
  if (auto ok = check_closed(**log, known.closed_at); !ok) return fail(ok.error());
  if (!known.log) known.log = *std::move(log);
  return known.log;
}

// --- the port ---

SegmentJournal::SegmentJournal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SegmentJournal::~SegmentJournal() = default;

void SegmentJournal::stop() { impl_->stop(); }

std::optional<Error> SegmentJournal::closed() const {
  const std::lock_guard lock(impl_->queue_mutex);
  return impl_->closed;
}

Result<std::unique_ptr<SegmentJournal>> SegmentJournal::open(const SegmentJournalOptions& options) {
  auto impl = std::make_unique<Impl>(options);
  if (auto ok = impl->open(); !ok) return fail(ok.error());
  return std::unique_ptr<SegmentJournal>(new SegmentJournal(std::move(impl)));
}

Result<record::Journal::Place> SegmentJournal::append(std::string entry, Done done) {
  if (entry.empty() || entry.size() > limits::kLogEntryBytesMax) {
    return fail(Reason::kLimitExceeded, "journal entry has " + std::to_string(entry.size()) +
                                            " bytes; expected 1 to " +
                                            std::to_string(limits::kLogEntryBytesMax));
  }
  Impl& impl = *impl_;
  const Day today = day_of(impl.options.clock.now());
  const std::size_t bytes = kFrameHeadBytes + entry.size();
  std::uint32_t log = 0;
  bool wakes = false;
  {
    const std::lock_guard lock(impl.queue_mutex);
    if (impl.closed) return fail(*impl.closed);
    if (impl.stopping) return fail(Reason::kRecordUnavailable, "the server is stopping");
    if (impl.queue.size() >= kJournalQueueEntriesMax ||
        impl.queue_bytes + entry.size() > kJournalQueueBytesMax) {
      return fail(Reason::kLimitExceeded, mandate::Place::kRate, "the journal's queue is full");
    }
    if (impl.queue_log_bytes + bytes > impl.options.log_bytes_max || today > impl.queue_log_day) {
      ++impl.queue_log;
      impl.queue_log_bytes = 0;
      impl.queue_log_day = today;
    }
    impl.queue_log_bytes += bytes;
    impl.queue_bytes += entry.size();
    log = impl.queue_log;
    const Impl::Waiting before = impl.waiting();
    if (done) ++impl.waiters;
    impl.queue.push_back({std::move(entry), std::move(done), log});
    wakes = impl.waiting() > before;
  }
  if (wakes) impl.queued.notify_one();
  return Place{impl.origin(log), impl.options.run};
}

std::optional<std::string> SegmentJournal::origin_of(const Digest& leaf) {
  const std::lock_guard lock(impl_->logs_mutex);
  const std::optional<RecentLeaves::Place> place = impl_->recent.find(leaf);
  if (!place) return std::nullopt;
  return impl_->origin(place->log);
}

// --- reading ---

std::uint32_t SegmentJournal::log_count() const {
  const std::lock_guard lock(impl_->logs_mutex);
  return static_cast<std::uint32_t>(impl_->logs.size());
}

std::string SegmentJournal::origin(std::uint32_t log) const { return impl_->origin(log); }

std::optional<std::uint32_t> SegmentJournal::log_of(std::string_view log_origin) const {
  const std::size_t slash = log_origin.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::optional<std::uint32_t> number = parse_log_number(log_origin.substr(slash + 1));
  if (!number || *number > log_count() || origin(*number) != log_origin) return std::nullopt;
  return number;
}

std::optional<ledger::Checkpoint> SegmentJournal::closed_log(std::uint32_t log) const {
  const std::lock_guard lock(impl_->logs_mutex);
  if (log == 0 || log > impl_->logs.size()) return std::nullopt;
  return impl_->logs[log - 1].closed_at;
}

Result<ledger::Frontier> SegmentJournal::frontier(std::uint32_t log) {
  return impl_->load(log).map([](const auto& loaded) { return loaded->frontier(); });
}

Result<std::vector<std::string>> SegmentJournal::read(std::uint32_t log, std::uint64_t from,
                                                      std::size_t max) {
  return impl_->load(log).and_then([&](const auto& loaded) { return loaded->read(from, max); });
}

Result<std::optional<SegmentJournal::EntryPlace>> SegmentJournal::find(const Digest& leaf) {
  {
    const std::lock_guard lock(impl_->logs_mutex);
    if (auto place = impl_->recent.find(leaf)) {
      return EntryPlace{impl_->origin(place->log), place->index};
    }
  }
  std::optional<EntryPlace> found;
  for (std::uint32_t number = log_count(); number >= 1 && !found; --number) {
    Result<std::shared_ptr<JournalLog>> log = impl_->load(number);
    if (!log) return fail(log.error());
    std::uint64_t index = 0;
    Result<bool> ended = (*log)->visit([&](std::uint64_t, const Frame& frame) {
      // The check alone is cheap; the hash decides.
      if (is_leaf_of(frame, leaf) && ledger::leaf_hash(frame.entry) == leaf) {
        found = EntryPlace{impl_->origin(number), index};
      }
      ++index;
      return !found;
    });
    if (!ended) return fail(ended.error());
  }
  return found;
}

Result<void> SegmentJournal::visit(const Visitor& visitor) {
  const std::uint32_t count = log_count();
  for (std::uint32_t number = 1; number <= count; ++number) {
    Result<std::shared_ptr<JournalLog>> log = impl_->load(number);
    if (!log) return fail(log.error());
    EntryPlace place{impl_->origin(number), 0};
    Result<bool> wanted = (*log)->visit([&](std::uint64_t, const Frame& frame) {
      const bool more = visitor(place, frame.entry);
      ++place.index;
      return more;
    });
    if (!wanted) return fail(wanted.error());
    if (!*wanted) return {};
  }
  return {};
}

}  // namespace mandate::store
