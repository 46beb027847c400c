#include "apps/mandate/scan_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <limits>
#include <mutex>
#include <thread>

#include "apps/mandate/file_pieces.h"
#include "apps/mandate/output.h"
#include "apps/mandate/temporary_file.h"
#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/observe/inventory/inventory.h"
#include "mandate/observe/scan.h"

namespace mandate::app {
namespace {

using observe::FileReport;

constexpr std::size_t kHeadBytes = 64 << 10;
constexpr auto kProgressAfter = std::chrono::seconds(1);
constexpr auto kProgressEvery = std::chrono::milliseconds(500);

class Readers {
 public:
  Readers(const std::vector<InputPath>& paths, const ReadOptions& options)
      : paths_(paths), options_(options), is_read_(paths.size()) {
    for (const InputPath& path : paths_) bytes_ += path.bytes;
  }

  Result<observe::Part> read() {
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    threads_ = options_.threads == 0 ? cores : options_.threads;
    bounds_ = {options_.memory_bytes / (threads_ + 1), &TemporaryFile::make};
    part_.summary = observe::Summary(bounds_);
    std::thread reading([this] {
      if (threads_ > 1) read_large_files();
      read_side_by_side();
      const std::lock_guard lock(mutex_);
      is_done_ = true;
      changed_.notify_all();
    });
    show_progress();
    reading.join();
    if (Result<void> settled = part_.summary.settle(); !settled) return fail(settled.error());
    return std::move(part_);
  }

 private:
  template <class Work>
  void in_threads(std::size_t count, const Work& work) {
    std::vector<std::thread> workers;
    for (std::size_t i = 1; i < count; ++i) workers.emplace_back(work);
    work();
    for (std::thread& worker : workers) worker.join();
  }

  // Whole files, one to a thread.
  void read_side_by_side() {
    std::atomic<std::size_t> next = 0;
    in_threads(std::min(threads_, paths_.size()), [&] {
      observe::Scan scan(bounds_);
      for (std::size_t at = next++; at < paths_.size(); at = next++) {
        if (is_read_[at] != 0) continue;
        read_file(paths_[at], scan);
        done_ += paths_[at].bytes;
      }
      const std::lock_guard lock(mutex_);
      part_.summary.merge(std::move(scan.summary()));
    });
  }

  // One file after the other, its pieces by all threads.
  void read_large_files() {
    for (std::size_t at = 0; at < paths_.size(); ++at) {
      const InputPath& path = paths_[at];
      if (path.bytes < 2 * kPieceBytes) continue;
      const std::unique_ptr<WholeFile> file = WholeFile::open(path.path);
      if (file == nullptr || is_inventory(*file)) continue;
      const std::vector<FileCut> cuts = cut_file(*file);
      if (!cuts.empty()) is_read_[at] = read_pieces(path, *file, cuts) ? 1 : 0;
    }
  }

  static bool is_inventory(const WholeFile& file) {
    std::string head(kHeadBytes, '\0');
    const Result<std::size_t> bytes = file.read(0, head);
    return bytes && observe::Inventories::recognises(std::string_view(head).substr(0, *bytes));
  }

  // False, and nothing is kept of it, where a cut turns out not to lie between two records.
  bool read_pieces(const InputPath& path, const WholeFile& file, const std::vector<FileCut>& cuts) {
    std::vector<FileReport> reports(cuts.size());
    std::vector<observe::Summary> summaries;
    std::atomic<std::size_t> next = 0;
    std::atomic<bool> is_good = true;
    const std::uint64_t done = done_;
    in_threads(std::min(threads_, cuts.size()), [&] {
      observe::Scan scan(bounds_);
      for (std::size_t at = next++; at < cuts.size() && is_good; at = next++) {
        const std::uint64_t begin = cuts[at].piece.offset;
        FilePiece source(file, begin, cuts[at].end);
        if (!scan.read_piece(path.path, source, cuts[at].piece)) is_good = false;
        reports[at] = scan.files().back();
        done_ += reports[at].bytes - begin;
      }
      const std::lock_guard lock(mutex_);
      summaries.push_back(std::move(scan.summary()));
    });
    done_ = done + (is_good ? path.bytes : 0);
    if (!is_good) return false;
    std::vector<std::uint64_t> lines(1, 0);  // before each piece
    for (const FileReport& report : reports) lines.push_back(lines.back() + report.lines);
    for (observe::Summary& summary : summaries) {
      summary.move_lines([&](std::uint64_t offset) {
        const auto behind = std::upper_bound(
            cuts.begin(), cuts.end(), offset,
            [](std::uint64_t of, const FileCut& cut) { return of < cut.piece.offset; });
        return lines[static_cast<std::size_t>(behind - cuts.begin()) - 1];
      });
      part_.summary.merge(std::move(summary));
    }
    for (std::size_t i = 1; i < reports.size(); ++i) reports[0].append(reports[i]);
    judge(path, reports[0]);
    return true;
  }

  void read_file(const InputPath& path, observe::Scan& scan) {
    Result<std::unique_ptr<InputFile>> file = InputFile::open(path.path);
    if (!file) return problem(file.error().detail);
    const Result<std::string_view> head = (*file)->head(kHeadBytes);
    if (!head) return problem(head.error().detail);
    if (observe::Inventories::recognises(*head)) return read_inventory(path, **file);
    // What is not compressed needs no copy between.
    if (const std::unique_ptr<WholeFile> whole = WholeFile::open(path.path)) {
      FilePiece all(*whole, 0, std::numeric_limits<std::uint64_t>::max());  // to its end
      scan.read(path.path, all);
    } else {
      scan.read(path.path, **file);
    }
    judge(path, scan.files().back());
  }

