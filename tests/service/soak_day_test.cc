// A day of mixed load on everything but HTTP, as fast as it goes: issuance, introspection,
// revocation, strangers, changes and snapshots, by a seeded generator, on a clock that a test
// moves. What is kept for a while must be forgotten again, and the logs must verify at the end.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <future>
#include <iostream>

#include "mandate/base/time_zones.h"
#include "mandate/service/bootstrap.h"
#include "mandate/service/issuer_keys.h"
#include "mandate/service/key_cache.h"
#include "mandate/service/sequencer.h"
#include "mandate/service/service.h"
#include "mandate/store/audit/audit.h"
#include "mandate/store/key_files.h"
#include "mandate/store/memory_uses.h"
#include "mandate/store/published_logs.h"
#include "mandate/store/sqlite_record.h"
#include "mandate/store/verifier_keys.h"
#include "mandate/token/dpop.h"
#include "mandate/token/jws.h"
#include "testing/fixed_clock.h"
#include "testing/matchers.h"
#include "testing/seeded_choice.h"
#include "testing/seeded_random.h"
#include "testing/temporary_folder.h"
#include "testing/world.h"

extern "C" void __asan_init() __attribute__((weak));  // where the build has one

namespace mandate::service {
namespace {

using test::IsOk;

constexpr char kIssuer[] = "http://127.0.0.1:8181";
constexpr char kHost[] = "127.0.0.1:8181";
constexpr std::size_t kAgents = 12;
constexpr Seconds kDay = std::chrono::hours(24);

// What a day may add to the memory: the record's growth, which stays, and some slack.
constexpr std::size_t kBytesPerEntry = 3 << 10;
constexpr std::size_t kSlackBytes = 16 << 20;

class NoLog final : public Log {
 public:
  void write(LogLevel /*level*/, std::string_view /*message*/,
             const std::vector<Field>& /*fields*/) override {}
};

class NoReader final : public JournalReader {
 public:
  std::optional<Found> find(const Digest& /*leaf*/) override { return std::nullopt; }
  std::vector<Found> of_transaction(std::string_view /*txn*/, std::size_t /*max*/) override {
    return {};
  }
};

class NoKeySource final : public KeySource {
 public:
  Result<crypto::PrivateKey> prepare(SigningAlgorithm /*algorithm*/) override {
    return fail(Reason::kRecordUnavailable, "no key is rotated here");
  }
  Result<void> adopt(SigningAlgorithm /*algorithm*/) override { return {}; }
};

class NoCounters final : public Counters {
 public:
  void add(std::string_view /*type*/, std::string_view /*outcome*/,
           std::uint64_t /*amount*/) override {}
};

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// A server without its HTTP, on real files.
struct Machine {
  test::TemporaryFolder folder;
  std::unique_ptr<store::FileSystem> files = store::posix_file_system();
  test::FixedClock clock{test::kWorldTime};
  test::SeededRandom random{7};
  NoLog log;
  NoReader reader;
  NoKeySource key_source;
  NoCounters counters;
  SystemTimeZones zones = SystemTimeZones::load().value();
  std::string data = folder.path();
  store::KeyFiles keys = store::load_or_make_keys(*files, data + "/keys", random).value();
  std::unique_ptr<store::SqliteRecord> record =
      store::SqliteRecord::open({.path = data + "/record.db", .vfs = {}}).value();
  record::State state;
  store::MemoryUses uses{random};
  std::unique_ptr<store::SegmentJournal> journal =
      store::SegmentJournal::open({.files = *files,
                                   .clock = clock,
                                   .folder = data + "/journal",
                                   .host = kHost,
                                   .run = "run",
                                   .replay = {},
                                   .published = {}})
          .value();
  std::unique_ptr<store::PublishedLogs> logs =
      store::PublishedLogs::open(
          {.files = *files,
           .log = log,
           .folder = data + "/log",
           .host = kHost,
           .record_key = keys.record_log,
           .journal_key = keys.journal_log,
           .record = {
               .frontier = [this]() -> Result<ledger::Frontier> { return record->frontier(); },
               .read = [this](std::uint64_t from,
                              std::size_t max) { return record->read(from, max); }},
           .journal = *journal})
          .value();
  SigningKeys signing{
      .es256 = keys.es256,
      .rs256 = keys.rs256,
      .receipt = ledger::NoteSigner::make(std::string(kHost) + "/receipt", keys.receipt).value(),
      .nonce_run_key = random.bytes(32)};
  Sequencer sequencer{*record, state, clock};
  Service service{Dependencies{.issuer = kIssuer,
                               .run_started = clock.now(),
                               .state = state,
                               .sequencer = sequencer,
                               .journal = *journal,
                               .uses = uses,
                               .journal_reader = reader,
                               .clock = clock,
                               .random = random,
                               .zones = zones,
                               .keys = signing,
                               .key_source = key_source,
                               .log = log,
                               .counters = counters}};

