#include "mandate/store/sqlite_record.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "mandate/base/limits.h"
#include "mandate/store/file_system.h"
#include "mandate/store/sqlite.h"

namespace mandate::store {
namespace {

using record::Revision;

constexpr int kApplicationId = 0x4d4e4454;  // "MNDT"
constexpr int kSchemaVersion = 1;
constexpr int kCheckpointPages = 1'000;      // 4 MB of WAL: the checkpointer begins
constexpr int kCheckpointPagesMax = 65'536;  // 256 MB: it cannot keep up, and the writer helps

// Everything of the WAL moves into the database, durable, and the WAL is empty and stays so.
Result<void> empty_wal(sqlite3* database) {
  if (sqlite3_wal_checkpoint_v2(database, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr) !=
      SQLITE_OK) {
    return sqlite_error(database, "empty the WAL");
  }
  // SQLite does not sync the WAL's new length: after a power failure the old one could be back.
  sqlite3_file* wal = nullptr;
  sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
  if (wal != nullptr && wal->pMethods != nullptr &&
      wal->pMethods->xSync(wal, SQLITE_SYNC_FULL) != SQLITE_OK) {
    return fail(Reason::kRecordUnavailable, "cannot sync the emptied WAL");
  }
  return {};
}

Result<void> create_schema(sqlite3* database) {
  return execute(database,
                 "BEGIN IMMEDIATE;"
                 "CREATE TABLE entry (revision INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
                 "CREATE TABLE tree (id INTEGER PRIMARY KEY CHECK (id = 1),"
                 "                   frontier BLOB NOT NULL);"
                 "INSERT INTO tree VALUES (1, zeroblob(8));"
                 "PRAGMA application_id = 0x4d4e4454; PRAGMA user_version = 1;"
                 "COMMIT");
}

Result<void> check_schema(sqlite3* database, const std::string& path) {
  Result<std::int64_t> tables = query_integer(database, "SELECT count(*) FROM sqlite_schema");
  if (!tables) return fail(tables.error());
  if (*tables == 0) return create_schema(database);
  const std::int64_t application = query_integer(database, "PRAGMA application_id").value_or(0);
  const std::int64_t version = query_integer(database, "PRAGMA user_version").value_or(0);
  if (application == kApplicationId && version == kSchemaVersion) return {};
  return fail(Reason::kBadRequest, "\"" + path + "\" is no record of version " +
                                       std::to_string(kSchemaVersion) + " of its format");
}

Result<ledger::Frontier> load_frontier(sqlite3* database, const std::string& path) {
  Result<Statement> query = prepare(database, "SELECT frontier FROM tree WHERE id = 1");
  if (!query) return fail(query.error());
  Result<bool> row = step(query->get(), "read the tree's frontier");
  if (!row) return fail(row.error());
  Result<ledger::Frontier> frontier =
      ledger::Frontier::parse(*row ? column_blob(query->get(), 0) : std::string());
  if (!frontier) return frontier;
  Result<std::int64_t> last = query_integer(database, "SELECT max(revision) FROM entry");
  if (!last) return fail(last.error());
  if (static_cast<std::uint64_t>(*last) == frontier->size()) return frontier;
  return fail(Reason::kRecordUnavailable, "\"" + path + "\" ends with entry " +
                                              std::to_string(*last) + " and its tree has " +
                                              std::to_string(frontier->size()) + " leaves");
}

Result<void> make_private_file(const std::string& path) {
  const std::unique_ptr<FileSystem> files = posix_file_system();
  Result<std::optional<FileInfo>> info = files->info(path);
  if (!info) return fail(info.error());
  if (*info) return {};
  Result<std::unique_ptr<File>> file = files->open(path, OpenMode::kNew);
  if (!file) return fail(file.error());
  return files->sync_directory(folder_of(path));
}

}  // namespace

struct SqliteRecord::Impl {
  // One connection and one mutex for each of the writer, the readers and the checkpointer.
  std::mutex writing;
  Database writer;
  Statement insert;
  Statement update;
  std::mutex reading;
  Database reader;
  Statement select;
  Database checkpointer;

