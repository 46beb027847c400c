#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <random>

#include "mandate/json/value.h"
#include "testing/matchers.h"
#include "testing/vectors.h"

namespace mandate::json {
namespace {

void check(const Value& value, std::string_view expected) { EXPECT_EQ(canonical(value), expected); }

// "7b 22\n" -> "7b22"
std::string hex_digits(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
  return text;
}

TEST(Canonical, the_vectors_of_rfc_8785_come_out) {
  MANDATE_NEEDS_SHARED("vectors/jcs/testdata");
  const std::filesystem::path folder = test::shared_path("vectors/jcs/testdata");
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "input")) {
    const std::string name = entry.path().stem();
    SCOPED_TRACE(name);
    Result<Value> value = parse(test::read_file(entry.path()));
    ASSERT_THAT(value, test::IsOk());
    check(*value, test::read_file(folder / "output" / (name + ".json")));
    EXPECT_EQ(encode_hex(canonical(*value)),
              hex_digits(test::read_file(folder / "outhex" / (name + ".txt"))));
    ++count;
  }
  MANDATE_RAN("jcs/testdata/input/*.json", count);
  MANDATE_RAN("jcs/testdata/output/*.json", count);
  MANDATE_RAN("jcs/testdata/outhex/*.txt", count);
}

struct NumberRow {
  std::uint64_t bits;
  std::string_view expected;
};

TEST(Canonical, doubles_are_written_as_ecmascript_does) {
  // RFC 8785 appendix B.
  constexpr NumberRow kRows[] = {{0x0000000000000000, "0"},
                                 {0x8000000000000000, "0"},
                                 {0x0000000000000001, "5e-324"},
                                 {0x8000000000000001, "-5e-324"},
                                 {0x7fefffffffffffff, "1.7976931348623157e+308"},
                                 {0xffefffffffffffff, "-1.7976931348623157e+308"},
                                 {0x4340000000000000, "9007199254740992"},
                                 {0xc340000000000000, "-9007199254740992"},
                                 {0x4430000000000000, "295147905179352830000"},
                                 {0x44b52d02c7e14af5, "9.999999999999997e+22"},
                                 {0x44b52d02c7e14af6, "1e+23"},
                                 {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
                                 {0x444b1ae4d6e2ef4e, "999999999999999700000"},
                                 {0x444b1ae4d6e2ef4f, "999999999999999900000"},
                                 {0x444b1ae4d6e2ef50, "1e+21"},
                                 {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
                                 {0x3eb0c6f7a0b5ed8d, "0.000001"},
                                 {0x41b3de4355555553, "333333333.3333332"},
                                 {0x41b3de4355555554, "333333333.33333325"},
                                 {0x41b3de4355555555, "333333333.3333333"},
                                 {0x41b3de4355555556, "333333333.3333334"},
                                 {0x41b3de4355555557, "333333333.33333343"},
                                 {0xbecbf647612f3696, "-0.0000033333333333333333"},
                                 {0x43143ff3c1cb0959, "1424953923781206.2"}};
  for (const NumberRow& row : kRows) check(std::bit_cast<double>(row.bits), row.expected);
  check(1.0, "1");
  check(0.1, "0.1");
  check(-12.5, "-12.5");
  check(100.0, "100");
}

TEST(Canonical, integers_past_2_to_53_are_written_as_the_double_they_are_elsewhere) {
  constexpr std::int64_t kExactMax = std::int64_t{1} << 53;
  check(Value(kExactMax), "9007199254740992");
  check(Value(-kExactMax), "-9007199254740992");
  check(Value(kExactMax + 1), "9007199254740992");
  check(Value(kExactMax + 2), "9007199254740994");
  check(Value(INT64_MAX), "9223372036854776000");
  check(Value(INT64_MIN), "-9223372036854776000");
}

TEST(Canonical, every_double_reads_back) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    auto number = std::bit_cast<double>(random());
    if (!(number - number == 0)) continue;  // infinite, or none
    std::string text = canonical(number);
    Value read = parse(text).value();
    double back = read.is_integer() ? static_cast<double>(read.as_integer()) : read.as_double();
    EXPECT_EQ(back, number) << text;
  }
}

TEST(Canonical, members_stand_in_the_order_of_utf_16) {
  // U+FB33 is one code unit, past the surrogates that U+1F600 begins with.
  check(Value::object({{"\xef\xac\xb3", 1},
                       {"\xf0\x9f\x98\x80", 2},
                       {"\xc3\xb6", 3},
                       {"", 4},
                       {"a", 5},
                       {"aa", 6},
                       {"\r", 7},
                       {"B", 8}}),
        "{\"\":4,\"\\r\":7,\"B\":8,\"a\":5,\"aa\":6,\"\xc3\xb6\":3,\"\xf0\x9f\x98\x80\":2,"
        "\"\xef\xac\xb3\":1}");
  check(Value::object({{"\xf0\x9f\x98\x81", 1}, {"\xf0\x9f\x98\x80", 2}, {"\xed\x9f\xbf", 3}}),
        "{\"\xed\x9f\xbf\":3,\"\xf0\x9f\x98\x80\":2,\"\xf0\x9f\x98\x81\":1}");
}

TEST(Canonical, strings_escape_what_they_must_and_nothing_else) {
  check("\b\t\n\f\r\"\\", R"("\b\t\n\f\r\"\\")");
  check(std::string_view("\0\x1f\x0b", 3), R"("\u0000\u001f\u000b")");
  check("\x7f/<\xe2\x80\xa8\xc3\xa9", "\"\x7f/<\xe2\x80\xa8\xc3\xa9\"");
}

TEST(Canonical, scalars_and_empty_containers) {
  check(nullptr, "null");
  check(true, "true");
  check(false, "false");
  check(Array{}, "[]");
  check(Object{}, "{}");
  check(Value::array({Array{}, Object{}, -1}), "[[],{},-1]");
}

TEST(Pretty, is_indented_and_keeps_the_order) {
  Value value = Value::object({{"b", Value::array({1, "x"})}, {"a", Object{}}, {"c", Array{}}});
  EXPECT_EQ(pretty(value), "{\n  \"b\": [\n    1,\n    \"x\"\n  ],\n  \"a\": {},\n  \"c\": []\n}");
  EXPECT_EQ(pretty(1.5), "1.5");
  EXPECT_EQ(*parse(pretty(value)), value);
}

TEST(Value, is_built_by_set_and_push_back) {
  Value value;
  value.set("a", 1);
  value.set("b", 2);
  value.set("a", "x");
  Value list;
  list.push_back(1);
  list.push_back(nullptr);
  value.set("c", list);
  check(value, R"({"a":"x","b":2,"c":[1,null]})");
  EXPECT_EQ(value.find("b")->as_integer(), 2);
  EXPECT_EQ(value.find("d"), nullptr);
  EXPECT_EQ(list.find("a"), nullptr);
}

}  // namespace
}  // namespace mandate::json