  Result<Committed> command(Sequencer::Command command) {
    std::promise<Result<Committed>> done;
    sequencer.submit("soak", std::move(command),
                     [&](Result<Committed> answer) { done.set_value(std::move(answer)); });
    return done.get_future().get();
  }
  Result<Committed> apply(const Document& document) {
    return command([&](const record::View& view, Instant now) {
      return record::plan_apply(
          view, document, {.prune = false, .name_authenticator = authenticator_id, .keep = {}},
          now);
    });
  }
};

struct Agent {
  std::string id;
  crypto::PrivateKey key = crypto::PrivateKey::generate(crypto::KeyType::kP256).value();
  std::string nonce;
  std::string token;
};

class Day {
 public:
  explicit Day(std::size_t steps) : steps_(steps) {}

  void run() {
    prepare();
    std::size_t quarter_bytes = 0;
    std::uint64_t quarter_entries = 0;
    for (std::size_t i = 0; i < steps_; ++i) {
      machine_.clock.move_to(test::kWorldTime + i * Milliseconds(kDay) / steps_);
      step(i);
      if (i % 64 == 0) machine_.service.flush_counts();
      if (i % (steps_ / 8) == 0) snapshot();
      if (i == steps_ / 4) {
        quarter_bytes = resident_bytes();
        quarter_entries = machine_.record->frontier().size();
      }
    }
    const std::size_t end = resident_bytes();
    const std::uint64_t entries = machine_.record->frontier().size() - quarter_entries;
    std::cout << steps_ << " steps: " << issued_ << " issued, " << refused_ << " refused, "
              << entries << " entries of the record since the first quarter; resident "
              << (quarter_bytes >> 20) << " MiB then, " << (end >> 20) << " MiB at the end\n";
    // An address sanitizer keeps what was freed for a while (256 MiB of it by default).
    const std::size_t kept = __asan_init != nullptr ? std::size_t{1} << 29 : 0;
    EXPECT_LE(end, quarter_bytes + kSlackBytes + kept + entries * kBytesPerEntry);
    EXPECT_GT(issued_, steps_ / 3);
    EXPECT_GT(refused_, steps_ / 20);
    EXPECT_LE(machine_.uses.size(), steps_ / 20 + 1000) << "what was used once is never forgotten";
    finish();
  }

 private:
  void prepare() {
    json::Array principals = {json::Value::object({{"id", "human:kim@acme.example"}})};
    json::Array entitlements;
    for (std::size_t i = 0; i < kAgents; ++i) {
      Agent agent{.id = "agent:worker-" + std::to_string(i), .nonce = {}, .token = {}};
      principals.push_back(json::Value::object(
          {{"id", agent.id},
           {"owner", "human:kim@acme.example"},
           {"authenticators", json::Value::array({json::Value::object(
                                  {{"jwk", agent.key.public_key().to_jwk()}})})}}));
      entitlements.push_back(json::Value::object({{"id", "own-" + std::to_string(i)},
                                                  {"principal", agent.id},
                                                  {"max_depth", 2},
                                                  {"authority", read()}}));
      agents_.push_back(std::move(agent));
    }
    const json::Value document = json::Value::object(
        {{"apiVersion", "mandate/v1"},
         {"principals", std::move(principals)},
         {"resources",
          json::Value::array({json::Value::object({{"id", "https://desk.acme.example"},
                                                   {"type", "desk"},
                                                   {"actions", json::Value::array({"read"})}})})},
         {"entitlements", std::move(entitlements)}});
    ASSERT_THAT(machine_.apply(Document::parse(document).value()), IsOk());
  }

  static json::Value read() {
    return json::Value::array(
        {json::Value::object({{"type", "desk"},
                              {"locations", json::Value::array({"https://desk.acme.example"})},
                              {"actions", json::Value::array({"read"})}})});
  }

  void step(std::size_t i) {
    Agent& agent = agents_[choice_.below(agents_.size())];
    const std::uint64_t what = choice_.below(100);
    if (what < 55) return issue(agent);
    if (what < 75) return ask("/introspect", agent);
    if (what < 80) return ask("/revoke", agent);
    if (what < 98) return stranger(agent);
    change(i, agent);
  }

  std::string assertion(const Agent& agent) {
    const std::int64_t now = to_numeric_date(machine_.clock.now());
    return token::sign_jws(agent.key, crypto::Algorithm::kEs256, "client-authentication+jwt",
                           agent.key.public_key().thumbprint_base64url(),
                           json::Value::object({{"iss", agent.id},
                                                {"sub", agent.id},
                                                {"aud", kIssuer},
                                                {"jti", "a-" + std::to_string(++count_)},
                                                {"iat", now},
                                                {"exp", now + 60}}));
  }

