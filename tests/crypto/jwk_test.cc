#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mandate/base/limits.h"
#include "mandate/crypto/key.h"

namespace mandate::crypto {
namespace {

using json::Value;
using ::testing::HasSubstr;
using namespace std::string_literals;

// RFC 7515 A.3 and RFC 8037 A.2.
const Value& p256() {
  static const Value jwk = Value::object({{"kty", "EC"},
                                          {"crv", "P-256"},
                                          {"x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"},
                                          {"y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}});
  return jwk;
}
const Value& ed25519() {
  static const Value jwk = Value::object(
      {{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}});
  return jwk;
}

std::string number(std::size_t bits) {  // all ones, so odd
  std::string bytes((bits + 7) / 8, '\xff');
  if (bits % 8 != 0) bytes[0] = static_cast<char>((1 << bits % 8) - 1);
  return bytes;
}
Value rsa(const std::string& n = number(2048), const std::string& e = "\x01\x00\x01"s) {
  return Value::object({{"kty", "RSA"}, {"n", encode_base64url(n)}, {"e", encode_base64url(e)}});
}

Value with(Value jwk, std::string_view member, Value value) {
  jwk.set(member, std::move(value));
  return jwk;
}
Value without(const Value& jwk, std::string_view member) {
  json::Object left;
  for (const json::Member& each : jwk.as_object()) {
    if (each.key != member) left.push_back(each);
  }
  return left;
}
std::string bytes_of(const Value& jwk, std::string_view member) {
  return *decode_base64url(jwk.find(member)->as_string());
}

// An empty expectation: accepted.
void check(const Value& jwk, std::string_view expected_detail) {
  SCOPED_TRACE(json::canonical(jwk).substr(0, 200));
  const Result<PublicKey> key = PublicKey::from_jwk(jwk);
  if (expected_detail.empty()) {
    EXPECT_TRUE(key) << key.error().detail;
    return;
  }
  ASSERT_FALSE(key) << "expected: " << expected_detail;
  EXPECT_EQ(key.error().reason, Reason::kBadRequest);
  EXPECT_THAT(key.error().detail, HasSubstr(expected_detail));
}

TEST(Jwk, is_an_object_of_a_kind_we_do) {
  constexpr std::string_view kKind = "kty and crv of the key are none of";
  check(p256(), "");
  check(ed25519(), "");
  check(rsa(), "");
  check(with(with(p256(), "kid", "k"), "x5c", Value::array({"ignored"})), "");
  check(Value(), "key is null; expected an object");
  check("EC", "key is a string; expected an object");
  check(Value::array({p256()}), "key is an array; expected an object");
  check(Value::object({}), kKind);
  check(without(p256(), "kty"), kKind);
  check(without(p256(), "crv"), kKind);
  check(with(p256(), "kty", "ec"), kKind);
  check(with(p256(), "kty", "OKP"), kKind);
  check(with(p256(), "kty", 1), kKind);
  check(with(p256(), "crv", "P-521"), kKind);
  check(with(p256(), "crv", "secp256k1"), kKind);
  check(with(ed25519(), "crv", "Ed448"), kKind);
  check(with(ed25519(), "crv", "X25519"), kKind);
  check(Value::object({{"kty", "oct"}, {"x", "AAAA"}}), kKind);
}

TEST(Jwk, holds_no_private_member_where_a_public_key_is_asked_for) {  // ATTACKS A16, C2
  for (std::string_view member : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}) {
    const std::string expected = "key has the private member " + quoted(member);
    check(with(p256(), member, "AAAA"), expected);
    check(with(rsa(), member, ""), expected);
    check(with(ed25519(), member, Value()), expected);
  }
}

TEST(Jwk, is_strict_base64url) {  // ATTACKS A18
  constexpr std::string_view kX = "member \"x\" of the key is not strict base64url";
  const std::string x = p256().find("x")->as_string();  // ends in U: two spare bits, both zero
  check(with(p256(), "x", x), "");
  check(with(p256(), "x", x + "="), kX);
  check(with(p256(), "x", x.substr(0, 42) + "V"), kX);
  check(with(p256(), "x", " " + x), kX);
  check(with(p256(), "x", x + "\n"), kX);
  check(with(p256(), "x", 1), "no string member \"x\"");
  check(without(p256(), "x"), "no string member \"x\"");
  check(without(p256(), "y"), "no string member \"y\"");
  const std::string y = p256().find("y")->as_string();
  check(with(p256(), "y", "x/" + y.substr(2)), "member \"y\" of the key is not strict base64url");
}

TEST(Jwk, of_a_curve_is_a_point_on_it_in_full_length) {  // ATTACKS A16
  constexpr std::string_view kOff = "point is not on the curve P-256";
  const auto with_bytes = [](std::string_view member, const std::string& bytes) {
    return with(p256(), member, encode_base64url(bytes));
  };
  const std::string x = bytes_of(p256(), "x");
  const std::string y = bytes_of(p256(), "y");
  const std::string p =
      *decode_hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
  check(with_bytes("x", x), "");
  check(with_bytes("y", x), kOff);
  check(with_bytes("x", y), kOff);
  check(with_bytes("y", y.substr(0, 31) + static_cast<char>(y[31] ^ 1)), kOff);
  check(with_bytes("x", p), kOff);
  check(with_bytes("y", p), kOff);
  check(with_bytes("x", std::string(32, '\xff')), kOff);
  check(with(with_bytes("x", std::string(32, '\0')), "y", encode_base64url(std::string(32, '\0'))),
        kOff);
  check(with_bytes("x", '\0' + x), "coordinates have 33 and 32 bytes; expected 32 each for P-256");
  check(with_bytes("y", y.substr(1)), "coordinates have 32 and 31 bytes");
  check(with(p256(), "x", ""), "coordinates have 0 and 32 bytes");
  check(with(p256(), "crv", "P-384"), "expected 48 each for P-384");
}

TEST(Jwk, of_ed25519_is_a_canonical_point_of_large_order) {  // ATTACKS A12
  constexpr std::string_view kNoPoint = "no canonical point of large order";
  const auto with_hex = [](std::string_view hex) {
    return with(ed25519(), "x", encode_base64url(*decode_hex(hex)));
  };
  const std::string zeros(60, '0');
  const std::string effs(58, 'f');
  check(with_hex("0300" + zeros), "");        // y = 3 is on the curve
  check(with_hex("0200" + zeros), kNoPoint);  // y = 2 is not
  check(with_hex("0100" + zeros), kNoPoint);  // the neutral element, and with the sign of -0
  check(with_hex("01" + std::string(60, '0') + "80"), kNoPoint);
  check(with_hex("0000" + zeros), kNoPoint);        // order 4
  check(with_hex("ecff" + effs + "7f"), kNoPoint);  // y = p - 1: order 2
  check(with_hex("edff" + effs + "7f"), kNoPoint);  // y = p: not canonical
  check(with_hex("f0ff" + effs + "7f"), kNoPoint);  // y = p + 3, of a point on the curve
  check(with_hex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), kNoPoint);
  check(with_hex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), kNoPoint);
  check(with_hex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"), kNoPoint);
  check(with_hex("00" + zeros), "Ed25519 key has 31 bytes; expected 32");
  check(with(ed25519(), "x", ""), "Ed25519 key has 0 bytes; expected 32");
}

TEST(Jwk, of_rsa_is_of_2048_to_8192_bits_with_an_exponent_above_65536) {  // ATTACKS A13
  constexpr std::string_view kModulus = "expected an odd one of 2048 to 8192";
  constexpr std::string_view kExponent = "expected an odd one above 2^16, at most 64 bits";
  constexpr std::string_view kZero = "empty or has a leading zero byte";
  check(rsa(number(2048)), "");
  check(rsa(number(2049)), "");
  check(rsa(number(8192)), "");
  check(rsa(number(2047)), kModulus);
  check(rsa(number(1024)), kModulus);
  check(rsa(number(8193)), kModulus);
  check(rsa(number(8208)), "RSA modulus is longer than 8192 bits");
  check(rsa(number(2040) + "\xfe"), kModulus);
  check(rsa('\0' + number(2048)), kZero);
  check(rsa(""), kZero);
  check(rsa(number(2048), "\x01\x00\x01"s), "");
  check(rsa(number(2048), "\x01\x00\x03"s), "");
  check(rsa(number(2048), number(64)), "");
  check(rsa(number(4096), number(64)), "");
  check(rsa(number(2048), number(65)), kExponent);
  check(rsa(number(2048), "\x01"s), kExponent);
  check(rsa(number(2048), "\x03"s), kExponent);
  check(rsa(number(2048), "\xff\xff"s), kExponent);
  check(rsa(number(2048), "\x01\x00\x00"s), kExponent);
  check(rsa(number(2048), "\x01\x00\x02"s), kExponent);
  check(rsa(number(2048), "\x00\x01\x00\x01"s), kZero);
  check(rsa(number(2048), ""), kZero);
}

TEST(Jwk, is_used_for_what_it_says) {  // ATTACKS A15
  constexpr std::string_view kUse = "key is not for signatures";
  constexpr std::string_view kOps = "key_ops does not list \"verify\"";
  check(with(p256(), "use", "sig"), "");
  check(with(p256(), "use", "enc"), kUse);
  check(with(p256(), "use", "SIG"), kUse);
  check(with(p256(), "use", Value()), kUse);
  check(with(p256(), "key_ops", Value::array({"verify"})), "");
  check(with(p256(), "key_ops", Value::array({"sign", "verify"})), "");
  check(with(p256(), "key_ops", Value::array({"sign"})), kOps);
  check(with(p256(), "key_ops", Value::array({})), kOps);
  check(with(p256(), "key_ops", Value::array({"verify", "verify"})), kOps);
  check(with(p256(), "key_ops", Value::array({"verify", 1})), kOps);
  check(with(p256(), "key_ops", "verify"), kOps);
  check(with(p256(), "alg", "ES256"), "");
  check(with(p256(), "alg", "ES384"), "key cannot do its alg \"ES384\"");
  check(with(p256(), "alg", "RS256"), "key cannot do its alg \"RS256\"");
  check(with(p256(), "alg", "es256"), "key cannot do its alg \"es256\"");
  check(with(p256(), "alg", Value()), "key cannot do its alg");
  check(with(ed25519(), "alg", "EdDSA"), "");
  check(with(rsa(), "alg", "RS256"), "");
  check(with(rsa(), "alg", "PS256"), "");
  check(with(rsa(), "alg", "RS512"), "key cannot do its alg \"RS512\"");
  check(with(rsa(), "alg", "HS256"), "key cannot do its alg \"HS256\"");
}

void check_set(json::Array keys, std::size_t expected_keys, std::string_view expected_detail,
               Reason reason = Reason::kBadRequest) {
  const Value jwks = Value::object({{"keys", std::move(keys)}});
  SCOPED_TRACE(json::canonical(jwks).substr(0, 200));
  const auto entries = parse_jwks(jwks);
  if (expected_detail.empty()) {
    ASSERT_TRUE(entries) << entries.error().detail;
    EXPECT_EQ(entries->size(), expected_keys);
    return;
  }
  ASSERT_FALSE(entries) << "expected: " << expected_detail;
  EXPECT_EQ(entries.error().reason, reason);
  EXPECT_THAT(entries.error().detail, HasSubstr(expected_detail));
}

TEST(JwkSet, keeps_the_keys_for_verifying_with_their_kids) {
  check_set({}, 0, "");
  check_set({p256(), ed25519(), rsa()}, 3, "");
  check_set({with(p256(), "use", "enc"), ed25519()}, 1, "");
  check_set({with(p256(), "key_ops", Value::array({"sign"})), ed25519()}, 1, "");
  check_set({with(rsa(), "alg", "RSA-OAEP"), with(rsa(), "alg", "RS512"), ed25519()}, 1, "");
  check_set({with(p256(), "crv", "P-521"), Value::object({{"kty", "AKP"}}), ed25519()}, 1, "");
  const auto entries =
      parse_jwks(Value::object({{"keys", Value::array({with(p256(), "kid", "one"), ed25519()})}}));
  ASSERT_TRUE(entries);
  EXPECT_EQ((*entries)[0].kid, "one");
  EXPECT_EQ((*entries)[0].key.type(), KeyType::kP256);
  EXPECT_EQ((*entries)[1].kid, std::nullopt);
}

TEST(JwkSet, is_refused_whole_for_what_must_not_be_published) {  // ATTACKS A27
  check_set({with(p256(), "kid", "a"), with(ed25519(), "kid", "b")}, 2, "");
  check_set({with(p256(), "kid", "a"), with(ed25519(), "kid", "a")}, 0, "the kid \"a\" twice");
  check_set({with(p256(), "kid", "a"), with(with(rsa(), "use", "enc"), "kid", "a")}, 0,
            "the kid \"a\" twice");
  check_set({with(p256(), "kid", 1)}, 0, "kid is a number; expected a string");
  check_set({Value::object({{"kty", "oct"}, {"k", "AAAA"}})}, 0, "symmetric key");
  check_set({with(p256(), "d", "AAAA")}, 0, "private member");
  check_set({with(p256(), "x", "AAAA")}, 0, "coordinates have 3 and 32 bytes");
  check_set({with(p256(), "alg", "RS256")}, 0, "key cannot do its alg");
  check_set({p256(), "key"}, 0, "key is a string; expected an object");
  json::Array keys(limits::kJwksKeysMax, ed25519());
  check_set(keys, limits::kJwksKeysMax, "");
  keys.push_back(ed25519());
  check_set(keys, 0, "expected at most 100", Reason::kLimitExceeded);
}

TEST(JwkSet, is_an_object_with_an_array_of_keys) {
  for (const Value& bad : {Value(), Value("x"), Value::array({p256()}), Value::object({}),
                           Value::object({{"keys", p256()}}), p256()}) {
    const auto entries = parse_jwks(bad);
    ASSERT_FALSE(entries);
    EXPECT_EQ(entries.error().detail, "key set has no array \"keys\"");
  }
}

}  // namespace
}  // namespace mandate::crypto
