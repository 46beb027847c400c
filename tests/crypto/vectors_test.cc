// Vectors from elsewhere: Wycheproof, C2SP CCTV, the RFCs.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>

#include "mandate/crypto/hash.h"
#include "mandate/crypto/key.h"
#include "testing/vectors.h"

namespace mandate::crypto {
namespace {

using json::Value;
using test::hex_of;
using test::text_of;
using test::vector_json;

struct Tally {
  int accepted = 0;
  int refused = 0;
  int of_refused_keys = 0;
  friend bool operator==(const Tally&, const Tally&) = default;
};
void PrintTo(const Tally& tally, std::ostream* out) {
  *out << tally.accepted << " accepted, " << tally.refused << " refused, " << tally.of_refused_keys
       << " of refused keys";
}

// A group's key as a JWK is the same key.
void check_jwk(const Value& group, const Result<PublicKey>& key) {
  const Value* jwk = group.find("publicKeyJwk");
  if (jwk == nullptr || !key) return;
  const Result<PublicKey> same = PublicKey::from_jwk(*jwk);
  ASSERT_TRUE(same) << same.error().detail;
  EXPECT_EQ(same->thumbprint(), key->thumbprint());
}

// Everything `valid` verifies, and nothing else: `acceptable` is refused.
void check_wycheproof(const std::string& file, Algorithm algorithm, const Tally& expected) {
  Tally tally;
  const Value vectors = vector_json(file);
  for (const Value& group : vectors.find("testGroups")->as_array()) {
    const Result<PublicKey> key = PublicKey::from_spki_der(hex_of(group, "publicKeyDer"));
    check_jwk(group, key);
    for (const Value& test : group.find("tests")->as_array()) {
      if (!key) {
        ++tally.of_refused_keys;
        continue;
      }
      const bool good = key->verify(algorithm, hex_of(test, "msg"), hex_of(test, "sig"));
      EXPECT_EQ(good, text_of(test, "result") == "valid")
          << file << " " << test.find("tcId")->as_integer() << " " << text_of(test, "comment");
      ++(good ? tally.accepted : tally.refused);
    }
  }
  EXPECT_EQ(tally, expected);
  EXPECT_EQ(test::cases_to_run(file, __FILE__), tally.accepted + tally.refused);
}

TEST(Vectors, of_wycheproof_verify_exactly_where_they_are_valid) {
  MANDATE_NEEDS_SHARED("vectors/wycheproof");
  check_wycheproof("wycheproof/ecdsa_secp256r1_sha256_p1363_test.json", Algorithm::kEs256,
                   {173, 89, 0});
  check_wycheproof("wycheproof/ecdsa_secp384r1_sha384_p1363_test.json", Algorithm::kEs384,
                   {193, 87, 0});
  check_wycheproof("wycheproof/ed25519_test.json", Algorithm::kEdDsa, {88, 63, 0});
  check_wycheproof("wycheproof/rsa_pss_2048_sha256_mgf1_32_test.json", Algorithm::kPs256,
                   {63, 45, 0});
  check_wycheproof("wycheproof/rsa_signature_2048_sha256_test.json", Algorithm::kRs256,
                   {7, 250, 2});
}

// A signature in DER is never one in r || s, whatever Wycheproof says of it as DER.
TEST(Vectors, of_der_signatures_are_refused) {
  MANDATE_NEEDS_SHARED("vectors/wycheproof");
  const Value vectors = vector_json("wycheproof/ecdsa_secp256r1_sha256_test.json");
  int count = 0;
  for (const Value& group : vectors.find("testGroups")->as_array()) {
    const Result<PublicKey> key = PublicKey::from_spki_der(hex_of(group, "publicKeyDer"));
    ASSERT_TRUE(key) << key.error().detail;
    for (const Value& test : group.find("tests")->as_array()) {
      EXPECT_FALSE(key->verify(Algorithm::kEs256, hex_of(test, "msg"), hex_of(test, "sig")));
      ++count;
    }
  }
  MANDATE_RAN("wycheproof/ecdsa_secp256r1_sha256_test.json", count);
}

// docs/decisions/0001-ed25519-policy.md, as flags: what stays is verified without the cofactor, so
// a residue of low order fails; a component of low order alone does not.
bool policy_accepts(const Value& vector) {
  constexpr std::array<std::string_view, 5> kRefused = {
      "low_order_A", "low_order_R", "non_canonical_A", "non_canonical_R", "low_order_residue"};
  const Value* flags = vector.find("flags");
  if (flags == nullptr || !flags->is_array()) return true;
  return std::ranges::none_of(flags->as_array(), [&](const Value& flag) {
    return std::ranges::find(kRefused, flag.as_string()) != kRefused.end();
  });
}

TEST(Vectors, of_ed25519_edges_follow_the_one_policy) {  // ATTACKS A12
  MANDATE_NEEDS_SHARED("vectors/ed25519-edge");
  int accepted = 0;
  const Value vectors = vector_json("ed25519-edge/ed25519vectors.json");
  MANDATE_RAN("ed25519-edge/ed25519vectors.json", static_cast<int>(vectors.as_array().size()));
  for (const Value& vector : vectors.as_array()) {
    const Result<PublicKey> key = PublicKey::from_ed25519_raw(hex_of(vector, "key"));
    const bool good =
        key && key->verify(Algorithm::kEdDsa, text_of(vector, "msg"), hex_of(vector, "sig"));
    EXPECT_EQ(good, policy_accepts(vector)) << vector.find("number")->as_integer();
    accepted += good ? 1 : 0;
  }
  EXPECT_EQ(accepted, 43);  // 1 without any flag, 7 and 35 with components that cancel
}

std::vector<std::string> segments(const std::string& jws) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t dot = jws.find('.'); dot != std::string::npos; dot = jws.find('.', begin)) {
    parts.push_back(jws.substr(begin, dot - begin));
    begin = dot + 1;
  }
  parts.push_back(jws.substr(begin));
  return parts;
}

