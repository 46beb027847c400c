#include "mandate/token/access_token.h"

#include <cstring>
#include <utility>

#include "mandate/base/digest_hash.h"
#include "mandate/base/limits.h"
#include "mandate/base/recent_map.h"
#include "mandate/token/claims.h"

namespace mandate::token {
namespace {

constexpr std::string_view kType = "at+jwt";
constexpr std::size_t kRestsOnMax = 256;
static_assert(kRestsOnMax > limits::kLineageDepthMax, "each hop rests on several nodes");

json::Value nested_act(const std::vector<PrincipalId>& actors) {
  json::Value act;
  for (std::size_t i = actors.size(); i-- > 0;) {
    json::Value outer = json::Value::object({{"sub", actors[i].text()}});
    if (!act.is_null()) outer.set("act", std::move(act));
    act = std::move(outer);
  }
  return act;
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

template <class T, class Text>
json::Value to_array(const std::vector<T>& items, Text text) {
  json::Array array;
  for (const T& item : items) array.emplace_back(text(item));
  return array;
}

}  // namespace

json::Value to_json(const TokenClaims& claims, std::string_view issuer) {
  json::Value out = json::Value::object({{"iss", issuer},
                                         {"aud", claims.audience.text()},
                                         {"client_id", claims.client_id.text()},
                                         {"sub", claims.subject.text()}});
  if (!claims.actors.empty()) out.set("act", nested_act(claims.actors));
  if (!claims.authority.empty()) {
    out.set("scope", to_scope(claims.authority));
    out.set("authorization_details", claims.authority.to_json());
  }
  if (claims.jkt) out.set("cnf", json::Value::object({{"jkt", *claims.jkt}}));
  if (claims.certificate) {
    out.set("cnf", json::Value::object({{"x5t#S256", *claims.certificate}}));
  }
  out.set("txn", claims.transaction);
  out.set("jti", claims.jti);
  out.set("iat", to_date(claims.issued_at));
  out.set("exp", to_date(claims.expires_at));
  out.set("lineage", to_array(claims.lineage, [](const DelegationId& id) { return id.text(); }));
  out.set("rests_on", to_array(claims.rests_on, [](const std::string& id) { return id; }));
  out.set("revision", static_cast<std::int64_t>(claims.revision));
  return out;
}

std::string sign_access_token(const TokenClaims& claims, std::string_view issuer,
                              const crypto::PrivateKey& key, crypto::Algorithm algorithm) {
  return sign_jws(key, algorithm, kType, key.public_key().thumbprint_base64url(),
                  to_json(claims, issuer));
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
