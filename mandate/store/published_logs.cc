#include "mandate/store/published_logs.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "mandate/base/limits.h"
#include "mandate/base/recent_map.h"
#include "mandate/store/log_entries.h"
#include "mandate/store/tile_hashes.h"

namespace mandate::store {
namespace {

constexpr std::size_t kTreesKept = 256;  // of a generation, at most 16 KiB each

constexpr std::string_view kRecord = "record";
constexpr std::string_view kJournal = "journal/";
constexpr std::uint64_t kTileBytesMax = ledger::kTileWidth * (2 + limits::kLogEntryBytesMax);

std::string journal_name(std::uint32_t number) {
  return std::string(kJournal) + log_number_text(number);
}

tl::unexpected<Error> unknown(std::string_view what, std::string_view text) {
  return fail(Reason::kBadRequest, Place::kPath,
              "there is no " + std::string(what) + " " + quoted(text));
}

Result<ledger::Checkpoint> open_checkpoint(std::string_view note, const std::string& origin,
                                           const crypto::PublicKey& key) {
  return ledger::NoteVerifier::make(origin, key)
      .and_then([&](const ledger::NoteVerifier& verifier) {
        return ledger::open_checkpoint(note, verifier);
      });
}

}  // namespace

Result<std::uint64_t> published_size(FileSystem& files, const std::string& folder,
                                     std::string_view host, const crypto::PublicKey& journal_key,
                                     std::uint32_t log) {
  const std::string path = folder + "/" + journal_name(log) + "/checkpoint";
  Result<std::optional<FileInfo>> info = files.info(path);
  if (!info) return fail(info.error());
  if (!*info) return 0;
  Result<std::string> note = read_file(files, path, ledger::kNoteBytesMax);
  if (!note) return fail(note.error());
  return open_checkpoint(*note, journal_log_origin(host, log), journal_key)
      .map([](const ledger::Checkpoint& checkpoint) { return checkpoint.size; });
}

struct PublishedLogs::Impl {
  explicit Impl(const PublishedLogsOptions& given) : options(given) {}
  ~Impl();

  const PublishedLogsOptions options;

  std::mutex publishing;  // one publishes at a time; guards these three
  std::unique_ptr<LogPublisher> record;
  std::unique_ptr<LogPublisher> journal;  // of the log that is open
  std::uint32_t journal_log = 0;

  RecentMap<std::string, std::shared_ptr<const TileTree>> trees{kTreesKept};  // by log and tile

  std::mutex mutex;                                             // guards the rest
  std::map<std::string, SignedCheckpoint, std::less<>> newest;  // by log
  std::optional<Error> trouble;
  std::condition_variable woken;
  bool stopping = false;
  std::thread thread;

  Result<void> open();
  Result<void> check_folders();
  Result<bool> is_complete(std::uint32_t number);
  Result<std::unique_ptr<LogPublisher>> open_journal_log(std::uint32_t number);
  Result<void> publish();
  Result<void> publish_journal();
  Result<void> publish_one(LogPublisher& publisher, const std::string& name);
  Result<SignedCheckpoint> checkpoint_of(std::string_view log);
  Result<std::string> read_tile(std::string_view log, const ledger::TileId& tile);
  Result<std::shared_ptr<const TileTree>> tree_at(std::string_view log, const ledger::TileId& tile);
  std::string folder_of_log(std::string_view log) const {
    return options.folder + "/" + std::string(log);
  }
  void run();
};

PublishedLogs::Impl::~Impl() {
  {
    const std::lock_guard lock(mutex);
    stopping = true;
  }
  woken.notify_all();
  if (thread.joinable()) thread.join();
}

// --- publishing ---

Result<void> PublishedLogs::Impl::open() {
  Result<ledger::NoteSigner> signer =
      ledger::NoteSigner::make(record_log_origin(options.host), options.record_key);
  if (!signer) return fail(signer.error());
  auto opened =
      LogPublisher::open(options.files, folder_of_log(kRecord), *std::move(signer), options.record);
  if (!opened) return fail(opened.error());
  record = *std::move(opened);
  if (auto ok = check_folders(); !ok) return ok;
  for (std::uint32_t number = 1; number < options.journal.log_count(); ++number) {
    Result<bool> complete = is_complete(number);
    if (!complete) return fail(complete.error());
    if (*complete && journal_log + 1 == number) journal_log = number;
  }
  if (auto ok = publish(); !ok) return ok;
  thread = std::thread([this] { run(); });
  return {};
}

// A log that was published and whose segment is gone cannot be told from one that was cut.
Result<void> PublishedLogs::Impl::check_folders() {
  const std::string folder = options.folder + "/journal";
  if (auto ok = make_directories(options.files, folder); !ok) return ok;
  Result<std::vector<std::string>> names = options.files.list(folder);
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    const std::optional<std::uint32_t> number = parse_log_number(name);
    if (!number || *number <= options.journal.log_count()) continue;
    Result<std::optional<FileInfo>> info = options.files.info(folder + "/" + name + "/checkpoint");
    if (!info) return fail(info.error());
    if (!*info) continue;
    return fail(Reason::kRecordUnavailable,
                "\"" + folder + "/" + name + "\" was published, and the journal has only " +
                    std::to_string(options.journal.log_count()) +
                    " logs: it was cut, or restored from an older copy; see `mandate "
                    "restore --help`");
  }
  return {};
}

