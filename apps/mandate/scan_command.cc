// `mandate scan`: files in, findings or chains out. The exit code says whether anything was found,
// and before that whether anything could not be read.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "apps/mandate/commands.h"
#include "apps/mandate/input_files.h"
#include "apps/mandate/proposal.h"
#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/base/system_clock.h"
#include "mandate/json/line.h"
#include "mandate/observe/chains.h"
#include "mandate/observe/inventory/inventory.h"
#include "mandate/observe/rules.h"
#include "mandate/observe/scan.h"
#include "mandate/report/remedy.h"
#include "mandate/report/rules_view.h"
#include "mandate/report/scan_view.h"

namespace mandate::app {
namespace {

using observe::FileReport;
using observe::Finding;

constexpr std::size_t kHeadBytes = 64 << 10;
constexpr auto kProgressEvery = std::chrono::milliseconds(500);

// What was read, by all workers together.
struct Input {
  observe::Scan scan;
  observe::Inventories inventories;
  std::uint64_t inventory_files = 0;
  std::set<std::string> problems;   // of what could not be read, for people
  std::set<std::string> remarks;    // of what was read, and how
  std::uint64_t foreign_files = 0;  // below folders, and neither log nor inventory
};

class Readers {
 public:
  explicit Readers(std::vector<InputPath> paths) : paths_(std::move(paths)) {
    for (const InputPath& path : paths_) bytes_ += path.bytes;
  }

  Input read() {
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    const std::size_t count = std::min(cores, std::max<std::size_t>(1, paths_.size()));
    std::vector<std::thread> workers;
    for (std::size_t i = 0; i < count; ++i) workers.emplace_back([this] { work(); });
    show_progress(count);
    for (std::thread& worker : workers) worker.join();
    return std::move(input_);
  }

 private:
  void work() {
    observe::Scan scan;
    for (std::size_t at = next_++; at < paths_.size(); at = next_++) {
      read_file(paths_[at], scan);
      done_ += paths_[at].bytes;
    }
    const std::lock_guard lock(mutex_);
    input_.scan.merge(std::move(scan));
    ++finished_;
    changed_.notify_all();
  }

  void read_file(const InputPath& path, observe::Scan& scan) {
    Result<std::unique_ptr<InputFile>> file = InputFile::open(path.path);
    if (!file) return problem(file.error().detail);
    const Result<std::string_view> head = (*file)->head(kHeadBytes);
    if (!head) return problem(head.error().detail);
    if (observe::Inventories::recognises(*head)) return read_inventory(path, **file);
    scan.read(path.path, **file);
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
    input_.inventories.add(path.path, text);
    ++input_.inventory_files;
  }

  // What the summary says of a log that did not read whole.
  void judge(const InputPath& path, const FileReport& report) {
    const bool is_foreign = report.source.empty() && report.bytes > 0;
    if (report.error) return problem(report.error->detail);
    if (is_foreign && !path.is_named) {
      const std::lock_guard lock(mutex_);
      ++input_.foreign_files;
      return;
    }
    if (is_foreign)
      problem(mandate::quoted(path.path) + ": neither a log nor an inventory that is known");
    if (report.source.empty()) return;
    for (std::size_t i = 0; i < json::Damage::kKinds; ++i) {
      const auto kind = static_cast<json::Damage::Kind>(i);
      tell(path, name(kind), report.damage.of(kind));
    }
    tell(path, "of no known source", report.unrecognised);
    tell(path, "with no sound time or operation", report.unusable);
    if (report.untimed.count == 0) return;
    remark(mandate::quoted(path.path) + ": " + std::to_string(report.untimed.count) +
           " without a time, and so without a place in what goes by time");
  }

  void tell(const InputPath& path, std::string_view what, const json::Damage::Row& row) {
    if (row.count == 0) return;
    problem(mandate::quoted(path.path) + ": " + std::to_string(row.count) + " skipped, " +
            std::string(what) + ", the first at byte " + std::to_string(row.first_offset));
  }