  void read_inventory(const InputPath& path, InputFile& file) {
    std::string text;
    while (text.size() <= limits::kDocumentBytesMax) {
      const std::size_t size = text.size();
      text.resize(size + (1 << 20));
      const Result<std::size_t> bytes = file.read({text.data() + size, text.size() - size});
      text.resize(size + bytes.value_or(0));
      if (!bytes) problem(bytes.error().detail);
      if (!bytes || *bytes == 0) break;
    }
    if (text.size() > limits::kDocumentBytesMax) {
      return problem(mandate::quoted(path.path) + " is an inventory of more than " +
                     std::to_string(limits::kDocumentBytesMax) + " bytes");
    }
    const std::lock_guard lock(mutex_);
    part_.inventories.insert({path.path, std::move(text)});
  }

  // What the summary says of a log that did not read whole.
  void judge(const InputPath& path, const FileReport& report) {
    const bool is_foreign = report.source.empty() && report.bytes > 0;
    if (report.error) return problem(report.error->detail);
    if (is_foreign && !path.is_named) {
      const std::lock_guard lock(mutex_);
      part_.foreign.insert(path.path);
      return;
    }
    if (is_foreign)
      problem(mandate::quoted(path.path) + ": neither a log nor an inventory that is known");
    if (report.source.empty()) return;
    {
      const std::lock_guard lock(mutex_);
      part_.logs[path.path] = report.source;
    }
    for (std::size_t i = 0; i < json::Damage::kKinds; ++i) {
      const auto kind = static_cast<json::Damage::Kind>(i);
      tell(path, name(kind), report.damage.of(kind));
    }
    tell(path, "of no known source", report.unrecognised);
    tell(path, "with no sound time or operation", report.unusable);
    if (report.untimed.count == 0) return;
    const std::lock_guard lock(mutex_);
    part_.remarks.insert(mandate::quoted(path.path) + ": " + std::to_string(report.untimed.count) +
                         " without a time, and so without a place in what goes by time");
  }

  void tell(const InputPath& path, std::string_view what, const json::Damage::Row& row) {
    if (row.count == 0) return;
    problem(mandate::quoted(path.path) + ": " + std::to_string(row.count) + " skipped, " +
            std::string(what) + ", the first at byte " + std::to_string(row.first_offset));
  }

  void problem(std::string text) {
    const std::lock_guard lock(mutex_);
    part_.problems.insert(std::move(text));
  }

  void show_progress() {
    const bool is_terminal = ::isatty(STDERR_FILENO) == 1;
    std::unique_lock lock(mutex_);
    bool has_shown = false;
    auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(kProgressAfter);
    for (; !changed_.wait_for(lock, wait, [this] { return is_done_; }); wait = kProgressEvery) {
      if (!is_terminal) continue;
      has_shown = true;
      std::fprintf(stderr, "\rmandate: read %llu of %llu MB",
                   static_cast<unsigned long long>(done_ / 1'000'000),
                   static_cast<unsigned long long>(bytes_ / 1'000'000));
    }
    if (has_shown) std::fputs("\r\x1b[K", stderr);
  }

  const std::vector<InputPath>& paths_;
  ReadOptions options_;
  observe::EventBounds bounds_;  // of each thread
  std::uint64_t bytes_ = 0;
  std::size_t threads_ = 1;
  std::vector<char> is_read_;  // by path; one byte each, so that threads write side by side
  std::atomic<std::uint64_t> done_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_done_ = false;
  observe::Part part_;
};

Result<void> write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return fail(Reason::kRecordUnavailable,
                  "cannot write " + mandate::quoted(path) + ": " + std::strerror(errno));
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Result<observe::Part> read_logs(const std::vector<InputPath>& paths, const ReadOptions& options) {
  return Readers(paths, options).read();
}

Result<observe::Part> read_partials(const std::vector<std::string>& paths,
                                    const ReadOptions& options) {
  const observe::EventBounds bounds{options.memory_bytes, &TemporaryFile::make};
  observe::Part whole;
  for (const std::string& path : paths) {
    Result<std::unique_ptr<InputFile>> file = InputFile::open(path);
    if (!file) return fail(file.error());
    Result<observe::Part> part = observe::read_partial(**file, bounds);
    if (!part) {
      Error error = part.error();
      if (error.reason != Reason::kRecordUnavailable) {
        error.detail = mandate::quoted(path) + ": " + error.detail;
      }
      return fail(std::move(error));
    }
    whole.merge(*std::move(part));
  }
  if (Result<void> settled = whole.summary.settle(); !settled) return fail(settled.error());
  return whole;
}

Result<void> write_partial_to(const std::string& path, const observe::Part& part) {
  if (path.empty() || path == "-") {
    return observe::write_partial(part, [](std::string_view bytes) -> Result<void> {
      return write_all(STDOUT_FILENO, bytes, "standard output");
    });
  }
  // Its name is given when it is whole: a part that was killed leaves none that looks like one.
  const std::string unfinished = path + ".unfinished";
  const int fd = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) {
    return fail(Reason::kRecordUnavailable,
                "cannot write " + mandate::quoted(unfinished) + ": " + std::strerror(errno));
  }
  Result<void> written = observe::write_partial(
      part, [&](std::string_view bytes) { return write_all(fd, bytes, unfinished); });
  const bool is_closed = ::close(fd) == 0;
  if (written && (!is_closed || ::rename(unfinished.c_str(), path.c_str()) != 0)) {
    written = fail(Reason::kRecordUnavailable,
                   "cannot write " + mandate::quoted(path) + ": " + std::strerror(errno));
  }
  if (!written) ::unlink(unfinished.c_str());
  return written;
}

}  // namespace mandate::app
