#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>

#include "mandate/json/value.h"
#include "testing/matchers.h"
#include "testing/vectors.h"

namespace mandate::json {
namespace {

using test::ErrorIs;
using test::IsOk;

// Read and written again; or refused with a message that begins so.
void check(std::string_view text, std::string_view expected, const Bounds& bounds = {}) {
  SCOPED_TRACE(text.substr(0, 80));
  Result<Value> value = parse(text, bounds);
  if (value) {
    EXPECT_EQ(canonical(*value), expected);
  } else {
    EXPECT_EQ(value.error().detail.substr(0, expected.size()), expected);
  }
}

void check_refused(std::string_view text, Reason reason, std::string_view detail,
                   const Bounds& bounds = {}) {
  EXPECT_THAT(parse(text, bounds), ErrorIs(reason)) << text.substr(0, 80);
  check(text, detail, bounds);
}

TEST(Parse, numbers_keep_their_type) {
  struct Row {
    std::string_view text;
    Value expected;
  };
  const Row kRows[] = {
      {"0", 0},
      {"-1", -1},
      {"1.0", 1.0},
      {"1e0", 1.0},
      {"1E2", 100.0},
      {"9223372036854775807", std::numeric_limits<std::int64_t>::max()},
      {"-9223372036854775808", std::numeric_limits<std::int64_t>::min()},
      {"9223372036854775808", 9223372036854775808.0},
      {"18446744073709551615", 18446744073709551616.0},
      {"18446744073709551616", 18446744073709551616.0},
      {"-9223372036854775809", -9223372036854775808.0},
      {"100000000000000000000", 1e20},
      {"[123456789012345678901234567890, \"-0\"]",
       Value::array({123456789012345678901234567890.0, "-0"})},
      {"[-9223372036854775808,18446744073709551616]",  // a number does not change its neighbour
       Value::array({std::numeric_limits<std::int64_t>::min(), 18446744073709551616.0})},
      {"1.7976931348623157e308", 1.7976931348623157e308},
      {"5e-324", 5e-324},
      {"1e-400", 0.0},
      {"0.1", 0.1},
      {"2.2250738585072011e-308", 2.2250738585072011e-308},
  };
  for (const Row& row : kRows) {
    Result<Value> value = parse(row.text);
    ASSERT_THAT(value, IsOk()) << row.text;
    EXPECT_EQ(*value, row.expected) << row.text;
  }
}

TEST(Parse, a_negative_zero_is_a_double_wherever_it_stands) {
  for (std::string_view text : {"-0", "[-0]", "[1,-0]", "{\"a\":-0}", "[ -0 ,\"-0\", \" -0 \"]",
                                "-0.0", "-0e1", "[\n-0\n]", "[-0,100000000000000000000]"}) {
    Result<Value> value = parse(text);
    ASSERT_THAT(value, IsOk()) << text;
    const Value* zero = &*value;
    if (zero->is_object()) zero = zero->find("a");
    if (zero->is_array()) zero = &zero->as_array()[zero->as_array()[0].is_integer() ? 1 : 0];
    ASSERT_TRUE(zero->is_double()) << text;
    EXPECT_TRUE(std::signbit(zero->as_double())) << text;
    EXPECT_EQ(canonical(*zero), "0") << text;
  }
  check(R"(["-0"," -0 ,",-10,-0.5])", R"(["-0"," -0 ,",-10,-0.5])");
}

TEST(Parse, the_error_names_the_line_and_what_was_expected) {
  constexpr Reason kBad = Reason::kBadRequest;
  check_refused("", kBad, "line 1: found the end of the text; expected a value");
  check_refused({}, kBad, "line 1: found the end of the text; expected a value");
  check_refused("\n\n", kBad, "line 3: found the end of the text; expected a value");
  check_refused("{\n  \"a\": 1,\n}", kBad, "line 3: found \"}\"; expected a key in quotes");
  check_refused("{\n  \"a\" 1}", kBad, "line 2: found \"1\"; expected ':'");
  check_refused("{\n  a: 1}", kBad, "line 2: found \"a\"; expected a key in quotes or '}'");
  check_refused("[1\n2]", kBad, "line 2: found \"2\"; expected ',' or the end");
  check_refused("[1,\n]", kBad, "line 2: found \"]\"; expected a value");
  check_refused("[1\n}", kBad, "line 2: found \"}\"; expected ',' or the end");
  check_refused("[]\n[]", kBad, "line 2: found \"[\"; expected the end of the text");
  check_refused("[\ntru]", kBad, "line 2: an unknown word: \"tru\"");
  check_refused("[\n01]", kBad, "line 2: an unknown word: \"01\"");
  check_refused("[\nNaN]", kBad, "line 2: an unknown word: \"NaN\"");
  check_refused("[\n\"a]", kBad, "line 2: a string that does not end");
  check_refused("[\n\"\\\"", kBad, "line 2: a string that does not end");
  check_refused("[\n\"a\tb\"]", kBad, "line 2: a control character in a string");
  check_refused("[\n\"\\x\"]", kBad, "line 2: an unknown escape in a string");
  check_refused("[\n\"\\u12g4\"]", kBad, "line 2: an unknown escape in a string");
  check_refused("[\n\"\xff\"]", kBad, "line 2: a string that is not UTF-8");
  check_refused("[\n1e400]", kBad, "line 2: the number \"1e400\" is outside a double");
  check_refused("[\n-1e400]", kBad, "line 2: the number \"-1e400\" is outside a double");
  check_refused("\xef\xbb\xbf[]", kBad, "line 1: a byte order mark");
  check_refused(std::string_view("[]\0", 3), kBad, "line 1: found \"\\x00\"; expected the end");
}

TEST(Parse, a_lone_surrogate_is_refused_and_a_pair_is_read) {
  check(R"(["\ud83d\ude00"])", "[\"\xf0\x9f\x98\x80\"]");
  check(R"(["\uD83D\uDE00\u00e9"])", "[\"\xf0\x9f\x98\x80\xc3\xa9\"]");
  for (std::string_view text :
       {R"(["\ud83d"])", R"(["\ude00"])", R"(["\ude00\ud83d"])", R"(["\ud83d\ud83d"])",
        R"(["\ud83dx"])", R"({"\ude00":1})", R"({"\ud83d":1})", R"(["\ud83d\u0041"])"}) {
    check_refused(text, Reason::kBadRequest, "line 1: a lone surrogate in ");
  }
  check_refused("[\"\xed\xa0\xbd\xed\xb8\x80\"]", Reason::kBadRequest, "line 1: a string that is");
}

TEST(Parse, a_duplicate_member_is_refused_with_its_line) {
  check_refused(R"({"a":1,"a":1})", Reason::kBadRequest, R"(line 1: duplicate member "a")");
  check_refused("{\n\"a\": 1,\n\"b\": {\n\"c\": 1,\n\"c\": 2}}", Reason::kBadRequest,
                R"(line 5: duplicate member "c")");
  check_refused(R"({"a":1,"\u0061":1})", Reason::kBadRequest, R"(line 1: duplicate member "a")");
  check(R"({"a":{"a":1},"A":1})", R"({"A":1,"a":{"a":1}})");
  std::string wide = "{";
  for (int i = 0; i < 40; ++i) wide += "\"" + std::to_string(i) + "\":0,\n";
  check_refused(wide + "\"39\":0}", Reason::kBadRequest, R"(line 41: duplicate member "39")");
  EXPECT_THAT(parse(wide + "\"40\":0}"), IsOk());
}

TEST(Parse, bounds_hold_on_both_sides) {
  constexpr Reason kLimit = Reason::kLimitExceeded;
  check("[1]", "[1]", {.bytes_max = 3});
  check_refused("[1] ", kLimit, "a text of 4 bytes; expected at most 3", {.bytes_max = 3});
  check("[[1]]", "[[1]]", {.depth_max = 2});
  check_refused("[[\n[]]]", kLimit, "line 2: nested deeper than 2", {.depth_max = 2});
  check(R"({"a":{}})", R"({"a":{}})", {.depth_max = 2});
  check_refused(R"({"a":{"b":{}}})", kLimit, "line 1: nested deeper than 2", {.depth_max = 2});
  check("1", "1", {.depth_max = 0});
  check_refused("[]", kLimit, "line 1: nested deeper than 0", {.depth_max = 0});
  check("[1,2]", "[1,2]", {.values_max = 3});
  check_refused("[1,2,3]", kLimit, "line 1: more than 3 values", {.values_max = 3});
  std::string depth(limits::kJsonDepthMax, '[');
  EXPECT_THAT(parse(depth + std::string(depth.size(), ']')), IsOk());
  EXPECT_THAT(parse("[" + depth + std::string(depth.size() + 1, ']')), ErrorIs(kLimit));
  EXPECT_THAT(parse(std::string(5000, '[') + std::string(5000, ']')), ErrorIs(kLimit));
  std::string members = "[0";
  for (std::size_t i = 2; i < limits::kJsonMembersMax; ++i) members += ",0";
  EXPECT_THAT(parse(members + "]"), IsOk());
  EXPECT_THAT(parse(members + ",0]"), ErrorIs(kLimit));
}

TEST(Parse, every_value_and_key_knows_its_line) {
  Result<Value> value = parse("\n{\"a\": [1,\n \"x\\\"\n\",\r\n {}],\n\"b,:\":\n null}");
  ASSERT_THAT(value, ErrorIs(Reason::kBadRequest));  // a newline in a string
  value = parse("\n{\"a\": [1,\n \"x\\\"\\n,\",\r\n {}],\n\"b,:\":\n null}");
  ASSERT_THAT(value, IsOk());
  EXPECT_EQ(value->line(), 2u);
  const Object& members = value->as_object();
  EXPECT_EQ(members[0].line, 2u);
  const Array& items = members[0].value.as_array();
  EXPECT_EQ(items[0].line(), 2u);
  EXPECT_EQ(items[1].line(), 3u);
  EXPECT_EQ(items[2].line(), 4u);
  EXPECT_EQ(members[1].line, 5u);
  EXPECT_EQ(members[1].value.line(), 6u);
  EXPECT_EQ(parse("[1]")->as_array()[0].line(), 1u);
  EXPECT_EQ(Value(1).line(), 0u);
}

TEST(Parse, equality_is_by_type_and_value_and_not_by_order) {
  auto same = [](std::string_view a, std::string_view b) { return *parse(a) == *parse(b); };
  EXPECT_TRUE(same(R"({"a":1,"b":[2]})", "{\n\"b\":[2],\"a\":1}"));
  EXPECT_FALSE(same("1", "1.0"));
  EXPECT_FALSE(same("[1,2]", "[2,1]"));
  EXPECT_FALSE(same(R"({"a":1})", R"({"a":1,"b":1})"));
  EXPECT_FALSE(same(R"({"a":1})", R"({"b":1})"));
  EXPECT_FALSE(same("null", "false"));
  EXPECT_FALSE(same("true", "false"));
  EXPECT_FALSE(same("\"1\"", "1"));
}

TEST(Parse, the_test_suite_of_rfc_8259_decides_as_it_says) {
  MANDATE_NEEDS_SHARED("vectors/json/test_parsing");
  int files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(test::shared_path("vectors/json/test_parsing"))) {
    std::string name = entry.path().filename();
    Result<Value> value = parse(test::read_file(entry.path()));
    SCOPED_TRACE(name);
    ++files;
    if (name == "y_object_duplicated_key.json" ||
        name == "y_object_duplicated_key_and_value.json") {
      EXPECT_THAT(value, ErrorIs(Reason::kBadRequest));  // stricter than RFC 8259, as it permits
    } else if (name[0] == 'y') {
      EXPECT_THAT(value, IsOk());
    } else if (name[0] == 'n') {
      EXPECT_THAT(value, ErrorIs(Reason::kBadRequest));
    }
    if (!value && value.error().reason == Reason::kBadRequest) {
      EXPECT_EQ(value.error().detail.substr(0, 5), "line ");
    }
    if (value) {  // what was read is read again, the `i_` ones too
      EXPECT_EQ(canonical(parse(canonical(*value)).value()), canonical(*value));
    }
  }
  MANDATE_RAN("json/test_parsing/*.json", files);
}

TEST(Parse, time_grows_with_the_text_and_not_with_its_square) {
  auto measure = [](int members) {
    std::string text = "{";
    for (int i = 0; i < members; ++i) text += "\n\"member" + std::to_string(i) + "\": -0,";
    text.back() = '}';
    auto start = std::chrono::steady_clock::now();
    EXPECT_THAT(parse(text, {.values_max = 100'000}), IsOk());
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  double small = std::min({measure(2'000), measure(2'000), measure(2'000)});
  double large = std::min({measure(20'000), measure(20'000), measure(20'000)});
  EXPECT_LT(large, small * 50);  // ten times the members; a square would take a hundred times
}

}  // namespace
}  // namespace mandate::json