  void remark(std::string text) {
    const std::lock_guard lock(mutex_);
    input_.remarks.insert(std::move(text));
  }

  void problem(std::string text) {
    const std::lock_guard lock(mutex_);
    input_.problems.insert(std::move(text));
  }

  void show_progress(std::size_t workers) {
    const bool is_terminal = ::isatty(STDERR_FILENO) == 1;
    std::unique_lock lock(mutex_);
    bool has_shown = false;
    while (!changed_.wait_for(lock, kProgressEvery, [&] { return finished_ == workers; })) {
      if (!is_terminal) continue;
      has_shown = true;
      std::fprintf(stderr, "\rmandate: read %llu of %llu MB",
                   static_cast<unsigned long long>(done_ / 1'000'000),
                   static_cast<unsigned long long>(bytes_ / 1'000'000));
    }
    if (has_shown) std::fputs("\r\x1b[K", stderr);
  }

  std::vector<InputPath> paths_;
  std::uint64_t bytes_ = 0;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<std::uint64_t> done_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t finished_ = 0;
  Input input_;
};

template <class Rows>
void print_rows(const Rows& rows, Format format) {
  json::Array all;
  std::string lines;
  for (const auto& row : rows) {
    if (format == Format::kNdjson) {
      lines += json::to_line(observe::to_json(row)) + "\n";
    } else {
      all.push_back(observe::to_json(row));
    }
  }
  print(format == Format::kNdjson ? lines : json::to_line(std::move(all)) + "\n");
}

void print_chains(const observe::Summary& summary, Format format) {
  const std::vector<observe::Chain> chains = observe::chains_of(summary);
  if (format != Format::kText) return print_rows(chains, format);
  for (const observe::Chain& chain : chains) {
    const std::string key = chain.issue.issuer_credential;
    print(printable(chain.issue.issuer + (key.empty() ? "" : " (" + key + ")") + " -> " +
                    chain.issue.for_whom + " (" + chain.issued_key + "), used " +
                    std::to_string(chain.uses) + " times" +
                    (chain.is_ambiguous ? ", one of several that issued it" : "")) +
          "\n");
  }
  for (const std::string& session : observe::issued_outside(summary)) {
    print(printable("issued outside what was read -> " + session) + "\n");
  }
}

struct Found {
  std::vector<Finding> findings;
  observe::InventoryReport inventory;
};

Found find(Input& input) {
  Found found{observe::find_borrowed_trust(input.scan.summary()),
              std::move(input.inventories).finish()};
  for (const observe::InventorySkipped& skipped : found.inventory.skipped) {
    input.problems.insert(mandate::quoted(skipped.where.file) + ": " + skipped.reason +
                          ", at byte " + std::to_string(skipped.where.offset));
  }
  std::vector<Finding>& findings = found.findings;
  std::move(found.inventory.findings.begin(), found.inventory.findings.end(),
            std::back_inserter(findings));
  observe::group_into_incidents(findings);
  observe::sort_findings(findings);
  const report::Remedies remedies(input.scan.summary());
  for (Finding& finding : findings) {
    if (const auto remedy = remedies.of(finding)) finding.remedy = remedy->document.to_json();
  }
  return found;
}

// In each form that the whole scan has.
void print_findings(const Found& found, Input& input, Format format) {
  report::ScanInput read;
  const observe::Summary& summary = input.scan.summary();
  read.events = summary.events();
  read.repeats = summary.repeats();
  for (const FileReport& file : input.scan.files()) read.files += file.source.empty() ? 0 : 1;
  read.inventories = input.inventory_files;
  read.foreign_files = input.foreign_files;
  read.problems.assign(input.problems.begin(), input.problems.end());
  const SystemClock clock;
  const report::ScanView view{found.findings, summary,     found.inventory,
                              read,           clock.now(), MANDATE_VERSION};
  switch (format) {
    case Format::kNdjson: return print_rows(found.findings, format);
    case Format::kJson: return print(json::to_line(report::scan_json(view)) + "\n");
    case Format::kOcsf: return print(report::scan_ocsf(view));
    case Format::kSarif: return print(json::to_line(report::scan_sarif(view)) + "\n");
    case Format::kHtml: return print(report::scan_html(view));
    case Format::kText:
    case Format::kGraphviz:
    case Format::kGraphml: return print(report::scan_text(view));
  }
}

void say_what_was_read(Input& input, std::size_t found, std::size_t incidents) {
  for (const std::string& problem : input.problems) note(problem);
  for (const std::string& remark : input.remarks) note(remark);
  std::uint64_t files = 0;
  for (const FileReport& file : input.scan.files()) files += file.source.empty() ? 0 : 1;
  const observe::Summary& summary = input.scan.summary();
  note("read " + std::to_string(summary.events()) + " events in " + std::to_string(files) +
       " files (" + std::to_string(summary.repeats()) + " repeats) and " +
       std::to_string(input.inventory_files) + " inventories; " + std::to_string(found) +
       " findings in " + std::to_string(incidents) + " incidents" +
       (input.foreign_files == 0
            ? ""
            : "; " + std::to_string(input.foreign_files) + " files are of no known kind") +
       (input.problems.empty() ? "" : "; some input could not be read"));
}

}  // namespace

int propose(const ProposeOptions& options, Format format) {
  Input input = Readers(expand(options.paths)).read();
  const Found found = find(input);
  for (const std::string& problem : input.problems) note(problem);
  return write_proposal(options, format, found.findings, input.scan.summary(), found.inventory);
}

int scan(const ScanOptions& options, Format format) {
  if (options.rules) {
    if (format == Format::kText) {
      print(report::rules_text(observe::all_rules()));
    } else {
      print_json(report::rules_json(observe::all_rules()));
    }
    return kExitDone;
  }
  if (options.paths.empty()) {
    note("scan needs a file, a folder, or - for standard input (`mandate scan --help`)");
    return kExitUsage;
  }
  Input input = Readers(expand(options.paths)).read();
  if (options.chains) {
    print_chains(input.scan.summary(), format);
    for (const std::string& problem : input.problems) note(problem);
    return input.problems.empty() ? kExitDone : kExitCouldNot;
  }
  const Found found = find(input);
  const std::vector<Finding>& findings = found.findings;
  std::set<std::string> incidents;
  for (const Finding& finding : findings) incidents.insert(finding.incident);
  print_findings(found, input, format);
  say_what_was_read(input, findings.size(), incidents.size());
  if (!input.problems.empty()) return kExitCouldNot;
  return findings.empty() ? kExitDone : kExitRefused;
}

std::string scan_help() {
  std::string text =
      "Files, .gz or not, folders of them, or - for standard input. The kind of each is told by\n"
      "its content:\n";
  for (const observe::Source* source : observe::all_sources()) {
    text +=
        "  " + std::string(source->title) + (source->is_schema_only ? " (schema only)" : "") + "\n";
  }
  text +=
      "  inventories: aws iam get-account-authorization-details, Kubernetes objects, OAuth grants\n"
      "One finding a line, for scripts; for a SIEM (OCSF 1.8); for code scanning (SARIF 2.1.0); a\n"
      "page to hand on:\n"
      "  mandate scan --output ndjson logs/\n"
      "  mandate scan --output ocsf logs/\n"
      "  mandate scan --output sarif logs/ > findings.sarif\n"
      "  mandate scan --output html logs/ > findings.html\n"
      "Who issued what to whom, and what became of it:\n"
      "  mandate scan --chains logs/\n"
      "What each rule looks for, needs and cannot know:\n"
      "  mandate scan --rules\n"
      "Exit codes of scan: 0 nothing found, 1 found, 3 some input could not be read.";
  return text;
}

}  // namespace mandate::app
