#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "mandate/store/file_system.h"

namespace mandate::store {
namespace {

constexpr std::size_t kHolderBytesMax = 128;
constexpr std::size_t kReadStepBytes = 1 << 20;

tl::unexpected<Error> cannot(std::string_view what, const std::string& path) {
  const int code = errno;
  return fail(Reason::kRecordUnavailable, "cannot " + std::string(what) + " \"" + path +
                                              "\": " + std::generic_category().message(code) +
                                              advice_for(code));
}

// The system call again where a signal came in between.
template <class Call>
auto retried(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }

 private:
  int number_;
};

Descriptor open_descriptor(const std::string& path, int flags) {
  return Descriptor(retried([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0600); }));
}

class PosixFile final : public File {
 public:
  PosixFile(std::string path, Descriptor descriptor)
      : path_(std::move(path)), descriptor_(std::move(descriptor)) {}

  Result<std::string> read(std::uint64_t offset, std::size_t count) override {
    std::string bytes;
    while (bytes.size() < count) {
      const std::size_t have = bytes.size();
      bytes.resize(std::min(count, have + kReadStepBytes));
      const ssize_t got = retried([&] {
        return ::pread(descriptor_.number(), bytes.data() + have, bytes.size() - have,
                       static_cast<off_t>(offset + have));
      });
      if (got < 0) return cannot("read", path_);
      bytes.resize(have + static_cast<std::size_t>(got));
      if (got == 0) break;
    }
    return bytes;
  }

  Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t put = retried([&] {
        return ::pwrite(descriptor_.number(), bytes.data(), bytes.size(),
                        static_cast<off_t>(offset));
      });
      if (put < 0) return cannot("write", path_);
      bytes.remove_prefix(static_cast<std::size_t>(put));
      offset += static_cast<std::uint64_t>(put);
    }
    return {};
  }

  Result<void> sync() override {
    // Not retried: after an error the system has forgotten the pages.
    if (::fdatasync(descriptor_.number()) != 0) return cannot("sync", path_);
    return {};
  }

  Result<void> truncate(std::uint64_t size) override {
    const auto cut = [&] { return ::ftruncate(descriptor_.number(), static_cast<off_t>(size)); };
    if (retried(cut) != 0) return cannot("truncate", path_);
    return {};
  }

  Result<void> preallocate(std::uint64_t size) override {
    // posix_fallocate gives its error back instead of setting errno.
    int code = EINTR;
    while (code == EINTR) {
      code = ::posix_fallocate(descriptor_.number(), 0, static_cast<off_t>(size));
    }
    if (code == 0) return {};
    errno = code;
    return cannot("make room in", path_);
  }

  Result<std::uint64_t> size() override {
    struct stat status {};
    if (::fstat(descriptor_.number(), &status) != 0) return cannot("look at", path_);
    return static_cast<std::uint64_t>(status.st_size);
  }

 private:
  std::string path_;
  Descriptor descriptor_;
};

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;
};

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead: return O_RDONLY;
    case OpenMode::kWrite: return O_RDWR;
    case OpenMode::kNew: return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::kReplace: return O_RDWR | O_CREAT | O_TRUNC;
  }
  return O_RDONLY;
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    Descriptor descriptor = open_descriptor(path, flags_of(mode));
    if (!descriptor.is_open()) return cannot("open", path);
    return std::make_unique<PosixFile>(path, std::move(descriptor));
  }

  Result<std::optional<FileInfo>> info(const std::string& path) override {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
      if (errno == ENOENT) return std::nullopt;
      return cannot("look at", path);
    }
    return FileInfo{S_ISDIR(status.st_mode), static_cast<std::uint64_t>(status.st_size),
                    static_cast<unsigned>(status.st_mode) & 07777U,
                    static_cast<std::uint64_t>(status.st_ino)};
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    if (std::rename(from.c_str(), to.c_str()) != 0) return cannot("rename to", to);
    return {};
  }

  Result<void> remove(const std::string& path) override {
    if (std::remove(path.c_str()) != 0 && errno != ENOENT) return cannot("remove", path);
    return {};
  }

  Result<void> make_directory(const std::string& path) override {
    if (::mkdir(path.c_str(), 0700) == 0) return {};
    const int code = errno;
    Result<std::optional<FileInfo>> existing = info(path);
    if (existing && *existing && (*existing)->is_directory) return {};
    errno = code;
    return cannot("make the folder", path);
  }

  Result<std::vector<std::string>> list(const std::string& path) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), &::closedir);
    if (!folder) return cannot("list", path);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(folder.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    if (errno != 0) return cannot("list", path);
    std::ranges::sort(names);
    return names;
  }

  Result<void> sync_directory(const std::string& path) override {
    const Descriptor folder = open_descriptor(path, O_RDONLY | O_DIRECTORY);
    if (!folder.is_open() || ::fsync(folder.number()) != 0) return cannot("sync", path);
    return {};
  }

  Result<void> sync_all(const std::string& path) override {
    const Descriptor folder = open_descriptor(path, O_RDONLY);
    if (!folder.is_open() || ::syncfs(folder.number()) != 0) {
      return cannot("sync the files around", path);
    }
    return {};
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path,
                                         std::string_view holder) override {
    Descriptor descriptor = open_descriptor(path, O_RDWR | O_CREAT);
    if (!descriptor.is_open()) return cannot("open", path);
    if (retried([&] { return ::flock(descriptor.number(), LOCK_EX | LOCK_NB); }) != 0) {
      if (errno != EWOULDBLOCK) return cannot("lock", path);
      PosixFile file(path, std::move(descriptor));
      return fail(Reason::kBadRequest, Place::kConflict,
                  "\"" + path + "\" is locked by " +
                      file.read(0, kHolderBytesMax).value_or("another process"));
    }
    PosixFile file(path, Descriptor(::dup(descriptor.number())));
    if (auto ok = file.truncate(0).and_then([&] { return file.write(0, holder); }); !ok) {
      return fail(ok.error());
    }
    return std::make_unique<PosixLock>(std::move(descriptor));
  }
};

}  // namespace

std::string advice_for(int system_error) {
  switch (system_error) {
    case ENOSPC:
    case EDQUOT: return "; free space on its disk, then restart";
    case EFBIG: return "; raise the limit of a file's size (ulimit -f), then restart";
    case EROFS: return "; make its disk writable, then restart";
    case EACCES:
    case EPERM: return "; give the folder to the server's user, then restart";
    case EIO: return "; check the disk, then restart; restore a backup where it is damaged";
    case EMFILE:
    case ENFILE: return "; raise the limit of open files (ulimit -n, LimitNOFILE=), then restart";
    default: return "";
  }
}

std::unique_ptr<FileSystem> posix_file_system() { return std::make_unique<PosixFileSystem>(); }

}  // namespace mandate::store
