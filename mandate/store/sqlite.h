// SQLite's handles with owners, and its codes as errors; included by the sources of this room only.
//
//   Result<Database> db = open_database(path, "");
//   Result<Statement> s = prepare(db->get(), "SELECT 1");   step(s->get(), "read")
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>
#include <string_view>

#include "mandate/base/result.h"

namespace mandate::store {

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

// `record_unavailable` with what SQLite says of this database's last call.
tl::unexpected<Error> sqlite_error(sqlite3* database, std::string_view what);

// Opened for writing, made where it is missing; WAL, every commit synced, checkpoints left to us.
// One thread at a time may use a connection. `vfs`: a registered one; empty: the system's.
Result<Database> open_database(const std::string& path, const std::string& vfs);
Result<void> execute(sqlite3* database, const char* sql);
Result<Statement> prepare(sqlite3* database, std::string_view sql);
// Whether there is a row. The statement is reset after its last row and after an error.
Result<bool> step(sqlite3_stmt* statement, std::string_view what);
// The only value of a query without parameters.
Result<std::int64_t> query_integer(sqlite3* database, std::string_view sql);

void bind_blob(sqlite3_stmt* statement, int index, std::string_view bytes);
std::string column_blob(sqlite3_stmt* statement, int index);

}  // namespace mandate::store
