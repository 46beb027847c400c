#include "apps/mandate/tail.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "apps/mandate/input_files.h"
#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/json/value.h"

namespace mandate::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFilesMax = 100'000;
constexpr std::size_t kChunkBytes = 4 << 20;
constexpr std::size_t kHeadBytes = 256;
constexpr std::size_t kProblemsMax = 1000;
constexpr int kPollsUntilGone = 3;  // of a file without a name, after its last byte

// Names that rotation gives: "audit.log" becomes "audit.log.1", "audit.log-20260301.gz".
bool is_rotated_name(std::string_view name, std::string_view of) {
  return name.size() > of.size() + 1 && name.starts_with(of) &&
         (name[of.size()] == '.' || name[of.size()] == '-');
}

bool is_whole_object(std::string_view text) {
  constexpr json::Bounds kRecord{.bytes_max = limits::kDocumentBytesMax,
                                 .depth_max = limits::kJsonDepthMax,
                                 .values_max = limits::kDocumentValuesMax};
  const Result<json::Value> parsed = json::parse(text, kRecord);
  return parsed && parsed->is_object();
}

// From the file as it lies there, whatever name it has by now.
Result<std::string> bytes_at(int fd, std::uint64_t offset, std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t filled = 0;
  while (filled < count) {
    const ssize_t got =
        ::pread(fd, bytes.data() + filled, count - filled, static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Reason::kRecordUnavailable, std::strerror(errno));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace

// One file, by its number and not by its name.
struct Tail::Followed {
  // How its content comes.
  enum class Kind : std::uint8_t {
    kUnknown,
    kLines,  // a record a line
    kWhole,  // compressed, or a record over several lines: read when it has stopped growing
  };

  ~Followed() {
    if (fd > STDIN_FILENO) ::close(fd);
  }

  int fd = -1;
  std::string path;
  Kind kind = Kind::kUnknown;
  std::uint64_t offset = 0;  // of what is read
  std::uint64_t line = 1;    // there
  std::uint64_t size = 0;    // when it was looked at last
  std::string head;          // its first bytes, by which another content is known
  std::string rest;          // of standard input: what is no whole line yet
  int polls_gone = 0;
  bool has_name = true;
  bool is_over = false;
};

Tail::Tail(std::vector<std::string> paths) : paths_(std::move(paths)) {
  const auto input = std::find(paths_.begin(), paths_.end(), "-");
  if (input == paths_.end()) return;
  paths_.erase(input);
  input_ = std::make_unique<Followed>();
  input_->fd = STDIN_FILENO;
  input_->path = "-";
}

Tail::~Tail() = default;

bool Tail::is_over() const {
  return input_ != nullptr && input_->is_over && paths_.empty() && files_.empty();
}

std::vector<std::string> Tail::take_problems() { return std::exchange(problems_, {}); }

void Tail::problem(const std::string& text) {
  if (told_.size() < kProblemsMax && told_.insert(text).second) problems_.push_back(text);
}

void Tail::consider(const std::string& path) {
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return;
  const Identity identity{info.st_dev, info.st_ino};
  const auto known = files_.find(identity);
  if (known != files_.end()) {
    known->second->has_name = true;
    return;  // evidence keeps the name that it was read under
  }
  if (files_.size() >= kFilesMax) {
    return problem("more than " + std::to_string(kFilesMax) + " files; the rest is not followed");
  }
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return problem("cannot open " + mandate::quoted(path) + ": " + std::strerror(errno));
  auto file = std::make_unique<Followed>();
  file->fd = fd;
  file->path = path;
  files_.emplace(identity, std::move(file));
}

void Tail::look_for_files() {
  for (auto& [identity, file] : files_) file->has_name = false;
  for (const std::string& path : paths_) {
    std::error_code error;
    if (!has_looked_ && !fs::exists(path, error)) {
      problem(mandate::quoted(path) + " is not there yet; expected it to appear");
    }
    if (!has_looked_ && !fs::is_directory(path, error)) {
      const fs::path folder = fs::path(path).has_parent_path() ? fs::path(path).parent_path() : ".";
      const std::string name = fs::path(path).filename().string();
      for (fs::directory_iterator at(folder, error), end; !error && at != end;
           at.increment(error)) {
        if (is_rotated_name(at->path().filename().string(), name)) consider(at->path().string());
      }
    }
    for (const InputPath& found : expand({path})) consider(found.path);
  }
  has_looked_ = true;
}

void Tail::judge(const std::string& path, observe::Scan& scan) {
  for (const observe::FileReport& report : scan.take_files()) {
    if (report.error) problem(report.error->detail);
    const std::uint64_t lost =
        report.damage.skipped() + report.unrecognised.count + report.unusable.count;
    // Below folders stand other files, too.
    if (lost > 0 && !report.source.empty())
      problem(mandate::quoted(path) + ": some records could not be read");
  }
}

// Gives how many of the bytes were used.
std::size_t Tail::take_lines(Followed& file, observe::Scan& scan, std::string_view bytes,
                             bool to_the_end) {
  const std::size_t end = bytes.rfind('\n');
  std::size_t used = end == std::string_view::npos ? 0 : end + 1;
  const bool is_last_whole =
      to_the_end && used < bytes.size() && is_whole_object(bytes.substr(used));
  if (is_last_whole) used = bytes.size();
  if (used == 0) return 0;
  json::MemorySource source(bytes.substr(0, used));
  scan.read(file.path, source, {file.offset, file.line, true});
  judge(file.path, scan);
  file.offset += used;
  file.line += static_cast<std::uint64_t>(
      std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(used), '\n'));
  return used;
}

bool Tail::read_lines(Followed& file, observe::Scan& scan, bool is_quiet) {
  bool has_read = false;
  std::size_t wanted = kChunkBytes;
  while (true) {
    const Result<std::string> bytes = bytes_at(file.fd, file.offset, wanted);
    if (!bytes) {
      problem("cannot read " + mandate::quoted(file.path) + ": " + bytes.error().detail);
      return has_read;
    }
    const bool is_end = bytes->size() < wanted;
    const std::size_t used = take_lines(file, scan, *bytes, is_quiet && is_end);
    has_read = has_read || used > 0;
    if (is_end) return has_read;
    if (used == 0 && wanted >= limits::kDocumentBytesMax) {
      problem(mandate::quoted(file.path) + ": a line of more than " + std::to_string(wanted) +
              " bytes");
      file.offset += wanted;
    }
    wanted = used == 0 ? std::min<std::size_t>(2 * wanted, limits::kDocumentBytesMax) : kChunkBytes;
  }
}

bool Tail::read_whole(Followed& file, observe::Scan& scan) {
  // By its descriptor: the name may be another file's by now.
  Result<std::unique_ptr<InputFile>> input =
      InputFile::open("/proc/self/fd/" + std::to_string(file.fd));
  if (!input) {
    problem(input.error().detail);
    return false;
  }
  scan.read(file.path, **input);
  judge(file.path, scan);
  file.offset = file.size;
  return true;
}

// What kind it is shows in its first line.
bool Tail::read_more(Followed& file, observe::Scan& scan) {
  struct stat info = {};
  if (::fstat(file.fd, &info) != 0) return false;
  const auto size = static_cast<std::uint64_t>(info.st_size);
  const bool is_quiet = size == file.size;
  file.size = size;
  const Result<std::string> head = bytes_at(file.fd, 0, kHeadBytes);
  if (!head) return false;
  if (size < file.offset || !head->starts_with(file.head)) {
    file.offset = 0;
    file.line = 1;
    file.kind = Followed::Kind::kUnknown;
  }
  file.head = *head;
  if (size == file.offset) return false;
  if (file.kind == Followed::Kind::kUnknown) {
    const bool is_compressed = head->starts_with("\x1f\x8b");
    const Result<std::string> start = bytes_at(file.fd, 0, kChunkBytes);
    if (!start) return false;
    const std::size_t line = start->find('\n');
    // Without a line end, there may be more to come.
    if (!is_compressed && line == std::string::npos && !is_quiet) return false;
    // A record may stand behind a time stamp and a host.
    const std::string_view first = std::string_view(*start).substr(0, line);
    const bool is_record = is_whole_object(first.substr(std::min(first.size(), first.find('{'))));
    file.kind = !is_compressed && is_record ? Followed::Kind::kLines : Followed::Kind::kWhole;
  }
  if (file.kind == Followed::Kind::kLines) return read_lines(file, scan, is_quiet);
  return is_quiet && read_whole(file, scan);
}

bool Tail::read_standard_input(observe::Scan& scan) {
  bool has_read = false;
  while (!input_->is_over) {
    pollfd ready{STDIN_FILENO, POLLIN, 0};
    if (::poll(&ready, 1, 0) <= 0) break;
    const std::size_t before = input_->rest.size();
    input_->rest.resize(before + kChunkBytes);
    const ssize_t got = ::read(STDIN_FILENO, input_->rest.data() + before, kChunkBytes);
    input_->rest.resize(before + static_cast<std::size_t>(std::max<ssize_t>(0, got)));
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) break;
    input_->is_over = got <= 0;
    const std::size_t used = take_lines(*input_, scan, input_->rest, input_->is_over);
    input_->rest.erase(0, used);
    has_read = has_read || used > 0;
    if (input_->rest.size() <= limits::kDocumentBytesMax) continue;
    problem("standard input: a line of more than " + std::to_string(limits::kDocumentBytesMax) +
            " bytes");
    input_->rest.clear();
  }
  return has_read;
}

bool Tail::poll(observe::Scan& scan) {
  look_for_files();
  bool has_read = input_ != nullptr && read_standard_input(scan);
  for (auto at = files_.begin(); at != files_.end();) {
    Followed& file = *at->second;
    const bool has_more = read_more(file, scan);
    has_read = has_read || has_more;
    // Who writes may hold it open for a while after it was renamed.
    file.polls_gone = file.has_name || has_more ? 0 : file.polls_gone + 1;
    at = file.polls_gone >= kPollsUntilGone ? files_.erase(at) : std::next(at);
  }
  return has_read;
}

}  // namespace mandate::app
