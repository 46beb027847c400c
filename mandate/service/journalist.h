// Writes what happened to the journal and promises it to the caller with a receipt. An issue's
// entry is prepared first, because its leaf hash is the token's `jti`: the token itself names its
// entry.
//
//   Journalist::Draft draft = journalist.draft(entry);       // leaf hash known, nothing written
//   Result<std::string> receipt = journalist.write(std::move(draft), when_durable);
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "mandate/base/ports.h"
#include "mandate/json/value.h"
#include "mandate/ledger/note.h"
#include "mandate/record/ports.h"

namespace mandate::service {

class Journalist {
 public:
  struct Draft {
    std::string entry;
    Digest leaf{};
    std::string id() const { return encode_base64url(view(leaf)); }
  };

  Journalist(record::Journal& journal, const ledger::NoteSigner& receipt_key, Random& random,
             const Clock& clock, Counters& counters)
      : journal_(journal),
        receipt_key_(receipt_key),
        random_(random),
        clock_(clock),
        counters_(counters) {}

  // Counts it. Adds `type`, `time` where the entry has none, and a `nonce` that makes the entry,
  // and so the leaf hash, unique.
  Draft draft(std::string_view type, json::Value entry) const;
  // The same for an entry that is canonical text, with its `type`, `time` and a `nonce()` of its
  // own; `outcome` as counters have it: a reason of the closed table, "permit", or "done".
  Draft seal(std::string_view type, std::string_view outcome, std::string entry) const;
  std::string nonce() const { return encode_base64url(random_.bytes(16)); }

  // Queues the entry; the receipt is a signed promise of it. `durable` as in record::Journal. Where
  // the answer holds the receipt, `promised` gets it before `durable` can be called.
  using Promised = std::function<void(const std::string& receipt)>;
  Result<std::string> write(Draft draft, record::Journal::Done durable,
                            const Promised& promised = {});
  // A refusal of an authenticated caller, answered without waiting; an empty receipt where the
  // journal is closed (the refusal stands all the same).
  std::string refusal(const Error& error, json::Value entry);

  // {"origin", "leaf", "as"}: how an entry names its predecessor, the entry of the token with this
  // jti; nothing where it is not remembered (then the token has expired).
  std::optional<json::Value> predecessor(std::string_view jti, std::string_view as);

  // Refusals before authentication, one entry per reason and flush.
  void count(Reason reason);
  void flush_counts();

 private:
  record::Journal& journal_;
  const ledger::NoteSigner& receipt_key_;
  Random& random_;
  const Clock& clock_;
  Counters& counters_;
  std::mutex counts_mutex_;
  std::array<std::uint64_t, kReasonCount> counts_{};
};

}  // namespace mandate::service
