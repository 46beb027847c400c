#include "mandate/token/grants.h"

#include <algorithm>
#include <array>

#include "mandate/base/limits.h"
#include "mandate/crypto/hash.h"
#include "mandate/token/claims.h"

namespace mandate::token {
namespace {

constexpr std::string_view kActorType = "actor+jwt";
constexpr std::string_view kStatementType = "delegation+jwt";
constexpr std::string_view kHopGrantType = "hop-grant+jwt";
// A hop grant ends with the token that it hands on, and a person's token with its session; these
// only keep a nonsense date out.
constexpr Seconds kHopGrantLifetimeMax{86'400};
constexpr Seconds kPersonTokenLifetimeMax{86'400};

Result<void> check_type(const Jws& jws, std::initializer_list<std::string_view> types) {
  if (std::find(types.begin(), types.end(), jws.type()) != types.end()) return {};
  return refuse(jws.place(), Reason::kTokenTypeMismatch,
                "typ is another than this place takes; expected " + quoted(*(types.end() - 1)));
}

tl::unexpected<Error> not_signed(const Jws& jws) {
  return refuse(jws.place(), Reason::kUntrustedIssuer,
                "the signature is not by a key that is known for its issuer; expected kid to be "
                "the key's thumbprint where there are several");
}

// `purpose` keeps the identifiers of one kind of JWT apart from another's.
Digest use_key(std::string_view purpose, std::string_view owner, std::string_view jti) {
  return crypto::sha256("mandate " + std::string(purpose) + '\0', std::string(owner) + '\0', jti);
}

// What a party signs about itself: `iss` is `sub`, for us alone, once, for a short time.
Result<OneUse> verify_own(const Jws& jws, std::string_view purpose,
                          const std::vector<crypto::PublicKey>& keys, std::string_view issuer,
                          Instant now) {
  Result<PrincipalId> who = claimed_client(jws);
  if (!who) return fail(who.error());
  const std::optional<std::size_t> key = signer(jws, keys);
  if (!key) return not_signed(jws);
  if (Result<void> aud = check_audience(jws, issuer); !aud) return fail(aud.error());
  Result<TimeClaims> times = check_times(jws, now, kAssertionLifetimeMax);
  if (!times) return fail(times.error());
  Result<std::string> jti = string_claim(jws, "jti", limits::kJtiBytesMax);
  if (!jti) return fail(jti.error());
  return OneUse{use_key(purpose, who->text(), *jti), times->expires_at, *key};
}

Result<Digest> token_hash_claim(const Jws& jws) {
  const std::string* ath = bounded_string(jws.claims().find("ath"), limits::kJtiBytesMax);
  const std::optional<Digest> hash = ath == nullptr ? std::nullopt : to_thumbprint(*ath);
  if (!hash) return wrong_claim(jws, "ath", "the SHA-256 of the token handed on");
  return *hash;
}

Result<std::vector<RequestedPermission>> granted_authority(const Jws& jws) {
  const json::Value* details = jws.claims().find("authorization_details");
  if (details == nullptr || !details->is_array() || details->as_array().empty()) {
    return wrong_claim(jws, "authorization_details", "at least one permission");
  }
  Result<std::vector<RequestedPermission>> authority = parse_authorization_details(*details);
  if (!authority && authority.error().reason == Reason::kLimitExceeded) {
    return refuse(jws.place(), Reason::kLimitExceeded, "authorization_details has too much in it");
  }
  if (!authority) return wrong_claim(jws, "authorization_details", "permissions as RFC 9396 has");
  return authority;
}

Result<int> max_depth_claim(const Jws& jws) {
  const json::Value* depth = jws.claims().find("max_depth");
  if (depth == nullptr) return 0;
  if (!depth->is_integer() || depth->as_integer() < 0 ||
      depth->as_integer() > static_cast<std::int64_t>(limits::kLineageDepthMax)) {
    return wrong_claim(jws, "max_depth",
                       "a whole number, 0 to " + std::to_string(limits::kLineageDepthMax));
  }
  return static_cast<int>(depth->as_integer());
}

// The grant is by the holder of the token: its `jwk` is the token's `cnf` key, and signed it.
Result<void> check_holder(const Jws& jws, std::string_view holder_jkt) {
  const json::Value* jwk = jws.header().find("jwk");
  if (jwk == nullptr) {
    return refuse(jws.place(), Reason::kTokenMalformed,
                  "no jwk in the header; expected the public key of the token's holder");
  }
  Result<crypto::PublicKey> key = crypto::PublicKey::from_jwk(*jwk);
  if (!key) {
    return refuse(jws.place(), Reason::kTokenMalformed,
                  "jwk is malformed; expected a public key for signatures alone");
  }
  if (key->thumbprint_base64url() != holder_jkt || !jws.verified_by(*key)) {
    return refuse(jws.place(), Reason::kProofOfPossession,
                  "not signed by the key that the token is bound to; expected its holder's");
  }
  return {};
}

const crypto::PublicKey* find_key(const Jws& jws, const std::vector<crypto::KeySetEntry>& keys) {
  // OpenID Connect Core section 10.1: of several keys, `kid` names one.
  if (!jws.key_id()) return keys.size() == 1 ? &keys.front().key : nullptr;
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const crypto::KeySetEntry& entry) {
    return entry.kid.value_or(entry.key.thumbprint_base64url()) == *jws.key_id();
  });
  return found == keys.end() ? nullptr : &found->key;
}

}  // namespace

Result<PrincipalId> claimed_client(const Jws& jws) {
  std::optional<PrincipalId> subject = id_claim<PrincipalNoun>(jws.claims(), "sub");
  if (!subject) return wrong_claim(jws, "sub", "a principal's id");
  if (id_claim<PrincipalNoun>(jws.claims(), "iss") != subject) {
    return wrong_claim(jws, "iss", "the same as sub");
  }
  return *std::move(subject);
}

Result<OneUse> verify_client_assertion(const Jws& jws, const std::vector<crypto::PublicKey>& keys,
                                       std::string_view issuer, Instant now) {
  Result<void> type = check_type(jws, {"", "jwt", "client-authentication+jwt"});
  if (!type) return fail(type.error());
  return verify_own(jws, "client assertion", keys, issuer, now);
}

Result<OneUse> verify_actor_token(const Jws& jws, const std::vector<crypto::PublicKey>& keys,
                                  std::string_view issuer, Instant now) {
  if (Result<void> type = check_type(jws, {kActorType}); !type) return fail(type.error());
  return verify_own(jws, "actor token", keys, issuer, now);
}

std::string sign_statement(const Statement& statement, std::string_view issuer, Instant now,
                           const crypto::PrivateKey& key, crypto::Algorithm algorithm) {
  return sign_jws(
      key, algorithm, kStatementType, key.public_key().thumbprint_base64url(),
      json::Value::object({{"iss", issuer},
                           {"aud", issuer},
                           {"sub", statement.delegator.text()},
                           {"may_act", json::Value::object({{"sub", statement.delegate.text()}})},
                           {"jti", statement.delegation.text()},
                           {"iat", to_date(now)},
                           {"exp", to_date(statement.expires_at)}}));
}

Result<Statement> verify_statement(const Jws& jws, const std::vector<crypto::PublicKey>& keys,
                                   std::string_view issuer, Instant now) {
  if (Result<void> type = check_type(jws, {kStatementType}); !type) return fail(type.error());
  if (claimed_issuer(jws) != issuer || !jws.key_id() || !signer(jws, keys)) return not_signed(jws);
  if (Result<void> aud = check_audience(jws, issuer); !aud) return fail(aud.error());
  // As old and as long as its delegation: that is on record, and decided on now.
  Result<TimeClaims> times = check_times(jws, now, Seconds{kNumericDateMax});
  if (!times) return fail(times.error());
  const json::Value& claims = jws.claims();
  std::optional<PrincipalId> delegator = id_claim<PrincipalNoun>(claims, "sub");
  if (!delegator) return wrong_claim(jws, "sub", "a principal's id");
  const json::Value* may_act = claims.find("may_act");
  std::optional<PrincipalId> delegate =
      may_act == nullptr ? std::nullopt : id_claim<PrincipalNoun>(*may_act, "sub");
  if (!delegate || may_act->as_object().size() != 1) {
    return wrong_claim(jws, "may_act", "an object that holds sub only");
  }
  std::optional<DelegationId> delegation = id_claim<DelegationNoun>(claims, "jti");
  if (!delegation) return wrong_claim(jws, "jti", "a delegation's id");
  return Statement{*std::move(delegator), *std::move(delegate), *std::move(delegation),
                   times->expires_at};
}

Result<HopGrant> verify_hop_grant(std::string_view text, std::string_view holder_jkt,
                                  std::string_view issuer, Instant now) {
  Result<Jws> jws = Jws::parse(text, Place::kHopGrant);
  if (!jws) return fail(jws.error());
  if (Result<void> type = check_type(*jws, {kHopGrantType}); !type) return fail(type.error());
  if (Result<void> holder = check_holder(*jws, holder_jkt); !holder) return fail(holder.error());
  if (Result<void> aud = check_audience(*jws, issuer); !aud) return fail(aud.error());
  Result<TimeClaims> times = check_times(*jws, now, kHopGrantLifetimeMax);
  if (!times) return fail(times.error());
  const json::Value& claims = jws->claims();
  std::optional<PrincipalId> iss = id_claim<PrincipalNoun>(claims, "iss");
  if (!iss) return wrong_claim(*jws, "iss", "the holder's id");
  std::optional<PrincipalId> delegate = id_claim<PrincipalNoun>(claims, "sub");
  if (!delegate) return wrong_claim(*jws, "sub", "the next actor's id");
  const std::string* jkt = jkt_of(claims.find("cnf"));
  if (jkt == nullptr) return wrong_claim(*jws, "cnf", "jkt alone, the next actor's thumbprint");
  Result<Digest> hash = token_hash_claim(*jws);
  if (!hash) return fail(hash.error());
  Result<std::vector<RequestedPermission>> authority = granted_authority(*jws);
  if (!authority) return fail(authority.error());
  Result<int> max_depth = max_depth_claim(*jws);
  if (!max_depth) return fail(max_depth.error());
  Result<std::string> jti = string_claim(*jws, "jti", limits::kJtiBytesMax);
  if (!jti) return fail(jti.error());
  const OneUse use{use_key("hop grant", holder_jkt, *jti), times->expires_at, 0};
  return HopGrant{*std::move(iss),
                  *hash,
                  *std::move(delegate),
                  *jkt,
                  *std::move(authority),
                  *max_depth,
                  times->expires_at,
                  *std::move(jti),
                  use};
}

Result<PersonClaims> verify_person_token(const Jws& jws,
                                         const std::vector<crypto::KeySetEntry>& keys,
                                         const std::vector<std::string>& algorithms,
                                         std::string_view trusted_issuer, std::string_view audience,
                                         Seconds max_age, Instant now) {
  if (Result<void> type = check_type(jws, {"", "id+jwt", "jwt"}); !type) return fail(type.error());
  const crypto::PublicKey* key = find_key(jws, keys);
  const bool allowed = std::find(algorithms.begin(), algorithms.end(),
                                 crypto::name(jws.algorithm())) != algorithms.end();
  if (claimed_issuer(jws) != trusted_issuer || !allowed || key == nullptr ||
      !jws.verified_by(*key)) {
    return not_signed(jws);
  }
  if (Result<void> aud = check_audience(jws, audience); !aud) return fail(aud.error());
  Result<TimeClaims> times = check_times(jws, now, kPersonTokenLifetimeMax);
  if (!times) return fail(times.error());
  if (!times->issued_at) return wrong_claim(jws, "iat", "a number of seconds, 0 to 2^53");
  if (*times->issued_at + max_age <= now) {
    return refuse(jws.place(), Reason::kTokenExpired,
                  "iat is " + format_rfc3339(*times->issued_at) + "; expected at most " +
                      format_duration(max_age) + " ago");
  }
  PersonClaims person{{}, times->expires_at};
  for (const json::Member& member : jws.claims().as_object()) {
    if (member.value.is_string()) {
      person.claims.emplace_back(member.key, member.value.as_string());
    }
  }
  return person;
}

std::optional<std::string> claimed_issuer(const Jws& jws) {
  const std::string* iss = bounded_string(jws.claims().find("iss"), limits::kUriBytesMax);
  return iss == nullptr ? std::nullopt : std::optional(*iss);
}

}  // namespace mandate::token
