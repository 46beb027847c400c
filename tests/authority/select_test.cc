// What is asked for, cut from what is granted: never wider, and never quietly cut.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mandate/authority/authority.h"
#include "testing/matchers.h"

namespace mandate {
namespace {

using test::ErrorIs;

json::Value value(std::string_view text) { return json::parse(text).value(); }

constexpr std::string_view kGranted = R"([
  {"type":"tickets","locations":["https://a.example","https://b.example"],
   "actions":["read","comment"],"identifier":"queue/eu/**",
   "constraints":{"networks":["10.0.0.0/8"],"max":{"context.n":5}}},
  {"type":"tickets","locations":["https://a.example"],"actions":["close"],
   "identifier":"queue/eu/*"},
  {"type":"wiki","locations":["https://c.example"],"actions":["read"]}
])";

struct Row {
  std::string_view title;
  std::string_view requested;  // a scope, or authorization_details
  std::string_view selected;   // empty: refused as outside_authority
};

void check(const Row& row) {
  SCOPED_TRACE(row.title);
  const Authority granted = Authority::parse(value(kGranted)).value();
  const bool is_scope = row.requested.front() != '[';
  const auto requested =
      is_scope ? parse_scope(row.requested) : parse_authorization_details(value(row.requested));
  ASSERT_TRUE(requested) << requested.error().detail;
  const Place place = is_scope ? Place::kScope : Place::kAuthorizationDetails;
  const Result<Authority> selected = select(granted, *requested, place);
  if (row.selected.empty()) {
    ASSERT_THAT(selected, ErrorIs(Reason::kOutsideAuthority));
    EXPECT_EQ(selected.error().place, place);
    return;
  }
  ASSERT_TRUE(selected) << selected.error().detail;
  EXPECT_EQ(json::canonical(selected->to_json()),
            json::canonical(Authority::parse(value(row.selected))->to_json()));
  EXPECT_TRUE(selected->within(granted));
}

TEST(Select, ScopeTakesTheIdentifiersAndConstraintsOfTheGrant) {
  for (const Row& row : std::vector<Row>{
           {"one action", "tickets:close",
            R"([{"type":"tickets","locations":["https://a.example"],"actions":["close"],
                 "identifier":"queue/eu/*"}])"},
           {"actions of two alternatives", "tickets:close tickets:read",
            R"([{"type":"tickets","locations":["https://a.example"],"actions":["close"],
                 "identifier":"queue/eu/*"},
                {"type":"tickets","locations":["https://a.example","https://b.example"],
                 "actions":["read"],"identifier":"queue/eu/**",
                 "constraints":{"networks":["10.0.0.0/8"],"max":{"context.n":5}}}])"},
           {"two types", "wiki:read tickets:close",
            R"([{"type":"tickets","locations":["https://a.example"],"actions":["close"],
                 "identifier":"queue/eu/*"},
                {"type":"wiki","locations":["https://c.example"],"actions":["read"]}])"},
           {"an action that is not granted", "tickets:delete", ""},
           {"one granted, one not", "tickets:read tickets:delete", ""},
           {"an action of another type", "wiki:comment", ""},
           {"a type that is not granted", "mail:read", ""},
       }) {
    check(row);
  }
}

