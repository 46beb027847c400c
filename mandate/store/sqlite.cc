#include "mandate/store/sqlite.h"

#include <cerrno>
#include <cstdlib>

#include "mandate/base/bytes.h"

#include "mandate/store/file_system.h"

namespace mandate::store {
namespace {

// The system's own error where SQLite kept it; its code tells the others.
int system_error_of(sqlite3* database) {
  switch (sqlite3_errcode(database) & 0xff) {
    case SQLITE_FULL: return ENOSPC;
    case SQLITE_READONLY: return EROFS;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN: {
      const int code = sqlite3_system_errno(database);
      return code != 0 ? code : EIO;
    }
    default: return 0;
  }
}

constexpr int kBusyMilliseconds = 10'000;  // another connection of ours holds a lock for a moment

}  // namespace

tl::unexpected<Error> sqlite_error(sqlite3* database, std::string_view what) {
  return fail(Reason::kRecordUnavailable, "cannot " + std::string(what) + ": sqlite says \"" +
                                              sqlite3_errmsg(database) + "\" (" +
                                              std::to_string(sqlite3_extended_errcode(database)) +
                                              ")" + advice_for(system_error_of(database)));
}

Result<Database> open_database(const std::string& path, const std::string& vfs) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(
      path.c_str(), &opened,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
      vfs.empty() ? nullptr : vfs.c_str());
  Database database(opened);
  if (code != SQLITE_OK) return sqlite_error(opened, "open \"" + path + "\"");
  sqlite3_busy_timeout(opened, kBusyMilliseconds);
  auto ok = execute(opened,
                    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                    "PRAGMA wal_autocheckpoint = 0; PRAGMA trusted_schema = OFF");
  if (!ok) return fail(ok.error());
  return database;
}

Result<void> execute(sqlite3* database, const char* sql) {
  if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return sqlite_error(database, "run " + quoted(sql));
}

Result<Statement> prepare(sqlite3* database, std::string_view sql) {
  sqlite3_stmt* prepared = nullptr;
  const int code = sqlite3_prepare_v3(database, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
  if (code != SQLITE_OK) return sqlite_error(database, "prepare " + quoted(sql));
  return Statement(prepared);
}

Result<bool> step(sqlite3_stmt* statement, std::string_view what) {
  const int code = sqlite3_step(statement);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement);
    return false;
  }
  auto error = sqlite_error(sqlite3_db_handle(statement), what);
  sqlite3_reset(statement);
  return error;
}

Result<std::int64_t> query_integer(sqlite3* database, std::string_view sql) {
  Result<Statement> statement = prepare(database, sql);
  if (!statement) return fail(statement.error());
  Result<bool> row = step(statement->get(), "read a number");
  if (!row) return fail(row.error());
  if (!*row) return 0;
  return sqlite3_column_int64(statement->get(), 0);
}

void bind_blob(sqlite3_stmt* statement, int index, std::string_view bytes) {
  // The bytes outlive the step. An empty view may hold no pointer, which would bind NULL.
  const char* const data = bytes.empty() ? "" : bytes.data();
  if (sqlite3_bind_blob64(statement, index, data, bytes.size(), SQLITE_STATIC) != SQLITE_OK) {
    std::abort();  // a bug of ours: no such parameter, or the statement is running
  }
}

std::string column_blob(sqlite3_stmt* statement, int index) {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, index));
  const int size = sqlite3_column_bytes(statement, index);
  return data == nullptr ? std::string() : std::string(data, static_cast<std::size_t>(size));
}

}  // namespace mandate::store
