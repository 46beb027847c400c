#include "mandate/crypto/key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace mandate::crypto {
namespace {

using json::Value;

constexpr std::array kTypes = {KeyType::kP256, KeyType::kP384, KeyType::kEd25519, KeyType::kRsa};
constexpr std::array kAlgorithms = {Algorithm::kEs256, Algorithm::kEs384, Algorithm::kEdDsa,
                                    Algorithm::kRs256, Algorithm::kPs256};

const PrivateKey& private_key(KeyType type) {
  static const std::vector<PrivateKey> keys = [] {
    std::vector<PrivateKey> made;
    for (KeyType each : kTypes) made.push_back(PrivateKey::generate(each).value());
    return made;
  }();
  return keys[static_cast<std::size_t>(type)];
}

bool belongs(KeyType type, Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kEs256: return type == KeyType::kP256;
    case Algorithm::kEs384: return type == KeyType::kP384;
    case Algorithm::kEdDsa: return type == KeyType::kEd25519;
    case Algorithm::kRs256:
    case Algorithm::kPs256: return type == KeyType::kRsa;
  }
  return false;
}

TEST(Algorithm, has_its_exact_name_only) {
  for (Algorithm algorithm : kAlgorithms) EXPECT_EQ(parse_algorithm(name(algorithm)), algorithm);
  for (std::string_view other : {"", "none", "None", "NONE", "nOnE", "HS256", "es256", "ES256 ",
                                 "ES256K", "ES512", "EDDSA", "Ed25519", "RS384", "PS512"}) {
    EXPECT_EQ(parse_algorithm(other), std::nullopt) << other;
  }
}

TEST(Key, verifies_what_it_signed_and_nothing_else) {
  for (KeyType type : kTypes) {
    const PrivateKey& key = private_key(type);
    EXPECT_EQ(key.public_key().type(), type);
    for (Algorithm algorithm : kAlgorithms) {
      SCOPED_TRACE(name(algorithm));
      EXPECT_EQ(key.public_key().accepts(algorithm), belongs(type, algorithm));
      if (!belongs(type, algorithm)) continue;
      const std::string signature = key.sign(algorithm, "message");
      EXPECT_TRUE(key.public_key().verify(algorithm, "message", signature));
      EXPECT_FALSE(key.public_key().verify(algorithm, "massage", signature));
      EXPECT_FALSE(key.public_key().verify(algorithm, "message", signature + '\0'));
      EXPECT_FALSE(key.public_key().verify(algorithm, "message", signature.substr(1)));
      EXPECT_FALSE(key.public_key().verify(algorithm, "message", ""));
      const PrivateKey stranger = PrivateKey::generate(type).value();
      EXPECT_FALSE(stranger.public_key().verify(algorithm, "message", signature));
      for (std::size_t at = 0; at < signature.size(); at += 7) {
        std::string changed = signature;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        EXPECT_FALSE(key.public_key().verify(algorithm, "message", changed)) << at;
      }
      // A context that has failed is as good as before.
      EXPECT_TRUE(key.public_key().verify(algorithm, "message", signature));
      EXPECT_TRUE(key.public_key().verify(algorithm, "", key.sign(algorithm, "")));
    }
  }
}

TEST(Key, does_not_take_a_signature_of_another_algorithm) {  // ATTACKS A14
  for (KeyType signer : kTypes) {
    for (Algorithm made : kAlgorithms) {
      if (!belongs(signer, made)) continue;
      const std::string signature = private_key(signer).sign(made, "m");
      for (KeyType type : kTypes) {
        for (Algorithm asked : kAlgorithms) {
          EXPECT_EQ(private_key(type).public_key().verify(asked, "m", signature),
                    type == signer && asked == made)
              << name(made) << " as " << name(asked);
        }
      }
    }
  }
}

