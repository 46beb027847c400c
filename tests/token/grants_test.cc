// Delegation statements, hop grants and a trusted issuer's tokens about people.
#include <gtest/gtest.h>

#include <optional>

#include "mandate/base/limits.h"
#include "mandate/crypto/hash.h"
#include "mandate/token/grants.h"
#include "testing/matchers.h"
#include "tests/token/kinds.h"

namespace mandate::test {
namespace {

using json::Value;

// The one door: one kind's valid JWT with one claim changed.
void check_claim(const Kind& one, std::string_view claim, const Value& value,
                 std::optional<Reason> reason) {
  SCOPED_TRACE(one.name + ' ' + std::string(claim) + ' ' + json::canonical(value));
  const Result<void> judged = one.judge(one.with_claim(claim, value), kNow);
  if (reason) {
    EXPECT_THAT(judged, ErrorIs(*reason));
  } else {
    EXPECT_THAT(judged, IsOk());
  }
}

constexpr auto kMalformed = Reason::kTokenMalformed;
const std::string kIssuerText(kIssuer);

TEST(Statement, RoundTripIsExact) {
  const token::Statement written{PrincipalId::parse("human:maria@acme.example").value(),
                                 PrincipalId::parse("agent:triage").value(),
                                 DelegationId::parse("triage-reads").value(),
                                 kNow + Seconds{90 * 86'400}};
  for (const char* name : {"server", "rsa"}) {
    const crypto::PrivateKey& key = test_key(name);
    const std::string text = token::sign_statement(written, kIssuer, kNow, key, algorithm_of(key));
    const Result<token::Jws> jws = token::Jws::parse(text, Place::kSubjectToken);
    ASSERT_THAT(jws, IsOk());
    EXPECT_EQ(jws->type(), "delegation+jwt");
    const Result<token::Statement> read = token::verify_statement(
        *jws, {test_key("server").public_key(), test_key("rsa").public_key()}, kIssuer, kNow);
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(read->delegator, written.delegator);
    EXPECT_EQ(read->delegate, written.delegate);
    EXPECT_EQ(read->delegation, written.delegation);
    EXPECT_EQ(read->expires_at, written.expires_at);
  }
}

TEST(Statement, ClaimsHaveOneForm) {
  const Kind& one = kind("statement");
  for (const char* name : {"sub", "may_act", "jti"}) {
    EXPECT_THAT(one.judge(one.without_claim(name), kNow), ErrorIs(kMalformed)) << name;
    check_claim(one, name, nullptr, kMalformed);
    check_claim(one, name, 1, kMalformed);
  }
  check_claim(one, "may_act", Value::object({{"sub", "agent:writer"}}), {});
  check_claim(one, "may_act", Value::object({{"sub", "agent:writer"}, {"iss", "x"}}), kMalformed);
  check_claim(one, "may_act", Value::object({}), kMalformed);
  check_claim(one, "may_act", "agent:writer", kMalformed);
  check_claim(one, "jti", "not/an/id", kMalformed);
  check_claim(one, "sub", "maria", kMalformed);
}

TEST(Statement, D1_IsOursAndForUs) {
  const Kind& one = kind("statement");
  check_claim(one, "iss", kIssuerText, {});
  check_claim(one, "iss", "https://other.example", Reason::kUntrustedIssuer);
  check_claim(one, "aud", "https://other.example", Reason::kAudienceMismatch);
  check_claim(one, "aud", Value::array({kIssuerText, "https://other.example"}),
              Reason::kAudienceMismatch);
  EXPECT_THAT(one.judge(one.forge.signed_by(test_key("other")), kNow),
              ErrorIs(Reason::kUntrustedIssuer));
  Forge nameless = one.forge;
  nameless.header = without(nameless.header, "kid");
  EXPECT_THAT(one.judge(nameless.signed_by(one.key), kNow), ErrorIs(Reason::kUntrustedIssuer));
}

Result<token::HopGrant> hop_grant(const Forge& forge, std::string_view signer = "client") {
  return token::verify_hop_grant(forge.signed_by(test_key(signer)),
                                 test_key("client").public_key().thumbprint_base64url(), kIssuer,
                                 kNow);
}

TEST(HopGrant, SaysWhatIsHandedOn) {
  const Result<token::HopGrant> grant = hop_grant(kind("hop_grant").forge);
  ASSERT_THAT(grant, IsOk());
  EXPECT_EQ(grant->holder.text(), "agent:triage");
  EXPECT_EQ(grant->delegate.text(), "agent:writer");
  EXPECT_EQ(grant->delegate_jkt, test_key("other").public_key().thumbprint_base64url());
  EXPECT_EQ(grant->token_hash, crypto::sha256("token"));
  ASSERT_EQ(grant->authority.size(), 1u);
  EXPECT_EQ(grant->authority[0].type, "tickets");
  EXPECT_EQ(grant->max_depth, 1);
  EXPECT_EQ(grant->expires_at, kNow + Seconds{60});
  EXPECT_EQ(grant->jti, "jti-1");
  EXPECT_EQ(grant->use.until, kNow + Seconds{60});
}

TEST(HopGrant, IsByTheHolderOfTheToken) {
  const Forge valid = kind("hop_grant").forge;
  EXPECT_THAT(hop_grant(valid), IsOk());
  // Another key that names itself; the right key named, and another signs.
  Forge other = valid;
  other.header.set("jwk", test_key("other").public_key().to_jwk());
  EXPECT_THAT(hop_grant(other, "other"), ErrorIs(Reason::kProofOfPossession));
  EXPECT_THAT(hop_grant(other, "client"), ErrorIs(Reason::kProofOfPossession));
  EXPECT_THAT(hop_grant(valid, "other"), ErrorIs(Reason::kProofOfPossession));
  const auto with_jwk = [&](const Value& jwk) {
    Forge forge = valid;
    forge.header.set("jwk", jwk);
    return hop_grant(forge);
  };
  EXPECT_THAT(with_jwk(test_key("client").to_private_jwk()), ErrorIs(kMalformed));
  EXPECT_THAT(with_jwk(nullptr), ErrorIs(kMalformed));
  EXPECT_THAT(with_jwk("x"), ErrorIs(kMalformed));
  Forge by_kid = valid;
  by_kid.header = without(by_kid.header, "jwk");
  by_kid.header.set("kid", test_key("client").public_key().thumbprint_base64url());
  EXPECT_THAT(hop_grant(by_kid), ErrorIs(kMalformed));
}

TEST(HopGrant, ClaimsHaveOneForm) {
  const Kind& one = kind("hop_grant");
  for (const char* name : {"iss", "sub", "ath", "cnf", "authorization_details", "jti"}) {
    EXPECT_THAT(one.judge(one.without_claim(name), kNow), ErrorIs(kMalformed)) << name;
    check_claim(one, name, nullptr, kMalformed);
    check_claim(one, name, 1, kMalformed);
    check_claim(one, name, Value::object({}), kMalformed);
  }
  const std::string jkt = test_key("client").public_key().thumbprint_base64url();
  check_claim(one, "cnf", Value::object({{"jkt", jkt}}), {});
  check_claim(one, "cnf", Value::object({{"jkt", jkt}, {"kid", "x"}}), kMalformed);
  check_claim(one, "cnf", Value::object({{"jkt", jkt.substr(2)}}), kMalformed);
  check_claim(one, "ath", jkt, {});
  check_claim(one, "ath", jkt + "=", kMalformed);
  check_claim(one, "aud", kIssuerText, {});
  check_claim(one, "aud", kIssuerText + "/", Reason::kAudienceMismatch);
  check_claim(one, "jti", std::string(257, 'j'), kMalformed);
}

TEST(HopGrant, DepthIsBounded) {
  const Kind& one = kind("hop_grant");
  check_claim(one, "max_depth", 0, {});
  check_claim(one, "max_depth", 16, {});
  check_claim(one, "max_depth", 17, kMalformed);
  check_claim(one, "max_depth", -1, kMalformed);
  check_claim(one, "max_depth", 1.5, kMalformed);
  check_claim(one, "max_depth", "1", kMalformed);
  check_claim(one, "max_depth", nullptr, kMalformed);
  Forge none = one.forge;
  none.claims = without(none.claims, "max_depth");
  EXPECT_EQ(hop_grant(none)->max_depth, 0);
}

TEST(HopGrant, D18_AuthorityIsReadStrictly) {
  const Kind& one = kind("hop_grant");
  const auto with = [&](const Value& details, std::optional<Reason> reason) {
    check_claim(one, "authorization_details", details, reason);
  };
  const Value good = Value::object({{"type", "tickets"}, {"actions", Value::array({"read"})}});
  with(Value::array({good}), {});
  with(Value::array({}), kMalformed);
  with(good, kMalformed);
  with(Value::array({"tickets"}), kMalformed);
  Value unknown = good;
  unknown.set("colour", "red");
  with(Value::array({unknown}), kMalformed);
  with(Value::array({Value::object({{"actions", Value::array({"read"})}})}), kMalformed);
  with(Value(json::Array(limits::kPermissionsMax, good)), {});
  with(Value(json::Array(limits::kPermissionsMax + 1, good)), Reason::kLimitExceeded);
}

TEST(HopGrant, A26_UseIsOfTheIdentifierAndTheHolder) {
  Forge forge = kind("hop_grant").forge;
  const Digest first = hop_grant(forge)->use.use_key;
  EXPECT_EQ(first, hop_grant(forge)->use.use_key);
  forge.claims.set("sub", "agent:other");
  EXPECT_EQ(first, hop_grant(forge)->use.use_key);
  forge.claims.set("jti", "jti-2");
  EXPECT_NE(first, hop_grant(forge)->use.use_key);
  forge.claims.set("jti", "jti-1");
  forge.header.set("jwk", test_key("other").public_key().to_jwk());
  const Result<token::HopGrant> others =
      token::verify_hop_grant(forge.signed_by(test_key("other")),
                              test_key("other").public_key().thumbprint_base64url(), kIssuer, kNow);
  EXPECT_NE(first, others->use.use_key);
}

Result<token::PersonClaims> person(const std::string& text,
                                   const std::vector<crypto::KeySetEntry>& keys,
                                   const std::vector<std::string>& algorithms = {"ES256"}) {
  return token::verify_person_token(*token::Jws::parse(text, Place::kSubjectToken), keys,
                                    algorithms, kTrusted, kIssuer, Seconds{600}, kNow);
}

crypto::KeySetEntry entry(std::optional<std::string> kid, std::string_view name) {
  return {std::move(kid), test_key(name).public_key()};
}

TEST(Person, StringClaimsComeBack) {
  Forge forge = kind("person").forge;
  forge.claims.set("email_verified", true);
  forge.claims.set("act", Value::object({{"sub", "agent:evil"}}));  // D9: not trusted, not read
  forge.claims.set("may_act", Value::object({{"sub", "agent:evil"}}));
  const Result<token::PersonClaims> read =
      person(forge.signed_by(test_key("other")), {entry(std::nullopt, "other")});
  ASSERT_THAT(read, IsOk());
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"iss", std::string(kTrusted)},
      {"aud", kIssuerText},
      {"sub", "maria"},
      {"email", "maria@acme.example"}};
  EXPECT_THAT(read->claims, ::testing::UnorderedElementsAreArray(expected));
  EXPECT_EQ(read->expires_at, kNow + Seconds{60});
}

TEST(Person, A7_KeyIsTheOneThatKidNames) {
  Forge forge = kind("person").forge;
  const auto judge = [&](const std::vector<crypto::KeySetEntry>& keys) {
    return person(forge.signed_by(test_key("other")), keys);
  };
  constexpr auto kUntrusted = Reason::kUntrustedIssuer;
  forge.header.set("kid", "k1");
  EXPECT_THAT(judge({entry("k1", "other"), entry("k2", "client")}), IsOk());
  EXPECT_THAT(judge({entry("k2", "other"), entry("k1", "client")}), ErrorIs(kUntrusted));
  EXPECT_THAT(judge({entry("k2", "other")}), ErrorIs(kUntrusted));
  EXPECT_THAT(judge({entry(std::nullopt, "other")}), ErrorIs(kUntrusted));
  EXPECT_THAT(judge({}), ErrorIs(kUntrusted));
  forge.header = without(forge.header, "kid");
  EXPECT_THAT(judge({entry("k1", "other")}), IsOk());
  EXPECT_THAT(judge({entry("k1", "other"), entry("k2", "client")}), ErrorIs(kUntrusted));
  EXPECT_THAT(judge({}), ErrorIs(kUntrusted));
}

TEST(Person, D1_IssuerAudienceAndAlgorithmAreExact) {
  const Kind& one = kind("person");
  check_claim(one, "iss", std::string(kTrusted), {});
  check_claim(one, "iss", std::string(kTrusted) + "/", Reason::kUntrustedIssuer);
  check_claim(one, "iss", nullptr, Reason::kUntrustedIssuer);
  check_claim(one, "aud", kIssuerText, {});
  check_claim(one, "aud", Value::array({kIssuerText}), {});
  check_claim(one, "aud", Value::array({kIssuerText, "app"}), Reason::kAudienceMismatch);
  check_claim(one, "aud", "app", Reason::kAudienceMismatch);
  const std::vector<crypto::KeySetEntry> keys = {entry(std::nullopt, "other")};
  EXPECT_THAT(person(one.valid(), keys, {"RS256", "ES256"}), IsOk());
  EXPECT_THAT(person(one.valid(), keys, {"RS256"}), ErrorIs(Reason::kUntrustedIssuer));
  EXPECT_THAT(person(one.valid(), keys, {}), ErrorIs(Reason::kUntrustedIssuer));
}

TEST(Person, A22_AgeIsMeasuredByIat) {
  const Kind& one = kind("person");
  check_claim(one, "iat", kNowSeconds - 599, {});
  check_claim(one, "iat", kNowSeconds - 600, Reason::kTokenExpired);
  EXPECT_THAT(one.judge(one.without_claim("iat"), kNow), ErrorIs(kMalformed));
}

TEST(Person, A25_Types) {
  Forge forge = kind("person").forge;
  const auto judge = [&] { return kind("person").judge(forge.signed_by(test_key("other")), kNow); };
  for (const char* typ : {"JWT", "jwt", "id+jwt"}) {
    forge.header.set("typ", typ);
    EXPECT_THAT(judge(), IsOk()) << typ;
  }
  for (const char* typ : {"at+jwt", "logout+jwt", "secevent+jwt", "delegation+jwt"}) {
    forge.header.set("typ", typ);
    EXPECT_THAT(judge(), ErrorIs(Reason::kTokenTypeMismatch)) << typ;
  }
  forge.header = without(forge.header, "typ");
  EXPECT_THAT(judge(), IsOk());
}

TEST(Person, ClaimedIssuerIsReadBeforeTheKeyIsKnown) {
  const auto claimed = [](const std::string& text) {
    return token::claimed_issuer(*token::Jws::parse(text, Place::kSubjectToken));
  };
  const Kind& one = kind("person");
  EXPECT_EQ(claimed(one.forge.signed_by(test_key("client"))), kTrusted);
  EXPECT_EQ(claimed(one.without_claim("iss")), std::nullopt);
  EXPECT_EQ(claimed(one.with_claim("iss", 1)), std::nullopt);
  EXPECT_EQ(claimed(one.with_claim("iss", "")), std::nullopt);
}

}  // namespace
}  // namespace mandate::test
