// Files behind a port, so that a twin can fail them, lose what was not synced, and crash. What is
// promised about durability: bytes last after `File::sync`, a name lasts after `sync_directory` of
// its folder. Errors are `record_unavailable` with the path and the system's words.
//
//   Result<std::unique_ptr<File>> file = files.open("/data/x", OpenMode::kNew);
//   (*file)->write(0, "bytes");   (*file)->sync();   files.sync_directory("/data");
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/base/result.h"

namespace mandate::store {

enum class OpenMode : std::uint8_t {
  kRead,     // an existing file, for reading only
  kWrite,    // an existing file
  kNew,      // refused where the name exists
  kReplace,  // empty, whether the name existed or not
};

// An open file; threads may share one for reading beside one that writes. Closes with its object.
class File {
 public:
  virtual ~File() = default;
  // At most `count` bytes from `offset`; fewer only at the end of the file.
  virtual Result<std::string> read(std::uint64_t offset, std::size_t count) = 0;
  // All of `bytes`, or an error after which any part of them may be there.
  virtual Result<void> write(std::uint64_t offset, std::string_view bytes) = 0;
  // fdatasync. After an error the bytes may be gone although they can still be read: the system
  // forgets which pages it failed to write, and a second sync says nothing about them.
  virtual Result<void> sync() = 0;
  virtual Result<void> truncate(std::uint64_t size) = 0;
  // Makes room up to `size`, filled with zeros; existing bytes stay.
  virtual Result<void> preallocate(std::uint64_t size) = 0;
  virtual Result<std::uint64_t> size() = 0;
};

// Held as long as its object lives.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

struct FileInfo {
  bool is_directory = false;
  std::uint64_t size = 0;
  unsigned mode = 0;  // permission bits
  // The file's number in its file system (an inode): a copy of the file has another.
  std::uint64_t number = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // A file that is made has mode 0600.
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  // Nothing where there is no such name.
  virtual Result<std::optional<FileInfo>> info(const std::string& path) = 0;
  // Replaces `to` in one step.
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  // A file or an empty folder; done already where the name does not exist.
  virtual Result<void> remove(const std::string& path) = 0;
  // Mode 0700; done already where it is a folder.
  virtual Result<void> make_directory(const std::string& path) = 0;
  // The names in a folder, sorted.
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  virtual Result<void> sync_directory(const std::string& path) = 0;
  // Everything written to the file system that holds `path`, in one go (syncfs).
  virtual Result<void> sync_all(const std::string& path) = 0;
  // For this process alone; refuses with `bad_request` and what the file says of its holder.
  // `holder` is written into it.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path,
                                                 std::string_view holder) = 0;
};

// The whole file; `limit_exceeded` where it has more than `bytes_max`.
Result<std::string> read_file(FileSystem& files, const std::string& path, std::uint64_t bytes_max);
// The file as a whole, durable, or as it was before: a synced neighbour `path.new`, renamed.
Result<void> replace_file(FileSystem& files, const std::string& path, std::string_view bytes);
Result<void> replace_file(FileSystem& files, const std::string& path,
                          std::initializer_list<std::string_view> parts);
// `path` and what is missing above it, up to a folder that exists; not synced.
Result<void> make_directories(FileSystem& files, const std::string& path);
// What an operator does about a system error (errno), with "; " before it; empty for one that says
// enough by itself.
std::string advice_for(int system_error);
// The folder that holds `path`.
std::string folder_of(const std::string& path);

// The machine's files.
std::unique_ptr<FileSystem> posix_file_system();

}  // namespace mandate::store
