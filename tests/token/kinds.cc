#include "tests/token/kinds.h"

#include <cstdlib>
#include <ostream>
#include <utility>

#include "mandate/crypto/hash.h"
#include "mandate/token/access_token.h"
#include "mandate/token/dpop.h"
#include "mandate/token/grants.h"

namespace mandate::test {
namespace {

using token::Jws;

// What a judge says of its evidence is: there is some.
template <class T>
Result<void> without_value(const Result<T>& result) {
  if (!result) return fail(result.error());
  return {};
}

template <class Verify>
auto judge_jws(Place place, Verify verify) {
  return [place, verify](std::string_view text, Instant now) -> Result<void> {
    Result<Jws> jws = Jws::parse(text, place);
    if (!jws) return fail(jws.error());
    return without_value(verify(*jws, now));
  };
}

std::vector<crypto::PublicKey> public_keys(std::string_view name) {
  return {test_key(name).public_key()};
}

Kind assertion() {
  return {"assertion",
          Reason::kClientAuthenticationFailed,
          Reason::kClientAuthenticationFailed,
          Reason::kClientAuthenticationFailed,
          client_assertion("agent:triage", kIssuer, kNow, "jti-1"),
          test_key("client"),
          false,
          judge_jws(Place::kClient, [](const Jws& jws, Instant now) {
            return token::verify_client_assertion(jws, public_keys("client"), kIssuer, now);
          })};
}

Kind actor() {
  return {"actor",
          Reason::kTokenMalformed,
          Reason::kUntrustedIssuer,
          Reason::kTokenTypeMismatch,
          actor_token("agent:triage", kIssuer, kNow, "jti-1"),
          test_key("client"),
          false,
          judge_jws(Place::kActorToken, [](const Jws& jws, Instant now) {
            return token::verify_actor_token(jws, public_keys("client"), kIssuer, now);
          })};
}

Kind access_token() {
  return {"access_token",
          Reason::kTokenMalformed,
          Reason::kUntrustedIssuer,
          Reason::kTokenTypeMismatch,
          {.header = header_for(test_key("server"), "at+jwt"),
           .claims = token::to_json(token_claims(), kIssuer)},
          test_key("server"),
          false,
          [](std::string_view text, Instant now) {
            const token::AccessTokenVerifier verifier(std::string(kIssuer), public_keys("server"));
            return without_value(verifier.verify(text, Place::kSubjectToken, now));
          }};
}

Kind statement() {
  const json::Value may_act = json::Value::object({{"sub", "agent:triage"}});
  return {"statement",
          Reason::kTokenMalformed,
          Reason::kUntrustedIssuer,
          Reason::kTokenTypeMismatch,
          {.header = header_for(test_key("server"), "delegation+jwt"),
           .claims = json::Value::object({{"iss", kIssuer},
                                          {"aud", kIssuer},
                                          {"sub", "human:maria@acme.example"},
                                          {"may_act", may_act},
                                          {"jti", "triage-reads"},
                                          {"iat", kNowSeconds},
                                          {"exp", kNowSeconds + 60}})},
          test_key("server"),
          false,
          judge_jws(Place::kSubjectToken, [](const Jws& jws, Instant now) {
            return token::verify_statement(jws, public_keys("server"), kIssuer, now);
          })};
}

Kind hop_grant() {
  const std::string next = test_key("other").public_key().thumbprint_base64url();
  const json::Value permission =
      json::Value::object({{"type", "tickets"}, {"actions", json::Value::array({"read"})}});
  return {
      "hop_grant",
      Reason::kTokenMalformed,
      Reason::kProofOfPossession,
      Reason::kTokenTypeMismatch,
      {.header = json::Value::object({{"alg", "ES256"},
                                      {"typ", "hop-grant+jwt"},
                                      {"jwk", test_key("client").public_key().to_jwk()}}),
       .claims = json::Value::object({{"iss", "agent:triage"},
                                      {"sub", "agent:writer"},
                                      {"aud", kIssuer},
                                      {"ath", encode_base64url(view(crypto::sha256("token")))},
                                      {"cnf", json::Value::object({{"jkt", next}})},
                                      {"authorization_details", json::Value::array({permission})},
                                      {"max_depth", 1},
                                      {"jti", "jti-1"},
                                      {"iat", kNowSeconds},
                                      {"exp", kNowSeconds + 60}})},
      test_key("client"),
      true,
      [](std::string_view text, Instant now) {
        return without_value(token::verify_hop_grant(
            text, test_key("client").public_key().thumbprint_base64url(), kIssuer, now));
      }};
}

Kind proof() {
  return {"proof",
          Reason::kBadRequest,
          Reason::kBadRequest,
          Reason::kBadRequest,
          dpop_proof("POST", kTokenUri, kNow, "jti-1"),
          test_key("client"),
          true,
          [](std::string_view text, Instant now) {
            const token::ProofContext context{.method = "POST",
                                              .uri = kTokenUri,
                                              .token_hash = std::nullopt,
                                              .nonce_policy = token::NoncePolicy::kWhenNotFresh,
                                              .nonces = nullptr,
                                              .run_started = kBeginningOfTime,
                                              .now = now};
            return without_value(token::ProofVerifier().verify(text, context));
          }};
}

Kind person() {
  return {"person",
          Reason::kTokenMalformed,
          Reason::kUntrustedIssuer,
          Reason::kTokenTypeMismatch,
          {.header = header_for(test_key("other"), "JWT"),
           .claims = json::Value::object({{"iss", kTrusted},
                                          {"aud", kIssuer},
                                          {"sub", "maria"},
                                          {"email", "maria@acme.example"},
                                          {"iat", kNowSeconds},
                                          {"exp", kNowSeconds + 60}})},
          test_key("other"),
          false,
          judge_jws(Place::kSubjectToken, [](const Jws& jws, Instant now) {
            return token::verify_person_token(jws, {{std::nullopt, test_key("other").public_key()}},
                                              {"ES256", "EdDSA"}, kTrusted, kIssuer, Seconds{600},
                                              now);
          })};
}

}  // namespace

std::string Kind::with_header(std::string_view member, json::Value value) const {
  Forge changed = forge;
  changed.header.set(member, std::move(value));
  return changed.signed_by(key);
}

std::string Kind::with_claim(std::string_view member, json::Value value) const {
  Forge changed = forge;
  changed.claims.set(member, std::move(value));
  return changed.signed_by(key);
}

std::string Kind::without_claim(std::string_view member) const {
  return Forge{.header = forge.header, .claims = without(forge.claims, member)}.signed_by(key);
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {assertion(), actor(), access_token(), statement(),
                                        hop_grant(), proof(), person()};
  return all;
}

const Kind& kind(std::string_view name) {
  for (const Kind& one : kinds()) {
    if (one.name == name) return one;
  }
  std::abort();
}

json::Value without(const json::Value& object, std::string_view name) {
  json::Object left;
  for (const json::Member& member : object.as_object()) {
    if (member.key != name) left.push_back(member);
  }
  return left;
}

TokenClaims token_claims() {
  const Result<json::Value> permissions = json::parse(
      R"([{"type": "tickets", "locations": ["https://tickets.acme.example"], "actions": ["read"],
           "identifier": "queue/eu/*", "constraints": {"networks": ["10.0.0.0/8"]}}])");
  const auto principal = [](std::string_view id) { return PrincipalId::parse(id).value(); };
  return {principal("human:maria@acme.example"),
          principal("agent:writer"),
          {principal("agent:writer"), principal("agent:triage")},
          ResourceId::parse(kTickets).value(),
          Authority::parse(permissions.value()).value(),
          test_key("client").public_key().thumbprint_base64url(),
          "txn-1",
          "jti-1",
          kNow,
          kNow + Seconds{60},
          {DelegationId::parse("writes").value(), DelegationId::parse("triage-reads").value()},
          {"p1", "d4", "e7"},
          41};
}

void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

}  // namespace mandate::test
