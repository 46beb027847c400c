// A SQLite VFS over the file port, so that SQLite meets the same faults as everything else. Locks
// and the WAL's shared memory live in the object: one object is one life of the machine.
//
//   FileSystemVfs vfs(files);   SqliteRecord::open({.path = "/record.db", .vfs = vfs.name()});
#pragma once

#include <memory>
#include <string>

#include "mandate/store/file_system.h"

namespace mandate::test {

// Must outlive every database that was opened through it.
class FileSystemVfs {
 public:
  explicit FileSystemVfs(store::FileSystem& files);
  ~FileSystemVfs();
  FileSystemVfs(const FileSystemVfs&) = delete;
  FileSystemVfs& operator=(const FileSystemVfs&) = delete;

  const std::string& name() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mandate::test
