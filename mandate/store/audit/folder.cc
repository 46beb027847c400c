#include "mandate/store/audit/folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace mandate::store::audit {
namespace {

tl::unexpected<Error> cannot(const char* what, const std::filesystem::path& path,
                             const std::string& why) {
  return fail(Reason::kRecordUnavailable,
              "cannot " + std::string(what) + " \"" + path.string() + "\": " + why);
}

}  // namespace

Result<std::optional<std::string>> PosixFolder::read(const std::string& path,
                                                     std::uint64_t bytes_max) const {
  const std::filesystem::path file = std::filesystem::path(root_) / path;
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status)) return std::nullopt;
  // A FIFO or a device in a folder that somebody else gave would never end.
  if (!std::filesystem::is_regular_file(status)) return cannot("read", file, "it is no file");
  std::ifstream in(file, std::ios::binary);
  if (!in) return cannot("read", file, "it does not open");
  std::string bytes(
      static_cast<std::size_t>(
          std::min<std::uint64_t>(bytes_max, std::filesystem::file_size(file, error)) + 1),
      '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (in.bad()) return cannot("read", file, "reading failed");
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  if (bytes.size() <= bytes_max) return bytes;
  return fail(Reason::kLimitExceeded, "file \"" + file.string() +
                                          "\" is too large; expected at most " +
                                          std::to_string(bytes_max) + " bytes");
}

Result<std::vector<std::string>> PosixFolder::list(const std::string& path) const {
  const std::filesystem::path folder = std::filesystem::path(root_) / path;
  std::vector<std::string> names;
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) return names;
  std::filesystem::directory_iterator at(folder, error);
  while (!error && at != std::filesystem::directory_iterator()) {
    names.push_back(at->path().filename().string());
    at.increment(error);
  }
  if (error) return cannot("list", folder, error.message());
  std::ranges::sort(names);
  return names;
}

}  // namespace mandate::store::audit
