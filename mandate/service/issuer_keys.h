// The keys that this issuer signs tokens, statements and assertions with. Their public halves stand
// on record as the authenticators of a principal that is the server itself, `service:mandate`: one
// without an end signs, one with a `not_after` is still believed until then, one that was revoked
// never is again. The private half of the one that signs is with the `KeySource`, and nowhere else.
//
//   const IssuerKeys& keys = ring.at(view, now);   keys.verifier.verify(token, place, now)
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mandate/crypto/key.h"
#include "mandate/record/command.h"
#include "mandate/token/access_token.h"

namespace mandate::service {

inline constexpr std::string_view kIssuerPrincipal = "service:mandate";

// No token lives longer; a statement can live for 30 days, and is fetched again after that.
inline constexpr Seconds kOverlapMin{25 * 3600};
inline constexpr Seconds kOverlapDefault{30 * 86'400};

// Where private keys are kept. What is prepared is durable, and not in use until it is adopted.
class KeySource {
 public:
  virtual ~KeySource() = default;
  virtual Result<crypto::PrivateKey> prepare(SigningAlgorithm algorithm) = 0;
  // What was prepared takes the place of the one in use, which is gone then.
  virtual Result<void> adopt(SigningAlgorithm algorithm) = 0;
};

std::string_view name(SigningAlgorithm algorithm);  // "ES256", "RS256"
SigningAlgorithm algorithm_of(const crypto::PublicKey& key);

struct IssuerKey {
  std::string kid;  // the thumbprint
  SigningAlgorithm algorithm = SigningAlgorithm::kEs256;
  crypto::PublicKey key;
  Instant not_after = kEndOfTime;  // the end of time: it signs
  bool signs() const { return not_after == kEndOfTime; }
};
// Those on record that are believed now; keys of another kind are passed over.
std::vector<IssuerKey> issuer_keys_on_record(const record::View& view, Instant now);

// One change of them, as a command: every listed kid must be believed now. A key that is revoked
// can never come back.
struct IssuerKeyChange {
  std::optional<crypto::PublicKey> added;
  std::vector<std::pair<std::string, Instant>> ending;  // kid, from when on it is not believed
  std::vector<std::string> revoked;
};
Result<record::Plan> plan_issuer_keys(const record::View& view, const IssuerKeyChange& change,
                                      Instant now);

// At start: what the record lacks of the key at hand, which then signs. Then all others of its
// algorithm are revoked: nobody has them any more, or they are of before a restore.
IssuerKeyChange change_at_start(const record::View& view, const crypto::PublicKey& key,
                                Instant now);

// What signs and what is believed, as of one revision.
struct IssuerKeys {
  crypto::PrivateKey es256;
  crypto::PrivateKey rs256;
  std::vector<crypto::PublicKey> public_keys;  // believed; what signs is first
  token::AccessTokenVerifier verifier;
  Instant until;  // when the next of them ends
};

// Readers hold what they got: versions are few, and stay until the end.
class IssuerKeyRing {
 public:
  IssuerKeyRing(std::string issuer, const crypto::PrivateKey& es256,
                const crypto::PrivateKey& rs256);
  const IssuerKeys& at(const std::function<record::View()>& view, Instant now);
  // After a change is on record; `signer` where another one signs from now on.
  void refresh(const record::View& view, Instant now,
               const std::optional<crypto::PrivateKey>& signer);

 private:
  const std::string issuer_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<const IssuerKeys>> versions_;
  std::atomic<const IssuerKeys*> current_{nullptr};
};

}  // namespace mandate::service
