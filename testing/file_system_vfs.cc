#include "testing/file_system_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <vector>

namespace mandate::test {
namespace {

constexpr int kSectorBytes = 512;
constexpr int kPathBytesMax = 512;

// What connections to one path share.
struct Shared {
  std::mutex mutex;
  int shared_count = 0;
  bool is_reserved = false;
  bool is_pending = false;
  bool is_exclusive = false;
  std::vector<std::unique_ptr<char[]>> regions;
  struct WalLock {
    int shared_count = 0;
    bool is_exclusive = false;
  };
  std::array<WalLock, SQLITE_SHM_NLOCK> wal_locks;
};

// The base must come first: SQLite sees only that.
struct VfsFile {
  sqlite3_file base;
  std::unique_ptr<store::File> file;
  store::FileSystem* files;
  std::string path;
  Shared* shared;
  bool has_new_name;  // its folder was not synced since it was made
  int level;          // SQLITE_LOCK_NONE to SQLITE_LOCK_EXCLUSIVE
};

VfsFile& of(sqlite3_file* file) { return *reinterpret_cast<VfsFile*>(file); }

int code_of(const Result<void>& result, int code) {
  if (result) return SQLITE_OK;
  const bool is_full = result.error().detail.find("No space left") != std::string::npos;
  return is_full ? SQLITE_FULL : code;
}

int close_file(sqlite3_file* file) {
  VfsFile& self = of(file);
  self.base.pMethods->xUnlock(file, SQLITE_LOCK_NONE);
  self.~VfsFile();
  return SQLITE_OK;
}

int read_file_at(sqlite3_file* file, void* out, int count, sqlite3_int64 offset) {
  const auto want = static_cast<std::size_t>(count);
  const Result<std::string> bytes = of(file).file->read(static_cast<std::uint64_t>(offset), want);
  if (!bytes) return SQLITE_IOERR_READ;
  std::memcpy(out, bytes->data(), bytes->size());
  if (bytes->size() == want) return SQLITE_OK;
  std::memset(static_cast<char*>(out) + bytes->size(), 0, want - bytes->size());
  return SQLITE_IOERR_SHORT_READ;
}

int write_file_at(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
  const std::string_view view(static_cast<const char*>(bytes), static_cast<std::size_t>(count));
  return code_of(of(file).file->write(static_cast<std::uint64_t>(offset), view),
                 SQLITE_IOERR_WRITE);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  return code_of(of(file).file->truncate(static_cast<std::uint64_t>(size)), SQLITE_IOERR_TRUNCATE);
}

int sync_file(sqlite3_file* file, int) {
  VfsFile& self = of(file);
  if (!self.file->sync()) return SQLITE_IOERR_FSYNC;
  if (!self.has_new_name) return SQLITE_OK;
  if (!self.files->sync_directory(store::folder_of(self.path))) return SQLITE_IOERR_DIR_FSYNC;
  self.has_new_name = false;
  return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  const Result<std::uint64_t> bytes = of(file).file->size();
  if (!bytes) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(*bytes);
  return SQLITE_OK;
}

int lock_file(sqlite3_file* file, int level) {
  VfsFile& self = of(file);
  Shared& shared = *self.shared;
  const std::lock_guard lock(shared.mutex);
  if (self.level >= level) return SQLITE_OK;
  if (self.level == SQLITE_LOCK_NONE) {
    if (shared.is_exclusive || shared.is_pending) return SQLITE_BUSY;
    ++shared.shared_count;
    self.level = SQLITE_LOCK_SHARED;
  }
  if (level >= SQLITE_LOCK_RESERVED && self.level < SQLITE_LOCK_RESERVED) {
    if (shared.is_reserved) return SQLITE_BUSY;
    shared.is_reserved = true;
    self.level = SQLITE_LOCK_RESERVED;
  }
  if (level == SQLITE_LOCK_EXCLUSIVE) {
    shared.is_pending = true;
    self.level = SQLITE_LOCK_PENDING;
    if (shared.shared_count > 1) return SQLITE_BUSY;
    shared.is_exclusive = true;
    self.level = SQLITE_LOCK_EXCLUSIVE;
  }
  return SQLITE_OK;
}

int unlock_file(sqlite3_file* file, int level) {
  VfsFile& self = of(file);
  Shared& shared = *self.shared;
  const std::lock_guard lock(shared.mutex);
  if (self.level <= level) return SQLITE_OK;
  if (self.level >= SQLITE_LOCK_PENDING) shared.is_pending = shared.is_exclusive = false;
  if (self.level >= SQLITE_LOCK_RESERVED) shared.is_reserved = false;
  if (level == SQLITE_LOCK_NONE) --shared.shared_count;
  self.level = level;
  return SQLITE_OK;
}

int check_reserved(sqlite3_file* file, int* is_reserved) {
  Shared& shared = *of(file).shared;
  const std::lock_guard lock(shared.mutex);
  *is_reserved = shared.is_reserved ? 1 : 0;
  return SQLITE_OK;
}

int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return kSectorBytes; }
int device_characteristics(sqlite3_file*) { return 0; }  // nothing is promised

int map_shared(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
  Shared& shared = *of(file).shared;
  const std::lock_guard lock(shared.mutex);
  const auto index = static_cast<std::size_t>(region);
  *out = nullptr;
  if (shared.regions.size() <= index && extend == 0) return SQLITE_OK;
  while (shared.regions.size() <= index) {
    shared.regions.push_back(std::make_unique<char[]>(static_cast<std::size_t>(size)));
  }
  *out = shared.regions[index].get();
  return SQLITE_OK;
}

int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  Shared& shared = *of(file).shared;
  const std::lock_guard lock(shared.mutex);
  const auto begin = shared.wal_locks.begin() + offset;
  const auto end = begin + count;
  const bool is_shared = (flags & SQLITE_SHM_SHARED) != 0;
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    std::for_each(begin, end, [is_shared](Shared::WalLock& lock_one) {
      if (is_shared) --lock_one.shared_count;
      if (!is_shared) lock_one.is_exclusive = false;
    });
    return SQLITE_OK;
  }
  const bool is_busy = std::any_of(begin, end, [is_shared](const Shared::WalLock& lock_one) {
    return lock_one.is_exclusive || (!is_shared && lock_one.shared_count > 0);
  });
  if (is_busy) return SQLITE_BUSY;
  std::for_each(begin, end, [is_shared](Shared::WalLock& lock_one) {
    if (is_shared) ++lock_one.shared_count;
    if (!is_shared) lock_one.is_exclusive = true;
  });
  return SQLITE_OK;
}