// ATTACKS A11. The twin is the signature itself, of the right length and in range.
TEST(Ecdsa, wants_r_and_s_of_full_length_and_in_range) {
  const std::string n =
      *decode_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  const std::string n_less_1 = n.substr(0, 31) + "\x50";
  const std::string zero(32, '\0');
  const PrivateKey& key = private_key(KeyType::kP256);
  const std::string good = key.sign(Algorithm::kEs256, "m");
  const auto verifies = [&](const std::string& signature) {
    return key.public_key().verify(Algorithm::kEs256, "m", signature);
  };
  EXPECT_TRUE(verifies(good));
  const std::string r = good.substr(0, 32);
  const std::string s = good.substr(32);
  for (const std::string& bad :
       {zero + zero, zero + s, r + zero, n + s, r + n, n + n, n_less_1 + s, r + n_less_1, s + r,
        std::string(32, '\xff') + s, r + std::string(32, '\xff'), std::string(64, '\xff'),
        '\0' + good, good + '\0', std::string(1, '\0') + r + std::string(1, '\0') + s,
        good.substr(0, 63), r, std::string(64, '\0') + good, std::string("\x30\x06\x02\x01\x01")}) {
    EXPECT_FALSE(verifies(bad)) << encode_hex(bad);
  }
}

TEST(Key, is_shared_by_threads) {
  for (const auto& [type, algorithm] : {std::pair(KeyType::kP256, Algorithm::kEs256),
                                        std::pair(KeyType::kEd25519, Algorithm::kEdDsa)}) {
    const PrivateKey& key = private_key(type);
    const std::string good = key.sign(algorithm, "shared");
    const std::string bad = key.sign(algorithm, "other");
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, algorithm = algorithm] {
        for (int round = 0; round < 50; ++round) {
          EXPECT_TRUE(key.public_key().verify(algorithm, "shared", good));
          EXPECT_FALSE(key.public_key().verify(algorithm, "shared", bad));
          const std::string own = key.sign(algorithm, "own");
          EXPECT_TRUE(key.public_key().verify(algorithm, "own", own));
        }
      });
    }
  }
}

TEST(Ed25519, signs_the_same_each_time) {  // RFC 8032: nothing of the signature is random
  const PrivateKey& key = private_key(KeyType::kEd25519);
  const std::string first = key.sign(Algorithm::kEdDsa, "same");
  EXPECT_NE(key.sign(Algorithm::kEdDsa, "other"), first);
  EXPECT_EQ(key.sign(Algorithm::kEdDsa, "same"), first);
}

TEST(PublicKey, comes_back_from_its_jwk_the_same) {
  for (KeyType type : kTypes) {
    const PublicKey& key = private_key(type).public_key();
    const Value jwk = key.to_jwk();
    const Result<PublicKey> again = PublicKey::from_jwk(jwk);
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_EQ(again->thumbprint(), key.thumbprint());
    EXPECT_EQ(again->to_jwk(), jwk);
    EXPECT_EQ(json::canonical(jwk), json::canonical(again->to_jwk()));
    EXPECT_EQ(key.thumbprint_base64url(), encode_base64url(view(key.thumbprint())));
    std::string before;
    for (const json::Member& member : jwk.as_object()) {
      EXPECT_LT(before, member.key);
      before = member.key;
    }
    EXPECT_EQ(jwk.find("d"), nullptr);
  }
}

TEST(PrivateKey, comes_back_from_its_jwk_and_signs_for_the_same_public_key) {
  for (KeyType type : kTypes) {
    const PrivateKey& key = private_key(type);
    const Value jwk = key.to_private_jwk();
    const Result<PrivateKey> again = PrivateKey::from_jwk(jwk);
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_EQ(again->to_private_jwk(), jwk);
    for (Algorithm algorithm : kAlgorithms) {
      if (!belongs(type, algorithm)) continue;
      EXPECT_TRUE(key.public_key().verify(algorithm, "m", again->sign(algorithm, "m")));
    }
  }
}