  mutable std::mutex mutex;  // guards all below
  std::condition_variable changed;
  ledger::Frontier frontier;
  std::optional<Error> closed;  // why nothing more is written
  int wal_pages = 0;
  bool stopping = false;

  std::thread checkpointing;  // last: begins when all else is there

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    changed.notify_all();
    if (checkpointing.joinable()) checkpointing.join();
  }

  Result<void> open(const SqliteRecordOptions& options);
  Result<void> prepare_statements();
  Result<void> insert_all(const std::vector<std::string>& entries, ledger::Frontier& next);
  Result<void> commit(const std::vector<std::string>& entries, ledger::Frontier& next);
  void close(const Error& error);
  void checkpoint(sqlite3* database);
  void run_checkpointer();
};

Result<void> SqliteRecord::Impl::open(const SqliteRecordOptions& options) {
  if (options.vfs.empty()) {
    if (auto ok = make_private_file(options.path); !ok) return ok;
  }
  for (Database* database : {&writer, &reader, &checkpointer}) {
    Result<Database> opened = open_database(options.path, options.vfs);
    if (!opened) return fail(opened.error());
    *database = *std::move(opened);
    if (database == &writer) {
      if (auto ok = check_schema(writer.get(), options.path); !ok) return ok;
      // A batch of a process that was killed may be read here before it ever reached the disk. It
      // must before anybody builds on it.
      if (auto ok = empty_wal(writer.get()); !ok) return ok;
    }
  }
  Result<ledger::Frontier> loaded = load_frontier(writer.get(), options.path);
  if (!loaded) return fail(loaded.error());
  frontier = *std::move(loaded);
  if (auto ok = prepare_statements(); !ok) return ok;
  const auto hook = [](void* self, sqlite3*, const char*, int pages) {
    auto& impl = *static_cast<Impl*>(self);
    const std::lock_guard lock(impl.mutex);
    impl.wal_pages = pages;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(writer.get(), hook, this);
  checkpointing = std::thread([this] { run_checkpointer(); });
  return {};
}

Result<void> SqliteRecord::Impl::prepare_statements() {
  struct Row {
    Statement& statement;
    sqlite3* database;
    std::string_view sql;
  };
  for (const Row& row : {Row{insert, writer.get(), "INSERT INTO entry VALUES (?, ?)"},
                         Row{update, writer.get(), "UPDATE tree SET frontier = ? WHERE id = 1"},
                         Row{select, reader.get(),
                             "SELECT revision, bytes FROM entry WHERE revision > ?"
                             " ORDER BY revision LIMIT ?"}}) {
    Result<Statement> prepared = prepare(row.database, row.sql);
    if (!prepared) return fail(prepared.error());
    row.statement = *std::move(prepared);
  }
  return {};
}

Result<void> SqliteRecord::Impl::insert_all(const std::vector<std::string>& entries,
                                            ledger::Frontier& next) {
  for (const std::string& entry : entries) {
    next.append(ledger::leaf_hash(entry));
    sqlite3_bind_int64(insert.get(), 1, static_cast<sqlite3_int64>(next.size()));
    bind_blob(insert.get(), 2, entry);
    if (Result<bool> done = step(insert.get(), "write an entry"); !done) return fail(done.error());
  }
  const std::string bytes = next.serialise();
  bind_blob(update.get(), 1, bytes);
  if (auto done = step(update.get(), "write the frontier"); !done) return fail(done.error());
  return {};
}

Result<void> SqliteRecord::Impl::commit(const std::vector<std::string>& entries,
                                        ledger::Frontier& next) {
  // COMMIT writes the WAL's frames and syncs them before it shows them to anybody.
  return execute(writer.get(), "BEGIN IMMEDIATE")
      .and_then([&] { return insert_all(entries, next); })
      .and_then([&] { return execute(writer.get(), "COMMIT"); });
}

void SqliteRecord::Impl::close(const Error& error) {
  const std::lock_guard lock(mutex);
  if (!closed) {
    closed = Error{Reason::kRecordUnavailable, Place::kRequest,
                   "the record takes no more until a restart: " + error.detail};
  }
}

void SqliteRecord::Impl::checkpoint(sqlite3* database) {
  const int code =
      sqlite3_wal_checkpoint_v2(database, "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  // Busy is no failure: the next one goes on. A database that cannot be written or synced is.
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY && (code & 0xff) != SQLITE_LOCKED) {
    close(sqlite_error(database, "move the WAL into the database").value());
  }
}

void SqliteRecord::Impl::run_checkpointer() {
  std::unique_lock lock(mutex);
  while (true) {
    changed.wait(lock, [this] { return stopping || wal_pages >= kCheckpointPages; });
    if (stopping) return;
    wal_pages = 0;  // the next commit says how many there are by then
    lock.unlock();
    checkpoint(checkpointer.get());
    lock.lock();
  }
}

SqliteRecord::SqliteRecord(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SqliteRecord::~SqliteRecord() = default;

Result<std::unique_ptr<SqliteRecord>> SqliteRecord::open(const SqliteRecordOptions& options) {
  auto impl = std::make_unique<Impl>();
  if (auto ok = impl->open(options); !ok) return fail(ok.error());
  return std::unique_ptr<SqliteRecord>(new SqliteRecord(std::move(impl)));
}

Result<Revision> SqliteRecord::append(Revision expected_head,
                                      const std::vector<std::string>& entries) {
  for (const std::string& entry : entries) {
    if (entry.size() > limits::kLogEntryBytesMax) {
      return fail(Reason::kLimitExceeded, "record entry has " + std::to_string(entry.size()) +
                                              " bytes; expected at most " +
                                              std::to_string(limits::kLogEntryBytesMax));
    }
  }
  const std::lock_guard writing(impl_->writing);
  ledger::Frontier next = frontier();
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->closed) return fail(*impl_->closed);
  }
  if (next.size() != expected_head) {
    return fail(Reason::kBadRequest, Place::kConflict,
                "the record's head is " + std::to_string(next.size()) + "; expected " +
                    std::to_string(expected_head));
  }
  if (entries.empty()) return expected_head;
  if (Result<void> done = impl_->commit(entries, next); !done) {
    impl_->close(done.error());
    if (sqlite3_get_autocommit(impl_->writer.get()) == 0) {
      (void)execute(impl_->writer.get(), "ROLLBACK");  // its failure is SQLite's to undo on opening
    }
    (void)empty_wal(impl_->writer.get());  // the class comment says what follows where this fails
    return fail(done.error());
  }
  int wal_pages = 0;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->frontier = next;
    wal_pages = impl_->wal_pages;
  }
  impl_->changed.notify_all();
  if (wal_pages >= kCheckpointPagesMax) impl_->checkpoint(impl_->writer.get());
  return next.size();
}

