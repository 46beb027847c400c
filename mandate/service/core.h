// What the use cases share: the verifiers, the caches, the journalist. Made once by `Service`.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/base/digest_hash.h"
#include "mandate/base/rate_limiter.h"
#include "mandate/base/recent_map.h"
#include "mandate/decision/decision.h"
#include "mandate/service/background.h"
#include "mandate/service/issuer_keys.h"
#include "mandate/service/journalist.h"
#include "mandate/service/key_cache.h"
#include "mandate/service/service.h"
#include "mandate/token/dpop.h"
#include "mandate/token/grants.h"

namespace mandate::service {

// Of a generation: as many tokens as their verifier remembers, some 500 bytes each.
inline constexpr std::size_t kStandingsMax = 1 << 15;

struct Core {
  explicit Core(const Dependencies& dependencies);

  const Dependencies deps;
  ResourceId issuer_resource;
  IssuerKeyRing issuer_ring;
  std::atomic<bool> changing_keys{false};
  token::NonceIssuer nonces;
  token::ProofVerifier proofs;
  Journalist journalist;
  KeyCache keys;
  RateLimiter rate;  // by client id
  RecentMap<Digest, std::shared_ptr<const decision::Standing>, DigestHash> standings{kStandingsMax};
  Background background;  // last: it ends before what it works on

  Instant now() const { return deps.clock.now(); }
  record::View view() const { return deps.state.view(); }
  const IssuerKeys& issuer_keys(Instant at) {
    return issuer_ring.at([this] { return view(); }, at);
  }
  // Consumes one-use identifiers; `proof_replayed` at that place where one was used before.
  Result<void> consume(const Digest& key, Instant until, Place place);
  // Counts a request of a proven client; `limit_exceeded` at Place::kRate where it is one too many.
  Result<void> check_rate(const PrincipalId& client);
};

inline constexpr std::size_t kTransactionBytes = 16;  // of a `txn`, base64url in a token

// The name that an entry, a document and a URL give a caller.
std::string text_of(const record::View& view, record::PrincipalHandle principal);

// A refusal of a known caller: journalled, with its receipt.
Reply refuse(Core& core, Error error, json::Value entry);
// A refusal of an unknown one: counted.
Reply refuse_unknown(Core& core, Error error);

// One-use identifiers as an entry lists them, so that a restart can remember them.
json::Value use_entry(const Digest& key, Instant until);

// A one-use identifier that is spent once it is decided that the request could be granted.
struct PendingUse {
  Digest key{};
  Instant until;
  Place place = Place::kRequest;
};

// --- who calls ---

// The caller of /token, /introspect, /revoke, proven by private_key_jwt; its assertion is not
// consumed yet, so that a DPoP nonce can be asked for first.
struct Client {
  record::PrincipalHandle handle;
  PrincipalId id;
  record::AuthenticatorHandle authenticator;
  Digest use_key{};
  Instant use_until;
};
class Form;
Result<Client> authenticate_client(Core& core, const Form& form, const OAuthCall& call,
                                   const record::View& view, Instant now);

// The keys of a principal that stand on record, those past their date too.
struct RegisteredKey {
  record::AuthenticatorHandle authenticator;
  crypto::PublicKey key;
};
std::vector<RegisteredKey> registered_keys(Core& core, const record::View& view,
                                           const record::Principal& principal);
std::vector<crypto::PublicKey> plain(const std::vector<RegisteredKey>& keys);

// The caller of the API, proven by a token of ours with its proof.
struct Caller {
  record::PrincipalHandle handle;
  VerifiedToken token;
  ProvenPossession possession;
};
struct CallerFailure {
  Error error;
  std::optional<std::string> dpop_nonce;
};
tl::expected<Caller, CallerFailure> authenticate_caller(Core& core, const ApiCall& call,
                                                        const record::View& view, Instant now);

// The access token and the DPoP proof of a request to a resource (RFC 9449 section 7.1), verified.
struct Presented {
  VerifiedToken token;
  ProvenPossession possession;
  json::Value use;
};
struct PresentedHeaders {
  const std::vector<std::string>& authorization;
  const std::vector<std::string>& dpop;
  std::string_view method;
  std::string_view uri;
  const std::optional<PeerCertificate>& certificate;  // of the connection that the actor made
};
tl::expected<Presented, CallerFailure> verify_presented(Core& core, const PresentedHeaders& headers,
                                                        Instant now);
// The same for a token and a proof that came as such.
tl::expected<Presented, CallerFailure> verify_pair(Core& core, std::string_view token,
                                                   std::string_view proof, std::string_view method,
                                                   std::string_view uri, Instant now);

// The lineage of a token that is live in every respect: itself, what it rests on, and as a whole;
// nothing where the token carries no authority.
Result<std::optional<decision::Lineage>> live_lineage(const record::View& view,
                                                      const TokenClaims& claims, Instant now);

// A trusted issuer's token, or one that claims to be: `borrowed_credential` where a person's stands
// in the place of software's own.
bool is_persons_token(const Core& core, const record::View& view, const token::Jws& jws);

}  // namespace mandate::service
