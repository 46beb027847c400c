#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/crypto/key_impl.h"

namespace mandate::crypto {
namespace {

using namespace std::string_view_literals;

// The y coordinates of the eight points of order 1, 2, 4 and 8 (each but the first two stands for
// a point and its negative), little endian, in hex.
constexpr std::array<std::string_view, 5> kSmallOrder = {
    "0100000000000000000000000000000000000000000000000000000000000000"sv,
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"sv,
    "0000000000000000000000000000000000000000000000000000000000000000"sv,
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"sv,
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"sv,
};

std::string without_sign(std::string_view point32) {
  std::string y(point32);
  y[31] = static_cast<char>(y[31] & 0x7f);
  return y;
}

// The curve's p = 2^255 - 19, and d of -x^2 + y^2 = 1 + d x^2 y^2 (RFC 8032 section 5.1).
struct Field {
  Bignum p, d;
  Field() {
    BIGNUM* number = nullptr;
    must(BN_hex2bn(&number, "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed") >
         0);
    p.reset(std::exchange(number, nullptr));
    must(BN_hex2bn(&number, "52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3") >
         0);
    d.reset(number);
  }
};

}  // namespace

bool is_ed25519_small_order(std::string_view point32) {
  const std::string y = encode_hex(without_sign(point32));
  return std::find(kSmallOrder.begin(), kSmallOrder.end(), y) != kSmallOrder.end();
}

bool is_ed25519_public_key(std::string_view point32) {
  if (point32.size() != 32 || is_ed25519_small_order(point32)) return false;
  static const Field field;
  const std::string text = without_sign(point32);
  const Bignum y(BN_lebin2bn(octets(text), 32, nullptr));
  const Bignum u(BN_new());
  const Bignum v(BN_new());
  const BignumContext context(BN_CTX_new());
  must(y && u && v && context);
  if (BN_cmp(y.get(), field.p.get()) >= 0) return false;
  // x^2 = u / v with u = y^2 - 1 and v = d y^2 + 1; v is never zero, and u / v is a square exactly
  // where u v is. u = 0 are points of small order, refused above.
  must(BN_mod_sqr(u.get(), y.get(), field.p.get(), context.get()) == 1);
  must(BN_mod_mul(v.get(), u.get(), field.d.get(), field.p.get(), context.get()) == 1);
  must(BN_add_word(v.get(), 1) == 1 && BN_sub_word(u.get(), 1) == 1);
  must(BN_mod_mul(u.get(), u.get(), v.get(), field.p.get(), context.get()) == 1);
  return BN_kronecker(u.get(), field.p.get(), context.get()) == 1;
}

}  // namespace mandate::crypto
