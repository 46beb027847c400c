// Where a server keeps what it has, one folder for one server at a time:
//   lock  place  keys/  record.db  journal/ (segments)  snapshots/
//   log/record  log/journal/<ten digits>
// Everything in it is for its owner alone (folders 0700, files 0600).
//
//   Result<DataDirectory> data = DataDirectory::open(files, "/data", "pid 4711");
//   data->record_path()
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "mandate/store/file_system.h"

namespace mandate::store {

class DataDirectory {
 public:
  // Makes what is missing. Refuses a second server on the same folder (`bad_request` at
  // Place::kConflict; the first one's `holder` is named), and a folder that others can write.
  static Result<DataDirectory> open(FileSystem& files, std::string path, std::string_view holder);

  const std::string& path() const { return path_; }
  std::string keys_folder() const { return keys_folder(path_); }
  std::string record_path() const { return path_ + "/record.db"; }
  std::string journal_folder() const { return path_ + "/journal"; }
  std::string log_folder() const { return path_ + "/log"; }
  std::string snapshot_path() const { return path_ + "/snapshots/state"; }
  std::string place_path() const { return path_ + "/place"; }
  std::string operator_path() const { return path_ + "/operator.json"; }

  // For readers that do not hold the folder (`mandate audit key --data DIR`).
  static std::string keys_folder(const std::string& path) { return path + "/keys"; }

 private:
  DataDirectory(std::string path, std::unique_ptr<FileLock> lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  std::unique_ptr<FileLock> lock_;
};

// Whether the record is the very file that `mark_place` saw, by its number in the file system: one
// that was copied, moved to another disk or restored is not. `bad_request` (Place::kConflict) says
// what to do. A backup of whole blocks, or one written over the files in place, goes unnoticed.
Result<void> check_place(FileSystem& files, const DataDirectory& data);
Result<void> mark_place(FileSystem& files, const DataDirectory& data);

}  // namespace mandate::store