TEST(Select, MembersThatArePresentLieWithin) {
  for (const Row& row : std::vector<Row>{
           {"a type alone takes all of it", R"([{"type":"wiki"}])",
            R"([{"type":"wiki","locations":["https://c.example"],"actions":["read"]}])"},
           {"a location", R"([{"type":"tickets","locations":["https://b.example/"]}])",
            R"([{"type":"tickets","locations":["https://b.example"],"actions":["read","comment"],
                 "identifier":"queue/eu/**",
                 "constraints":{"networks":["10.0.0.0/8"],"max":{"context.n":5}}}])"},
           {"a location that is not granted",
            R"([{"type":"tickets","locations":["https://c.example"]}])", ""},
           {"one location granted, one not",
            R"([{"type":"wiki","locations":["https://c.example","https://d.example"]}])", ""},
           {"an action at a location that does not have it",
            R"([{"type":"tickets","locations":["https://b.example"],"actions":["close"]}])", ""},
           {"an action at one location of two",
            R"([{"type":"tickets","locations":["https://a.example","https://b.example"],
                 "actions":["close","read"]}])",
            ""},
           {"an identifier within",
            R"([{"type":"tickets","actions":["close"],"identifier":"queue/eu/7"}])",
            R"([{"type":"tickets","locations":["https://a.example"],"actions":["close"],
                 "identifier":"queue/eu/7"}])"},
           {"the same identifier",
            R"([{"type":"tickets","actions":["close"],"identifier":"queue/eu/*"}])",
            R"([{"type":"tickets","locations":["https://a.example"],"actions":["close"],
                 "identifier":"queue/eu/*"}])"},
           {"an identifier beyond",
            R"([{"type":"tickets","actions":["close"],"identifier":"queue/eu/**"}])", ""},
           {"an identifier elsewhere",
            R"([{"type":"tickets","actions":["close"],"identifier":"queue/us/7"}])", ""},
           {"an identifier within one of two alternatives",
            R"([{"type":"tickets","identifier":"queue/eu/a/b"}])",
            R"([{"type":"tickets","locations":["https://a.example","https://b.example"],
                 "actions":["read","comment"],"identifier":"queue/eu/a/b",
                 "constraints":{"networks":["10.0.0.0/8"],"max":{"context.n":5}}}])"},
           {"an identifier where any is granted", R"([{"type":"wiki","identifier":"home"}])",
            R"([{"type":"wiki","locations":["https://c.example"],"actions":["read"],
                 "identifier":"home"}])"},
           {"a constraint within; the others stay",
            R"([{"type":"tickets","actions":["read"],"constraints":{"networks":["10.1.0.0/16"]}}])",
            R"([{"type":"tickets","locations":["https://a.example","https://b.example"],
                 "actions":["read"],"identifier":"queue/eu/**",
                 "constraints":{"networks":["10.1.0.0/16"],"max":{"context.n":5}}}])"},
           {"a constraint beyond",
            R"([{"type":"tickets","actions":["read"],"constraints":{"networks":["11.0.0.0/8"]}}])",
            ""},
           {"a wider constraint",
            R"([{"type":"tickets","actions":["read"],"constraints":{"max":{"context.n":6}}}])", ""},
           {"a constraint on another path",
            R"([{"type":"tickets","actions":["read"],"constraints":{"max":{"context.m":6}}}])",
            R"([{"type":"tickets","locations":["https://a.example","https://b.example"],
                 "actions":["read"],"identifier":"queue/eu/**",
                 "constraints":{"networks":["10.0.0.0/8"],
                                "max":{"context.m":6,"context.n":5}}}])"},
           {"a constraint where none is granted",
            R"([{"type":"wiki","constraints":{"environments":["prod"]}}])",
            R"([{"type":"wiki","locations":["https://c.example"],"actions":["read"],
                 "constraints":{"environments":["prod"]}}])"},
           {"two constraints, one of them within",
            R"([{"type":"tickets","actions":["read"],
                 "constraints":[{"max":{"context.n":4}},{"max":{"context.n":9}}]}])",
            R"([{"type":"tickets","locations":["https://a.example","https://b.example"],
                 "actions":["read"],"identifier":"queue/eu/**",
                 "constraints":[{"max":{"context.n":4},"networks":["10.0.0.0/8"]},
                                {"max":{"context.n":9}}]}])"},
           {"one request good, one not", R"([{"type":"wiki"},{"type":"mail"}])", ""},
           {"the same twice", R"([{"type":"wiki"},{"type":"wiki","actions":["read"]}])",
            R"([{"type":"wiki","locations":["https://c.example"],"actions":["read"]}])"},
       }) {
    check(row);
  }
}

TEST(Select, TwoGrantsAreNeverUnited) {
  // Reading is granted in eu, and only from the office in us: no one request spans both.
  const Authority granted = Authority::parse(value(R"([
      {"type":"t","locations":["https://a.example"],"actions":["read"],"identifier":"eu/*"},
      {"type":"t","locations":["https://a.example"],"actions":["read"],"identifier":"us/*"}])"))
                                .value();
  const auto wanted = [](std::string_view identifier) {
    return parse_authorization_details(
               value(R"([{"type":"t","identifier":")" + std::string(identifier) + R"("}])"))
        .value();
  };
  EXPECT_THAT(select(granted, wanted("*/*"), Place::kScope), ErrorIs(Reason::kOutsideAuthority));
  EXPECT_TRUE(select(granted, wanted("us/*"), Place::kScope));
}

