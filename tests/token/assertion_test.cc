// Client assertions and actor tokens: whose they are, for whom, by which key, how often.
#include <gtest/gtest.h>

#include <optional>

#include "mandate/base/limits.h"
#include "mandate/token/grants.h"
#include "testing/matchers.h"
#include "tests/token/kinds.h"

namespace mandate::test {
namespace {

using json::Value;

const std::vector<std::string> kOwnKinds = {"assertion", "actor"};

// The one door for one changed claim, by both kinds.
void check_claim(std::string_view claim, const Value& value, std::optional<Reason> actor_reason) {
  for (const std::string& name : kOwnKinds) {
    SCOPED_TRACE(name + ' ' + std::string(claim) + ' ' + json::canonical(value));
    const Kind& one = kind(name);
    const Result<void> judged = one.judge(one.with_claim(claim, value), kNow);
    if (!actor_reason) {
      EXPECT_THAT(judged, IsOk());
    } else {
      EXPECT_THAT(judged, ErrorIs(name == "actor" ? *actor_reason : one.malformed));
    }
  }
}

TEST(OwnJwt, A23_AudienceIsExactlyTheIssuer) {
  constexpr auto kMismatch = Reason::kAudienceMismatch;
  const std::string issuer(kIssuer);
  check_claim("aud", issuer, {});
  check_claim("aud", Value::array({issuer}), {});
  check_claim("aud", Value::array({issuer, issuer}), kMismatch);
  check_claim("aud", Value::array({issuer, "https://other.example"}), kMismatch);
  check_claim("aud", Value::array({"https://other.example", issuer}), kMismatch);
  check_claim("aud", Value::array({}), kMismatch);
  check_claim("aud", Value::array({1}), kMismatch);
  check_claim("aud", Value::array({Value::array({issuer})}), kMismatch);
  check_claim("aud", nullptr, kMismatch);
  check_claim("aud", Value::object({}), kMismatch);
  check_claim("aud", true, kMismatch);
  check_claim("aud", "", kMismatch);
  check_claim("aud", issuer + "/", kMismatch);
  check_claim("aud", issuer + "/token", kMismatch);
  check_claim("aud", issuer + ".evil.example", kMismatch);
  check_claim("aud", issuer.substr(0, issuer.size() - 1), kMismatch);
  check_claim("aud", "https://MANDATE.acme.example", kMismatch);
  check_claim("aud", issuer + " ", kMismatch);
  for (const std::string& name : kOwnKinds) {
    const Kind& one = kind(name);
    EXPECT_THAT(one.judge(one.without_claim("aud"), kNow),
                ErrorIs(name == "actor" ? kMismatch : one.malformed));
  }
}

TEST(OwnJwt, A24_IssuerAndSubjectAreOneClient) {
  constexpr auto kMalformed = Reason::kTokenMalformed;
  check_claim("iss", "agent:triage", {});
  check_claim("iss", "agent:writer", kMalformed);
  check_claim("sub", "agent:writer", kMalformed);
  check_claim("iss", std::string(kIssuer), kMalformed);
  check_claim("iss", "AGENT:triage", kMalformed);
  check_claim("iss", "agent:triage ", kMalformed);
  check_claim("sub", "triage", kMalformed);
  check_claim("sub", 1, kMalformed);
  check_claim("sub", Value::array({"agent:triage"}), kMalformed);
  check_claim("sub", "agent:" + std::string(3000, 'x'), kMalformed);
  for (const std::string& name : kOwnKinds) {
    const Kind& one = kind(name);
    EXPECT_THAT(one.judge(one.without_claim("iss"), kNow), ErrorIs(one.malformed));
    EXPECT_THAT(one.judge(one.without_claim("sub"), kNow), ErrorIs(one.malformed));
  }
}

TEST(OwnJwt, A24_ClaimedClientIsReadBeforeTheKeyIsKnown) {
  Forge forge = client_assertion("agent:triage", kIssuer, kNow, "jti-1");
  const auto claimed = [](const Forge& jwt) {
    return token::claimed_client(
        *token::Jws::parse(jwt.signed_by(test_key("other")), Place::kClient));
  };
  EXPECT_EQ(claimed(forge)->text(), "agent:triage");
  forge.claims.set("iss", "agent:writer");
  EXPECT_THAT(claimed(forge), ErrorIs(Reason::kClientAuthenticationFailed));
  EXPECT_EQ(claimed(forge).error().place, Place::kClient);
}

TEST(OwnJwt, A26_JtiIsThereAndBounded) {
  constexpr auto kMalformed = Reason::kTokenMalformed;
  check_claim("jti", std::string(limits::kJtiBytesMax, 'j'), {});
  check_claim("jti", std::string(limits::kJtiBytesMax + 1, 'j'), kMalformed);
  check_claim("jti", "", kMalformed);
  check_claim("jti", 1, kMalformed);
  check_claim("jti", nullptr, kMalformed);
  for (const std::string& name : kOwnKinds) {
    const Kind& one = kind(name);
    EXPECT_THAT(one.judge(one.without_claim("jti"), kNow), ErrorIs(one.malformed));
  }
}

TEST(OwnJwt, ForeignClaimsArePassedOver) {
  check_claim("act", Value::object({{"sub", "agent:other"}}), {});
  check_claim("azp", "x", {});
}

Result<token::OneUse> use_of(const Forge& forge, std::string_view signer,
                             const std::vector<crypto::PublicKey>& keys) {
  const std::string text = forge.signed_by(test_key(signer));
  return token::verify_client_assertion(*token::Jws::parse(text, Place::kClient), keys, kIssuer,
                                        kNow);
}

TEST(OwnJwt, A7_OfSeveralKeysKidNamesOne) {
  const std::vector<crypto::PublicKey> one = {test_key("client").public_key()};
  const std::vector<crypto::PublicKey> two = {test_key("other").public_key(), one[0]};
  Forge forge = client_assertion("agent:triage", kIssuer, kNow, "jti-1");
  EXPECT_EQ(use_of(forge, "client", two)->key_index, 1u);
  EXPECT_EQ(use_of(forge, "client", one)->key_index, 0u);
  // Named, but by another's signature.
  EXPECT_THAT(use_of(forge, "other", two), ErrorIs(Reason::kClientAuthenticationFailed));

  forge.header = without(forge.header, "kid");
  EXPECT_EQ(use_of(forge, "client", one)->key_index, 0u);
  EXPECT_THAT(use_of(forge, "client", two), ErrorIs(Reason::kClientAuthenticationFailed));
  EXPECT_THAT(use_of(forge, "other", two), ErrorIs(Reason::kClientAuthenticationFailed));
  EXPECT_THAT(use_of(forge, "client", {}), ErrorIs(Reason::kClientAuthenticationFailed));
}

TEST(OwnJwt, A13_A14_EveryAlgorithmSignsWithItsOwnKeyOnly) {
  for (const char* name : {"client", "p384", "ed25519", "rsa"}) {
    SCOPED_TRACE(name);
    const crypto::PrivateKey& key = test_key(name);
    const Forge forge = client_assertion("agent:triage", kIssuer, kNow, "jti-1", key);
    EXPECT_THAT(use_of(forge, name, {key.public_key()}), IsOk());
    const Forge other = client_assertion("agent:triage", kIssuer, kNow, "jti-1", test_key("other"));
    EXPECT_THAT(use_of(other, name, {key.public_key()}),
                ErrorIs(Reason::kClientAuthenticationFailed));
  }
}

TEST(OwnJwt, A13_Ps256AndRs256AreNotTakenForEachOther) {
  const crypto::PrivateKey& rsa = test_key("rsa");
  Forge forge = client_assertion("agent:triage", kIssuer, kNow, "jti-1", rsa);
  const auto judge = [&](crypto::Algorithm algorithm) {
    const std::string text = forge.signed_by(rsa, algorithm);
    return token::verify_client_assertion(*token::Jws::parse(text, Place::kClient),
                                          {rsa.public_key()}, kIssuer, kNow);
  };
  EXPECT_THAT(judge(crypto::Algorithm::kRs256), IsOk());
  EXPECT_THAT(judge(crypto::Algorithm::kPs256), ErrorIs(Reason::kClientAuthenticationFailed));
  forge.header.set("alg", "PS256");
  EXPECT_THAT(judge(crypto::Algorithm::kPs256), IsOk());
  EXPECT_THAT(judge(crypto::Algorithm::kRs256), ErrorIs(Reason::kClientAuthenticationFailed));
}

TEST(OwnJwt, A26_UseIsOfTheIdentifierItsOwnerAndItsKind) {
  const auto assertion = [](std::string_view who, std::string_view jti) {
    return *use_of(client_assertion(who, kIssuer, kNow, jti), "client",
                   {test_key("client").public_key()});
  };
  const token::OneUse first = assertion("agent:triage", "jti-1");
  EXPECT_EQ(first.until, kNow + Seconds{60});
  // Another text and another signature of the same identifier is the same use.
  EXPECT_EQ(first.use_key, assertion("agent:triage", "jti-1").use_key);
  EXPECT_NE(first.use_key, assertion("agent:triage", "jti-2").use_key);
  EXPECT_NE(first.use_key, assertion("agent:writer", "jti-1").use_key);
  const std::string actor =
      actor_token("agent:triage", kIssuer, kNow, "jti-1").signed_by(test_key("client"));
  const Result<token::OneUse> other_kind =
      token::verify_actor_token(*token::Jws::parse(actor, Place::kActorToken),
                                {test_key("client").public_key()}, kIssuer, kNow);
  EXPECT_NE(first.use_key, other_kind->use_key);
}

TEST(OwnJwt, A25_AssertionTypes) {
  const auto judge = [](const Forge& forge) {
    const Kind& one = kind("assertion");
    return one.judge(forge.signed_by(one.key), kNow);
  };
  Forge forge = kind("assertion").forge;
  for (const char* typ :
       {"JWT", "jwt", "client-authentication+jwt", "application/client-authentication+jwt"}) {
    forge.header.set("typ", typ);
    EXPECT_THAT(judge(forge), IsOk()) << typ;
  }
  for (const char* typ : {"at+jwt", "actor+jwt", "dpop+jwt", "secevent+jwt", "JOSE", "x"}) {
    forge.header.set("typ", typ);
    EXPECT_THAT(judge(forge), ErrorIs(Reason::kClientAuthenticationFailed)) << typ;
  }
  forge.header = without(forge.header, "typ");
  EXPECT_THAT(judge(forge), IsOk());
}

// Each kind at each other kind's door. A JWT without a type of its own (an assertion of `typ: JWT`,
// a person's token) is told apart by its claims.
TEST(OwnJwt, A25_NoKindIsTakenForAnother) {
  for (const Kind& door : kinds()) {
    for (const Kind& guest : kinds()) {
      if (door.name == guest.name) continue;
      SCOPED_TRACE(guest.name + " as " + door.name);
      const bool untyped = guest.name == "person" && door.name == "assertion";
      EXPECT_THAT(door.judge(guest.valid(), kNow),
                  ErrorIs(untyped ? door.malformed : door.mistyped));
      // Even where the key is the same.
      const std::string resigned = guest.forge.signed_by(door.key);
      EXPECT_THAT(door.judge(resigned, kNow), ErrorIs(untyped ? door.malformed : door.mistyped));
    }
  }
}

}  // namespace
}  // namespace mandate::test
