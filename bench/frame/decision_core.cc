#include "bench/frame/decision_core.h"

#include <cstdlib>
#include <filesystem>
#include <future>

#include "bench/frame/figure.h"
#include "mandate/base/system_clock.h"
#include "mandate/base/time_zones.h"
#include "mandate/crypto/system_random.h"
#include "mandate/service/issuer_keys.h"
#include "mandate/service/sequencer.h"
#include "mandate/store/memory_uses.h"
#include "testing/memory_record.h"
#include "testing/temporary_folder.h"

namespace mandate::bench {
namespace {

class NoReader final : public service::JournalReader {
 public:
  std::optional<Found> find(const Digest& /*leaf*/) override { return std::nullopt; }
  std::vector<Found> of_transaction(std::string_view /*txn*/, std::size_t /*max*/) override {
    return {};
  }
};

class NoNewKeys final : public service::KeySource {
 public:
  Result<crypto::PrivateKey> prepare(SigningAlgorithm /*algorithm*/) override {
    return fail(Reason::kBadRequest, "a benchmark rotates no keys");
  }
  Result<void> adopt(SigningAlgorithm /*algorithm*/) override {
    return fail(Reason::kBadRequest, "a benchmark rotates no keys");
  }
};

class NoCounters final : public Counters {
 public:
  void add(std::string_view /*type*/, std::string_view /*outcome*/,
           std::uint64_t /*amount*/) override {}
};

service::SigningKeys make_keys(Random& random) {
  return {.es256 = *must(crypto::PrivateKey::generate(crypto::KeyType::kP256)),
          .rs256 = *must(crypto::PrivateKey::generate(crypto::KeyType::kRsa)),
          .receipt = *must(ledger::NoteSigner::make(
              "mandate.acme.example/receipt",
              *must(crypto::PrivateKey::generate(crypto::KeyType::kEd25519)))),
          .nonce_run_key = random.bytes(32)};
}

}  // namespace

std::unique_ptr<store::SegmentJournal> open_journal(store::FileSystem& files, const Clock& clock,
                                                    const std::string& folder) {
  auto journal = store::SegmentJournal::open({.files = files,
                                              .clock = clock,
                                              .folder = folder,
                                              .host = "mandate.acme.example",
                                              .run = "run",
                                              .replay = {},
                                              .published = {}});
  if (!journal) give_up(journal.error().detail);
  return *std::move(journal);
}

struct DecisionCore::Impl {
  explicit Impl(record::State& of)
      : state(of),
        keys(make_keys(random)),
        files(store::posix_file_system()),
        journal(open_journal(*files, clock, folder.path() + "/journal")),
        sequencer(record, state, clock),
        core({.issuer = kIssuer,
              .run_started = clock.now(),
              .state = state,
              .sequencer = sequencer,
              .journal = *journal,
              .uses = uses,
              .journal_reader = reader,
              .clock = clock,
              .random = random,
              .zones = zones(),
              .keys = keys,
              .key_source = key_source,
              .log = log,
              .counters = counters}) {}

  record::State& state;
  SystemClock clock;
  crypto::SystemRandom random;
  NoLog log;
  NoCounters counters;
  NoReader reader;
  NoNewKeys key_source;
  service::SigningKeys keys;
  test::TemporaryFolder folder;
  std::unique_ptr<store::FileSystem> files;
  std::unique_ptr<store::SegmentJournal> journal;
  store::MemoryUses uses{random};
  test::MemoryRecord record;
  service::Sequencer sequencer;
  service::Core core;
};

DecisionCore::DecisionCore(record::State& state) : impl_(std::make_unique<Impl>(state)) {}
DecisionCore::~DecisionCore() = default;
service::Core& DecisionCore::core() { return impl_->core; }
record::Journal& DecisionCore::journal() { return *impl_->journal; }
const crypto::PrivateKey& DecisionCore::token_key() const { return impl_->keys.es256; }

const TimeZones& DecisionCore::zones() {
  static const SystemTimeZones zones = *must(SystemTimeZones::load());
  return zones;
}

void DecisionCore::settle() {
  std::promise<void> durable;
  must(impl_->journal->append("{}", [&](Result<void> done) {
    must(done);
    durable.set_value();
  }));
  durable.get_future().wait();
}

}  // namespace mandate::bench
