#include "mandate/authority/authority.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "mandate/base/limits.h"
#include "testing/matchers.h"

namespace mandate {
namespace {

using test::ErrorIs;

json::Value value(std::string_view text) { return json::parse(text).value(); }

// Each permission as `type actions@locations identifier constraints`, written short: `t ab@1,2
// x/*`.
json::Value permission(std::string_view type, std::string_view actions, std::string_view locations,
                       std::string_view identifier = "", std::string_view constraints = "") {
  json::Value out = json::Value::object({{"type", type}});
  json::Array letters;
  for (const char letter : actions) {
    letters.emplace_back(std::string(1, letter));
  }
  json::Array audiences;
  for (const char digit : locations) {
    audiences.emplace_back(std::string("https://") + digit + ".example");
  }
  out.set("locations", std::move(audiences));
  out.set("actions", std::move(letters));
  if (!identifier.empty()) {
    out.set("identifier", identifier);
  }
  if (!constraints.empty()) {
    out.set("constraints", value(constraints));
  }
  return out;
}
Authority authority(std::initializer_list<json::Value> permissions) {
  const Result<Authority> parsed = Authority::parse(json::Value::array(permissions));
  EXPECT_TRUE(parsed) << parsed.error().detail;
  return parsed.value_or(Authority());
}
std::string text(const Authority& a) { return json::canonical(a.to_json()); }

constexpr std::string_view kLow = R"({"max":{"context.n":1}})";
constexpr std::string_view kHigh = R"({"max":{"context.n":2}})";
constexpr std::string_view kBoth = R"([{"max":{"context.n":1}},{"max":{"context.n":2}}])";

TEST(Authority, IsReadStrictly) {
  constexpr std::string_view kGood =
      R"({"type":"t","locations":["https://a.example"],"actions":["read"]})";
  ASSERT_TRUE(Authority::parse(value("[" + std::string(kGood) + "]")));
  ASSERT_TRUE(Authority::parse(value("[]"))->empty());
  struct Refused {
    std::string_view text;
    std::string_view says;
  };
  for (const Refused& row : std::vector<Refused>{
           {R"({})", "array"},
           {R"([7])", "object"},
           {R"([{"locations":["https://a.example"],"actions":["read"]}])", "type"},
           {R"([{"type":"T","locations":["https://a.example"],"actions":["read"]}])", "type"},
           {R"([{"type":"","locations":["https://a.example"],"actions":["read"]}])", "type"},
           {R"([{"type":"t","actions":["read"]}])", "locations"},
           {R"([{"type":"t","locations":[],"actions":["read"]}])", "at least one location"},
           {R"([{"type":"t","locations":["a"],"actions":["read"]}])", "resource id"},
           {R"([{"type":"t","locations":["https://a.example"]}])", "actions"},
           {R"([{"type":"t","locations":["https://a.example"],"actions":[]}])", "at least one"},
           {R"([{"type":"t","locations":["https://a.example"],"actions":["a b"]}])", "action"},
           {R"([{"type":"t","locations":["https://a.example"],"actions":["*","read"]}])", "action"},
           {R"([{"type":"t","locations":["https://a.example"],"actions":"read"}])", "array"},
           {R"([{"type":"t","locations":["https://a.example"],"actions":["read"],
                "identifier":"a//b"}])",
            "identifier"},
           {R"([{"type":"t","locations":["https://a.example"],"actions":["read"],
                "constraints":{"x":1}}])",
            "unknown member"},
           {R"([{"type":"t","locations":["https://a.example"],"actions":["read"],
                "privileges":["x"]}])",
            "unknown member"},
       }) {
    SCOPED_TRACE(row.text);
    const Result<Authority> parsed = Authority::parse(value(row.text), Place::kHopGrant);
    ASSERT_THAT(parsed, ErrorIs(Reason::kBadRequest));
    EXPECT_EQ(parsed.error().place, Place::kHopGrant);
    EXPECT_NE(parsed.error().detail.find(row.says), std::string::npos) << parsed.error().detail;
  }
}

TEST(Authority, IsWrittenInOneWay) {
  EXPECT_EQ(text(authority({permission("t", "ba", "21", "x/*", kLow), permission("s", "a", "1")})),
            R"([{"actions":["a"],"locations":["https://1.example"],"type":"s"},)"
            R"({"actions":["a","b"],"constraints":{"max":{"context.n":1}},"identifier":"x/*",)"
            R"("locations":["https://1.example","https://2.example"],"type":"t"}])");
  const Authority a = authority({permission("t", "*", "1")});
  EXPECT_EQ(Authority::parse(a.to_json()).value(), a);
}

TEST(Authority, KeepsNoPermissionThatAnotherSubsumes) {
  EXPECT_EQ(authority({permission("t", "ab", "1"), permission("t", "a", "1")}),
            authority({permission("t", "ab", "1")}));
  EXPECT_EQ(authority({permission("t", "a", "1", "x/**"), permission("t", "a", "1", "x/y")}),
            authority({permission("t", "a", "1", "x/**")}));
  EXPECT_EQ(authority({permission("t", "a", "1", "", kHigh), permission("t", "a", "1", "", kLow)}),
            authority({permission("t", "a", "1", "", kHigh)}));
  // Alternatives are never merged.
  EXPECT_EQ(authority({permission("t", "a", "1"), permission("t", "b", "1")}).permissions().size(),
            2u);
  // Two that permit the same: one stays, whichever was listed first.
  EXPECT_EQ(authority({permission("t", "a", "1", "", kBoth), permission("t", "a", "1", "", kLow)}),
            authority({permission("t", "a", "1", "", kLow), permission("t", "a", "1", "", kBoth)}));
  EXPECT_EQ(authority({permission("t", "a", "1", "", kBoth), permission("t", "a", "1", "", kLow)})
                .permissions()
                .size(),
            1u);
}

TEST(Authority, MeetIsWhatBothPermit) {
  struct MeetRow {
    std::string_view title;
    json::Value a;
    json::Value b;
    std::vector<json::Value> meet;
  };
  for (const MeetRow& row : std::vector<MeetRow>{
           {"the same",
            permission("t", "ab", "12"),
            permission("t", "ab", "12"),
            {permission("t", "ab", "12")}},
           {"actions",
            permission("t", "ab", "1"),
            permission("t", "bc", "1"),
            {permission("t", "b", "1")}},
           {"no action", permission("t", "a", "1"), permission("t", "b", "1"), {}},
           {"locations",
            permission("t", "a", "12"),
            permission("t", "a", "23"),
            {permission("t", "a", "2")}},
           {"no location", permission("t", "a", "1"), permission("t", "a", "2"), {}},
           {"types", permission("t", "a", "1"), permission("s", "a", "1"), {}},
           {"identifiers",
            permission("t", "a", "1", "x/*"),
            permission("t", "a", "1", "*/y"),
            {permission("t", "a", "1", "x/y")}},
           {"one identifier",
            permission("t", "a", "1", "x/*"),
            permission("t", "a", "1"),
            {permission("t", "a", "1", "x/*")}},
           {"no identifier", permission("t", "a", "1", "x"), permission("t", "a", "1", "y"), {}},
           {"constraints",
            permission("t", "a", "1", "", kLow),
            permission("t", "a", "1", "", R"({"networks":["10.0.0.0/8"]})"),
            {permission("t", "a", "1", "",
                        R"({"max":{"context.n":1},"networks":["10.0.0.0/8"]})")}},
           {"one kind",
            permission("t", "a", "1", "", kLow),
            permission("t", "a", "1", "", kHigh),
            {permission("t", "a", "1", "", kBoth)}},
           {"every action is only written",
            permission("t", "*", "1"),
            permission("t", "a", "1"),
            {}},
       }) {
    SCOPED_TRACE(row.title);
    const Authority a = authority({row.a});
    const Authority b = authority({row.b});
    const Authority expected =
        Authority::parse(json::Value(json::Array(row.meet.begin(), row.meet.end()))).value();
    EXPECT_EQ(text(a.attenuated_by(b).value()), text(expected));
    EXPECT_EQ(text(b.attenuated_by(a).value()), text(expected));
    EXPECT_TRUE(expected.within(a));
    EXPECT_TRUE(expected.within(b));
  }
}

