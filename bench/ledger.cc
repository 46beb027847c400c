// The ledger: entries made durable by the journal beside the bare disk, and proofs out of tiles.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>

#include "bench/frame/decision_core.h"
#include "bench/frame/figure.h"
#include "mandate/base/system_clock.h"
#include "mandate/crypto/key.h"
#include "mandate/store/journal.h"
#include "mandate/store/published_logs.h"
#include "testing/memory_record.h"
#include "testing/temporary_folder.h"

namespace mandate::bench {
namespace {

constexpr int kRounds = 7;
constexpr std::size_t kEntries = 100'000;  // a round
constexpr std::size_t kGroup = 512;        // entries to a write of the bare file
constexpr std::size_t kEntryBytes = 500;   // about what a decision's entry has

std::string entry(std::uint64_t number) {
  const std::string head = R"({"n":)" + std::to_string(number) + R"(,"text":")";
  return head + std::string(kEntryBytes - head.size() - 2, 'x') + "\"}";
}

// Entries a second, the last one's answer included: what was counted is durable.
double journal_rate(store::SegmentJournal& journal, std::vector<std::string> entries) {
  std::atomic<std::size_t> durable{0};
  std::promise<void> all;
  const std::size_t count = entries.size();
  const double taken = seconds([&] {
    for (std::string& one : entries) {
      const auto done = [&](Result<void> written) {
        must(written);
        if (++durable == count) all.set_value();
      };
      // A full queue refuses: its writers wait, as clients would.
      while (!journal.append(one, done)) std::this_thread::yield();
    }
    all.get_future().wait();
  });
  return static_cast<double>(count) / taken;
}

double bare_rate(const std::string& path, const std::vector<std::string>& entries) {
  const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  const auto bytes = static_cast<off_t>(entries.size() * kEntryBytes);
  if (file < 0 || ::posix_fallocate(file, 0, bytes) != 0 || ::fsync(file) != 0) {
    give_up("no bare file");
  }
  const double taken = seconds([&] {
    std::string group;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      group += entries[i];
      if ((i + 1) % kGroup != 0 && i + 1 < entries.size()) continue;
      if (::write(file, group.data(), group.size()) != static_cast<ssize_t>(group.size()) ||
          ::fdatasync(file) != 0) {
        give_up("the bare file cannot be written");
      }
      group.clear();
    }
  });
  ::close(file);
  return static_cast<double>(entries.size()) / taken;
}

void durable_and_proofs() {
  SystemClock clock;
  NoLog log;
  test::TemporaryFolder folder;
  const auto files = store::posix_file_system();
  const auto journal = open_journal(*files, clock, folder.path() + "/journal");
  std::vector<std::string> entries;
  for (std::size_t i = 0; i < kEntries; ++i) entries.push_back(entry(i));
  const auto samples =
      in_turns(kRounds, {[&] { return journal_rate(*journal, entries); },
                         [&] { return bare_rate(folder.path() + "/bare", entries); }});
  print({.name = "ledger.durable",
         .unit = "1/s",
         .samples = samples[0],
         .limit_name = "the same bytes written and synced in groups of 512, nothing hashed",
         .limit = samples[1],
         .goal = at_least(300e3),
         .note = "entries of 500 bytes; each in the tree"});

  test::MemoryRecord record;
  ledger::Frontier nothing;
  auto logs = store::PublishedLogs::open(
      {.files = *files,
       .log = log,
       .folder = folder.path() + "/log",
       .host = "mandate.acme.example",
       .record_key = *must(crypto::PrivateKey::generate(crypto::KeyType::kEd25519)),
       .journal_key = *must(crypto::PrivateKey::generate(crypto::KeyType::kEd25519)),
       .record = {
           .frontier = [&]() -> Result<ledger::Frontier> { return nothing; },
           .read = [&](std::uint64_t from, std::size_t max) { return record.read(from, max); }},
       .journal = *journal});
  if (!logs) give_up(logs.error().detail);
  const std::uint64_t size = must(journal->frontier(1))->size();
  const auto proofs =
      in_turns(kRounds, {[&] {
                 return 1e6 / rate([&](std::uint64_t i) {
                          must((*logs)->prove("journal/0000000001", i * 7919 % size));
                        });
               }});
  print({.name = "ledger.proof",
         .unit = "us",
         .samples = proofs[0],
         .goal = at_most(100),
         .note = "inclusion, out of the tiles on disk, in a log of " + std::to_string(size)});
}

}  // namespace
}  // namespace mandate::bench

int main() {
  using namespace mandate::bench;
  if (is_wanted("ledger.durable") || is_wanted("ledger.proof")) durable_and_proofs();
}
