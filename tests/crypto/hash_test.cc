#include "mandate/crypto/hash.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "mandate/crypto/system_random.h"

namespace mandate::crypto {
namespace {

constexpr std::string_view kAbc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr std::string_view kEmpty =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

void check_hash(const Digest& digest, std::string_view expected_hex) {
  EXPECT_EQ(encode_hex(view(digest)), expected_hex);
}

TEST(Sha256, gives_the_published_digests) {  // FIPS 180-4 examples
  check_hash(sha256(""), kEmpty);
  check_hash(sha256(std::string_view()), kEmpty);
  check_hash(sha256("abc"), kAbc);
  check_hash(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
             "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  check_hash(sha256(std::string(1'000'000, 'a')),
             "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, does_not_see_where_its_parts_meet) {
  check_hash(sha256("a", "bc"), kAbc);
  check_hash(sha256("abc", ""), kAbc);
  check_hash(sha256("a", "b", "c"), kAbc);
  check_hash(sha256("", "", ""), kEmpty);
}

TEST(Sha256, is_empty_again_after_finish) {
  Sha256 hash;
  check_hash(hash.finish(), kEmpty);
  hash.update("a");
  check_hash(sha256("abc"), kAbc);  // one in progress does not disturb another
  hash.update("bc");
  Sha256 moved = std::move(hash);
  check_hash(moved.finish(), kAbc);
  check_hash(moved.finish(), kEmpty);
}

TEST(Sha256, is_the_same_on_every_thread) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int round = 0; round < 1000; ++round) {
        check_hash(sha256("abc"), kAbc);
        check_hash(hmac_sha256("Jefe", "what do ya want for nothing?"),
                   "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
      }
    });
  }
}

TEST(Hmac, gives_the_digests_of_rfc_4231) {
  check_hash(hmac_sha256(std::string(20, '\x0b'), "Hi There"),
             "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  check_hash(hmac_sha256("Jefe", "what do ya want for nothing?"),
             "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  check_hash(hmac_sha256(std::string(20, '\xaa'), std::string(50, '\xdd')),
             "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  check_hash(hmac_sha256(std::string(131, '\xaa'),
                         "Test Using Larger Than Block-Size Key - Hash Key First"),
             "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hmac, does_not_take_an_empty_key_for_the_one_before) {
  constexpr std::string_view kEmptyKey =
      "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
  check_hash(hmac_sha256("", ""), kEmptyKey);
  hmac_sha256("another key", "x");
  check_hash(hmac_sha256("", ""), kEmptyKey);
  hmac_sha256("another key", "x");
  check_hash(hmac_sha256(std::string_view(), std::string_view()), kEmptyKey);
}

TEST(SystemRandom, gives_as_many_bytes_as_asked_and_never_the_same) {
  SystemRandom random;
  EXPECT_EQ(random.bytes(0), "");
  EXPECT_EQ(random.bytes(1).size(), 1u);
  const std::string first = random.bytes(32);
  EXPECT_EQ(first.size(), 32u);
  EXPECT_NE(first, random.bytes(32));
}

}  // namespace
}  // namespace mandate::crypto