TEST(Authority, IsBounded) {
  const auto many = [](int count, int offset) {
    json::Array all;
    for (int i = 0; i < count; ++i) {
      all.push_back(permission("t", "a", "1", "n" + std::to_string(offset + i)));
    }
    return json::Value(std::move(all));
  };
  ASSERT_TRUE(Authority::parse(many(64, 0)));
  EXPECT_THAT(Authority::parse(many(65, 0)), ErrorIs(Reason::kLimitExceeded));
  // 9 times 9 alternatives whose meets all differ.
  json::Array rows;
  json::Array columns;
  for (int i = 0; i < 9; ++i) {
    rows.push_back(permission("t", "a", "1", "*/" + std::to_string(i)));
    columns.push_back(permission("t", "a", "1", std::to_string(i) + "/*"));
  }
  const Authority a = Authority::parse(json::Value(rows)).value();
  EXPECT_THAT(a.attenuated_by(Authority::parse(json::Value(columns)).value()),
              ErrorIs(Reason::kLimitExceeded));
  columns.resize(7);
  EXPECT_EQ(a.attenuated_by(Authority::parse(json::Value(columns)).value())->permissions().size(),
            63u);
  // Too many constraints refuse too, and are never dropped.
  json::Array lows;
  json::Array highs;
  for (int i = 0; i < 32; ++i) {
    (i < 17 ? lows : highs)
        .push_back(json::Value::object({{"max", json::Value::object({{"context.n", i}})}}));
  }
  highs.push_back(value(R"({"max":{"context.m":1}})"));
  highs.push_back(value(R"({"max":{"context.l":1}})"));
  const auto with = [](const json::Array& constraints) {
    json::Value one = permission("t", "a", "1");
    one.set("constraints", json::Value(constraints));
    return authority({one});
  };
  EXPECT_THAT(with(lows).attenuated_by(with(highs)), ErrorIs(Reason::kLimitExceeded));
  highs.pop_back();
  highs.pop_back();
  EXPECT_TRUE(with(lows).attenuated_by(with(highs)));
}