void shared_barrier(sqlite3_file*) { std::atomic_thread_fence(std::memory_order_seq_cst); }

int unmap_shared(sqlite3_file* file, int is_last) {
  Shared& shared = *of(file).shared;
  const std::lock_guard lock(shared.mutex);
  if (is_last != 0) shared.regions.clear();
  return SQLITE_OK;
}

constexpr sqlite3_io_methods kMethods = {2,
                                         close_file,
                                         read_file_at,
                                         write_file_at,
                                         truncate_file,
                                         sync_file,
                                         file_size,
                                         lock_file,
                                         unlock_file,
                                         check_reserved,
                                         file_control,
                                         sector_size,
                                         device_characteristics,
                                         map_shared,
                                         lock_shared,
                                         shared_barrier,
                                         unmap_shared,
                                         nullptr,
                                         nullptr};

std::string unique_name() {
  static std::atomic<int> count = 0;
  return "file-system-" + std::to_string(++count);
}

}  // namespace

struct FileSystemVfs::Impl {
  explicit Impl(store::FileSystem& port) : files(port), name(unique_name()) {}

  store::FileSystem& files;
  const std::string name;
  sqlite3_vfs vfs{};
  std::mutex mutex;
  std::map<std::string, Shared> shared;  // by path

  static Impl& of(sqlite3_vfs* vfs) { return *static_cast<Impl*>(vfs->pAppData); }

  int open(const char* path, sqlite3_file* out, int flags, int* out_flags) {
    out->pMethods = nullptr;
    const Result<std::optional<store::FileInfo>> info = files.info(path);
    if (!info) return SQLITE_CANTOPEN;
    const bool is_new = !*info;
    if (is_new && (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    auto file = files.open(path, is_new ? store::OpenMode::kNew : store::OpenMode::kWrite);
    if (!file) return SQLITE_CANTOPEN;
    const std::lock_guard lock(mutex);
    new (out) VfsFile{{&kMethods},   *std::move(file), &files,          path,
                      &shared[path], is_new,           SQLITE_LOCK_NONE};
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
  }

  int remove(const char* path, bool is_synced) {
    if (!files.remove(path)) return SQLITE_IOERR_DELETE;
    if (is_synced && !files.sync_directory(store::folder_of(path))) {
      return SQLITE_IOERR_DIR_FSYNC;
    }
    return SQLITE_OK;
  }

  void install() {
    vfs.iVersion = 1;
    vfs.szOsFile = sizeof(VfsFile);
    vfs.mxPathname = kPathBytesMax;
    vfs.zName = name.c_str();
    vfs.pAppData = this;
    vfs.xOpen = [](sqlite3_vfs* self, const char* path, sqlite3_file* out, int flags,
                   int* out_flags) { return of(self).open(path, out, flags, out_flags); };
    vfs.xDelete = [](sqlite3_vfs* self, const char* path, int is_synced) {
      return of(self).remove(path, is_synced != 0);
    };
    vfs.xAccess = [](sqlite3_vfs* self, const char* path, int, int* out) {
      const Result<std::optional<store::FileInfo>> info = of(self).files.info(path);
      // As the system's VFS: an empty journal is none.
      *out = info && *info && (*info)->size > 0 ? 1 : 0;
      return info ? SQLITE_OK : SQLITE_IOERR_ACCESS;
    };
    vfs.xFullPathname = [](sqlite3_vfs*, const char* path, int bytes, char* out) {
      sqlite3_snprintf(bytes, out, "%s", path);
      return SQLITE_OK;
    };
    vfs.xRandomness = [](sqlite3_vfs*, int bytes, char* out) {
      std::memset(out, 7, static_cast<std::size_t>(bytes));
      return bytes;
    };
    vfs.xSleep = [](sqlite3_vfs*, int microseconds) { return microseconds; };
    vfs.xCurrentTime = [](sqlite3_vfs*, double* out) {
      *out = 2461000.5;
      return SQLITE_OK;
    };
    vfs.xGetLastError = [](sqlite3_vfs*, int, char*) { return 0; };
    sqlite3_vfs_register(&vfs, 0);
  }
};

FileSystemVfs::FileSystemVfs(store::FileSystem& files) : impl_(std::make_unique<Impl>(files)) {
  impl_->install();
}

FileSystemVfs::~FileSystemVfs() { sqlite3_vfs_unregister(&impl_->vfs); }

const std::string& FileSystemVfs::name() const { return impl_->name; }

}  // namespace mandate::test
