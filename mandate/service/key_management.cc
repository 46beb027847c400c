// The issuer's signing keys, managed: list, rotate, retire, and what to do where one is known to
// somebody else.
#include <atomic>
#include <memory>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/json/reader.h"
#include "mandate/service/management.h"
#include "mandate/service/sequencer.h"

namespace mandate::service {
namespace {

enum class Action : std::uint8_t { kRotate, kRetire, kCompromise };

struct Wanted {
  Action action = Action::kRotate;
  SigningAlgorithm algorithm = SigningAlgorithm::kEs256;  // of a new key
  std::string kid;                                        // the one in question, but for `rotate`
  Seconds overlap = kOverlapDefault;
  bool makes_key = false;
};

Result<SigningAlgorithm> parse_algorithm(const std::string& word) {
  if (word == name(SigningAlgorithm::kEs256)) return SigningAlgorithm::kEs256;
  if (word == name(SigningAlgorithm::kRs256)) return SigningAlgorithm::kRs256;
  return fail(Reason::kBadRequest, "algorithm " + quoted(word) + "; expected ES256 or RS256");
}

Result<Wanted> parse_rotation(json::ObjectReader& in) {
  Wanted wanted;
  wanted.makes_key = true;
  const std::string word = in.required_string("algorithm");
  const auto overlap = in.optional_string("overlap");
  if (Result<void> whole = in.finish(); !whole) return fail(whole.error());
  Result<SigningAlgorithm> algorithm = parse_algorithm(word);
  if (!algorithm) return fail(algorithm.error());
  wanted.algorithm = *algorithm;
  if (!overlap) return wanted;
  Result<Seconds> length = parse_duration(*overlap);
  if (!length || *length < kOverlapMin || *length > Seconds(365 * 86'400)) {
    return fail(Reason::kBadRequest, "overlap " + quoted(*overlap) +
                                         "; expected 25h, which is longer than any token lives, to "
                                         "365d; `mandate keys retire` ends it sooner");
  }
  wanted.overlap = *length;
  return wanted;
}

Result<Wanted> parse_wanted(const json::Value& body) {
  json::ObjectReader in(body, "the request");
  const std::string action = in.required_string("action");
  if (action == "rotate") return parse_rotation(in);
  Wanted wanted;
  wanted.kid = in.required_string("kid");
  if (Result<void> whole = in.finish(); !whole) return fail(whole.error());
  wanted.action = action == "retire" ? Action::kRetire : Action::kCompromise;
  if (action == "retire" || action == "compromise") return wanted;
  return fail(Reason::kBadRequest,
              "action " + quoted(action) + "; expected rotate, retire or compromise");
}

// What is prepared is one file: one change at a time, from its key to its answer.
class Turn {
 public:
  explicit Turn(std::atomic<bool>& busy) : busy_(busy), ours_(!busy.exchange(true)) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    if (ours_) busy_ = false;
  }
  bool is_ours() const { return ours_; }

 private:
  std::atomic<bool>& busy_;
  const bool ours_;
};

const IssuerKey* find(const std::vector<IssuerKey>& keys, std::string_view kid) {
  for (const IssuerKey& key : keys) {
    if (key.kid == kid) return &key;
  }
  return nullptr;
}

// What `retire` and `compromise` mean for the key that they name.
Result<void> look_up(const record::View& view, Wanted& wanted, Instant now) {
  if (wanted.action == Action::kRotate) return {};
  const std::vector<IssuerKey> keys = issuer_keys_on_record(view, now);
  const IssuerKey* key = find(keys, wanted.kid);
  if (key == nullptr) {
    return fail(Reason::kBadRequest, Place::kPath,
                "no signing key " + quoted(wanted.kid) + "; `mandate keys list` names them");
  }
  if (wanted.action == Action::kRetire && key->signs()) {
    return fail(Reason::kBadRequest, Place::kConflict,
                quoted(wanted.kid) +
                    " signs; expected `mandate keys rotate` first, or "
                    "`mandate keys compromise` where somebody else has it");
  }
  wanted.algorithm = key->algorithm;
  wanted.makes_key = wanted.action == Action::kCompromise && key->signs();
  return {};
}

IssuerKeyChange change_of(const record::View& view, const Wanted& wanted,
                          const std::optional<crypto::PrivateKey>& made, Instant now) {
  IssuerKeyChange change;
  if (made) change.added = made->public_key();
  switch (wanted.action) {
    case Action::kCompromise: change.revoked.push_back(wanted.kid); break;
    case Action::kRetire: change.ending.emplace_back(wanted.kid, now); break;
    case Action::kRotate:
      for (const IssuerKey& key : issuer_keys_on_record(view, now)) {
        if (key.signs() && key.algorithm == wanted.algorithm) {
          change.ending.emplace_back(key.kid, now + wanted.overlap);
        }
      }
      break;
  }
  return change;
}

json::Value keys_body(const record::View& view, Instant now) {
  json::Array list;
  for (const IssuerKey& key : issuer_keys_on_record(view, now)) {
    json::Value one = json::Value::object({{"kid", key.kid},
                                           {"algorithm", name(key.algorithm)},
                                           {"status", key.signs() ? "signing" : "retiring"}});
    if (!key.signs()) one.set("not_after", format_rfc3339(key.not_after));
    list.push_back(std::move(one));
  }
  return json::Value::object(
      {{"keys", std::move(list)}, {"revision", static_cast<std::int64_t>(view.revision())}});
}

Result<void> check_may(Core& core, const record::View& view, const Operator& who,
                       const Wanted& wanted, Instant now) {
  const bool ends = wanted.action == Action::kCompromise;
  return check_operator(core, view, who, kManagementType, ends ? "revoke" : "trust", "signing_key",
                        ends ? std::string_view(wanted.kid) : name(wanted.algorithm), now);
}

}  // namespace

void keys_endpoint(Core& core, const ApiCall& call, Done done) {
  const Instant now = core.now();
  const record::View view = core.view();
  std::optional<Operator> who = operator_of(core, call, view, now, done);
  if (!who) return;
  Result<void> may =
      check_operator(core, view, *who, kManagementType, "read", "signing_key", "all", now);
  if (!may) return done(refuse(core, may.error(), who->entry));
  Reply reply;
  reply.body = keys_body(view, now);
  done(std::move(reply));
}

void change_keys_endpoint(Core& core, const ApiCall& call, const json::Value& body, Done done) {
  const Instant now = core.now();
  const record::View view = core.view();
  std::optional<Operator> who = operator_of(core, call, view, now, done);
  if (!who) return;
  Result<Wanted> wanted = parse_wanted(body);
  Result<void> good;
  if (!wanted) good = fail(wanted.error());
  // Rights before what is on record: who manages nothing learns nothing.
  if (good) good = check_may(core, view, *who, *wanted, now);
  if (good) good = look_up(view, *wanted, now);
  if (!good) return done(refuse(core, good.error(), who->entry));
  auto shared = std::make_shared<Operator>(*std::move(who));
  auto turn = std::make_shared<Turn>(core.changing_keys);
  if (!turn->is_ours()) {
    return done(refuse(core,
                       {Reason::kBadRequest, Place::kConflict,
                        "the signing keys are being changed; expected another try later"},
                       shared->entry));
  }
  std::optional<crypto::PrivateKey> made;
  if (wanted->makes_key) {
    Result<crypto::PrivateKey> prepared = core.deps.key_source.prepare(wanted->algorithm);
    if (!prepared) return done(refuse(core, prepared.error(), shared->entry));
    made = *std::move(prepared);
  }
  Sequencer::Command plan = [&core, shared, wanted = *wanted, made](
                                const record::View& at, Instant when) -> Result<record::Plan> {
    Result<void> may = check_may(core, at, *shared, wanted, when);
    if (!may) return fail(may.error());
    return plan_issuer_keys(at, change_of(at, wanted, made, when), when);
  };
  core.deps.sequencer.submit(
      shared->caller.token.claims().client_id.text(), std::move(plan),
      [&core, shared, turn, wanted = *wanted, made, done](const Result<Committed>& committed) {
        if (!committed) return done(refuse(core, committed.error(), shared->entry));
        core.issuer_ring.refresh(core.view(), core.now(), made);
        // On record it signs already; where the file cannot follow, the next start does that.
        Result<void> adopted;
        if (made) adopted = core.deps.key_source.adopt(wanted.algorithm);
        if (!adopted) return done(refuse(core, adopted.error(), shared->entry));
        Reply reply;
        reply.body = keys_body(core.view(), core.now());
        done(std::move(reply));
      });
}

}  // namespace mandate::service