// So many that comparing each with each would not end within the test's time.
TEST(Authority, OfManyLooksAtAllOnlyForThoseThatStay) {
  constexpr int kMany = 100'000;
  const ResourceId here = ResourceId::parse("https://1.example").value();
  const auto named = [&](int n) {
    return Permission{"t", {here}, {"a"}, Pattern::parse("n" + std::to_string(n)).value(), {}};
  };
  std::vector<Permission> distinct;
  for (int n = 0; n < kMany; ++n) {
    distinct.push_back(named(n));
  }
  EXPECT_THAT(Authority::of(distinct), ErrorIs(Reason::kLimitExceeded));
  // Each is subsumed, and by the last alone: 64 may stay beside it, were there so few.
  std::vector<Permission> narrow = distinct;
  const Permission wide{"t", {here}, {"a", "b"}, std::nullopt, {}};
  narrow.push_back(wide);
  const Result<Authority> one = Authority::of(narrow);
  ASSERT_THAT(one, test::IsOk());
  EXPECT_EQ(one->permissions(), std::vector<Permission>{wide});
}

// As by comparing each with each, whatever their order.
TEST(Authority, KeepsTheWidestOfEachKindSorted) {
  const Authority a = authority({
      permission("t", "a", "1", "x/1"),
      permission("t", "a", "1", "x/*"),
      permission("t", "ab", "1", "x/**"),
      permission("t", "a", "12", "x/1"),
      permission("t", "a", "1", "y", kBoth),
      permission("t", "a", "1", "y", kLow),
      permission("t", "c", "1", "", kHigh),
      permission("t", "c", "1", "z", kLow),
  });
  // The two that permit the same stay as the first of them.
  EXPECT_EQ(a, authority({
                   permission("t", "ab", "1", "x/**"),
                   permission("t", "a", "12", "x/1"),
                   permission("t", "a", "1", "y", kLow),
                   permission("t", "c", "1", "", kHigh),
               }));
  EXPECT_EQ(a.permissions().size(), 4U);
  EXPECT_TRUE(std::is_sorted(a.permissions().begin(), a.permissions().end()));
}