TEST(Scope, IsReadStrictly) {
  struct ScopeRow {
    std::string scope;
    std::string types;  // of what is asked for; empty: refused
  };
  std::string many;
  for (int i = 0; i < 65; ++i) {
    many += (i == 0 ? "t:a" : " t:a") + std::to_string(i);
  }
  for (const ScopeRow& row : std::vector<ScopeRow>{
           {"tickets:read", "tickets:read"},
           {"tickets:read tickets:read", "tickets:read"},
           {"b:x a:y b:w", "a:y b:w,x"},
           {"tickets:a:b", "tickets:a:b"},
           {"", ""},
           {" ", ""},
           {" tickets:read", ""},
           {"tickets:read ", ""},
           {"tickets:read  wiki:read", ""},
           {"tickets:read\twiki:read", ""},
           {"tickets", ""},
           {"tickets:", ""},
           {":read", ""},
           {"Tickets:read", ""},
           {"tickets:*", ""},
           {"tickets:r\"d", ""},
           {"tickets:r\\d", ""},
           {"tickets:\u00eb", ""},
       }) {
    SCOPED_TRACE(row.scope);
    const auto requested = parse_scope(row.scope);
    if (row.types.empty()) {
      ASSERT_THAT(requested, ErrorIs(Reason::kBadRequest));
      EXPECT_EQ(requested.error().place, Place::kScope);
      continue;
    }
    ASSERT_TRUE(requested);
    std::string types;
    for (const RequestedPermission& asked : *requested) {
      types += (types.empty() ? "" : " ") + asked.type + ":";
      for (const std::string& action : *asked.actions) {
        types += (types.ends_with(':') ? "" : ",") + action;
      }
    }
    EXPECT_EQ(types, row.types);
  }
  EXPECT_THAT(parse_scope(many), ErrorIs(Reason::kLimitExceeded));
  EXPECT_TRUE(parse_scope(many.substr(0, many.rfind(' '))));
}

TEST(AuthorizationDetails, AreReadStrictly) {
  ASSERT_TRUE(parse_authorization_details(value(R"([{"type":"t"}])")));
  for (const std::string_view text : {
           R"({})",
           R"([])",
           R"("t")",
           R"([7])",
           R"([{}])",
           R"([{"type":"T"}])",
           R"([{"type":7}])",
           R"([{"type":"t","locations":[]}])",
           R"([{"type":"t","actions":[]}])",
           R"([{"type":"t","actions":["*"]}])",
           R"([{"type":"t","actions":"read"}])",
           R"([{"type":"t","locations":["nowhere"]}])",
           R"([{"type":"t","identifier":"a//b"}])",
           R"([{"type":"t","identifier":7}])",
           R"([{"type":"t","constraints":{"x":1}}])",
           R"([{"type":"t","datatypes":["x"]}])",
       }) {
    SCOPED_TRACE(text);
    const auto requested = parse_authorization_details(value(text));
    ASSERT_THAT(requested, ErrorIs(Reason::kBadRequest));
    EXPECT_EQ(requested.error().place, Place::kAuthorizationDetails);
  }
  const auto many = [](std::size_t count) {
    return json::Value(json::Array(count, value(R"({"type":"t"})")));
  };
  EXPECT_TRUE(parse_authorization_details(many(64)));
  EXPECT_THAT(parse_authorization_details(many(65)), ErrorIs(Reason::kLimitExceeded));
}

TEST(Scope, IsTheShorthandOfAnAuthority) {
  EXPECT_EQ(to_scope(Authority::parse(value(kGranted)).value()),
            "tickets:close tickets:comment tickets:read wiki:read");
  EXPECT_EQ(to_scope(Authority()), "");
}

}  // namespace
}  // namespace mandate