bool verifies(const PublicKey& key, Algorithm algorithm, const std::string& jws) {
  const std::vector<std::string> parts = segments(jws);
  return parts.size() == 3 &&
         key.verify(algorithm, parts[0] + "." + parts[1], *decode_base64url(parts[2]));
}

TEST(Vectors, of_the_rfcs_hold) {
  MANDATE_NEEDS_SHARED("vectors/rfc");
  std::map<std::string, int> seen;
  int ran = 0;
  const Value vectors = vector_json("rfc/rfc-vectors.json");
  for (const Value& vector : vectors.as_array()) {
    SCOPED_TRACE(text_of(vector, "id"));
    if (text_of(vector, "id") == "rfc9449-ath") {
      const Digest digest = sha256(text_of(vector, "access_token"));
      EXPECT_EQ(encode_base64url(view(digest)), text_of(vector, "ath"));
      ++seen["ath"];
      ++ran;
    }
    const Value* jwk = vector.find("jwk");
    if (jwk == nullptr) continue;
    ++ran;
    const Result<PublicKey> key = PublicKey::from_jwk(*jwk);
    if (text_of(*jwk, "kty") == "oct") {
      EXPECT_FALSE(key);
      ++seen["symmetric"];
      continue;
    }
    ASSERT_TRUE(key) << key.error().detail;
    for (std::string_view member : {"thumbprint", "jkt"}) {
      if (vector.find(member) == nullptr) continue;
      EXPECT_EQ(key->thumbprint_base64url(), text_of(vector, member));
      ++seen["thumbprint"];
    }
    for (std::string_view member : {"jws", "proof"}) {
      if (vector.find(member) == nullptr) continue;
      const bool eddsa = key->type() == KeyType::kEd25519;
      EXPECT_TRUE(
          verifies(*key, eddsa ? Algorithm::kEdDsa : Algorithm::kEs256, text_of(vector, member)));
      ++seen["signature"];
    }
  }
  EXPECT_EQ(seen, (std::map<std::string, int>{
                      {"ath", 1}, {"signature", 4}, {"symmetric", 1}, {"thumbprint", 3}}));
  MANDATE_RAN("rfc/rfc-vectors.json", ran);
}

TEST(Vectors, of_rfc_8037_sign_the_same_again) {
  MANDATE_NEEDS_SHARED("vectors/rfc");
  const Value vectors = vector_json("rfc/rfc-vectors.json");
  for (const Value& vector : vectors.as_array()) {
    if (text_of(vector, "id") != "rfc8037-A.4-eddsa-jws") continue;
    Value jwk = *vector.find("jwk");
    jwk.set("d", text_of(vector, "d"));
    const Result<PrivateKey> key = PrivateKey::from_jwk(jwk);
    ASSERT_TRUE(key) << key.error().detail;
    const std::vector<std::string> parts = segments(text_of(vector, "jws"));
    EXPECT_EQ(encode_base64url(key->sign(Algorithm::kEdDsa, parts[0] + "." + parts[1])), parts[2]);
    return;
  }
  FAIL() << "the vector is missing";
}

}  // namespace
}  // namespace mandate::crypto
