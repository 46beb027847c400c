// A journal on one file system, opened, closed, and opened again as another run.
//
//   JournalWorld<TwinFiles> world;   world.open();   world.append("{}"); world.crash(Power::kLost);
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mandate/store/journal.h"
#include "mandate/store/log_entries.h"
#include "mandate/store/segment.h"
#include "testing/faulty_file_system.h"
#include "testing/fixed_clock.h"
#include "testing/matchers.h"
#include "testing/temporary_folder.h"

namespace mandate::test {

class MachineFiles {
 public:
  explicit MachineFiles(std::uint64_t) {}
  store::FileSystem& files() { return *files_; }
  std::string folder() const { return folder_.path() + "/journal"; }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<store::FileSystem> files_ = store::posix_file_system();
};

class TwinFiles {
 public:
  explicit TwinFiles(std::uint64_t seed) : files_(seed) {}
  FaultyFileSystem& files() { return files_; }
  std::string folder() const { return "/journal"; }

 private:
  FaultyFileSystem files_;
};

inline std::string text_of(std::uint64_t n) { return "{\"n\":" + std::to_string(n) + "}"; }

template <class Files>
class JournalWorld {
 public:
  explicit JournalWorld(std::uint64_t seed = 1) : machine_(seed) {
    // As the data directory makes it: the folder's own name lasts.
    EXPECT_THAT(files().make_directory(folder()), IsOk());
    EXPECT_THAT(files().sync_directory(store::folder_of(folder())), IsOk());
  }

  FixedClock clock{"2026-12-01T10:00:00Z"};
  std::uint64_t log_bytes_max = 1 << 20;
  std::function<void(std::string_view)> replay;
  std::function<Result<std::uint64_t>(std::uint32_t)> published;

  auto& files() { return machine_.files(); }
  std::string folder() const { return machine_.folder(); }
  store::SegmentJournal& journal() { return *journal_; }

  void close() { journal_.reset(); }
  Result<void> open() {
    close();
    auto opened = store::SegmentJournal::open({.files = files(),
                                               .clock = clock,
                                               .folder = folder(),
                                               .host = "m.example",
                                               .run = "run-" + std::to_string(++runs_),
                                               .log_bytes_max = log_bytes_max,
                                               .replay = replay,
                                               .published = published});
    if (!opened) return fail(opened.error());
    journal_ = *std::move(opened);
    return {};
  }
  void crash(Power power) {
    files().crash();
    close();
    files().restart(power);
  }

  // Until it is durable, or never will be.
  Result<void> append(std::string entry) {
    auto durable = std::make_shared<std::promise<Result<void>>>();
    auto taken = journal_->append(std::move(entry), [durable](Result<void> result) {
      durable->set_value(std::move(result));
    });
    if (!taken) return fail(taken.error());
    return durable->get_future().get();
  }

  // As long as the object lives, the writer stands in a callback.
  class Held {
   public:
    explicit Held(std::shared_ptr<std::promise<void>> go) : go_(std::move(go)) {}
    Held(Held&&) = default;
    ~Held() {
      if (go_) go_->set_value();
    }

   private:
    std::shared_ptr<std::promise<void>> go_;
  };
  Held hold_writer() {
    auto go = std::make_shared<std::promise<void>>();
    auto stands = std::make_shared<std::promise<void>>();
    EXPECT_THAT(journal_->append("{\"held\":1}",
                                 [go, stands](Result<void>) {
                                   stands->set_value();
                                   go->get_future().wait();
                                 }),
                IsOk());
    stands->get_future().wait();
    return Held(std::move(go));
  }

  // Queued while the writer stands, and so one group: one write and one sync for each log.
  std::vector<std::pair<std::string, Result<void>>> append_group(
      const std::vector<std::string>& entries) {
    std::vector<std::future<Result<void>>> answers;
    {
      std::optional<Held> held;
      if (entries.size() > 1 && append("{\"held\":0}")) held.emplace(hold_writer());
      for (const std::string& entry : entries) {
        auto answer = std::make_shared<std::promise<Result<void>>>();
        answers.push_back(answer->get_future());
        auto taken = journal_->append(
            entry, [answer](Result<void> result) { answer->set_value(std::move(result)); });
        if (!taken) answer->set_value(fail(taken.error()));
      }
    }
    std::vector<std::pair<std::string, Result<void>>> done;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      done.emplace_back(entries[i], answers[i].get());
    }
    return done;
  }
  void append_together(std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t n = first; n < first + count - 1; ++n) {
      EXPECT_THAT(journal_->append(text_of(n), {}), IsOk());
    }
    EXPECT_THAT(append(text_of(first + count - 1)), IsOk());
  }

  std::vector<std::string> entries() {
    std::vector<std::string> all;
    EXPECT_THAT(journal_->visit([&](const auto&, std::string_view entry) {
      all.emplace_back(entry);
      return true;
    }),
                IsOk());
    return all;
  }
  // Those that tests sent: neither the journal's own nor `held`.
  std::vector<std::string> sent_entries() {
    std::vector<std::string> sent = entries();
    std::erase_if(sent, [](const std::string& entry) {
      return entry.find("\"type\"") != std::string::npos ||
             entry.find("\"held\"") != std::string::npos;
    });
    return sent;
  }

  std::uint64_t segment_bytes(std::uint32_t log) {
    std::uint64_t bytes = store::kSegmentHead.size();
    for (const std::string& entry : log_entries(log)) {
      bytes += store::kFrameHeadBytes + entry.size();
    }
    return bytes;
  }
  std::size_t started_bytes() {
    return store::serialise(store::Started{"run-1", 1, clock.now()}).size();
  }

  // Each log begins with `opened`, which names all of the log before.
  void check_chain() {
    for (std::uint32_t log = 1; log <= journal_->log_count(); ++log) {
      const auto first = json::parse(journal_->read(log, 0, 1).value().at(0)).value();
      const store::Opened opened = store::parse_opened(first).value();
      ASSERT_EQ(opened.predecessor.has_value(), log > 1);
      if (log == 1) continue;
      const ledger::Frontier before = tree_of(log - 1);
      EXPECT_EQ(opened.predecessor->origin, journal_->origin(log - 1));
      EXPECT_EQ(opened.predecessor->size, before.size());
      EXPECT_EQ(opened.predecessor->root, before.root());
      EXPECT_EQ(journal_->frontier(log - 1).value().root(), before.root());
      EXPECT_EQ(journal_->closed_log(log - 1)->root, before.root());
    }
    EXPECT_FALSE(journal_->closed_log(journal_->log_count()).has_value());
  }

 private:
  std::vector<std::string> log_entries(std::uint32_t log) {
    return journal_->read(log, 0, 1 << 20).value();
  }
  ledger::Frontier tree_of(std::uint32_t log) {
    ledger::Frontier tree;
    for (const std::string& entry : log_entries(log)) {
      tree.append(ledger::leaf_hash(entry));
    }
    return tree;
  }

  Files machine_;
  std::unique_ptr<store::SegmentJournal> journal_;
  int runs_ = 0;
};

}  // namespace mandate::test