TEST(Authority, PermitsWhatOneAlternativePermitsInWhole) {
  const Authority a = authority({
      permission("t", "r", "12", "queue/eu/*"),
      permission("t", "w", "1", "queue/us/*", kLow),
      permission("t", "d", "1"),
      permission("t", "h", "1", "",
                 R"({"hours":{"days":["mon"],"from":"00:00","to":"24:00","zone":"UTC"}})"),
  });
  struct RequestRow {
    std::string_view type, action, location, identifier, context;
    Miss miss;
    std::string_view constraint = "";
  };
  for (const RequestRow& row : std::vector<RequestRow>{
           {"t", "r", "1", "queue/eu/7", "{}", Miss::kNone},
           {"t", "r", "2", "queue/eu/7", "{}", Miss::kNone},
           {"t", "r", "3", "queue/eu/7", "{}", Miss::kAuthority},
           {"s", "r", "1", "queue/eu/7", "{}", Miss::kAuthority},
           {"t", "x", "1", "queue/eu/7", "{}", Miss::kAuthority},
           {"t", "r", "1", "queue/us/7", "{}", Miss::kAuthority},
           {"t", "r", "1", "", "{}", Miss::kAuthority},
           {"t", "w", "1", "queue/us/7", R"({"n":1})", Miss::kNone},
           {"t", "w", "1", "queue/us/7", R"({"n":2})", Miss::kConstraint, "max"},
           {"t", "w", "1", "queue/us/7", R"({})", Miss::kConstraint, "max"},
           {"t", "w", "1", "queue/eu/7", R"({"n":1})", Miss::kAuthority},
           {"t", "d", "1", "", "{}", Miss::kNone},
           {"t", "d", "1", "anything", "{}", Miss::kNone},
           {"t", "h", "1", "", "{}", Miss::kWindow, "hours"},
           {"t", "*", "1", "", "{}", Miss::kAuthority},
       }) {
    SCOPED_TRACE(std::string(row.type) + " " + std::string(row.action) + "@" +
                 std::string(row.location) + " " + std::string(row.identifier));
    AccessRequest request{
        std::string(row.type),
        ResourceId::parse("https://" + std::string(row.location) + ".example").value(),
        std::string(row.action),
        std::nullopt,
        {},
        std::nullopt};
    if (!row.identifier.empty()) {
      request.identifier = Identifier::parse(row.identifier).value();
    }
    ASSERT_TRUE(request.facts.add("context", value(row.context)));
    ConstraintInputs inputs;  // no zones: no hour is met
    inputs.facts = &request.facts;
    const Coverage coverage = a.permits(request, inputs);
    EXPECT_EQ(coverage.miss, row.miss);
    EXPECT_EQ(coverage.constraint, row.constraint);
  }
}

TEST(Authority, AtKeepsThePermissionsOfALocation) {
  const Authority a = authority({permission("t", "a", "12"), permission("t", "b", "2")});
  EXPECT_EQ(a.at(ResourceId::parse("https://1.example").value()),
            authority({permission("t", "a", "12")}));
  EXPECT_EQ(a.at(ResourceId::parse("https://2.example/").value()), a);
  EXPECT_TRUE(a.at(ResourceId::parse("https://3.example").value()).empty());
}

}  // namespace
}  // namespace mandate