  using Endpoint = void (Service::*)(const OAuthCall&, Done);
  Reply call(Endpoint endpoint, const OAuthCall& call) {
    std::promise<Reply> answer;
    (machine_.service.*endpoint)(call, [&](Reply reply) { answer.set_value(std::move(reply)); });
    return answer.get_future().get();
  }

  OAuthCall form(const std::string& path, const std::string& assertion) const {
    return {.path = path,
            .parameters = {{"client_assertion_type",
                            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
                           {"client_assertion", assertion}},
            .dpop = {},
            .authorization = {}};
  }

  void issue(Agent& agent) {
    for (int attempt = 0; attempt < 2; ++attempt) {
      OAuthCall request = form("/token", assertion(agent));
      request.parameters.emplace_back("grant_type", "client_credentials");
      request.parameters.emplace_back("resource", "https://desk.acme.example");
      request.dpop.push_back(token::make_proof(agent.key, {.method = "POST",
                                                           .uri = std::string(kIssuer) + "/token",
                                                           .nonce = agent.nonce,
                                                           .access_token = {},
                                                           .jti = "p-" + std::to_string(++count_),
                                                           .now = machine_.clock.now()}));
      const Reply reply = call(&Service::token, request);
      if (reply.dpop_nonce) agent.nonce = *reply.dpop_nonce;
      if (reply.error && reply.error->reason == Reason::kNonceRequired) continue;
      ASSERT_FALSE(reply.error) << reply.error->detail;
      agent.token = reply.body.find("access_token")->as_string();
      ++issued_;
      return;
    }
    FAIL() << "no nonce was good";
  }

  void ask(const std::string& path, Agent& agent) {
    if (agent.token.empty()) return issue(agent);
    OAuthCall request = form(path, assertion(agent));
    request.parameters.emplace_back("token", agent.token);
    const Endpoint endpoint = path == "/revoke" ? &Service::revoke_token : &Service::introspect;
    const Reply reply = call(endpoint, request);
    ASSERT_FALSE(reply.error) << reply.error->detail;
    if (path == "/revoke") agent.token.clear();
  }

  // Whose assertion is somebody else's, or nobody's.
  void stranger(const Agent& agent) {
    std::string text = assertion(agent);
    text[text.size() - 8] = text[text.size() - 8] == 'A' ? 'B' : 'A';
    OAuthCall request = form("/token", choice_.below(2) == 0 ? text : "nonsense");
    const Reply reply = call(&Service::token, request);
    ASSERT_TRUE(reply.error);
    ++refused_;
  }

  void change(std::size_t i, const Agent& agent) {
    const std::string id = "d-" + std::to_string(i);
    const json::Value document = json::Value::object(
        {{"apiVersion", "mandate/v1"},
         {"delegations", json::Value::array({json::Value::object(
                             {{"id", id},
                              {"delegator", agents_[0].id},
                              {"delegate", agent.id == agents_[0].id ? agents_[1].id : agent.id},
                              {"not_after", "2099-01-01T00:00:00Z"},
                              {"authority", read()}})})}});
    ASSERT_THAT(machine_.apply(Document::parse(document).value()), IsOk());
    const auto revoked = machine_.command([&](const record::View& view, Instant) {
      return record::plan_revoke(view, record::NodeKind::kDelegation, id, std::nullopt);
    });
    ASSERT_THAT(revoked, IsOk());
  }

  void snapshot() {
    const Result<Sequencer::Command> taken =
        take_snapshot(machine_.state, [](record::Revision, std::string_view bytes) {
          return bytes.empty() ? Result<void>(fail(Reason::kBadRequest, "empty")) : Result<void>();
        });
    ASSERT_THAT(taken, IsOk());
    ASSERT_THAT(machine_.command(*taken), IsOk());
  }

  void finish() {
    machine_.sequencer.stop();
    machine_.journal->stop();
    ASSERT_THAT(machine_.logs->publish(), IsOk());
    const auto lines = store::verifier_keys(*machine_.files, machine_.data);
    ASSERT_THAT(lines, IsOk());
    const auto report = store::audit::verify(store::audit::PosixFolder(machine_.data + "/log"),
                                             *lines, std::nullopt);
    ASSERT_THAT(report, IsOk());
    for (const store::audit::Finding& finding : report->findings) ADD_FAILURE() << finding.message;
    EXPECT_EQ(report->logs.size(), 3u);  // the record's, and the journal's of two dates
    EXPECT_GT(report->entries, issued_);
  }

  const std::size_t steps_;
  Machine machine_;
  test::SeededChoice choice_{11};
  std::vector<Agent> agents_;
  std::uint64_t count_ = 0;
  std::size_t issued_ = 0;
  std::size_t refused_ = 0;
};

TEST(SoakDay, OfMixedLoadLeavesTheMemoryFlatAndTheLogsWhole) {
  const bool is_long = std::getenv("MANDATE_SOAK") != nullptr;
  Day(is_long ? 250'000 : 1'000).run();
}

}  // namespace
}  // namespace mandate::service