// Whether a closed log's checkpoint is the last one it will ever have.
Result<bool> PublishedLogs::Impl::is_complete(std::uint32_t number) {
  const std::optional<ledger::Checkpoint> closed = options.journal.closed_log(number);
  Result<SignedCheckpoint> standing = checkpoint_of(journal_name(number));
  if (!closed || !standing || standing->checkpoint.size < closed->size) return false;
  if (standing->checkpoint.size == closed->size && standing->checkpoint.root == closed->root) {
    return true;
  }
  return fail(Reason::kRecordUnavailable,
              "\"" + folder_of_log(journal_name(number)) +
                  "/checkpoint\" is not the one that the next log of the journal names");
}

Result<std::unique_ptr<LogPublisher>> PublishedLogs::Impl::open_journal_log(std::uint32_t number) {
  SegmentJournal& from = options.journal;
  Result<ledger::NoteSigner> signer =
      ledger::NoteSigner::make(from.origin(number), options.journal_key);
  if (!signer) return fail(signer.error());
  return LogPublisher::open(
      options.files, folder_of_log(journal_name(number)), *std::move(signer),
      {.frontier = [&from, number] { return from.frontier(number); },
       .read = [&from, number](std::uint64_t at,
                               std::size_t max) { return from.read(number, at, max); }});
}

Result<void> PublishedLogs::Impl::publish_one(LogPublisher& publisher, const std::string& name) {
  Result<SignedCheckpoint> published = publisher.publish();
  if (!published) return fail(published.error());
  const std::lock_guard lock(mutex);
  newest.insert_or_assign(name, *std::move(published));
  return {};
}

// Through the chain: a log that was closed meanwhile gets its last checkpoint before the next
// begins.
Result<void> PublishedLogs::Impl::publish_journal() {
  while (true) {
    // Counted first: once a next log exists, this one has all its entries.
    const std::uint32_t count = options.journal.log_count();
    if (journal) {
      const std::string name = journal_name(journal_log);
      if (auto ok = publish_one(*journal, name); !ok) return ok;
      if (journal_log == count) return {};
      const std::lock_guard lock(mutex);
      newest.erase(name);  // from now on it is read from disk
    }
    journal.reset();
    Result<std::unique_ptr<LogPublisher>> next = open_journal_log(journal_log + 1);
    if (!next) return fail(next.error());
    journal = *std::move(next);
    ++journal_log;
  }
}

Result<void> PublishedLogs::Impl::publish() {
  const std::lock_guard lock(publishing);
  Result<void> recorded = publish_one(*record, std::string(kRecord));
  Result<void> journalled = publish_journal();  // one log's trouble is not the other's
  return recorded ? journalled : recorded;
}

void PublishedLogs::Impl::run() {
  bool was_well = true;
  bool last = false;
  while (!last) {
    {
      std::unique_lock lock(mutex);
      woken.wait_for(lock, options.interval, [this] { return stopping; });
      last = stopping;
    }
    const Result<void> published = publish();
    if (!published && was_well) {
      options.log.write(LogLevel::kError, "cannot publish the logs",
                        {{"detail", published.error().detail}});
    }
    was_well = published.has_value();
    const std::lock_guard lock(mutex);
    trouble = published ? std::optional<Error>() : std::optional<Error>(published.error());
  }
}

// --- reading ---

