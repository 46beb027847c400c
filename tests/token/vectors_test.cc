// Tokens that others made: the golden ones of tests/vectors, and the RFCs' own examples.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "mandate/crypto/hash.h"
#include "mandate/token/dpop.h"
#include "mandate/token/jws.h"
#include "testing/matchers.h"
#include "testing/vectors.h"
#include "tests/token/kinds.h"

namespace mandate::test {
namespace {

using json::Value;
using token::Jws;

Value golden_tokens() {
  return json::parse(read_file(MANDATE_SOURCE_DIR "/tests/vectors/tokens.json")).value();
}

TEST(Golden, EachTokenIsJudgedAsItsIndexSays) {
  const Value tokens = golden_tokens();
  for (const Value& row : tokens.as_array()) {
    SCOPED_TRACE(text_of(row, "name"));
    const Instant at = from_numeric_date(row.find("at")->as_integer());
    const std::string expected = text_of(row, "expect");
    const Result<void> judged = kind(text_of(row, "door")).judge(text_of(row, "jwt"), at);
    EXPECT_EQ(judged ? "accepted" : name(judged.error().reason), expected);
    if (row.find("claims") == nullptr) continue;
    const Result<Jws> jws = Jws::parse(text_of(row, "jwt"), Place::kSubjectToken);
    ASSERT_THAT(jws, IsOk());
    EXPECT_EQ(jws->header(), *row.find("header"));
    EXPECT_EQ(jws->claims(), *row.find("claims"));
  }
}

TEST(Golden, EveryKindIsThereAndTheIndexNamesEachToken) {
  const Value tokens = golden_tokens();
  const std::string index = read_file(MANDATE_SOURCE_DIR "/tests/vectors/README.md");
  std::string valid;
  for (const Value& row : tokens.as_array()) {
    const std::string line = "| `" + text_of(row, "name") + "` | `" + text_of(row, "door") +
                             "` | `" + text_of(row, "expect") + "` |";
    EXPECT_NE(index.find(line), std::string::npos) << line;
    valid += text_of(row, "name") + '\n';
  }
  for (const Kind& kind : kinds()) {
    EXPECT_NE(valid.find(kind.name + "_valid\n"), std::string::npos) << kind.name;
  }
}

// Which examples of the RFCs this file reads, over all its tests.
constexpr std::string_view kRfcVectors[] = {
    "rfc7515-A.3-es256",       "rfc7515-A.1-hs256",         "rfc7515-A.5-none",
    "rfc8037-A.4-eddsa-jws",   "rfc9449-6.1-jkt",           "rfc9449-ath",
    "rfc9449-4.1-token-proof", "rfc9449-7.1-resource-proof"};

Value rfc_vector(std::string_view id) {
  EXPECT_EQ(std::count(std::begin(kRfcVectors), std::end(kRfcVectors), id), 1) << id;
  const Value all = vector_json("rfc/rfc-vectors.json");
  for (const Value& vector : all.as_array()) {
    if (text_of(vector, "id") == id) return vector;
  }
  ADD_FAILURE() << "no vector " << id;
  return Value::object({});
}

TEST(Rfc, A3OfRfc7515IsVerifiedByItsKey) {
  MANDATE_NEEDS_SHARED("vectors/rfc/rfc-vectors.json");
  MANDATE_RAN("rfc/rfc-vectors.json", static_cast<int>(std::size(kRfcVectors)));
  const Value vector = rfc_vector("rfc7515-A.3-es256");
  const Result<Jws> jws = Jws::parse(text_of(vector, "jws"), Place::kAccessToken);
  ASSERT_THAT(jws, IsOk());
  EXPECT_EQ(jws->algorithm(), crypto::Algorithm::kEs256);
  EXPECT_EQ(text_of(jws->claims(), "iss"), "joe");
  EXPECT_EQ(jws->hash(), crypto::sha256(text_of(vector, "jws")));
  EXPECT_TRUE(jws->verified_by(*crypto::PublicKey::from_jwk(*vector.find("jwk"))));
  EXPECT_FALSE(jws->verified_by(test_key("client").public_key()));
}

TEST(Rfc, A1_A2_HmacNoneAndWhatIsNoJwtAreRefusedEverywhere) {
  MANDATE_NEEDS_SHARED("vectors/rfc/rfc-vectors.json");
  // RFC 8037 A.4 is a good JWS, but its payload is a text and no claims.
  for (const char* id : {"rfc7515-A.1-hs256", "rfc7515-A.5-none", "rfc8037-A.4-eddsa-jws"}) {
    const std::string text = text_of(rfc_vector(id), "jws");
    ASSERT_FALSE(text.empty());
    for (const Kind& kind : kinds()) {
      EXPECT_THAT(kind.judge(text, from_numeric_date(1'300'819'000)), ErrorIs(kind.malformed))
          << id << ' ' << kind.name;
    }
  }
}

Result<token::ProofVerifier::Proof> verify_proof(const Value& vector, std::string_view method,
                                                 std::string_view uri,
                                                 std::optional<Digest> token_hash, Instant now) {
  return token::ProofVerifier().verify(text_of(vector, "proof"),
                                       {.method = method,
                                        .uri = uri,
                                        .token_hash = token_hash,
                                        .nonce_policy = token::NoncePolicy::kWhenNotFresh,
                                        .nonces = nullptr,
                                        .run_started = kBeginningOfTime,
                                        .now = now});
}

TEST(Rfc, ProofsOfRfc9449AreGoodAtTheirTimes) {
  MANDATE_NEEDS_SHARED("vectors/rfc/rfc-vectors.json");
  const std::string jkt = text_of(rfc_vector("rfc9449-6.1-jkt"), "jkt");
  const Value at_token = rfc_vector("rfc9449-4.1-token-proof");
  const Instant issued = from_numeric_date(at_token.find("at")->as_integer());
  const std::string uri = text_of(at_token, "htu");
  const auto proof = verify_proof(at_token, "POST", uri, std::nullopt, issued);
  ASSERT_THAT(proof, IsOk());
  EXPECT_EQ(proof->possession.binding().jkt, jkt);
  EXPECT_THAT(verify_proof(at_token, "POST", uri, std::nullopt, issued + Seconds{60}),
              ErrorIs(Reason::kBadRequest));
  EXPECT_THAT(verify_proof(at_token, "GET", uri, std::nullopt, issued),
              ErrorIs(Reason::kBadRequest));

  const Value at_resource = rfc_vector("rfc9449-7.1-resource-proof");
  const Value hash = rfc_vector("rfc9449-ath");
  const Digest token_hash = crypto::sha256(text_of(hash, "access_token"));
  EXPECT_EQ(encode_base64url(view(token_hash)), text_of(hash, "ath"));
  const Instant later = from_numeric_date(at_resource.find("at")->as_integer());
  constexpr std::string_view kResource = "https://resource.example.org/protectedresource";
  const auto bound = verify_proof(at_resource, "GET", kResource, token_hash, later);
  ASSERT_THAT(bound, IsOk());
  EXPECT_EQ(bound->possession.binding().jkt, jkt);
  EXPECT_EQ(bound->possession.token_hash(), token_hash);
  EXPECT_THAT(verify_proof(at_resource, "GET", kResource, crypto::sha256("other"), later),
              ErrorIs(Reason::kProofOfPossession));
  // The first has no ath.
  EXPECT_THAT(verify_proof(at_token, "POST", uri, token_hash, issued),
              ErrorIs(Reason::kProofOfPossession));
}

// A JWE is no JWT of ours at any door, whatever Wycheproof says of it as a JWE, and a key that is
// for encrypting verifies nothing (ATTACKS A10, A15).
TEST(Wycheproof, EncryptedTokensAreRefusedEverywhere) {
  MANDATE_NEEDS_SHARED("vectors/wycheproof");
  const Value vectors = vector_json("wycheproof/json_web_encryption_test.json");
  int ran = 0;
  int keys = 0;
  for (const Value& group : vectors.find("testGroups")->as_array()) {
    if (const Value* jwk = group.find("public")) {
      ++keys;
      EXPECT_FALSE(crypto::PublicKey::from_jwk(*jwk)) << keys;
    }
    EXPECT_FALSE(crypto::PublicKey::from_jwk(*group.find("private")));
    for (const Value& test : group.find("tests")->as_array()) {
      ++ran;
      for (const Kind& kind : kinds()) {
        EXPECT_THAT(kind.judge(text_of(test, "jwe"), from_numeric_date(1'800'000'000)),
                    ErrorIs(kind.malformed))
            << test.find("tcId")->as_integer() << ' ' << kind.name;
      }
    }
  }
  EXPECT_EQ(keys, 11);
  MANDATE_RAN("wycheproof/json_web_encryption_test.json", ran);
}

}  // namespace
}  // namespace mandate::test
