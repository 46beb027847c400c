// The record's backends as worlds of the suite: opened, closed, opened again.
//
//   SqliteWorld world;   world.record().append(0, {"{}"});   world.reopen();
#pragma once

#include <memory>
#include <utility>

#include "mandate/store/sqlite_record.h"
#include "testing/faulty_file_system.h"
#include "testing/file_system_vfs.h"
#include "testing/matchers.h"
#include "testing/memory_record.h"
#include "testing/temporary_folder.h"

namespace mandate::test {

using store::SqliteRecord;

struct MemoryWorld {
  test::MemoryRecord memory;
  record::Record& record() { return memory; }
  void reopen() {}
};

struct SqliteWorld {
  test::TemporaryFolder folder;
  std::unique_ptr<SqliteRecord> opened;
  SqliteWorld() { reopen(); }
  record::Record& record() { return *opened; }
  void reopen() {
    opened.reset();
    opened = SqliteRecord::open({.path = folder.path() + "/record.db", .vfs = {}}).value();
  }
};

// One machine whose life ends with a crash and begins again.
class FaultyMachine {
 public:
  explicit FaultyMachine(std::uint64_t seed) : files_(seed), vfs_(make_vfs()) {}
  ~FaultyMachine() { record_.reset(); }

  FaultyFileSystem& files() { return files_; }
  SqliteRecord& record() { return *record_; }
  Result<void> open() {
    auto opened = SqliteRecord::open({.path = "/record.db", .vfs = vfs_->name()});
    if (!opened) return fail(opened.error());
    record_ = *std::move(opened);
    return {};
  }
  void restart(Power power) {
    files_.crash();
    record_.reset();
    vfs_ = make_vfs();
    files_.restart(power);
  }

 private:
  std::unique_ptr<FileSystemVfs> make_vfs() { return std::make_unique<FileSystemVfs>(files_); }
  FaultyFileSystem files_;
  std::unique_ptr<FileSystemVfs> vfs_;
  std::unique_ptr<SqliteRecord> record_;
};

struct FaultyWorld {
  FaultyMachine machine{1};
  FaultyWorld() { EXPECT_THAT(machine.open(), IsOk()); }
  record::Record& record() { return machine.record(); }
  void reopen() {
    machine.restart(Power::kLost);
    EXPECT_THAT(machine.open(), IsOk());
  }
};

}  // namespace mandate::test
