// A server's published logs without the server: a record, a journal, their keys, and copies of
// `log` as an auditor gets them. Two worlds have the same keys, as an insider would.
//
//   LogWorld world;   world.record_more(600);   world.open();   world.publish();
//   verify(MemoryFolder(world.copy()), world.keys(), {})
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mandate/ledger/receipt.h"
#include "mandate/store/audit/audit.h"
#include "mandate/store/published_logs.h"
#include "tests/store/journal_world.h"

namespace mandate::test {

// The files of a copied folder, by path.
using Copy = std::map<std::string, std::string>;

class MemoryFolder final : public store::audit::Folder {
 public:
  explicit MemoryFolder(Copy files) : files_(std::move(files)) {}

  Result<std::optional<std::string>> read(const std::string& path,
                                          std::uint64_t bytes_max) const override {
    const auto at = files_.find(path);
    if (at == files_.end()) return std::nullopt;
    if (at->second.size() > bytes_max) return fail(Reason::kLimitExceeded, "file is too large");
    return at->second;
  }
  Result<std::vector<std::string>> list(const std::string& path) const override {
    const std::string folder = path.empty() ? "" : path + "/";
    std::vector<std::string> names;
    for (const auto& [file, bytes] : files_) {
      if (!file.starts_with(folder)) continue;
      const std::string name =
          file.substr(folder.size(), file.find('/', folder.size()) - folder.size());
      if (names.empty() || names.back() != name) names.push_back(name);
    }
    return names;
  }

 private:
  Copy files_;
};

inline crypto::PrivateKey key_of(char seed) {
  return crypto::PrivateKey::from_ed25519_seed(std::string(32, seed)).value();
}

class SilentLog final : public Log {
 public:
  void write(LogLevel, std::string_view, const std::vector<Field>&) override {}
};

class LogWorld {
 public:
  explicit LogWorld(std::uint64_t seed = 1) : journal(seed) {
    EXPECT_THAT(files().make_directory("/log"), IsOk());
    EXPECT_THAT(files().sync_directory("/"), IsOk());
  }
  ~LogWorld() { close(); }
  LogWorld(const LogWorld&) = delete;
  LogWorld& operator=(const LogWorld&) = delete;

  JournalWorld<TwinFiles> journal;
  std::vector<std::string> record;  // its truth; changed only while nobody publishes

  FaultyFileSystem& files() { return journal.files(); }
  store::PublishedLogs& logs() { return *logs_; }

  void close() {
    logs_.reset();
    journal.close();
  }
  Result<void> open() {
    logs_.reset();
    return journal.open().and_then([this] { return open_logs(); });
  }
  void crash(Power power) {
    files().crash();
    close();
    files().restart(power);
  }
  void record_more(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) record.push_back(text_of(record.size()));
  }
  Result<void> publish() { return logs_->publish(); }

  std::vector<std::string> keys() {
    std::vector<std::string> lines{vkey("m.example/log/record", 'r')};
    for (std::uint32_t log = 1; log <= journal.journal().log_count(); ++log) {
      lines.push_back(vkey(journal.journal().origin(log), 'j'));
    }
    lines.push_back(vkey("m.example/receipt", 'p'));
    return lines;
  }
  static std::string vkey(const std::string& name, char seed) {
    return ledger::NoteVerifier::make(name, key_of(seed).public_key()).value().text();
  }
  std::string receipt(const std::string& entry, const std::string& run, std::uint32_t log) {
    const auto signer = ledger::NoteSigner::make("m.example/receipt", key_of('p')).value();
    return ledger::sign_receipt(
        {journal.journal().origin(log), run, ledger::leaf_hash(entry), journal.clock.now()},
        signer);
  }
  Copy copy() {
    Copy files;
    add_files("", files);
    return files;
  }

 private:
  void add_files(const std::string& path, Copy& out) {
    const std::vector<std::string> names = files().list("/log" + path).value();
    for (const std::string& name : names) {
      const std::string each = path + "/" + name;
      if (files().info("/log" + each).value()->is_directory) {
        add_files(each, out);
      } else {
        out.emplace(each.substr(1), store::read_file(files(), "/log" + each, 1 << 30).value());
      }
    }
  }
  Result<void> open_logs() {
    const store::LogTruth truth{
        .frontier = [this]() -> Result<ledger::Frontier> {
          ledger::Frontier tree;
          for (const std::string& entry : record) tree.append(ledger::leaf_hash(entry));
          return tree;
        },
        .read = [this](std::uint64_t from, std::size_t max) -> Result<std::vector<std::string>> {
          const auto begin = record.begin() + static_cast<std::ptrdiff_t>(from);
          const auto count = std::min(max, record.size() - static_cast<std::size_t>(from));
          return std::vector<std::string>(begin, begin + static_cast<std::ptrdiff_t>(count));
        }};
    auto opened = store::PublishedLogs::open({.files = files(),
                                              .log = silent_,
                                              .folder = "/log",
                                              .host = "m.example",
                                              .record_key = key_of('r'),
                                              .journal_key = key_of('j'),
                                              .record = truth,
                                              .journal = journal.journal(),
                                              .interval = std::chrono::hours(1)});
    if (!opened) return fail(opened.error());
    logs_ = *std::move(opened);
    return {};
  }

  SilentLog silent_;
  std::unique_ptr<store::PublishedLogs> logs_;
};

// Its kinds, each once and in order; the messages are for a failure's trace.
inline std::vector<std::string> kinds_of(const store::audit::Report& report) {
  std::vector<std::string> kinds;
  for (const store::audit::Finding& finding : report.findings) {
    const std::string kind(store::audit::name(finding.kind));
    if (std::ranges::find(kinds, kind) == kinds.end()) kinds.push_back(kind);
  }
  return kinds;
}

}  // namespace mandate::test
