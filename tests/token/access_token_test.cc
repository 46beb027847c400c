// Access tokens of ours: the claims and their JSON, and what is no such token.
#include <gtest/gtest.h>

#include <optional>

#include "mandate/base/limits.h"
#include "mandate/crypto/hash.h"
#include "mandate/token/access_token.h"
#include "testing/matchers.h"
#include "tests/token/kinds.h"

namespace mandate::test {
namespace {

using json::Value;

token::AccessTokenVerifier verifier() {
  return {std::string(kIssuer), {test_key("server").public_key(), test_key("rsa").public_key()}};
}

// The one door: the valid token with one claim changed.
void check_claim(std::string_view claim, const Value& value, std::optional<Reason> reason) {
  SCOPED_TRACE(std::string(claim) + ' ' + json::canonical(value));
  const Kind& one = kind("access_token");
  const Result<void> judged = one.judge(one.with_claim(claim, value), kNow);
  if (reason) {
    EXPECT_THAT(judged, ErrorIs(*reason));
  } else {
    EXPECT_THAT(judged, IsOk());
  }
}

void expect_round_trip(const TokenClaims& claims) {
  const std::string text =
      token::sign_access_token(claims, kIssuer, test_key("server"), crypto::Algorithm::kEs256);
  const Result<VerifiedToken> token = verifier().verify(text, Place::kSubjectToken, kNow);
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(token->hash(), crypto::sha256(text));
  const TokenClaims& read = token->claims();
  EXPECT_EQ(read.subject, claims.subject);
  EXPECT_EQ(read.client_id, claims.client_id);
  EXPECT_EQ(read.actors, claims.actors);
  EXPECT_EQ(read.audience, claims.audience);
  EXPECT_EQ(read.authority, claims.authority);
  EXPECT_EQ(read.jkt, claims.jkt);
  EXPECT_EQ(read.transaction, claims.transaction);
  EXPECT_EQ(read.jti, claims.jti);
  EXPECT_EQ(read.issued_at, claims.issued_at);
  EXPECT_EQ(read.expires_at, claims.expires_at);
  EXPECT_EQ(read.lineage, claims.lineage);
  EXPECT_EQ(read.rests_on, claims.rests_on);
  EXPECT_EQ(read.revision, claims.revision);
  EXPECT_EQ(token::to_json(read, kIssuer), token::to_json(claims, kIssuer));
}

TEST(AccessToken, RoundTripIsExact) {
  TokenClaims claims = token_claims();
  expect_round_trip(claims);
  claims.jkt.reset();
  expect_round_trip(claims);
  claims.authority = {};
  claims.lineage.clear();
  claims.rests_on.clear();
  expect_round_trip(claims);
  claims.actors.clear();
  claims.client_id = claims.subject;
  claims.revision = std::uint64_t{1} << 53;
  expect_round_trip(claims);
  claims.actors.assign(limits::kLineageDepthMax, claims.subject);
  claims.lineage.assign(limits::kLineageDepthMax, token_claims().lineage[0]);
  expect_round_trip(claims);
}

// What was checked once is checked no second time, but for its time; and another verifier, with
// other keys, knows nothing of it.
TEST(AccessToken, SeenBeforeIsRefusedForItsTimeAndByOtherKeysAllTheSame) {
  const TokenClaims claims = token_claims();
  const std::string text =
      token::sign_access_token(claims, kIssuer, test_key("server"), crypto::Algorithm::kEs256);
  const token::AccessTokenVerifier one = verifier();
  const auto judge = [&](const std::string& token, Instant now) {
    return one.verify(token, Place::kAccessToken, now);
  };
  ASSERT_THAT(judge(text, kNow), IsOk());
  ASSERT_THAT(judge(text, kNow), IsOk());
  EXPECT_EQ(judge(text, kNow)->hash(), crypto::sha256(text));
  EXPECT_THAT(judge(text, claims.expires_at - Milliseconds(1)), IsOk());
  EXPECT_THAT(judge(text, claims.expires_at), ErrorIs(Reason::kTokenExpired));
  EXPECT_THAT(judge(text, claims.issued_at - token::kClockSkewMax - Milliseconds(1)),
              ErrorIs(Reason::kTokenMalformed));
  // Another signature over the same claims is another text.
  std::string forged = text;
  forged[forged.rfind('.') + 1] = forged[forged.rfind('.') + 1] == 'A' ? 'B' : 'A';
  EXPECT_THAT(judge(forged, kNow), ErrorIs(Reason::kUntrustedIssuer));
  const token::AccessTokenVerifier other(std::string(kIssuer), {test_key("rsa").public_key()});
  EXPECT_THAT(other.verify(text, Place::kAccessToken, kNow), ErrorIs(Reason::kUntrustedIssuer));
}

TEST(AccessToken, IsWrittenAsTheWireHasIt) {
  const std::string expected =
      R"({"act":{"act":{"sub":"agent:triage"},"sub":"agent:writer"},)"
      R"("aud":"https://tickets.acme.example",)"
      R"("authorization_details":[{"actions":["read"],)"
      R"("constraints":{"networks":["10.0.0.0/8"]},"identifier":"queue/eu/*",)"
      R"("locations":["https://tickets.acme.example"],"type":"tickets"}],)"
      R"("client_id":"agent:writer","cnf":{"jkt":")" +
      test_key("client").public_key().thumbprint_base64url() +
      R"("},"exp":1800000060,"iat":1800000000,"iss":"https://mandate.acme.example",)"
      R"("jti":"jti-1","lineage":["writes","triage-reads"],"rests_on":["p1","d4","e7"],)"
      R"("revision":41,"scope":"tickets:read","sub":"human:maria@acme.example","txn":"txn-1"})";
  EXPECT_EQ(token::claims_text(token_claims(), kIssuer), expected);
  EXPECT_EQ(json::canonical(token::to_json(token_claims(), kIssuer)), expected);
}

TEST(AccessToken, InOnesOwnRightHasNoAct) {
  TokenClaims claims = token_claims();
  claims.actors.clear();
  claims.client_id = claims.subject;
  claims.authority = {};
  claims.jkt.reset();
  const Value written = token::to_json(claims, kIssuer);
  for (const char* absent : {"act", "scope", "authorization_details", "cnf"}) {
    EXPECT_EQ(written.find(absent), nullptr) << absent;
  }
}

TEST(AccessToken, HasNoJtiBeforeItsEntry) {
  TokenClaims claims = token_claims();
  claims.jti.clear();
  EXPECT_EQ(token::to_json(claims, kIssuer).find("jti"), nullptr);
  claims.jti = "jti-1";
  EXPECT_EQ(token::to_json(claims, kIssuer).find("jti")->as_string(), "jti-1");
}

TEST(AccessToken, EndOfTimeIsStillADate) {
  TokenClaims claims = token_claims();
  claims.expires_at = kEndOfTime;
  EXPECT_EQ(token::to_json(claims, kIssuer).find("exp")->as_integer(), std::int64_t{1} << 53);
}

TEST(AccessToken, Rs256IsVerifiedToo) {
  const std::string text =
      token::sign_access_token(token_claims(), kIssuer, test_key("rsa"), crypto::Algorithm::kRs256);
  EXPECT_THAT(verifier().verify(text, Place::kAccessToken, kNow), IsOk());
}

TEST(AccessToken, D8_ActIsNestedNewestOutermost) {
  const Value act = *token::to_json(token_claims(), kIssuer).find("act");
  EXPECT_EQ(act.find("sub")->as_string(), "agent:writer");
  EXPECT_EQ(act.find("act")->find("sub")->as_string(), "agent:triage");
  EXPECT_EQ(act.find("act")->find("act"), nullptr);
}

Value act_of_depth(int depth) {
  Value act = Value::object({{"sub", "agent:writer"}});
  for (int i = 1; i < depth; ++i) {
    act = Value::object({{"sub", "agent:writer"}, {"act", std::move(act)}});
  }
  return act;
}

TEST(AccessToken, D10_ActIsBounded) {
  check_claim("act", act_of_depth(1), {});
  check_claim("act", act_of_depth(16), {});
  check_claim("act", act_of_depth(17), Reason::kDepthExceeded);
  check_claim("act", act_of_depth(30), Reason::kDepthExceeded);
  check_claim("act", act_of_depth(50), Reason::kLimitExceeded);
  check_claim("act", Value::object({{"sub", "agent:" + std::string(100'000, 'x')}}),
              Reason::kLimitExceeded);
}

TEST(AccessToken, D17_ActHoldsSubOnly) {
  constexpr auto kMalformed = Reason::kTokenMalformed;
  check_claim("act", Value::object({{"sub", "agent:writer"}}), {});
  check_claim("act", Value::object({{"sub", "agent:writer"}, {"exp", 1}}), kMalformed);
  check_claim("act", Value::object({{"sub", "agent:writer"}, {"aud", "x"}}), kMalformed);
  check_claim("act", Value::object({{"sub", "agent:writer"}, {"act", nullptr}}), kMalformed);
  check_claim("act", Value::object({{"sub", "agent:writer"}, {"act", "agent:triage"}}), kMalformed);
  check_claim("act", Value::object({{"sub", "writer"}}), kMalformed);
  check_claim("act", Value::object({{"sub", Value::array({"agent:writer"})}}), kMalformed);
  check_claim("act", Value::object({}), kMalformed);
  check_claim("act", Value::array({}), kMalformed);
  check_claim("act", "agent:writer", kMalformed);
  check_claim("act", nullptr, kMalformed);
}

TEST(AccessToken, ClientIsTheOutermostActor) {
  check_claim("client_id", "agent:triage", Reason::kTokenMalformed);
  check_claim("act", Value::object({{"sub", "agent:triage"}}), Reason::kTokenMalformed);
  const Kind& one = kind("access_token");
  EXPECT_THAT(one.judge(one.without_claim("act"), kNow), ErrorIs(Reason::kTokenMalformed));
  Forge own = one.forge;
  own.claims = without(own.claims, "act");
  own.claims.set("client_id", *own.claims.find("sub"));
  EXPECT_THAT(one.judge(own.signed_by(one.key), kNow), IsOk());
}

TEST(AccessToken, A23_AudienceIsOneResource) {
  constexpr auto kMalformed = Reason::kTokenMalformed;
  check_claim("aud", std::string(kTickets), {});
  check_claim("aud", Value::array({std::string(kTickets)}), kMalformed);
  check_claim("aud", Value::array({}), kMalformed);
  check_claim("aud", nullptr, kMalformed);
  check_claim("aud", "tickets", kMalformed);
}

TEST(AccessToken, C13_BindingIsUnderstoodOrRefused) {
  constexpr auto kMalformed = Reason::kTokenMalformed;
  const std::string jkt = test_key("client").public_key().thumbprint_base64url();
  check_claim("cnf", Value::object({{"jkt", jkt}}), {});
  check_claim("cnf", Value::object({{"jkt", jkt}, {"x5t#S256", jkt}}), kMalformed);
  check_claim("cnf", Value::object({{"x5t#S256", jkt}}), {});
  check_claim("cnf", Value::object({{"x5t#S256", jkt.substr(1)}}), kMalformed);
  check_claim("cnf", Value::object({{"x5t", jkt}}), kMalformed);
  check_claim("cnf", Value::object({{"jkt", jkt.substr(1)}}), kMalformed);
  check_claim("cnf", Value::object({{"jkt", jkt + "="}}), kMalformed);
  check_claim("cnf", Value::object({{"jkt", 1}}), kMalformed);
  check_claim("cnf", Value::object({}), kMalformed);
  check_claim("cnf", nullptr, kMalformed);
  check_claim("cnf", jkt, kMalformed);
}

TEST(AccessToken, KnownClaimsHaveOneForm) {
  constexpr auto kMalformed = Reason::kTokenMalformed;
  for (const char* name :
       {"sub", "client_id", "aud", "txn", "jti", "iat", "lineage", "rests_on", "revision"}) {
    const Kind& one = kind("access_token");
    EXPECT_THAT(one.judge(one.without_claim(name), kNow), ErrorIs(kMalformed)) << name;
    check_claim(name, true, kMalformed);
    check_claim(name, Value::object({}), kMalformed);
  }
  check_claim("scope", Value::array({}), kMalformed);
  check_claim("authorization_details", Value::object({}), kMalformed);
  check_claim("authorization_details", Value::array({Value::object({{"type", "x"}})}), kMalformed);
  check_claim("lineage", Value::array({"a/b"}), kMalformed);
  check_claim("lineage", Value::array({1}), kMalformed);
  check_claim("lineage", Value(json::Array(16, Value("d"))), {});
  check_claim("lineage", Value(json::Array(17, Value("d"))), kMalformed);
  check_claim("rests_on", Value::array({""}), kMalformed);
  check_claim("rests_on", Value(json::Array(256, Value("p1"))), {});
  check_claim("rests_on", Value(json::Array(257, Value("p1"))), kMalformed);
  check_claim("revision", -1, kMalformed);
  check_claim("revision", 1.5, kMalformed);
  check_claim("revision", std::int64_t{1} << 53, {});
  check_claim("revision", (std::int64_t{1} << 53) + 2, kMalformed);  // the next double
  check_claim("jti", std::string(257, 'j'), kMalformed);
  check_claim("exp", kNowSeconds, kMalformed);  // not after iat
  check_claim("x-unknown", Value::object({{"any", "thing"}}), {});
}

TEST(AccessToken, D1_AnotherIssuersIsUntrusted) {
  constexpr auto kUntrusted = Reason::kUntrustedIssuer;
  check_claim("iss", std::string(kIssuer), {});
  check_claim("iss", std::string(kIssuer) + "/", kUntrusted);
  check_claim("iss", "https://other.example", kUntrusted);
  check_claim("iss", Value::array({std::string(kIssuer)}), kUntrusted);
  check_claim("iss", nullptr, kUntrusted);
  const Kind& one = kind("access_token");
  EXPECT_THAT(one.judge(one.without_claim("iss"), kNow), ErrorIs(kUntrusted));
  EXPECT_THAT(one.judge(one.forge.signed_by(test_key("other")), kNow), ErrorIs(kUntrusted));
}

TEST(AccessToken, A7_KidIsNeeded) {
  Forge forge = kind("access_token").forge;
  forge.header = without(forge.header, "kid");
  EXPECT_THAT(kind("access_token").judge(forge.signed_by(test_key("server")), kNow),
              ErrorIs(Reason::kUntrustedIssuer));
}

TEST(AccessToken, RefusalsStandAtTheirPlace) {
  for (Place place : {Place::kSubjectToken, Place::kActorToken, Place::kAccessToken}) {
    const std::string text = kind("access_token").valid();
    EXPECT_THAT(verifier().verify(text, place, kNow), IsOk());
    const Result<VerifiedToken> late = verifier().verify(text, place, kNow + Seconds{60});
    ASSERT_THAT(late, ErrorIs(Reason::kTokenExpired));
    EXPECT_EQ(late.error().place, place);
    const Result<VerifiedToken> garbage = verifier().verify("garbage", place, kNow);
    ASSERT_THAT(garbage, ErrorIs(Reason::kTokenMalformed));
    EXPECT_EQ(garbage.error().place, place);
  }
}

}  // namespace
}  // namespace mandate::test
