#include "tests/token/signatures.h"

#include "mandate/base/bytes.h"

namespace mandate::test {
namespace {

std::string member(const json::Value& jwk, std::string_view name) {
  return decode_base64url(jwk.find(name)->as_string()).value();
}

std::string der_integer(std::string bytes) {
  bytes.erase(0, std::min(bytes.find_first_not_of('\0'), bytes.size() - 1));
  if ((bytes[0] & 0x80) != 0) bytes.insert(0, 1, '\0');
  return std::string("\x02") + static_cast<char>(bytes.size()) + bytes;
}

}  // namespace

std::string p256_order() {
  return decode_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").value();
}

std::string p256_der(const crypto::PublicKey& key) {
  const json::Value jwk = key.to_jwk();
  return decode_hex("3059301306072a8648ce3d020106082a8648ce3d03010703420004").value() +
         member(jwk, "x") + member(jwk, "y");
}

std::string p256_pem(const crypto::PublicKey& key) {
  std::string body = encode_base64(p256_der(key));
  body.insert(64, "\n");
  return "-----BEGIN PUBLIC KEY-----\n" + body + "\n-----END PUBLIC KEY-----\n";
}

std::string ed25519_with_order_added(std::string signature) {
  // Little-endian, as S is.
  const std::string order =
      decode_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").value();
  unsigned carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    carry += static_cast<unsigned char>(signature[32 + i]);
    carry += static_cast<unsigned char>(order[i]);
    signature[32 + i] = static_cast<char>(carry & 0xff);
    carry >>= 8;
  }
  return signature;
}

std::string to_der(const std::string& rs) {
  const std::string body = der_integer(rs.substr(0, 32)) + der_integer(rs.substr(32));
  return std::string("\x30") + static_cast<char>(body.size()) + body;
}

std::string with_trailing_bit(std::string compact) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  compact.back() = kAlphabet[kAlphabet.find(compact.back()) + 1];
  return compact;
}

std::string to_json_serialization(const std::string& compact) {
  const std::size_t first = compact.find('.');
  const std::size_t last = compact.rfind('.');
  return json::canonical(
      json::Value::object({{"protected", compact.substr(0, first)},
                           {"payload", compact.substr(first + 1, last - first - 1)},
                           {"signature", compact.substr(last + 1)}}));
}

}  // namespace mandate::test