void check_private(const Value& jwk, std::string_view expected_detail) {
  const Result<PrivateKey> key = PrivateKey::from_jwk(jwk);
  if (expected_detail.empty()) {
    EXPECT_TRUE(key) << key.error().detail;
    return;
  }
  ASSERT_FALSE(key) << expected_detail;
  EXPECT_EQ(key.error().reason, Reason::kBadRequest);
  EXPECT_THAT(key.error().detail, ::testing::HasSubstr(expected_detail));
}

TEST(PrivateKey, must_belong_to_its_public_part) {
  constexpr std::string_view kForeign = "private part does not belong";
  for (KeyType type : kTypes) {
    SCOPED_TRACE(static_cast<int>(type));
    const Value good = private_key(type).to_private_jwk();
    check_private(good, "");
    const Value foreign = PrivateKey::generate(type)->to_private_jwk();
    const auto with = [&](std::string_view member, Value value) {
      Value jwk = good;
      jwk.set(member, std::move(value));
      return jwk;
    };
    check_private(with("d", *foreign.find("d")), kForeign);
    check_private(with("d", encode_base64url(std::string(32, '\0'))), kForeign);
    check_private(with("d", encode_base64url(std::string(31, '\1'))), kForeign);
    check_private(with("d", encode_base64url(std::string(49, '\1'))), kForeign);
    check_private(with("d", ""), kForeign);
    check_private(with("d", "AQ=="), "member \"d\" of the key is not strict base64url");
    check_private(with("d", 7), "no string member \"d\"");
    check_private(private_key(type).public_key().to_jwk(), "no string member \"d\"");
    check_private(with("key_ops", Value::array({"verify"})), "key_ops does not list \"sign\"");
    check_private(with("key_ops", Value::array({"verify", "sign"})), "");
    check_private(with("use", "enc"), "not for signatures");
    if (type != KeyType::kRsa) continue;
    for (std::string_view member : {"p", "q", "dp", "dq", "qi"}) {
      check_private(with(member, *foreign.find(member)), kForeign);
      check_private(with(member, ""), kForeign);
    }
  }
}

TEST(PrivateKey, of_ed25519_is_its_seed) {  // RFC 8032 section 7.1, test 1
  const std::string seed =
      *decode_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  const Result<PrivateKey> key = PrivateKey::from_ed25519_seed(seed);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->ed25519_seed(), seed);
  EXPECT_EQ(encode_hex(key->public_key().ed25519_raw()),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  EXPECT_EQ(encode_hex(key->sign(Algorithm::kEdDsa, "")),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
  EXPECT_FALSE(PrivateKey::from_ed25519_seed(seed.substr(1)));
  EXPECT_FALSE(PrivateKey::from_ed25519_seed(seed + "x"));
}

TEST(PublicKey, is_read_from_spki_when_it_is_a_kind_we_do) {
  const auto check = [](std::string_view hex, std::string_view expected_detail) {
    const Result<PublicKey> key = PublicKey::from_spki_der(*decode_hex(hex));
    EXPECT_EQ(key ? "" : key.error().detail, expected_detail);
  };
  const std::string p256 =
      "3059301306072a8648ce3d020106082a8648ce3d0301070342000404aaec73635726f213fb8a9e64da3b8632e4"
      "1495a944d0045b522eba7240fad587d9315798aaa3a5ba01775787ced05eaaf7b4e09fc81d6d1aa546e8365d525"
      "d";
  const std::string x25519 =
      "302a300506032b656e032100e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c";
  check(p256, "");
  check("302a300506032b65700321007d4d0e7f6153a69b6242b522abbee685fda4420f8834b108c3bdae369ef549fa",
        "");
  check(x25519, "key is of another kind; expected P-256, P-384, Ed25519 or RSA");
  check(p256 + "00", "bytes are no DER SubjectPublicKeyInfo");
  check(p256.substr(2), "bytes are no DER SubjectPublicKeyInfo");
  check("", "bytes are no DER SubjectPublicKeyInfo");
}

}  // namespace
}  // namespace mandate::crypto
