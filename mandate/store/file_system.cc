#include "mandate/store/file_system.h"

namespace mandate::store {

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<std::string> read_file(FileSystem& files, const std::string& path, std::uint64_t bytes_max) {
  Result<std::unique_ptr<File>> file = files.open(path, OpenMode::kRead);
  if (!file) return fail(file.error());
  Result<std::string> bytes = (*file)->read(0, static_cast<std::size_t>(bytes_max) + 1);
  if (!bytes || bytes->size() <= bytes_max) return bytes;
  return fail(Reason::kLimitExceeded, "file \"" + path + "\" is too large; expected at most " +
                                          std::to_string(bytes_max) + " bytes");
}

Result<void> replace_file(FileSystem& files, const std::string& path, std::string_view bytes) {
  return replace_file(files, path, {bytes});
}

Result<void> replace_file(FileSystem& files, const std::string& path,
                          std::initializer_list<std::string_view> parts) {
  const std::string next = path + ".new";
  Result<std::unique_ptr<File>> file = files.open(next, OpenMode::kReplace);
  if (!file) return fail(file.error());
  std::uint64_t offset = 0;
  for (std::string_view part : parts) {
    if (auto ok = (*file)->write(offset, part); !ok) return ok;
    offset += part.size();
  }
  // The bytes first: a name that lasts must never lead to bytes that do not.
  return (*file)->sync().and_then([&] { return files.rename(next, path); }).and_then([&] {
    return files.sync_directory(folder_of(path));
  });
}

Result<void> make_directories(FileSystem& files, const std::string& path) {
  Result<std::optional<FileInfo>> info = files.info(path);
  if (!info) return fail(info.error());
  if (*info && (*info)->is_directory) return {};
  const std::string parent = folder_of(path);
  if (parent != path) {
    if (auto ok = make_directories(files, parent); !ok) return ok;
  }
  return files.make_directory(path);
}

}  // namespace mandate::store
