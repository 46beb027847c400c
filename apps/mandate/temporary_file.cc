#include "apps/mandate/temporary_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "mandate/base/bytes.h"

namespace mandate::app {
namespace {

tl::unexpected<Error> could_not(const char* what, const std::string& why) {
  std::error_code error;
  const std::string folder = std::filesystem::temp_directory_path(error).string();
  return fail(Reason::kRecordUnavailable,
              std::string("cannot ") + what + " a temporary file in " + mandate::quoted(folder) +
                  ": " + why + "; name a folder with room in TMPDIR, or allow more with --memory");
}

}  // namespace

Result<std::unique_ptr<observe::Spill>> TemporaryFile::make() {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  if (error) return could_not("make", error.message());
  std::string path = (folder / "mandate-scan-XXXXXX").string();
  const int fd = ::mkostemp(path.data(), O_CLOEXEC);  // mode 0600
  if (fd < 0) return could_not("make", std::strerror(errno));
  std::unique_ptr<observe::Spill> made(new TemporaryFile(fd));
  if (::unlink(path.c_str()) != 0) return could_not("unlink", std::strerror(errno));
  return made;
}

TemporaryFile::~TemporaryFile() { ::close(fd_); }

Result<void> TemporaryFile::append(std::string_view bytes) {
  const std::uint64_t begin = bytes_;
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(bytes_));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      bytes_ = begin;
      return could_not("write", std::strerror(errno));
    }
    bytes_ += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> TemporaryFile::read(std::uint64_t offset, std::span<char> into) {
  while (!into.empty()) {
    const ssize_t bytes = ::pread(fd_, into.data(), into.size(), static_cast<off_t>(offset));
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes <= 0) return could_not("read", bytes < 0 ? std::strerror(errno) : "it is too short");
    offset += static_cast<std::uint64_t>(bytes);
    into = into.subspan(static_cast<std::size_t>(bytes));
  }
  return {};
}

}  // namespace mandate::app
