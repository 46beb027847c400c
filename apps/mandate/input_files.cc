#include "apps/mandate/input_files.h"

#include <fcntl.h>
#include <iconv.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "mandate/base/bytes.h"

namespace mandate::app {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kStreamBytes = 128 << 10;

InputPath input_path(const fs::path& path, bool is_named) {
  std::error_code error;
  const std::uintmax_t bytes = fs::file_size(path, error);
  return {path.string(), is_named, error ? 0 : static_cast<std::uint64_t>(bytes)};
}

bool is_utf16(std::string_view begin) {
  return begin.starts_with("\xff\xfe") || begin.starts_with("\xfe\xff");
}

// UTF-16 with its byte order mark, as shells of Windows redirect what they print, in UTF-8.
class Utf16Decoder {
 public:
  Utf16Decoder() : iconv_(::iconv_open("UTF-8", "UTF-16")) {}
  ~Utf16Decoder() {
    if (is_open()) ::iconv_close(iconv_);
  }
  Utf16Decoder(const Utf16Decoder&) = delete;
  Utf16Decoder& operator=(const Utf16Decoder&) = delete;

  bool is_open() const { return reinterpret_cast<std::intptr_t>(iconv_) != -1; }

  // What `bytes`, and those kept from before, say; the end of a character may be in the next.
  std::string decode(std::string_view bytes, bool is_last) {
    rest_ += bytes;
    std::string text(2 * rest_.size() + 4, '\0');
    char* from = rest_.data();
    std::size_t left = rest_.size();
    char* to = text.data();
    std::size_t room = text.size();
    while (left > 0 && ::iconv(iconv_, &from, &left, &to, &room) == static_cast<std::size_t>(-1)) {
      if (errno == EINVAL && !is_last) break;
      const std::size_t wrong = std::min<std::size_t>(left, 2);  // half a pair, or half a unit
      from += wrong;
      left -= wrong;
      *to++ = '?';
      --room;
    }
    text.resize(text.size() - room);
    rest_.erase(0, rest_.size() - left);
    return text;
  }

 private:
  iconv_t iconv_;
  std::string rest_;
};

}  // namespace

struct InputFile::Stream {
  gzFile file = nullptr;
  std::string begin;  // looked at, to be read yet
  bool has_looked = false;
  std::unique_ptr<Utf16Decoder> utf16;
  std::string text;  // decoded, to be read yet
};

std::vector<InputPath> expand(const std::vector<std::string>& paths) {
  std::vector<InputPath> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (path == "-" || !fs::is_directory(path, error)) {
      files.push_back(input_path(path, true));
      continue;
    }
    const std::size_t first = files.size();
    for (fs::recursive_directory_iterator
             at(path, fs::directory_options::skip_permission_denied, error),
         end;
         !error && at != end; at.increment(error)) {
      std::error_code ignored;
      if (at->is_regular_file(ignored)) files.push_back(input_path(at->path(), false));
    }
    std::sort(files.begin() + static_cast<std::ptrdiff_t>(first), files.end(),
              [](const InputPath& a, const InputPath& b) { return a.path < b.path; });
  }
  return files;
}

InputFile::InputFile(std::string path, std::unique_ptr<Stream> stream)
    : path_(std::move(path)), stream_(std::move(stream)) {}

InputFile::~InputFile() {
  if (stream_->file != nullptr) gzclose_r(stream_->file);
}

Result<std::unique_ptr<InputFile>> InputFile::open(const std::string& path) {
  const int fd = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return fail(Reason::kRecordUnavailable,
                "cannot open " + mandate::quoted(path) + ": " + std::strerror(errno));
  }
  auto stream = std::make_unique<Stream>();
  stream->file = gzdopen(fd, "rb");
  if (stream->file == nullptr) {
    ::close(fd);
    return fail(Reason::kRecordUnavailable, "no memory to read " + mandate::quoted(path));
  }
  gzbuffer(stream->file, kStreamBytes);
  return std::unique_ptr<InputFile>(new InputFile(path, std::move(stream)));
}

Result<std::size_t> InputFile::read_gzip(std::span<char> into) {
  const std::size_t wanted = std::min<std::size_t>(into.size(), INT_MAX);
  const int bytes = gzread(stream_->file, into.data(), static_cast<unsigned>(wanted));
  if (bytes > 0) return static_cast<std::size_t>(bytes);
  int code = Z_OK;
  const char* message = gzerror(stream_->file, &code);
  if (code == Z_OK || code == Z_STREAM_END) return 0;
  const std::string why = code == Z_ERRNO       ? std::strerror(errno)
                          : code == Z_BUF_ERROR ? "the compressed data is cut short"
                                                : message;
  return fail(Reason::kRecordUnavailable, "cannot read " + mandate::quoted(path_) + ": " + why);
}

