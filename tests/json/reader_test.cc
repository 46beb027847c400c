#include "mandate/json/reader.h"

#include <gtest/gtest.h>

#include "testing/matchers.h"

namespace mandate::json {
namespace {

constexpr std::string_view kGood = "good";

// Reads a grant the way a room does; the answer is `good` or the message.
void check(std::string_view text, std::string_view expected, Reason reason = Reason::kBadRequest) {
  SCOPED_TRACE(text);
  Value value = parse(text).value();
  ObjectReader in(value, "grant", Place::kScope);
  in.required_string("id");
  in.optional_string("purpose");
  in.optional_integer("depth", 0, 16);
  in.optional_bool("once");
  in.strings("actions", 2, true);
  in.strings("networks", 2, false);
  in.not_enforced("consent");
  Result<void> done = in.finish();
  EXPECT_EQ(in.ok(), done.has_value());
  if (expected == kGood) {
    EXPECT_THAT(done, test::IsOk());
    return;
  }
  ASSERT_THAT(done, test::ErrorIs(reason));
  EXPECT_EQ(done.error().place, Place::kScope);
  EXPECT_EQ(done.error().detail, expected);
}

TEST(ObjectReader, takes_what_it_knows_and_refuses_the_rest_with_its_line) {
  check(R"({"id":"a","actions":[]})", kGood);
  check(R"({"id":"a","actions":["x","y"],"depth":16,"once":true,"purpose":""})", kGood);
  check("[]", "line 1: grant is an array; expected an object");
  check("{\n}", "line 1: grant has no \"id\"");
  check("\n{\"id\":\"a\"}", "line 2: grant has no \"actions\"");
  check("{\n\"id\": 1, \"actions\": []}", "line 2: \"id\" of grant is 1; expected a string");
  check("{\"id\":\n null, \"actions\": []}", "line 2: \"id\" of grant is null; expected a string");
  check("{\"id\":\"a\",\"actions\":[],\n\"purpose\":[]}",
        "line 2: \"purpose\" of grant is an array; expected a string");
  check("{\"id\":\"a\",\"actions\":[],\n\"depht\":1}",
        "line 2: unknown member \"depht\" in grant; expected only id, purpose, depth, once, "
        "actions, networks");
  check("{\"id\":\"a\",\"actions\":[],\n\"consent\":{}}",
        "line 2: \"consent\" of grant is not enforced yet; expected it left out");
}

TEST(ObjectReader, integers_lie_within_their_bounds) {
  check(R"({"id":"a","actions":[],"depth":0})", kGood);
  check(R"({"id":"a","actions":[],"depth":-1})",
        "line 1: \"depth\" of grant is -1; expected a whole number from 0 to 16");
  check(R"({"id":"a","actions":[],"depth":17})",
        "line 1: \"depth\" of grant is 17; expected a whole number from 0 to 16");
  check(R"({"id":"a","actions":[],"depth":1.5})",
        "line 1: \"depth\" of grant is 1.5; expected a whole number from 0 to 16");
  check(R"({"id":"a","actions":[],"depth":"1"})",
        "line 1: \"depth\" of grant is a string; expected a whole number from 0 to 16");
  check(R"({"id":"a","actions":[],"once":1})",
        "line 1: \"once\" of grant is 1; expected true or false");
}

TEST(ObjectReader, lists_hold_strings_only_and_are_bounded) {
  check(R"({"id":"a","actions":"x"})",
        "line 1: \"actions\" of grant is a string; expected an array of strings");
  check("{\"id\":\"a\",\"actions\":[\"x\",\n2]}",
        "line 2: \"actions\" of grant is 2; expected strings only");
  check(R"({"id":"a","actions":["x","y","z"]})",
        "line 1: \"actions\" of grant has 3 items; expected at most 2", Reason::kLimitExceeded);
}

TEST(ObjectReader, the_first_error_stands) {
  Value value = parse("{\n\"a\":1,\n\"b\":2}").value();
  ObjectReader in(value, "grant");
  EXPECT_TRUE(in.has("a"));
  EXPECT_FALSE(in.has("c"));
  in.refuse(Error{Reason::kIdIsDead, Place::kConflict, "first"}, in.optional("b"));
  in.refuse("second");
  ASSERT_THAT(in.finish(), test::ErrorIs(Reason::kIdIsDead));
  EXPECT_EQ(in.finish().error().detail, "line 3: first");
  EXPECT_EQ(in.finish().error().place, Place::kConflict);
}

TEST(ObjectReader, an_error_from_further_in_keeps_its_own_line) {
  Value value = parse("{\n\"a\":1}").value();
  ObjectReader in(value, "grant");
  in.refuse(Error{Reason::kBadRequest, Place::kRequest, "line 7: inner"}, in.optional("a"));
  EXPECT_EQ(in.finish().error().detail, "line 7: inner");
}

TEST(ObjectReader, a_value_without_a_source_has_no_line) {
  Value value = Value::object({{"id", 1}});
  ObjectReader in(value, "grant");
  in.required_string("id");
  EXPECT_EQ(in.finish().error().detail, "\"id\" of grant is 1; expected a string");
}

}  // namespace
}  // namespace mandate::json
