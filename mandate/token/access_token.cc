#include "mandate/token/access_token.h"

#include <cstring>
#include <limits>
#include <utility>

#include "mandate/base/digest_hash.h"
#include "mandate/base/limits.h"
#include "mandate/base/recent_map.h"
#include "mandate/json/object_text.h"
#include "mandate/token/claims.h"

namespace mandate::token {
namespace {

constexpr std::string_view kType = "at+jwt";
constexpr std::size_t kRestsOnMax = 256;
constexpr std::size_t kUsualBytes = 1 << 10;
static_assert(kRestsOnMax > limits::kLineageDepthMax, "each hop rests on several nodes");

// cnf: {"jkt"} or {"x5t#S256"}.
std::string confirmation_text(std::string_view method, std::string_view thumbprint) {
  std::string text;
  json::ObjectText cnf(text);
  cnf.text(method, thumbprint);
  cnf.end();
  return text;
}

// Newest first. Each link holds `sub` and the next link, and nothing else (ATTACKS D17).
Result<std::vector<PrincipalId>> read_actors(const Jws& jws) {
  std::vector<PrincipalId> actors;
  for (const json::Value* act = jws.claims().find("act"); act != nullptr; act = act->find("act")) {
    if (actors.size() == limits::kLineageDepthMax) {
      return refuse(jws.place(), Reason::kDepthExceeded,
                    "act is nested too deep; expected at most " +
                        std::to_string(limits::kLineageDepthMax) + " actors");
    }
    std::optional<PrincipalId> actor = to_id<PrincipalNoun>(act->find("sub"));
    const std::size_t members = act->find("act") == nullptr ? 1 : 2;
    if (!actor || act->as_object().size() != members) {
      return wrong_claim(jws, "act", "nested objects that hold sub only");
    }
    actors.push_back(*std::move(actor));
  }
  return actors;
}

Result<Authority> read_authority(const Jws& jws) {
  const json::Value* scope = jws.claims().find("scope");
  if (scope != nullptr && !scope->is_string()) return wrong_claim(jws, "scope", "a string");
  const json::Value* details = jws.claims().find("authorization_details");
  if (details == nullptr) return Authority();
  Result<Authority> authority = Authority::parse(*details);
  if (!authority) return wrong_claim(jws, "authorization_details", "permissions as RFC 9396 has");
  return authority;
}

// An array of at most `max` items, each read by `read`; nothing for anything else.
template <class T, class Read>
std::optional<std::vector<T>> read_list(const json::Value* array, std::size_t max, Read read) {
  if (array == nullptr || !array->is_array() || array->as_array().size() > max) {
    return std::nullopt;
  }
  std::vector<T> items;
  items.reserve(array->as_array().size());
  for (const json::Value& item : array->as_array()) {
    std::optional<T> read_item = read(&item);
    if (!read_item) return std::nullopt;
    items.push_back(*std::move(read_item));
  }
  return items;
}

std::optional<std::string> read_text(const json::Value* value) {
  const std::string* text = bounded_string(value, limits::kJtiBytesMax + 2);  // `t:` and a jti
  return text == nullptr ? std::nullopt : std::optional(*text);
}

std::optional<std::uint64_t> read_revision(const json::Value* value) {
  if (value == nullptr || !value->is_integer() || value->as_integer() < 0 ||
      value->as_integer() > kNumericDateMax) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(value->as_integer());
}

// What the token says beside who acts: fills `out`.
Result<void> read_rest(const Jws& jws, TokenClaims& out) {
  const json::Value& claims = jws.claims();
  Result<Authority> authority = read_authority(jws);
  if (!authority) return fail(authority.error());
  out.authority = *std::move(authority);
  const json::Value* cnf = claims.find("cnf");
  if (cnf != nullptr) {
    const std::string* jkt = jkt_of(cnf);
    const std::string* certificate = certificate_of(cnf);
    if (jkt == nullptr && certificate == nullptr) {
      return wrong_claim(jws, "cnf", "jkt or x5t#S256 alone, a SHA-256 thumbprint");
    }
    if (jkt != nullptr) out.jkt = *jkt;
    if (certificate != nullptr) out.certificate = *certificate;
  }
  Result<std::string> transaction = string_claim(jws, "txn", limits::kJtiBytesMax);
  if (!transaction) return fail(transaction.error());
  out.transaction = *std::move(transaction);
  Result<std::string> jti = string_claim(jws, "jti", limits::kJtiBytesMax);
  if (!jti) return fail(jti.error());
  out.jti = *std::move(jti);
  auto lineage = read_list<DelegationId>(claims.find("lineage"), limits::kLineageDepthMax,
                                         to_id<DelegationNoun>);
  if (!lineage) return wrong_claim(jws, "lineage", "an array of delegation ids");
  out.lineage = *std::move(lineage);
  auto rests_on = read_list<std::string>(claims.find("rests_on"), kRestsOnMax, read_text);
  if (!rests_on) return wrong_claim(jws, "rests_on", "an array of short ids");
  out.rests_on = *std::move(rests_on);
  const std::optional<std::uint64_t> revision = read_revision(claims.find("revision"));
  if (!revision) return wrong_claim(jws, "revision", "a whole number, 0 to 2^53");
  out.revision = *revision;
  return {};
}

Result<TokenClaims> read_claims(const Jws& jws) {
  const json::Value& claims = jws.claims();
  std::optional<PrincipalId> subject = id_claim<PrincipalNoun>(claims, "sub");
  if (!subject) return wrong_claim(jws, "sub", "a principal's id");
  std::optional<PrincipalId> client = id_claim<PrincipalNoun>(claims, "client_id");
  if (!client) return wrong_claim(jws, "client_id", "a principal's id");
  Result<std::vector<PrincipalId>> actors = read_actors(jws);
  if (!actors) return fail(actors.error());
  if (*client != (actors->empty() ? *subject : actors->front())) {
    return wrong_claim(jws, "client_id", "the outermost actor, or sub where there is none");
  }
  std::optional<ResourceId> audience = id_claim<ResourceNoun>(claims, "aud");
  if (!audience) return wrong_claim(jws, "aud", "one resource's id");
  const json::Value* iat = claims.find("iat");
  const json::Value* exp = claims.find("exp");
  const std::optional<Instant> issued_at = iat == nullptr ? std::nullopt : to_instant(*iat);
  if (!issued_at) return wrong_claim(jws, "iat", "a number of seconds, 0 to 2^53");
  const std::optional<Instant> expires_at = exp == nullptr ? std::nullopt : to_instant(*exp);
  if (!expires_at || *expires_at <= *issued_at) {
    return wrong_claim(jws, "exp", "a number of seconds later than iat, to 2^53");
  }
  TokenClaims out{*std::move(subject),
                  *std::move(client),
                  *std::move(actors),
                  *std::move(audience),
                  {},
                  {},
                  {},
                  {},
                  *issued_at,
                  *expires_at,
                  {},
                  {},
                  0};
  if (Result<void> rest = read_rest(jws, out); !rest) return fail(rest.error());
  return out;
}

}  // namespace

std::string act_text(const std::vector<PrincipalId>& actors) {
  std::string text;
  for (std::size_t i = actors.size(); i-- > 0;) {
    std::string outer;
    json::ObjectText act(outer);
    if (!text.empty()) act.raw("act", text);
    act.text("sub", actors[i].text());
    act.end();
    text = std::move(outer);
  }
  return text;
}

std::string claims_text(const TokenClaims& claims, std::string_view issuer) {
  std::string out;
  out.reserve(kUsualBytes);
  json::ObjectText text(out);
  if (!claims.actors.empty()) text.raw("act", act_text(claims.actors));
  text.text("aud", claims.audience.text());
  if (!claims.authority.empty()) {
    text.value("authorization_details", claims.authority.to_json());
  }
  text.text("client_id", claims.client_id.text());
  if (claims.certificate) {
    text.raw("cnf", confirmation_text("x5t#S256", *claims.certificate));
  } else if (claims.jkt) {
    text.raw("cnf", confirmation_text("jkt", *claims.jkt));
  }
  text.value("exp", to_date(claims.expires_at));
  text.value("iat", to_date(claims.issued_at));
  text.text("iss", issuer);
  if (!claims.jti.empty()) text.text("jti", claims.jti);
  text.begin_array("lineage");
  for (const DelegationId& delegation : claims.lineage) text.add_item(delegation.text());
  text.end_array();
  text.texts("rests_on", claims.rests_on);
  text.number("revision", static_cast<std::int64_t>(claims.revision));
  if (!claims.authority.empty()) text.text("scope", to_scope(claims.authority));
  text.text("sub", claims.subject.text());
  text.text("txn", claims.transaction);
  text.end();
  return out;
}

json::Value to_json(const TokenClaims& claims, std::string_view issuer) {
  constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();
  return json::parse(claims_text(claims, issuer), {.bytes_max = kAny, .values_max = kAny}).value();
}

std::string sign_access_token(const TokenClaims& claims, std::string_view issuer,
                              const crypto::PrivateKey& key, crypto::Algorithm algorithm) {
  return sign_jws(key, algorithm, kType, key.public_key().thumbprint_base64url(),
                  claims_text(claims, issuer));
}

struct AccessTokenVerifier::Seen {
  static constexpr std::size_t kGenerationMax = 1 << 15;  // of some 2 KiB each
  RecentMap<Digest, std::shared_ptr<const VerifiedToken>, DigestHash> tokens{kGenerationMax};
};

AccessTokenVerifier::AccessTokenVerifier(std::string issuer, std::vector<crypto::PublicKey> keys)
    : issuer_(std::move(issuer)), keys_(std::move(keys)), seen_(std::make_shared<Seen>()) {}

Result<VerifiedToken> AccessTokenVerifier::verify(std::string_view text, Place place,
                                                  Instant now) const {
  return Jws::parse(text, place).and_then([&](const Jws& jws) { return verify(jws, now); });
}

Result<VerifiedToken> AccessTokenVerifier::verify(const Jws& jws, Instant now) const {
  std::shared_ptr<const VerifiedToken> token = seen_->tokens.find(jws.hash()).value_or(nullptr);
  if (token == nullptr) {
    Result<VerifiedToken> checked = check(jws);
    if (!checked) return checked;
    token = std::make_shared<const VerifiedToken>(*std::move(checked));
    seen_->tokens.put(jws.hash(), token);
  }
  const TokenClaims& claims = token->claims();
  if (claims.expires_at <= now) {
    return refuse(jws.place(), Reason::kTokenExpired,
                  "exp is " + format_rfc3339(claims.expires_at) + "; expected later than now");
  }
  if (claims.issued_at > now + kClockSkewMax) {
    return wrong_claim(jws, "iat", "at most " + format_duration(kClockSkewMax) + " ahead");
  }
  return *token;
}

Result<VerifiedToken> AccessTokenVerifier::check(const Jws& jws) const {
  if (jws.type() != kType) {
    return refuse(jws.place(), Reason::kTokenTypeMismatch,
                  "typ is another than that of an access token; expected " + quoted(kType));
  }
  const json::Value* iss = jws.claims().find("iss");
  const bool ours = iss != nullptr && iss->is_string() && iss->as_string() == issuer_;
  if (!ours || !jws.key_id() || !signer(jws, keys_)) {
    return refuse(jws.place(), Reason::kUntrustedIssuer,
                  "not signed by a key of ours; expected a token of " + quoted(issuer_));
  }
  Result<TokenClaims> claims = read_claims(jws);
  if (!claims) return fail(claims.error());
  return VerifiedToken(*std::move(claims), jws.hash());
}

}  // namespace mandate::token
