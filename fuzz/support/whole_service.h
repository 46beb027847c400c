// All of the program between its sockets and its disk, in memory: routes, use cases, sequencer,
// state. Time stands. A request is a text with gaps that only a key's holder can fill, so that a
// fuzzer reaches what stands behind authentication, and whatever lacks them must be refused.
//
//   WholeService whole;
//   whole.ask("POST /revoke\nContent-Type: application/x-www-form-urlencoded\n\n"
//             "token=<token>&client_assertion=<assertion:triage>&...")
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mandate/base/time_zones.h"
#include "mandate/http/server/routes.h"
#include "mandate/ledger/tree.h"
#include "mandate/service/issuer_keys.h"
#include "mandate/service/sequencer.h"
#include "mandate/store/memory_uses.h"
#include "testing/fixed_clock.h"
#include "testing/memory_record.h"
#include "testing/seeded_random.h"
#include "testing/world.h"

namespace mandate::fuzz {

inline constexpr std::string_view kTickets = "https://tickets.acme.example";

// Entries are durable at once. What a log cannot hold is a bug of ours, and stops the program.
class MemoryJournal final : public record::Journal, public service::JournalReader {
 public:
  Result<Place> append(std::string entry, Done done) override;
  std::optional<std::string> origin_of(const Digest& leaf) override;
  std::optional<Found> find(const Digest& leaf) override;
  std::vector<Found> of_transaction(std::string_view txn, std::size_t max) override;
  std::size_t size() const { return entries_.size(); }

 private:
  std::mutex mutex_;
  std::map<Digest, std::string> entries_;
};

// Where keys would be kept: nothing is rotated here.
class NoKeySource final : public service::KeySource {
 public:
  Result<crypto::PrivateKey> prepare(SigningAlgorithm /*algorithm*/) override {
    return fail(Reason::kRecordUnavailable, "no key is rotated here");
  }
  Result<void> adopt(SigningAlgorithm /*algorithm*/) override { return {}; }
};

class SilentCounters final : public Counters {
 public:
  void add(std::string_view, std::string_view, std::uint64_t) override {}
};

class SilentLog final : public Log {
 public:
  void write(LogLevel, std::string_view, const std::vector<Field>&) override {}
};

struct Asked {
  http::Request request;
  http::Response response;
};

class WholeService {
 public:
  WholeService();
  ~WholeService();
  WholeService(const WholeService&) = delete;
  WholeService& operator=(const WholeService&) = delete;

  // `METHOD TARGET`, headers a line each, an empty line, the body. Gaps: <assertion:WHO>,
  // <actor:WHO>, <proof:WHO>, <api:WHO> with WHO `triage`, `tickets` or `operator`; <token> of
  // triage for maria, <use> a proof for its use, <statement>, <hop> from triage to tickets. A
  // header `:peer` is the peer's address; default 127.0.0.1. Nothing for what HTTP would not let
  // in.
  std::optional<Asked> ask(std::string_view text);
  // Still as it was made: what it answers does not hang on what it was asked before.
  bool is_fresh() const;
  const std::string& issuer() const { return issuer_; }

 private:
  struct Party;
  void sign_in();
  std::string fill(std::string_view text);
  std::string gap(std::string_view name);
  std::string proof(const Party& by, std::string_view uri, std::string_view token);
  const Party& party(std::string_view name) const;
  http::Response send(const http::Request& request);

  const std::string issuer_ = "https://mandate.acme.example";
  test::FixedClock clock_{test::kWorldTime};
  test::SeededRandom random_{1};
  SystemTimeZones zones_;
  SilentLog log_;
  SilentCounters counters_;
  NoKeySource key_source_;
  MemoryJournal journal_;
  store::MemoryUses uses_{random_};
  std::map<std::string, Party, std::less<>> parties_;
  std::unique_ptr<service::SigningKeys> keys_;
  std::unique_ptr<test::World> world_;
  std::unique_ptr<test::MemoryRecord> record_;
  std::unique_ptr<service::Sequencer> sequencer_;
  std::unique_ptr<service::Service> service_;
  std::unique_ptr<http::Routes> routes_;
  record::Revision made_at_ = 0;
  std::uint64_t ids_ = 0;
  std::string method_;  // of the request that is being filled
  std::string path_;
  bool is_authorized_ = false;
  std::string token_;
  std::string statement_;
};

}  // namespace mandate::fuzz
