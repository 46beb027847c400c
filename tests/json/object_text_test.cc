// An object written straight into text is the one that a tree of values would be.
#include "mandate/json/object_text.h"

#include <gtest/gtest.h>

namespace mandate::json {
namespace {

TEST(ObjectText, IsTheCanonicalTextOfTheSameValue) {
  const std::string odd = "\"\\\n\x01 \xc3\xa9 \xf0\x9f\x98\x80";
  const Value inner = Value::object({{"z", 1}, {"a", Value::array({"x", nullptr, 1.5})}});
  std::string out;
  ObjectText object(out);
  object.texts("", std::vector<std::string>{});
  object.texts("a", std::vector<std::string>{"", odd, "x"});
  object.number("aa", -(std::int64_t{1} << 53));
  object.text("b", odd);
  object.raw("c", canonical(inner));
  object.value("d", inner);
  // By UTF-16 code units: a surrogate stands before U+FFFD.
  object.number("\xf0\x9f\x98\x80", 0);
  object.number("\xef\xbf\xbd", std::int64_t{1} << 53);
  object.end();
  EXPECT_EQ(out, canonical(Value::object({{"d", inner},
                                          {"", Array{}},
                                          {"a", Value::array({"", odd, "x"})},
                                          {"\xef\xbf\xbd", std::int64_t{1} << 53},
                                          {"\xf0\x9f\x98\x80", 0},
                                          {"aa", -(std::int64_t{1} << 53)},
                                          {"c", inner},
                                          {"b", odd}})));
}

TEST(ObjectText, AppendsAndMayBeEmpty) {
  std::string out = "[";
  ObjectText(out).end();
  EXPECT_EQ(out, "[{}");
}

TEST(ObjectTextDeathTest, StopsAtAKeyOutOfOrder) {
  for (const char* key : {"a", "b"}) {
    std::string out;
    ObjectText object(out);
    object.number("b", 1);
    EXPECT_DEATH(object.number(key, 1), "");
  }
}

}  // namespace
}  // namespace mandate::json
