#include "mandate/base/bytes.h"

#include <gtest/gtest.h>

#include "testing/matchers.h"

namespace mandate {
namespace {

using test::ErrorIs;
using test::IsOk;

struct Pair {
  std::string_view bytes;
  std::string_view text;
};

// RFC 4648 section 10, and bytes that need the two letters in which the alphabets differ.
constexpr Pair kBase64Rows[] = {{"", ""},
                                {"f", "Zg=="},
                                {"fo", "Zm8="},
                                {"foo", "Zm9v"},
                                {"foob", "Zm9vYg=="},
                                {"fooba", "Zm9vYmE="},
                                {"foobar", "Zm9vYmFy"},
                                {"\xfb\xff", "+/8="}};

TEST(Bytes, base64_and_base64url_read_back_what_they_write) {
  for (const Pair& row : kBase64Rows) {
    std::string url(row.text.substr(0, row.text.find('=')));
    for (char& c : url) c = c == '+' ? '-' : c == '/' ? '_' : c;
    EXPECT_EQ(encode_base64(row.bytes), row.text);
    EXPECT_EQ(decode_base64(row.text), std::string(row.bytes));
    EXPECT_EQ(encode_base64url(row.bytes), url);
    EXPECT_EQ(decode_base64url(url), std::string(row.bytes));
  }
}

TEST(Bytes, every_byte_survives_every_encoding) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (std::size_t start = 0; start < 4; ++start) {
    std::string bytes = all.substr(start);
    EXPECT_EQ(decode_base64url(encode_base64url(bytes)), bytes);
    EXPECT_EQ(decode_base64(encode_base64(bytes)), bytes);
    EXPECT_EQ(decode_hex(encode_hex(bytes)), bytes);
  }
}

using Decoder = Result<std::string> (*)(std::string_view);

struct Refusal {
  Decoder decoder;
  std::string_view refused;
  std::string_view permitted;  // the twin that differs in one thing
};

TEST(Bytes, decoders_take_one_text_for_one_value) {
  constexpr Refusal kRows[] = {
      {decode_base64url, "AQI=", "AQI"},      // padding
      {decode_base64url, "AQJ", "AQI"},       // trailing bits of two bytes
      {decode_base64url, "AR", "AQ"},         // trailing bits of one byte
      {decode_base64url, "A", "AA"},          // a lone digit
      {decode_base64url, "AAAAA", "AAAAAA"},  //
      {decode_base64url, "+_8A", "-_8A"},     // the other alphabet
      {decode_base64url, "-/8A", "-_8A"},     //
      {decode_base64url, "AQ I", "AQI"},      // white space
      {decode_base64url, "AQI\n", "AQI"},     //
      {decode_base64url, std::string_view("AQ\0A", 4), "AQAA"},
      {decode_base64url,
       "AQ\xff"
       "A",
       "AQAA"},
      {decode_base64, "AQI", "AQI="},           // padding left out
      {decode_base64, "AQ=", "AQ=="},           //
      {decode_base64, "AQI==", "AQI="},         //
      {decode_base64, "A===", "AA=="},          //
      {decode_base64, "====", "AAAA"},          //
      {decode_base64, "AQ==AQ==", "AQAAAQ=="},  // padding inside
      {decode_base64, "AQJ=", "AQI="},          // trailing bits
      {decode_base64, "AR==", "AQ=="},          //
      {decode_base64, "-_8A", "+/8A"},          // the other alphabet
      {decode_hex, "0", "00"},
      {decode_hex, "0A", "0a"},
      {decode_hex, "0g", "0f"},
      {decode_hex, "0x", "00"},
  };
  for (const Refusal& row : kRows) {
    EXPECT_THAT(row.decoder(row.refused), ErrorIs(Reason::kBadRequest)) << row.refused;
    EXPECT_THAT(row.decoder(row.permitted), IsOk()) << row.permitted;
  }
}

TEST(Bytes, decoders_do_not_repeat_what_may_be_a_token) {
  EXPECT_EQ(decode_base64url("secret!").error().detail.find("secret"), std::string::npos);
}

TEST(Bytes, a_digest_has_32_bytes) {
  EXPECT_EQ(view(to_digest(std::string(32, 'x')).value()), std::string(32, 'x'));
  EXPECT_THAT(to_digest(std::string(31, 'x')), ErrorIs(Reason::kBadRequest));
  EXPECT_THAT(to_digest(std::string(33, 'x')), ErrorIs(Reason::kBadRequest));
}

TEST(Bytes, comparison_sees_length_and_every_byte) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abcd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "xbc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abx"));
}

struct Utf8Row {
  std::string_view text;
  bool expected;
};

TEST(Bytes, utf8_is_what_rfc_3629_says) {
  constexpr Utf8Row kRows[] = {
      {"", true},
      {"plain text of more than eight bytes", true},
      {"\x7f", true},
      {"\x80", false},      // a continuation alone
      {"\xc2\x80", true},   // the first of two bytes
      {"\xc1\xbf", false},  // overlong
      {"\xdf\xbf", true},
      {"\xe0\xa0\x80", true},   // the first of three
      {"\xe0\x9f\xbf", false},  // overlong
      {"\xed\x9f\xbf", true},   // the last before the surrogates
      {"\xed\xa0\x80", false},  // a surrogate
      {"\xed\xbf\xbf", false},
      {"\xee\x80\x80", true},
      {"\xef\xbf\xbf", true},
      {"\xf0\x90\x80\x80", true},   // the first of four
      {"\xf0\x8f\xbf\xbf", false},  // overlong
      {"\xf4\x8f\xbf\xbf", true},   // U+10FFFF
      {"\xf4\x90\x80\x80", false},  // past it
      {"\xf5\x80\x80\x80", false},
      {"\xe2\x82", false},  // cut
      {"\xe2\x28\xa1", false},
      {"1234567\xe2\x82\xac"
       "12345678",
       true},  // across a word
      {"12345678\xff", false},
  };
  for (const Utf8Row& row : kRows) EXPECT_EQ(is_utf8(row.text), row.expected) << quoted(row.text);
}

TEST(Bytes, quoted_is_safe_to_print_and_bounded) {
  EXPECT_EQ(quoted("a b"), R"("a b")");
  EXPECT_EQ(quoted("a\"\\"), R"("a\"\\")");
  EXPECT_EQ(quoted("a\n\x1b\x7f\xc3\xa9"), R"("a\x0a\x1b\x7f\xc3\xa9")");
  EXPECT_EQ(mandate::quoted(std::string(64, 'a')), '"' + std::string(64, 'a') + '"');
  EXPECT_EQ(mandate::quoted(std::string(65, 'a')), '"' + std::string(64, 'a') + "...\"");
}

}  // namespace
}  // namespace mandate
