#include "mandate/store/data_directory.h"

namespace mandate::store {

Result<DataDirectory> DataDirectory::open(FileSystem& files, std::string path,
                                          std::string_view holder) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (auto ok = make_directories(files, path); !ok) return fail(ok.error());
  Result<std::unique_ptr<FileLock>> lock = files.lock(path + "/lock", holder);
  if (!lock) {
    if (lock.error().place != Place::kConflict) return fail(lock.error());
    return fail(Reason::kBadRequest, Place::kConflict,
                "another server uses \"" + path + "\": " + lock.error().detail);
  }
  for (const char* name : {"/keys", "/journal", "/snapshots", "/log"}) {
    if (auto ok = files.make_directory(path + name); !ok) return fail(ok.error());
  }
  // The names last before anything in them is relied on.
  auto synced =
      files.sync_directory(path).and_then([&] { return files.sync_directory(folder_of(path)); });
  if (!synced) return fail(synced.error());
  return DataDirectory(std::move(path), *std::move(lock));
}

}  // namespace mandate::store
