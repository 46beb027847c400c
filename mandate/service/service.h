// The use cases of Mandate, transport-free: one function each. HTTP turns requests into calls and
// replies into answers; nothing here knows a status code.
//
//   Service service(dependencies);
//   service.token(call, [](Reply reply) { ... });
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mandate/base/ports.h"
#include "mandate/crypto/key.h"
#include "mandate/ledger/note.h"
#include "mandate/record/ports.h"
#include "mandate/record/state.h"
#include "mandate/service/call.h"
#include "mandate/service/reply.h"

namespace mandate::service {

class KeySource;
class Sequencer;

// Keys of this server (`KeySource`): they survive restarts.
struct SigningKeys {
  crypto::PrivateKey es256;  // as of the start; `keys rotate` changes what signs
  crypto::PrivateKey rs256;
  ledger::NoteSigner receipt;
  std::string nonce_run_key;  // 32 bytes, new at each start
};

// Where journal entries can be found again, for `path`; implemented over the store.
class JournalReader {
 public:
  struct Found {
    std::string entry;
    std::string origin;
    std::uint64_t index = 0;
    std::string proof;  // canonical JSON {"checkpoint": note, "hashes": [b64url]}; empty: not yet
  };
  virtual ~JournalReader() = default;
  virtual std::optional<Found> find(const Digest& leaf) = 0;
  // Every entry of a transaction, oldest first, at most `max`.
  virtual std::vector<Found> of_transaction(std::string_view txn, std::size_t max) = 0;
};

struct Dependencies {
  std::string issuer;  // exact, no final '/'
  Instant run_started;
  record::State& state;
  Sequencer& sequencer;
  record::Journal& journal;
  record::Uses& uses;
  JournalReader& journal_reader;
  const Clock& clock;
  Random& random;
  const TimeZones& zones;
  const SigningKeys& keys;
  KeySource& key_source;
  Log& log;
  Counters& counters;
  // Of one client at the OAuth endpoints, and of one caller of the API, decisions apart; 0: any.
  std::int64_t requests_per_second_max = 0;
  // Called first by the thread of what takes long and may wait: it can lower its priority.
  std::function<void()> begin_background = {};
};

class Service {
 public:
  explicit Service(const Dependencies& dependencies);
  ~Service();

  // OAuth 2.0: RFC 6749 and 8693, 7662, 7009. Metadata: RFC 8414; keys: RFC 7517.
  void token(const OAuthCall& call, Done done);
  void introspect(const OAuthCall& call, Done done);
  void revoke_token(const OAuthCall& call, Done done);
  json::Value metadata() const;
  json::Value jwks() const;

  // AuthZEN 1.0 and forward-auth.
  void evaluation(const ApiCall& call, const json::Value& body, Done done);
  void evaluations(const ApiCall& call, const json::Value& body, Done done);
  json::Value authzen_metadata() const;
  void forward_auth(const ForwardAuthCall& call, Done done);

  // Management; each needs a token of ours with the issuer as audience.
  // Body: a document (JSON). {"differences": [{kind, noun, id, before, after}], "revision"}
  void apply(const ApiCall& call, const json::Value& document, bool dry_run, bool prune, Done done);
  // {"definition", "status"?, "revision"}; `noun` as in DOCUMENT's lists: "principals", ...
  void get(const ApiCall& call, std::string_view noun, std::string_view id, Done done);
  void list(const ApiCall& call, std::string_view noun, Done done);
  // GET /delegations/{id}/statement: {"statement": JWT}; for the delegate alone.
  void statement(const ApiCall& call, std::string_view delegation, Done done);
  // Body {"kind", "id", "dry_run"?}: {"stops": [{kind, id, owner}], "revision"}
  void revoke(const ApiCall& call, const json::Value& body, Done done);
  // Body {"principal", "suspended": true or false}
  void suspend(const ApiCall& call, const json::Value& body, Done done);
  // Body {"principals": [id, at most 200], "dry_run"?}: what is not on record yet becomes a
  // discovered principal; {"differences", "revision"} as of `apply`.
  void discover(const ApiCall& call, const json::Value& body, Done done);
  // Body {"receipt"} or {"token"} or {"jti"} or {"txn"}: the path, each entry with its proof.
  void path(const ApiCall& call, const json::Value& body, Done done);
  // The issuer's signing keys that are believed: {"keys": [{kid, algorithm, status, not_after?}],
  // "revision"}; the same after a change. Body: {"action": "rotate", "algorithm", "overlap"?} or
  // {"action": "retire" or "compromise", "kid"}.
  void keys(const ApiCall& call, Done done);
  void change_keys(const ApiCall& call, const json::Value& body, Done done);
  // Whether the caller may read tiles (`audit:read`); the reply's body is null.
  void may_read_log(const ApiCall& call, Done done);

  // Refusals before authentication are counted into one journal entry per reason and second.
  void count_refusal(Reason reason);
  // Writes what was counted; called once a second and at the end.
  void flush_counts();
  // Once the sequencer has stopped: ends what goes on in the background.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mandate::service
