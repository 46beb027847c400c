// ATTACKS C at the level of one proof: what it must hold, whose it is, how fresh it is.
#include <gtest/gtest.h>

#include <optional>

#include "mandate/base/limits.h"
#include "mandate/crypto/hash.h"
#include "mandate/token/dpop.h"
#include "testing/matchers.h"
#include "tests/token/kinds.h"
#include "tests/token/signatures.h"

namespace mandate::test {
namespace {

using json::Value;
using token::NoncePolicy;
using token::ProofContext;
using token::ProofVerifier;

const token::NonceIssuer kNonces(std::string(32, 'n'));

ProofContext context(Instant now = kNow) {
  return {.method = "POST",
          .uri = kTokenUri,
          .token_hash = std::nullopt,
          .nonce_policy = NoncePolicy::kWhenNotFresh,
          .nonces = &kNonces,
          .run_started = kNow - Seconds{1000},
          .now = now};
}

Forge valid() { return dpop_proof("POST", kTokenUri, kNow, "jti-1"); }

Forge with_claim(std::string_view name, Value value) {
  Forge forge = valid();
  forge.claims.set(name, std::move(value));
  return forge;
}

Forge with_header(std::string_view name, Value value) {
  Forge forge = valid();
  forge.header.set(name, std::move(value));
  return forge;
}

// The one door: a proof at the token endpoint, and why it is refused.
void check(const std::string& text, const ProofContext& at, std::optional<Reason> reason) {
  const Result<ProofVerifier::Proof> proof = ProofVerifier().verify(text, at);
  if (!reason) {
    EXPECT_THAT(proof, IsOk());
    return;
  }
  ASSERT_THAT(proof, ErrorIs(*reason));
  EXPECT_EQ(proof.error().place, Place::kDpopProof);
}
void check(const Forge& forge, std::optional<Reason> reason) {
  check(forge.signed_by(test_key("client")), context(), reason);
}

constexpr auto kBad = Reason::kBadRequest;

TEST(Proof, C1_EachPartIsThereAndRight) {
  check(valid(), {});
  for (const char* name : {"htm", "htu", "jti", "iat"}) {
    SCOPED_TRACE(name);
    Forge forge = valid();
    forge.claims = without(forge.claims, name);
    check(forge, kBad);
    check(with_claim(name, nullptr), kBad);
    check(with_claim(name, true), kBad);
    check(with_claim(name, Value::array({})), kBad);
    check(with_claim(name, ""), kBad);
  }
  for (const char* name : {"typ", "alg", "jwk"}) {
    SCOPED_TRACE(name);
    Forge forge = valid();
    forge.header = without(forge.header, name);
    check(forge, kBad);
    check(with_header(name, nullptr), kBad);
    check(with_header(name, "x"), kBad);
    check(with_header(name, Value::object({})), kBad);
  }
}

TEST(Proof, C1_TypeIsExact) {
  for (const char* typ : {"DPOP+JWT", "application/dpop+jwt", "dpop+jwt ", "JWT", "at+jwt"}) {
    check(with_header("typ", typ), kBad);
  }
}

TEST(Proof, C1_MethodIsExact) {
  for (const char* method : {"GET", "post", "POST ", "POSTS"})
    check(with_claim("htm", method), kBad);
  ProofContext get = context();
  get.method = "GET";
  check(valid().signed_by(test_key("client")), get, kBad);
  check(with_claim("htm", "GET").signed_by(test_key("client")), get, {});
}

TEST(Proof, C1_JtiIsBounded) {
  check(with_claim("jti", "j"), {});
  check(with_claim("jti", std::string(limits::kJtiBytesMax, 'j')), {});
  check(with_claim("jti", std::string(limits::kJtiBytesMax + 1, 'j')), kBad);
}

TEST(Proof, C1_EveryAsymmetricAlgorithm) {
  for (const char* name : {"client", "p384", "ed25519", "rsa"}) {
    const crypto::PrivateKey& key = test_key(name);
    check(dpop_proof("POST", kTokenUri, kNow, "jti-1", key).signed_by(key), context(), {});
    check(token::make_proof(key, {.method = "POST",
                                  .uri = std::string(kTokenUri) + "?query#part",
                                  .nonce = kNonces.issue(kNow),
                                  .access_token = "token",
                                  .jti = "jti-2",
                                  .now = kNow}),
          context(), {});
  }
  const crypto::PrivateKey& rsa = test_key("rsa");
  Forge forge = dpop_proof("POST", kTokenUri, kNow, "jti-1", rsa);
  forge.header.set("alg", "PS256");
  check(forge.signed_by(rsa, crypto::Algorithm::kPs256), context(), {});
}

TEST(Proof, C2_OnlyAPublicKeyInTheHeader) {
  check(with_header("jwk", test_key("client").to_private_jwk()), kBad);
  check(with_header("jwk", Value::object({{"kty", "oct"}, {"k", "AAAA"}})), kBad);
  const Value jwk = test_key("client").public_key().to_jwk();
  const auto with_member = [&](std::string_view name, Value value) {
    Value changed = jwk;
    changed.set(name, std::move(value));
    return with_header("jwk", std::move(changed));
  };
  check(with_member("d", "AAAA"), kBad);
  check(with_member("k", "AAAA"), kBad);
  check(with_member("kid", "any"), {});
  Forge by_kid = valid();
  by_kid.header = without(by_kid.header, "jwk");
  by_kid.header.set("kid", test_key("client").public_key().thumbprint_base64url());
  check(by_kid, kBad);
  by_kid.header.set("jwk", jwk);
  check(by_kid, {});
  // A15: what the key says of its use.
  check(with_member("use", "sig"), {});
  check(with_member("use", "enc"), kBad);
  check(with_member("key_ops", Value::array({"verify"})), {});
  check(with_member("key_ops", Value::array({"encrypt"})), kBad);
  check(with_member("alg", "ES256"), {});
  check(with_member("alg", "ES384"), kBad);
}

TEST(Proof, A16_PointOffCurveAndPaddedCoordinates) {
  const Value jwk = test_key("client").public_key().to_jwk();
  const auto with_member = [&](std::string_view name, Value value) {
    Value changed = jwk;
    changed.set(name, std::move(value));
    return with_header("jwk", std::move(changed));
  };
  const std::string x = jwk.find("x")->as_string();
  check(with_member("y", x), kBad);
  check(with_member("x", x + "AA"), kBad);
  check(with_member("x", encode_base64url(std::string(1, '\0') + *decode_base64url(x))), kBad);
  check(with_member("x", encode_base64url(std::string(32, '\0'))), kBad);
  check(with_member("crv", "P-384"), kBad);
  check(with_member("crv", "secp256k1"), kBad);
  check(with_member("kty", "OKP"), kBad);
}

TEST(Proof, A13_WeakRsaKeys) {
  const crypto::PrivateKey& rsa = test_key("rsa");
  const Forge forge = dpop_proof("POST", kTokenUri, kNow, "jti-1", rsa);
  check(forge.signed_by(rsa), context(), {});
  const auto with_member = [&](std::string_view name, const std::string& bytes) {
    Forge changed = forge;
    Value jwk = *changed.header.find("jwk");
    jwk.set(name, encode_base64url(bytes));
    changed.header.set("jwk", std::move(jwk));
    return changed.signed_by(rsa);
  };
  check(with_member("e", "\x01"), context(), kBad);
  check(with_member("e", "\x03"), context(), kBad);
  check(with_member("n", std::string(128, '\xff')), context(), kBad);
}

TEST(Proof, A12_Ed25519SignatureInItsCanonicalFormOnly) {
  const crypto::PrivateKey& key = test_key("ed25519");
  const Forge forge = dpop_proof("POST", kTokenUri, kNow, "jti-1", key);
  const std::string signature = key.sign(crypto::Algorithm::kEdDsa, forge.signing_input());
  check(forge.with_signature(signature), context(), {});
  check(forge.with_signature(ed25519_with_order_added(signature)), context(), kBad);
}

TEST(Proof, C3_C4_UriIsComparedInItsNormalForm) {
  check(with_claim("htu", "HTTPS://Mandate.ACME.example:443/token?x=1#y"), {});
  for (const char* uri :
       {"http://mandate.acme.example/token", "https://other.example/token",
        "https://mandate.acme.example:8443/token", "https://mandate.acme.example/introspect",
        "https://mandate.acme.example/Token", "https://mandate.acme.example/token/", "/token",
        "https://mandate.acme.example@evil.example/token"}) {
    check(with_claim("htu", uri), kBad);
  }
}

TEST(Proof, C5_UriIsTheConfiguredOne) {
  ProofContext behind_proxy = context();
  behind_proxy.uri = "https://Mandate.acme.example:443/token?query";
  check(valid().signed_by(test_key("client")), behind_proxy, {});
  behind_proxy.uri = "https://spoofed.example/token";
  check(valid().signed_by(test_key("client")), behind_proxy, kBad);
}

TEST(Proof, C6_AgeWithoutANonce) {
  const std::string text = valid().signed_by(test_key("client"));
  // Too old or too new to be taken by its time alone: a nonce is wanted.
  check(text, context(kNow + Seconds{60} - Milliseconds{1}), {});
  check(text, context(kNow + Seconds{60}), Reason::kNonceRequired);
  check(text, context(kNow), {});
  check(text, context(kNow - Milliseconds{1}), Reason::kNonceRequired);
  // From before this run.
  ProofContext restarted = context();
  restarted.run_started = kNow;
  check(text, restarted, {});
  restarted.run_started = kNow + Milliseconds{1};
  check(text, restarted, Reason::kNonceRequired);
  // Where there are no nonces, the time is all there is.
  ProofContext offline = context(kNow + Seconds{60});
  offline.nonces = nullptr;
  check(text, offline, kBad);
  offline.now = kNow + Seconds{59};
  check(text, offline, {});
  offline.now = kNow - Seconds{30};
  check(text, offline, {});
  offline.now = kNow - Seconds{30} - Milliseconds{1};
  check(text, offline, kBad);
}

// Taken by one run, a proof of a time to come would be of the next run's time, which knows nothing
// of its use.
TEST(Proof, C6_NoProofOfOneRunIsGoodInTheNext) {
  for (const Seconds ahead : {Seconds{0}, Seconds{1}, Seconds{29}, Seconds{30}}) {
    SCOPED_TRACE(ahead.count());
    const std::string text = valid().signed_by(test_key("client"));
    const ProofContext first = context(kNow - ahead);
    check(text, first, ahead == Seconds{0} ? std::nullopt : std::optional(Reason::kNonceRequired));
    ProofContext next = context(kNow + Seconds{1});
    next.run_started = first.now + Milliseconds{1};
    check(text, next, ahead == Seconds{0} ? std::optional(Reason::kNonceRequired) : std::nullopt);
  }
}

TEST(Proof, C6_AgeWithANonceIsLenient) {
  const auto at = [](Instant now) {
    const Forge forge = with_claim("nonce", kNonces.issue(now));
    return std::pair(forge.signed_by(test_key("client")), context(now));
  };
  for (const auto& [now, reason] : std::vector<std::pair<Instant, std::optional<Reason>>>{
           {kNow + Seconds{330} - Milliseconds{1}, std::nullopt},
           {kNow + Seconds{330}, kBad},
           {kNow - Seconds{330}, std::nullopt},
           {kNow - Seconds{330} - Milliseconds{1}, kBad}}) {
    const auto [text, when] = at(now);
    check(text, when, reason);
  }
}

TEST(Proof, C7_NonceIsWantedBeforeAnythingIsSpent) {
  ProofContext always = context();
  always.nonce_policy = NoncePolicy::kAlways;
  const auto judge = [&](const Forge& forge, std::optional<Reason> reason) {
    check(forge.signed_by(test_key("client")), always, reason);
  };
  constexpr auto kNonce = Reason::kNonceRequired;
  judge(with_claim("nonce", kNonces.issue(kNow)), {});
  judge(valid(), kNonce);
  judge(with_claim("nonce", "bogus"), kNonce);
  judge(with_claim("nonce", ""), kNonce);
  judge(with_claim("nonce", 1), kNonce);
  judge(with_claim("nonce", nullptr), kNonce);
  judge(with_claim("nonce", token::NonceIssuer(std::string(32, 'o')).issue(kNow)), kNonce);
  judge(with_claim("nonce", kNonces.issue(kNow - Seconds{300})), kNonce);
  judge(with_claim("nonce", kNonces.issue(kNow - Seconds{300} + Milliseconds{1})), {});
  // Once given, it counts also where the time alone would do.
  check(with_claim("nonce", "bogus"), kNonce);
  // A proof that is wrong in itself is not asked to come again.
  Forge wrong = valid();
  wrong.claims.set("htm", "GET");
  judge(wrong, kBad);
  check(valid().signed_by(test_key("other")), always, kBad);
}

TEST(Nonce, C7_IsOfThisRunAndItsTime) {
  const std::string nonce = kNonces.issue(kNow);
  EXPECT_TRUE(kNonces.accepts(nonce, kNow));
  EXPECT_TRUE(kNonces.accepts(nonce, kNow + Seconds{300} - Milliseconds{1}));
  EXPECT_FALSE(kNonces.accepts(nonce, kNow + Seconds{300}));
  EXPECT_TRUE(kNonces.accepts(nonce, kNow - Seconds{30}));
  EXPECT_FALSE(kNonces.accepts(nonce, kNow - Seconds{30} - Milliseconds{1}));
  EXPECT_FALSE(token::NonceIssuer(std::string(32, 'm')).accepts(nonce, kNow));
  EXPECT_NE(nonce, kNonces.issue(kNow + Milliseconds{1}));
  const std::string bytes = decode_base64url(nonce).value();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(kNonces.accepts(encode_base64url(changed), kNow)) << i;
  }
  for (const std::string& text :
       {std::string(), nonce + "A", nonce.substr(1), nonce + "=", std::string(10'000, 'A')}) {
    EXPECT_FALSE(kNonces.accepts(text, kNow));
  }
}

Result<ProofVerifier::Proof> proof_of(std::string_view jti, std::string_view key,
                                      std::string_view uri = kTokenUri) {
  ProofContext at = context();
  at.uri = uri;
  const crypto::PrivateKey& by = test_key(key);
  return ProofVerifier().verify(dpop_proof("POST", uri, kNow, jti, by).signed_by(by), at);
}

TEST(Proof, C8_UseIsOfTheIdentifierAndTheKey) {
  const Digest first = proof_of("jti-1", "client")->use_key;
  EXPECT_EQ(first, proof_of("jti-1", "client")->use_key);  // signed anew, another text
  EXPECT_EQ(first, proof_of("jti-1", "client", "https://mandate.acme.example/revoke")->use_key);
  EXPECT_NE(first, proof_of("jti-2", "client")->use_key);
  EXPECT_NE(first, proof_of("jti-1", "other")->use_key);
}

TEST(Proof, C8_UseIsRememberedWhileItCouldBeRepeated) {
  const Instant until = proof_of("jti-1", "client")->use_until;
  const std::string text = valid().signed_by(test_key("client"));
  check(text, context(until - Milliseconds{1}), {});
  check(text, context(until), Reason::kNonceRequired);

  const Instant late = kNow + Seconds{100};
  const std::string with_nonce =
      with_claim("nonce", kNonces.issue(late)).signed_by(test_key("client"));
  const Result<ProofVerifier::Proof> proof = ProofVerifier().verify(with_nonce, context(late));
  ASSERT_THAT(proof, IsOk());
  check(with_nonce, context(proof->use_until - Milliseconds{1}), {});
  check(with_nonce, context(proof->use_until), kBad);
}

TEST(Proof, C9_JoinedProofs) {
  const std::string text = valid().signed_by(test_key("client"));
  check(text, context(), {});
  check(text + "," + text, context(), kBad);
  check(text + ", " + text, context(), kBad);
  check("", context(), kBad);
}

TEST(Proof, C10_HashOfTheTokenPresented) {
  ProofContext at = context();
  at.token_hash = crypto::sha256("token");
  const std::string right = encode_base64url(view(*at.token_hash));
  const auto judge = [&](const Forge& forge, std::optional<Reason> reason) {
    check(forge.signed_by(test_key("client")), at, reason);
  };
  constexpr auto kPossession = Reason::kProofOfPossession;
  judge(with_claim("ath", right), {});
  judge(valid(), kPossession);
  judge(with_claim("ath", encode_base64url(view(crypto::sha256("other")))), kPossession);
  judge(with_claim("ath", right + "="), kPossession);
  judge(with_claim("ath", nullptr), kPossession);
  judge(with_claim("ath", 1), kPossession);
  // Without a token there is nothing to compare it with.
  check(with_claim("ath", right), {});
}

TEST(Proof, C12_PossessionNamesTheKeyThatSigned) {
  ProofContext at = context();
  at.token_hash = crypto::sha256("token");
  const std::string text = token::make_proof(test_key("other"), {.method = "POST",
                                                                 .uri = std::string(kTokenUri),
                                                                 .nonce = "",
                                                                 .access_token = "token",
                                                                 .jti = "jti-1",
                                                                 .now = kNow});
  const Result<ProofVerifier::Proof> proof = ProofVerifier().verify(text, at);
  ASSERT_THAT(proof, IsOk());
  EXPECT_EQ(proof->possession.binding().jkt, test_key("other").public_key().thumbprint_base64url());
  EXPECT_EQ(proof->possession.token_hash(), at.token_hash);
  // Key A in the header, signed by key B.
  check(valid().signed_by(test_key("other")), context(), kBad);
}

}  // namespace
}  // namespace mandate::test
