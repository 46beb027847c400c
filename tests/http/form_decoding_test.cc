#include "mandate/http/form_decoding.h"

#include <gmock/gmock.h>

#include "mandate/base/limits.h"
#include "testing/matchers.h"

namespace mandate::http {
namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;
using test::ErrorIs;

void check(std::string_view body, const Parameters& expected) {
  SCOPED_TRACE(body);
  const Result<Parameters> decoded = decode_form(body);
  ASSERT_THAT(decoded, test::IsOk());
  EXPECT_EQ(*decoded, expected);
}

void check_refused(std::string_view body, Reason reason, std::string_view detail) {
  SCOPED_TRACE(body.substr(0, 60));
  const Result<Parameters> decoded = decode_form(body);
  ASSERT_THAT(decoded, ErrorIs(reason));
  EXPECT_THAT(decoded.error().detail, testing::HasSubstr(std::string(detail)));
}

TEST(DecodeForm, ReadsWhatABrowserSends) {
  check("", {});
  check("a=1&b=2", {{"a", "1"}, {"b", "2"}});
  check("a=1&a=2", {{"a", "1"}, {"a", "2"}});
  check("a", {{"a", ""}});
  check("a=", {{"a", ""}});
  check("=1", {{"", "1"}});
  check("&&a=1&", {{"a", "1"}});
  check("a=b=c", {{"a", "b=c"}});
  check("a+b=c+d", {{"a b", "c d"}});
  check("a=%2B%26%3d", {{"a", "+&="}});
  check("a=%C3%A4", {{"a", "\xC3\xA4"}});
}

// B5
TEST(DecodeForm, RefusesWhatIsNotTextInPercentEscapes) {
  check_refused("a=%zz", Reason::kBadRequest, "two hexadecimal digits");
  check_refused("a=%4", Reason::kBadRequest, "two hexadecimal digits");
  check("a=%41", {{"a", "A"}});
  check_refused("a=x%", Reason::kBadRequest, "two hexadecimal digits");
  check_refused("a=%00", Reason::kBadRequest, "without NUL");
  check_refused("%00=a", Reason::kBadRequest, "without NUL");
  check("a=%01", {{"a", "\x01"}});
  check_refused("a=%C0%AF", Reason::kBadRequest, "not UTF-8");
  check_refused("a=%ED%A0%80", Reason::kBadRequest, "not UTF-8");
}

TEST(DecodeForm, NamesTheParameterAndNeverShowsItsValue) {
  const Result<Parameters> decoded = decode_form("client_assertion=eyJhbGciOi%zz");
  ASSERT_THAT(decoded, ErrorIs(Reason::kBadRequest));
  EXPECT_THAT(decoded.error().detail, testing::HasSubstr("client_assertion"));
  EXPECT_THAT(decoded.error().detail, testing::Not(testing::HasSubstr("eyJ")));
}

// B5
TEST(DecodeForm, IsBoundedInParameters) {
  std::string body;
  for (std::size_t i = 0; i < limits::kFormParametersMax; ++i) body += "a=1&";
  EXPECT_EQ(decode_form(body)->size(), limits::kFormParametersMax);
  check_refused(body + "a=1", Reason::kLimitExceeded, "parameters");
}

TEST(DecodeSegment, LeavesPlusAndRefusesHalfEscapes) {
  EXPECT_EQ(*decode_segment("a+b%2Fc"), "a+b/c");
  EXPECT_THAT(decode_segment("a%2"), ErrorIs(Reason::kBadRequest));
}

TEST(EncodeForm, IsReadBack) {
  const Parameters kParameters = {{"scope", "a:b c"}, {"resource", "https://a.example/?x=1&y"}};
  EXPECT_EQ(encode_form(kParameters),
            "scope=a%3Ab%20c&resource=https%3A%2F%2Fa.example%2F%3Fx%3D1%26y");
  EXPECT_EQ(*decode_form(encode_form(kParameters)), kParameters);
}

}  // namespace
}  // namespace mandate::http