Result<std::vector<std::string>> SqliteRecord::read(Revision from, std::size_t max) {
  std::vector<std::string> entries;
  const std::lock_guard reading(impl_->reading);
  sqlite3_stmt* const select = impl_->select.get();
  sqlite3_bind_int64(select, 1, static_cast<sqlite3_int64>(from));
  sqlite3_bind_int64(select, 2, static_cast<sqlite3_int64>(max));
  while (true) {
    Result<bool> row = step(select, "read entries");
    if (!row) return fail(row.error());
    if (!*row) return entries;
    const auto revision = static_cast<Revision>(sqlite3_column_int64(select, 0));
    if (revision != from + entries.size() + 1) {
      sqlite3_reset(select);
      return fail(Reason::kRecordUnavailable,
                  "the record has no entry " + std::to_string(from + entries.size() + 1));
    }
    entries.push_back(column_blob(select, 1));
  }
}

Result<Revision> SqliteRecord::head() { return frontier().size(); }

bool SqliteRecord::wait(Revision beyond, Milliseconds at_most) {
  std::unique_lock lock(impl_->mutex);
  return impl_->changed.wait_for(lock, at_most, [&] { return impl_->frontier.size() > beyond; });
}

ledger::Frontier SqliteRecord::frontier() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->frontier;
}

}  // namespace mandate::store
