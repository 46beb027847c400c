#include <gtest/gtest.h>

#include "mandate/json/value.h"
#include "testing/matchers.h"

namespace mandate::json {
namespace {

using test::ErrorIs;
using test::IsOk;

// Read and written as JSON.
void check(std::string_view text, std::string_view expected, const Bounds& bounds = {}) {
  SCOPED_TRACE(text.substr(0, 80));
  Result<Value> value = parse_yaml(text, bounds);
  ASSERT_THAT(value, IsOk());
  EXPECT_EQ(canonical(*value), expected);
}

// Refused with a message that begins so.
void check_refused(std::string_view text, std::string_view detail, const Bounds& bounds = {},
                   Reason reason = Reason::kBadRequest) {
  SCOPED_TRACE(text.substr(0, 80));
  Result<Value> value = parse_yaml(text, bounds);
  ASSERT_THAT(value, ErrorIs(reason));
  EXPECT_EQ(value.error().detail.substr(0, detail.size()), detail);
}

TEST(Yaml, blocks_and_flows_give_the_values_of_json) {
  check("a: 1\nb: [x, 2.5, true, false, null]\nc: {d: e}\n",
        R"({"a":1,"b":["x",2.5,true,false,null],"c":{"d":"e"}})");
  check("- a\n- b: c\n  d: e\n-\n  - f\n", R"(["a",{"b":"c","d":"e"},["f"]])");
  check("{\"a\": [1, 2], \"b\": \"x\"}", R"({"a":[1,2],"b":"x"})");
  check("--- # a comment\na: b\n...\n", R"({"a":"b"})");
  check("# first\n\na: b # last\n", R"({"a":"b"})");
  check("a: |\n  one\n  two\nb: >\n  one\n  two\n", R"({"a":"one\ntwo\n","b":"one two\n"})");
  check("a: 'it''s'\nb: \"\\u00e9\\n\"\n", "{\"a\":\"it's\",\"b\":\"\xc3\xa9\\n\"}");
  check("a: one\n  two\n", R"({"a":"one two"})");
  check("? a\n: b\n", R"({"a":"b"})");
  check("a: b\r\nc: d\r\n", R"({"a":"b","c":"d"})");
  check("\xc3\xa9: \xf0\x9f\x98\x80\na: null\n", "{\"a\":null,\"\xc3\xa9\":\"\xf0\x9f\x98\x80\"}");
  check("a: []\nb: {}\nc: \"\"\n", R"({"a":[],"b":{},"c":""})");
  check("just text", R"("just text")");
  check("null", "null");
}

TEST(Yaml, an_excerpt_of_a_document_reads_as_written) {
  check("jwk: {kty: EC, crv: P-256, x: \"aA\", y: \"bB\"}\n",
        R"({"jwk":{"crv":"P-256","kty":"EC","x":"aA","y":"bB"}})");
  check("- {select: {kind: agent}, max_token_lifetime: 10m, max_depth: 2}\n",
        R"([{"max_depth":2,"max_token_lifetime":"10m","select":{"kind":"agent"}}])");
  check(
      "apiVersion: mandate/v1\nany_of: {resource.properties.severity: [low, medium]}\n",
      R"({"any_of":{"resource.properties.severity":["low","medium"]},"apiVersion":"mandate/v1"})");
}

TEST(Yaml, plain_scalars_are_typed_as_json_or_are_strings) {
  struct Row {
    std::string_view scalar;
    Value expected;
  };
  const Row kRows[] = {{"true", true},
                       {"false", false},
                       {"null", nullptr},
                       {"0", 0},
                       {"-5", -5},
                       {"1.0", 1.0},
                       {"1e3", 1000.0},
                       {"-0", -0.0},
                       {"9223372036854775807", INT64_MAX},
                       {"9223372036854775808", 9223372036854775808.0},
                       {"github", "github"},
                       {"5m", "5m"},
                       {"90d", "90d"},
                       {"0s", "0s"},
                       {"https://x.example", "https://x.example"},
                       {"human:a@b.example", "human:a@b.example"},
                       {"10.0.0.0/8", "10.0.0.0/8"},
                       {"yes please", "yes please"},
                       {"nullable", "nullable"},
                       {"~user", "~user"},
                       {"truest", "truest"},
                       {"0xyz", "0xyz"},
                       {"0xg", "0xg"},
                       {"1st", "1st"},
                       {"2026-12-01x", "2026-12-01x"},
                       {"-foo", "-foo"},
                       {"+foo", "+foo"},
                       {".hidden", ".hidden"},
                       {"e5", "e5"},
                       {"a=b", "a=b"},
                       {"<<<", "<<<"}};
  for (const Row& row : kRows) {
    for (std::string text :
         {"a: " + std::string(row.scalar), "{a: " + std::string(row.scalar) + "}",
          "a: " + std::string(row.scalar) + " # comment\n"}) {
      Result<Value> value = parse_yaml(text);
      ASSERT_THAT(value, IsOk()) << text;
      EXPECT_EQ(*value->find("a"), row.expected) << text;
    }
  }
}

TEST(Yaml, an_implicit_type_is_refused_and_its_quoted_twin_is_a_string) {
  for (std::string_view scalar : {"yes",
                                  "Yes",
                                  "YES",
                                  "no",
                                  "No",
                                  "NO",
                                  "on",
                                  "On",
                                  "ON",
                                  "off",
                                  "Off",
                                  "OFF",
                                  "y",
                                  "Y",
                                  "n",
                                  "N",
                                  "True",
                                  "TRUE",
                                  "False",
                                  "FALSE",
                                  "yEs",
                                  "Null",
                                  "NULL",
                                  "~",
                                  "nULL",
                                  "0x1F",
                                  "0X1f",
                                  "0o17",
                                  "012",
                                  "0b11",
                                  "1_000",
                                  "-1_000.5",
                                  "+1",
                                  "+1.5",
                                  ".5",
                                  "5.",
                                  "-.5",
                                  "1e",
                                  ".inf",
                                  "-.inf",
                                  "+.INF",
                                  ".Inf",
                                  ".nan",
                                  ".NaN",
                                  ".NAN",
                                  "12:30:45",
                                  "1:30",
                                  "08:00",
                                  "1:30.5",
                                  "2026-12-01",
                                  "2026-1-1",
                                  "=",
                                  "1.2.3",
                                  "10.0.0.7",
                                  "<<",
                                  "2026-12-01T00:00:00Z",
                                  "2026-12-01 00:00:00",
                                  "00",
                                  "-012",
                                  "0x",
                                  "1.e5",
                                  "2026-12",
                                  "1-2"}) {
    std::string plain(scalar);
    check_refused("z:\n  a: " + plain, "line 2: implicit type: readers of YAML differ about \"");
    EXPECT_THAT(parse_yaml("[" + plain + "]"), ErrorIs(Reason::kBadRequest)) << plain;
    check("a: \"" + plain + "\"", "{\"a\":\"" + plain + "\"}");
    check("a: '" + plain + "'", "{\"a\":\"" + plain + "\"}");
  }
  check_refused("b: 1\na:\n", "line ");
  check_refused("- 1\n-\n- 2\n", "line ");
  check_refused("{a: , b: 1}", "line 1: implicit type");
  check_refused("{a}", "line 1: implicit type");
  check_refused("a: # nothing\nb: 1\n", "line ");
  check("a: \"\"\n", R"({"a":""})");
}

TEST(Yaml, a_number_outside_a_double_is_refused) {
  check_refused("\na: 1e400\n", "line 2: the number \"1e400\" is outside a double");
  check("a: 1e308\n", R"({"a":1e+308})");
}

TEST(Yaml, keys_are_strings) {
  check_refused("b: 1\n1: a\n", "line 2: a key \"1\" that is no string; expected it in quotes");
  check_refused("true: a\n", "line 1: a key \"true\" that is no string");
  check_refused("null: a\n", "line 1: a key that is null");
  check_refused("~: a\n", "line 1: a key that is null");
  check_refused(": a\n", "line 1: a key that is null");
  check_refused("on: a\n", "line 1: implicit type");
  check_refused("b: 1\n[a]: b\n", "line 2: a key that is no scalar");
  check_refused("{a: b}: c\n", "line 1: a key that is no scalar");
  check("\"1\": a\n'on': b\n\"null\": c\n", R"({"1":"a","null":"c","on":"b"})");
  check("y: a\nn: b\n", R"({"n":"b","y":"a"})");
}

TEST(Yaml, duplicate_keys_are_refused_with_their_line) {
  check_refused("a: 1\nb: 2\na: 3\n", "line 3: duplicate member \"a\"");
  check_refused("a: 1\n\"a\": 3\n", "line 2: duplicate member \"a\"");
  check_refused("x:\n  - {a: 1, a: 2}\n", "line 2: duplicate member \"a\"");
  check("a: {a: 1}\nA: 2\n", R"({"A":2,"a":{"a":1}})");
}

TEST(Yaml, what_the_subset_leaves_out_is_refused_with_its_line) {
  check_refused("a: &x 1\n", "line 1: an anchor \"x\"");
  check_refused("b: 1\na: &x [1]\n", "line 2: an anchor \"x\"");
  check_refused("b: 1\n&x a: 1\n", "line 2: an anchor \"x\"");
  check_refused("a: *x\n", "line 1: ");
  check_refused("a: &x 1\nb: *x\n", "line 1: an anchor");
  check_refused("b: 1\na: !!str 1\n", "line 2: a tag");
  check_refused("a: !local x\n", "line 1: a tag");
  check_refused("a: ! x\n", "line 1: a tag");
  check_refused("a: !<?> x\n", "line 1: a tag");
  check_refused("a: !!map {b: 1}\n", "line 1: a tag");
  check_refused("a: !!seq [1]\n", "line 1: a tag");
  check_refused("a: !!binary aGk=\n", "line 1: a tag");
  check_refused("a: !!str\n", "line ");
  check_refused("a: ! \"x\"\n", "line 1: a tag");
  check_refused("b: 1\n<<: {a: 1}\n", "line 2: a merge key");
  check("\"<<\": 1\n'&x': '*y'\nt: '!!str'\n", R"({"&x":"*y","<<":1,"t":"!!str"})");
  check_refused("a: 1\n---\nb: 2\n", "line 2: a second document");
  check_refused("a: 1\n---\n", "line ");
  check_refused("%YAML 1.1\n---\na: 1\n", "line 1: a directive");
  check_refused("# x\n%TAG ! tag:x,2000:\n---\na: 1\n", "line 2: a directive");
  check_refused("  # 100 %\n \n%YAML 1.1\n---\na: 1\n", "line 3: a directive");
  check("# 100 %\na: 100 %\nb: |\n  %x\n", R"({"a":"100 %","b":"%x\n"})");
  check_refused("", "line 1: an empty text");
  check_refused("# nothing\n", "line 1: an empty text");
}

TEST(Yaml, broken_text_is_refused_with_its_line) {
  check_refused("a: [1, 2\n", "line ");
  check_refused("a: 1\n]\n", "line ");
  check_refused("b: 1\na: \"x\n", "line 2: a quote that does not end");
  check_refused("a: \"x\\\"\n", "line 1: a quote that does not end");
  check_refused("a: 'x''\n", "line 1: a quote that does not end");
  check_refused("a: 'x\n", "line 1: a quote that does not end");
  check_refused("\"a", "line 1: illegal EOF in scalar");
  check("a: 'x'''\n", R"({"a":"x'"})");
  check("a: \"x\\\"\"\n", R"({"a":"x\""})");
  check_refused("a: b: c\n", "line 1: ");
  check_refused("a: 1\n  b: 2\n", "line 2: ");
  check_refused("a: @x\n", "line 1: ");
  check_refused("a: \"\\q\"\n", "line 1: ");
  check_refused("a: \"\\\xc3\xa9\"\n", "line 1: unknown escape character: ?");
  check_refused(
      "\xef\xbb\xbf"
      "a: 1\n",
      "line 1: a byte order mark");
  check_refused("a: \xff\n", "line 1: not UTF-8");
  check_refused("a: 1\nb: \x01\n", "line 2: a control character");
  check_refused("a: 1\nb: \x04\n", "line 2: a control character");  // yaml-cpp ends there
  check_refused(std::string_view("a\0:\0 \0", 6), "line 1: a control character");
  check_refused("a: 1\rb: 2\n", "line 1: a control character");
  check_refused("a: \x7f\n", "line 1: a control character");
}

TEST(Yaml, a_string_by_escape_is_utf8) {
  check_refused("a: \"\\ud83d\"\n", "line 1: ");
  check_refused("b: 1\na: \"\\N\"\n", "line 2: an escape that gives no UTF-8");
  check_refused("a: \"\\_\"\n", "line 1: an escape that gives no UTF-8");
  check_refused("\"\\N\": 1\n", "line 1: an escape that gives no UTF-8");
  check("a: \"\\U0001F600\"\n", "{\"a\":\"\xf0\x9f\x98\x80\"}");
}

TEST(Yaml, bounds_hold_on_both_sides) {
  constexpr Reason kLimit = Reason::kLimitExceeded;
  check("a: 1", R"({"a":1})", {.bytes_max = 4});
  check_refused("a: 1\n", "a text of 5 bytes; expected at most 4", {.bytes_max = 4}, kLimit);
  check("a:\n  - 1\n", R"({"a":[1]})", {.depth_max = 2});
  check_refused("a:\n  - - 1\n", "line 2: nested deeper than 2", {.depth_max = 2}, kLimit);
  check("[1, 2]", "[1,2]", {.values_max = 3});
  check_refused("- 1\n- 2\n- 3\n", "line 3: more than 3 values", {.values_max = 3}, kLimit);
  for (std::string_view opening : {"[", "{a: ", "- ", "? "}) {
    std::string deep;
    for (int i = 0; i < 20'000; ++i) deep += opening;
    EXPECT_FALSE(parse_yaml(deep)) << opening;
  }
  EXPECT_THAT(parse_yaml(std::string(1000, '[') + std::string(1000, ']')), ErrorIs(kLimit));
}

TEST(Yaml, every_value_and_key_knows_its_line) {
  Value value = parse_yaml("# x\na: 1\nb:\n  - c: d\n  - \"e\"\n").value();
  EXPECT_EQ(value.line(), 2u);
  const Object& members = value.as_object();
  EXPECT_EQ(members[0].line, 2u);
  EXPECT_EQ(members[1].line, 3u);
  const Array& items = members[1].value.as_array();
  EXPECT_EQ(members[1].value.line(), 4u);
  EXPECT_EQ(items[0].as_object()[0].value.line(), 4u);
  EXPECT_EQ(items[1].line(), 5u);
}

}  // namespace
}  // namespace mandate::json
