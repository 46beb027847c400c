#include "mandate/store/data_directory.h"

namespace mandate::store {
namespace {

constexpr std::uint64_t kPlaceBytesMax = 256;
constexpr unsigned kWritableByOthers = 022;

// Whoever can write into the folder can put keys, a record and a checkpoint there.
Result<void> check_mode(FileSystem& files, const std::string& path) {
  Result<std::optional<FileInfo>> info = files.info(path);
  if (!info) return fail(info.error());
  if (!*info || ((*info)->mode & kWritableByOthers) == 0) return {};
  return fail(Reason::kBadRequest, "\"" + path +
                                       "\" can be written by group or others; expected its owner "
                                       "alone: chmod go-w, after a look at what is in it");
}

// What tells this folder from a copy of it.
Result<std::string> place_of(FileSystem& files, const DataDirectory& data) {
  Result<std::optional<FileInfo>> info = files.info(data.record_path());
  if (!info) return fail(info.error());
  return "record.db " + std::to_string(*info ? (*info)->number : 0) + "\n";
}

}  // namespace

Result<DataDirectory> DataDirectory::open(FileSystem& files, std::string path,
                                          std::string_view holder) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (auto ok = make_directories(files, path); !ok) return fail(ok.error());
  if (auto ok = check_mode(files, path); !ok) return fail(ok.error());
  Result<std::unique_ptr<FileLock>> lock = files.lock(path + "/lock", holder);
  if (!lock) {
    if (lock.error().place != Place::kConflict) return fail(lock.error());
    return fail(Reason::kBadRequest, Place::kConflict,
                "another server uses \"" + path + "\": " + lock.error().detail +
                    "; stop that one first, or give another --data");
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

Result<void> check_place(FileSystem& files, const DataDirectory& data) {
  Result<std::string> here = place_of(files, data);
  if (!here) return fail(here.error());
  Result<std::optional<FileInfo>> info = files.info(data.place_path());
  if (!info) return fail(info.error());
  std::string known;
  if (*info) {
    Result<std::string> text = read_file(files, data.place_path(), kPlaceBytesMax);
    if (!text) return fail(text.error());
    known = *std::move(text);
  }
  if (known == *here) return {};
  return fail(Reason::kBadRequest, Place::kConflict,
              "\"" + data.path() +
                  "\" was copied here or restored from a backup, which may have forgotten "
                  "revocations; the server stays closed until `mandate restore --data DIR "
                  "--checkpoint FILE` is given the newest checkpoint of the record that is known");
}

Result<void> mark_place(FileSystem& files, const DataDirectory& data) {
  return place_of(files, data).and_then([&](const std::string& here) {
    return replace_file(files, data.place_path(), here);
  });
}

}  // namespace mandate::store