Result<SignedCheckpoint> PublishedLogs::Impl::checkpoint_of(std::string_view log) {
  {
    const std::lock_guard lock(mutex);
    if (const auto at = newest.find(log); at != newest.end()) return at->second;
  }
  const auto number =
      log.starts_with(kJournal) ? parse_log_number(log.substr(kJournal.size())) : std::nullopt;
  if (!number || *number > options.journal.log_count()) return unknown("log", log);
  Result<std::string> note =
      read_file(options.files, folder_of_log(log) + "/checkpoint", ledger::kNoteBytesMax);
  if (!note) return unknown("checkpoint of", log);
  Result<ledger::Checkpoint> checkpoint =
      open_checkpoint(*note, options.journal.origin(*number), options.journal_key.public_key());
  if (!checkpoint) return fail(checkpoint.error());
  return SignedCheckpoint{*std::move(note), *std::move(checkpoint)};
}

Result<std::shared_ptr<const TileTree>> PublishedLogs::Impl::tree_at(std::string_view log,
                                                                     const ledger::TileId& tile) {
  const std::string key = std::string(log) + "/" + tile_path(tile);
  if (auto kept = trees.find(key)) return *kept;
  auto tree =
      read_tile(log, tile).and_then([&](const std::string& bytes) { return tree_of(tile, bytes); });
  if (tree) trees.put(key, *tree);
  return tree;
}

Result<std::string> PublishedLogs::Impl::read_tile(std::string_view log,
                                                   const ledger::TileId& tile) {
  const std::string folder = folder_of_log(log) + "/";
  Result<std::string> bytes = read_file(options.files, folder + tile_path(tile), kTileBytesMax);
  if (bytes || tile.width == ledger::kTileWidth) return bytes;
  // A partial tile goes when it is full; then it is the beginning of the full one.
  ledger::TileId full = tile;
  full.width = ledger::kTileWidth;
  bytes = read_file(options.files, folder + tile_path(full), kTileBytesMax);
  if (!bytes) return unknown("tile", tile_path(tile));
  const auto width = static_cast<std::size_t>(tile.width);
  if (!tile.entries) return bytes->substr(0, width * sizeof(Digest));
  return ledger::decode_bundle(*bytes, full.width).and_then([&](std::vector<std::string> entries) {
    entries.resize(width);
    return ledger::encode_bundle(entries);
  });
}

PublishedLogs::PublishedLogs(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PublishedLogs::~PublishedLogs() = default;

Result<std::unique_ptr<PublishedLogs>> PublishedLogs::open(const PublishedLogsOptions& options) {
  auto impl = std::make_unique<Impl>(options);
  if (auto ok = impl->open(); !ok) return fail(ok.error());
  return std::unique_ptr<PublishedLogs>(new PublishedLogs(std::move(impl)));
}

Result<void> PublishedLogs::publish() { return impl_->publish(); }

std::optional<Error> PublishedLogs::trouble() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->trouble;
}

Result<std::string> PublishedLogs::read_checkpoint(std::string_view log) {
  return impl_->checkpoint_of(log).map(
      [](const SignedCheckpoint& signed_one) { return signed_one.note; });
}

Result<std::string> PublishedLogs::read_tile(std::string_view log, std::string_view path) {
  Result<SignedCheckpoint> newest = impl_->checkpoint_of(log);
  if (!newest) return fail(newest.error());
  const Result<ledger::TileId> tile = ledger::parse_tile_path(path);
  if (!tile) return fail(Reason::kBadRequest, Place::kPath, tile.error().detail);
  const std::optional<ledger::TileId> standing =
      tile_at(tile->entries, tile->level, tile->index, newest->checkpoint.size);
  if (!standing || standing->width < tile->width) return unknown("tile", path);
  return impl_->read_tile(log, *tile);
}

Result<PublishedLogs::Proof> PublishedLogs::prove(std::string_view log, std::uint64_t index) {
  Result<SignedCheckpoint> newest = impl_->checkpoint_of(log);
  if (!newest) return fail(newest.error());
  const std::uint64_t size = newest->checkpoint.size;
  if (index >= size) return unknown("published entry", std::to_string(index));
  const auto read = [this, log](const ledger::TileId& tile) { return impl_->tree_at(log, tile); };
  return ledger::prove_inclusion(index, size, hashes_from_trees(size, read))
      .map([&](std::vector<Digest> hashes) {
        return Proof{newest->note, std::move(hashes)};
      });
}

std::optional<std::string> PublishedLogs::name_of(std::string_view origin) const {
  if (origin == record_log_origin(impl_->options.host)) return std::string(kRecord);
  const std::optional<std::uint32_t> number = impl_->options.journal.log_of(origin);
  if (!number) return std::nullopt;
  return journal_name(*number);
}

}  // namespace mandate::store