// The first two bytes tell how the text is written.
Result<void> InputFile::look() {
  stream_->has_looked = true;
  std::array<char, 2> begin{};
  while (stream_->begin.size() < begin.size()) {
    const Result<std::size_t> bytes =
        read_gzip(std::span(begin).first(begin.size() - stream_->begin.size()));
    if (!bytes) return fail(bytes.error());
    if (*bytes == 0) break;
    stream_->begin.append(begin.data(), *bytes);
  }
  if (!is_utf16(stream_->begin)) return {};
  stream_->utf16 = std::make_unique<Utf16Decoder>();
  if (stream_->utf16->is_open()) return {};
  return fail(Reason::kRecordUnavailable,
              mandate::quoted(path_) + " is UTF-16, which this system cannot convert; expected " +
                  "UTF-8: iconv -f UTF-16 -t UTF-8");
}

Result<std::size_t> InputFile::read_utf16(std::span<char> into) {
  std::string& text = stream_->text;
  bool is_over = false;
  while (text.empty() && !is_over) {
    std::string bytes(kStreamBytes, '\0');
    Result<std::size_t> got = read_gzip(bytes);
    if (!got) return got;
    is_over = *got == 0;
    bytes.resize(*got);
    text = stream_->utf16->decode(std::exchange(stream_->begin, {}) + bytes, is_over);
  }
  const std::size_t bytes = text.copy(into.data(), into.size());
  text.erase(0, bytes);
  return bytes;
}

Result<std::size_t> InputFile::read_stream(std::span<char> into) {
  if (!stream_->has_looked) {
    if (Result<void> looked = look(); !looked) return fail(looked.error());
  }
  if (stream_->utf16 != nullptr) return read_utf16(into);
  if (stream_->begin.empty()) return read_gzip(into);
  const std::size_t bytes = stream_->begin.copy(into.data(), into.size());
  stream_->begin.erase(0, bytes);
  return bytes;
}

Result<std::string_view> InputFile::head(std::size_t bytes_max) {
  head_.resize(bytes_max);
  std::size_t filled = 0;
  while (filled < bytes_max) {
    const Result<std::size_t> bytes = read_stream({head_.data() + filled, bytes_max - filled});
    if (!bytes) return fail(bytes.error());
    if (*bytes == 0) break;
    filled += *bytes;
  }
  head_.resize(filled);
  return std::string_view(head_);
}

Result<std::size_t> InputFile::read(std::span<char> into) {
  if (head_read_ == head_.size()) return read_stream(into);
  const std::size_t bytes = std::min(into.size(), head_.size() - head_read_);
  std::memcpy(into.data(), head_.data() + head_read_, bytes);
  head_read_ += bytes;
  return bytes;
}

WholeFile::WholeFile(std::string path, int fd, std::uint64_t size)
    : path_(std::move(path)), fd_(fd), size_(size) {}

WholeFile::~WholeFile() { ::close(fd_); }

std::unique_ptr<WholeFile> WholeFile::open(const std::string& path) {
  constexpr std::string_view kGzip = "\x1f\x8b";
  const int fd = path == "-" ? -1 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return nullptr;
  struct stat status {};
  const bool is_regular = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  std::unique_ptr<WholeFile> file(
      new WholeFile(path, fd, is_regular ? static_cast<std::uint64_t>(status.st_size) : 0));
  std::array<char, 2> begin{};
  const Result<std::size_t> bytes = is_regular ? file->read(0, begin) : 0;
  const std::string_view first(begin.data(), begin.size());
  const bool is_plain = bytes && *bytes == first.size() && first != kGzip && !is_utf16(first);
  return is_plain ? std::move(file) : nullptr;
}

Result<std::size_t> WholeFile::read(std::uint64_t offset, std::span<char> into) const {
  std::size_t filled = 0;
  while (filled < into.size()) {
    const ssize_t bytes = ::pread(fd_, into.data() + filled, into.size() - filled,
                                  static_cast<off_t>(offset + filled));
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) {
      return fail(Reason::kRecordUnavailable,
                  "cannot read " + mandate::quoted(path_) + ": " + std::strerror(errno));
    }
    if (bytes == 0) break;
    filled += static_cast<std::size_t>(bytes);
  }
  return filled;
}

Result<std::size_t> FilePiece::read(std::span<char> into) {
  const std::uint64_t left = end_ - at_;
  Result<std::size_t> bytes = file_.read(
      at_, into.first(static_cast<std::size_t>(std::min<std::uint64_t>(left, into.size()))));
  if (bytes) at_ += *bytes;
  return bytes;
}

}  // namespace mandate::app
