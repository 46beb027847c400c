#include "mandate/authority/constraint.h"

#include <gtest/gtest.h>

#include <bitset>
#include <string>
#include <utility>
#include <vector>

#include "mandate/base/time_zones.h"
#include "testing/matchers.h"

namespace mandate {
namespace {

using test::ErrorIs;

json::Value value(std::string_view text) { return json::parse(text).value(); }
Constraints constraints(std::string_view text) {
  const Result<Constraints> parsed = Constraints::parse(value(text));
  EXPECT_TRUE(parsed) << text << ": " << parsed.error().detail;
  return parsed.value_or(Constraints());
}
const SystemTimeZones& zones() {
  static const SystemTimeZones loaded = SystemTimeZones::load().value();
  return loaded;
}

// Whatever a constraint may look at, as text; empty: not there.
struct Inputs {
  std::string environment = {};
  std::string address = {};
  std::string facts = {};                    // of resource.properties
  std::string now = "2026-12-02T12:00:00Z";  // a Wednesday
};

std::string unmet(std::string_view text, const Inputs& given) {
  Facts facts;
  ConstraintInputs inputs;
  if (!given.environment.empty()) {
    inputs.environment = given.environment;
  }
  std::optional<IpAddress> address;
  if (!given.address.empty()) {
    address = IpAddress::parse(given.address).value();
    inputs.client_address = &*address;
  }
  if (!given.facts.empty()) {
    EXPECT_TRUE(facts.add("resource.properties", value(given.facts)));
    inputs.facts = &facts;
  }
  inputs.now = parse_rfc3339(given.now).value();
  inputs.zones = &zones();
  const Constraints parsed = constraints(text);
  const Constraint* first = parsed.first_unmet(inputs);
  return first == nullptr ? "" : std::string(name(*first));
}

struct InputRow {
  std::string_view constraints;
  Inputs given;
  std::string_view unmet;  // empty: all are met
};
void check_all(const std::vector<InputRow>& rows) {
  for (const InputRow& row : rows) {
    EXPECT_EQ(unmet(row.constraints, row.given), row.unmet)
        << row.constraints << " " << row.given.environment << row.given.address << row.given.facts
        << row.given.now;
  }
}

TEST(Constraints, AreMetByInputsThatAreThere) {
  check_all({
      {"{}", {}, ""},
      {R"({"environments":["prod","test"]})", {.environment = "prod"}, ""},
      {R"({"environments":["prod","test"]})", {.environment = "dev"}, "environments"},
      {R"({"environments":["prod","test"]})", {.environment = "Prod"}, "environments"},
      {R"({"environments":["prod"]})", {}, "environments"},
      {R"({"networks":["10.0.0.0/8"]})", {.address = "10.255.255.255"}, ""},
      {R"({"networks":["10.0.0.0/8"]})", {.address = "11.0.0.0"}, "networks"},
      {R"({"networks":["10.0.0.0/8"]})", {.address = "::ffff:10.0.0.1"}, ""},
      {R"({"networks":["10.0.0.0/8","2001:db8::/32"]})", {.address = "2001:db8::1"}, ""},
      {R"({"networks":["10.0.0.0/8"]})", {}, "networks"},
      {R"([{"networks":["10.0.0.0/8"]},{"networks":["10.1.0.0/16"]}])",
       {.address = "10.1.0.1"},
       ""},
      {R"([{"networks":["10.0.0.0/8"]},{"networks":["10.1.0.0/16"]}])",
       {.address = "10.2.0.1"},
       "networks"},
  });
}

TEST(Constraints, CompareByTypeAndExactValue) {
  constexpr std::string_view kLow = R"({"any_of":{"resource.properties.s":["low",1,true]}})";
  constexpr std::string_view kMax = R"({"max":{"resource.properties.n":500}})";
  constexpr std::string_view kBig = R"({"max":{"resource.properties.n":9007199254740993}})";
  constexpr std::string_view kHalf = R"({"max":{"resource.properties.n":0.5}})";
  check_all({
      {kLow, {.facts = R"({"s":"low"})"}, ""},
      {kLow, {.facts = R"({"s":"Low"})"}, "any_of"},
      {kLow, {.facts = R"({"s":1})"}, ""},
      {kLow, {.facts = R"({"s":1.0})"}, ""},
      {kLow, {.facts = R"({"s":"1"})"}, "any_of"},
      {kLow, {.facts = R"({"s":true})"}, ""},
      {kLow, {.facts = R"({"s":"true"})"}, "any_of"},
      {kLow, {.facts = R"({"s":null})"}, "any_of"},
      {kLow, {.facts = R"({"s":["low"]})"}, "any_of"},
      {kLow, {.facts = R"({"t":"low"})"}, "any_of"},
      {kLow, {}, "any_of"},
      {kMax, {.facts = R"({"n":500})"}, ""},
      {kMax, {.facts = R"({"n":501})"}, "max"},
      {kMax, {.facts = R"({"n":500.5})"}, "max"},
      {kMax, {.facts = R"({"n":-1e300})"}, ""},
      {kMax, {.facts = R"({"n":1e300})"}, "max"},
      {kMax, {.facts = R"({"n":"499"})"}, "max"},
      {kMax, {.facts = R"({"n":true})"}, "max"},
      {kMax, {}, "max"},
      {kBig, {.facts = R"({"n":9007199254740993})"}, ""},
      {kBig, {.facts = R"({"n":9007199254740994})"}, "max"},
      {kHalf, {.facts = R"({"n":0})"}, ""},
      {kHalf, {.facts = R"({"n":0.5})"}, ""},
      {kHalf, {.facts = R"({"n":0.50000001})"}, "max"},
      {kHalf, {.facts = R"({"n":1})"}, "max"},
  });
}

TEST(Hours, AreLocalAndHalfOpen) {
  constexpr std::string_view kOffice =
      R"({"hours":{"days":["mon","tue","wed","thu","fri"],"from":"08:00","to":"18:00",
          "zone":"Europe/Berlin"}})";
  constexpr std::string_view kNight =
      R"({"hours":{"days":["fri"],"from":"22:00","to":"06:00","zone":"UTC"}})";
  constexpr std::string_view kDay =
      R"({"hours":{"days":["sun"],"from":"00:00","to":"24:00","zone":"UTC"}})";
  constexpr std::string_view kSunday =
      R"({"hours":{"days":["sun"],"from":"02:30","to":"03:30","zone":"Europe/Berlin"}})";
  constexpr std::string_view kNowhere =
      R"({"hours":{"days":["wed"],"from":"00:00","to":"24:00","zone":"Europe/Nowhere"}})";
  check_all({
      {kOffice, {.now = "2026-12-02T06:59:59Z"}, "hours"},  // Berlin is one hour ahead
      {kOffice, {.now = "2026-12-02T07:00:00Z"}, ""},
      {kOffice, {.now = "2026-12-02T16:59:59.999Z"}, ""},
      {kOffice, {.now = "2026-12-02T17:00:00Z"}, "hours"},
      {kOffice, {.now = "2026-12-05T12:00:00Z"}, "hours"},  // a Saturday
      {kOffice, {.now = "2026-07-01T06:00:00Z"}, ""},       // two hours ahead in summer
      {kOffice, {.now = "2026-07-01T05:59:59Z"}, "hours"},
      {kOffice, {.now = "2026-07-01T16:00:00Z"}, "hours"},
      {kNight, {.now = "2026-12-04T21:59:59Z"}, "hours"},  // Friday
      {kNight, {.now = "2026-12-04T22:00:00Z"}, ""},
      {kNight, {.now = "2026-12-05T05:59:59Z"}, ""},  // still Friday's
      {kNight, {.now = "2026-12-05T06:00:00Z"}, "hours"},
      {kNight, {.now = "2026-12-04T05:00:00Z"}, "hours"},  // would be Thursday's
      {kNight, {.now = "2026-12-05T23:00:00Z"}, "hours"},
      {kDay, {.now = "2026-12-06T00:00:00Z"}, ""},
      {kDay, {.now = "2026-12-06T23:59:59Z"}, ""},
      {kDay, {.now = "2026-12-07T00:00:00Z"}, "hours"},
      {kSunday, {.now = "2026-03-29T00:59:59Z"}, "hours"},  // 01:59:59; then it is 03:00
      {kSunday, {.now = "2026-03-29T01:00:00Z"}, ""},
      {kSunday, {.now = "2026-03-29T01:30:00Z"}, "hours"},
      {kSunday, {.now = "2026-10-25T00:30:00Z"}, ""},       // 02:30 for the first time
      {kSunday, {.now = "2026-10-25T01:00:00Z"}, "hours"},  // 02:00 again
      {kSunday, {.now = "2026-10-25T01:30:00Z"}, ""},       // 02:30 for the second time
      {kNowhere, {}, "hours"},
  });
}

TEST(Constraints, AreReadStrictly) {
  struct Refused {
    std::string_view text;
    std::string_view says;
  };
  const auto hours = [](std::string_view days, std::string_view from, std::string_view to) {
    return R"({"hours":{"days":)" + std::string(days) + R"(,"from":")" + std::string(from) +
           R"(","to":")" + std::string(to) + R"(","zone":"UTC"}})";
  };
  EXPECT_TRUE(Constraints::parse(value(hours(R"(["mon"])", "00:00", "24:00"))));
  EXPECT_TRUE(Constraints::parse(value(hours(R"(["mon"])", "23:59", "00:00"))));
  const std::string bad_hours[] = {
      hours("[]", "08:00", "18:00"),         hours(R"(["Mon"])", "08:00", "18:00"),
      hours(R"(["mon"])", "24:00", "18:00"), hours(R"(["mon"])", "08:00", "24:01"),
      hours(R"(["mon"])", "8:00", "18:00"),  hours(R"(["mon"])", "08:60", "18:00"),
      hours(R"(["mon"])", "08.00", "18:00"), hours(R"(["mon"])", "08:00", "-1:00"),
  };
  for (const std::string& text : bad_hours) {
    EXPECT_THAT(Constraints::parse(value(text)), ErrorIs(Reason::kBadRequest)) << text;
  }
  for (const Refused& row : std::vector<Refused>{
           {R"([])", ""},  // the empty conjunction: accepted
           {R"([{}])", ""},
           {R"("prod")", "an object"},
           {R"({"environment":["prod"]})", "unknown member"},
           {R"({"environments":[]})", "at least one"},
           {R"({"environments":"prod"})", "array"},
           {R"({"environments":["a b"]})", "environment"},
           {R"({"networks":[]})", "at least one"},
           {R"({"networks":["10.0.0.1/8"]})", "10.0.0.1/8"},
           {R"({"hours":{"days":["mon"],"from":"08:00","to":"18:00"}})", "zone"},
           {R"({"hours":{"days":["mon"],"from":"08:00","to":"18:00","zone":"../x"}})", "zone"},
           {R"({"any_of":{}})", "object of paths"},
           {R"({"any_of":{"context.a":[]}})", "at least one"},
           {R"({"any_of":{"context.a":"x"}})", "at least one"},
           {R"({"any_of":{"context.a":[null]}})", "expected strings"},
           {R"({"any_of":{"context.a":[{}]}})", "expected strings"},
           {R"({"any_of":{"a":["x"]}})", "path"},
           {R"({"any_of":{"resource":["x"]}})", "path"},
           {R"({"any_of":{"resource.":["x"]}})", "path"},
           {R"({"any_of":{"resource..a":["x"]}})", "path"},
           {R"({"max":{"context.amount":"5"}})", "number"},
           {R"({"max":{"context.amount":true}})", "number"},
           {R"({"max_uses":3})", "not enforced"},
           {R"({"provenance":{}})", "not enforced"},
           {R"({"approval":{}})", "not enforced"},
           {R"({"step_up":{}})", "not enforced"},
           {R"({"attestation":{}})", "not enforced"},
           {R"({"event":{}})", "not enforced"},
       }) {
    SCOPED_TRACE(row.text);
    const Result<Constraints> parsed = Constraints::parse(value(row.text));
    if (row.says.empty()) {
      EXPECT_TRUE(parsed && parsed->empty());
      continue;
    }
    ASSERT_THAT(parsed, ErrorIs(Reason::kBadRequest));
    EXPECT_NE(parsed.error().detail.find(row.says), std::string::npos) << parsed.error().detail;
  }
}

TEST(Constraints, NameOnlyWhatARequestCanSay) {
  struct Row {
    std::string_view path;
    bool accepted;
  };
  for (const Row& row : std::vector<Row>{
           {"subject.properties.team", true},
           {"subject.id", false},
           {"subject.type", false},
           {"subject.properties", false},
           {"action.properties.reason", true},
           {"action.name", false},
           {"resource.properties.severity", true},
           {"resource.properties.a.b", true},
           {"resource.properties.", false},
           {"resource.id", false},
           {"resource.type", false},
           {"resource.severity", false},
           {"context.amount", true},
           {"context.", false},
           {"context.access_token", false},
           {"context.access_token.x", false},
           {"context.access_tokens", true},
           {"context.dpop", false},
           {"context.dpop.htm", false},
           {"context.dpops", true},
           {"context.client.dpop", true},
       }) {
    SCOPED_TRACE(row.path);
    const auto at = [&](std::string_view rest) {
      return value("{\"" + std::string(row.path) + "\":" + std::string(rest) + "}");
    };
    for (const json::Value& constraint :
         {json::Value::object({{"any_of", at("[1]")}}), json::Value::object({{"max", at("1")}})}) {
      const Result<Constraints> parsed = Constraints::parse(constraint);
      if (row.accepted) {
        EXPECT_THAT(parsed, test::IsOk());
        continue;
      }
      ASSERT_THAT(parsed, ErrorIs(Reason::kBadRequest));
      EXPECT_NE(parsed.error().detail.find("path \"" + std::string(row.path)), std::string::npos)
          << parsed.error().detail;
    }
  }
}

TEST(Constraints, AreWrittenInOneWay) {
  struct Row {
    std::string_view read;
    std::string_view written;
  };
  for (const Row& row : std::vector<Row>{
           {"{}", "{}"},
           {R"({"networks":["10.0.0.0/8","10.0.0.0/8"],"environments":["b","a"]})",
            R"({"environments":["a","b"],"networks":["10.0.0.0/8"]})"},
           {R"([{"max":{"context.b":2}},{"max":{"context.a":1.0}}])",
            R"({"max":{"context.a":1,"context.b":2}})"},
           {R"([{"max":{"context.a":2}},{"max":{"context.a":1}},{"networks":["::/0"]}])",
            R"([{"max":{"context.a":1},"networks":["::/0"]},{"max":{"context.a":2}}])"},
           {R"([{"max":{"context.a":1}},{"max":{"context.a":1}}])", R"({"max":{"context.a":1}})"},
           {R"({"hours":{"days":["sun","mon"],"from":"22:00","to":"00:00","zone":"UTC"}})",
            R"({"hours":{"days":["mon","sun"],"from":"22:00","to":"24:00","zone":"UTC"}})"},
       }) {
    const std::string written = json::canonical(constraints(row.read).to_json());
    EXPECT_EQ(written, row.written);
    EXPECT_EQ(constraints(written), constraints(row.read));
  }
}

TEST(Constraints, ImplyWhatIsWider) {
  const auto hours = [](std::string_view days, std::string_view from, std::string_view to) {
    return R"({"hours":{"days":[)" + std::string(days) + R"(],"from":")" + std::string(from) +
           R"(","to":")" + std::string(to) + R"(","zone":"UTC"}})";
  };
  struct Row {
    std::string narrow;
    std::string wide;
    bool implied;
  };
  const std::string every = R"("mon","tue","wed","thu","fri","sat","sun")";
  for (const Row& row : std::vector<Row>{
           {"{}", "{}", true},
           {R"({"networks":["10.0.0.0/8"]})", "{}", true},
           {"{}", R"({"networks":["10.0.0.0/8"]})", false},
           {R"({"networks":["10.1.0.0/16"]})", R"({"networks":["10.0.0.0/8"]})", true},
           {R"({"networks":["10.0.0.0/8"]})", R"({"networks":["10.1.0.0/16"]})", false},
           {R"({"networks":["10.0.0.0/8","11.0.0.0/8"]})", R"({"networks":["10.0.0.0/8"]})", false},
           {R"({"environments":["a"]})", R"({"environments":["a","b"]})", true},
           {R"({"environments":["a","c"]})", R"({"environments":["a","b"]})", false},
           {R"({"any_of":{"context.a":[1]}})", R"({"any_of":{"context.a":[1,2]}})", true},
           {R"({"any_of":{"context.b":[1]}})", R"({"any_of":{"context.a":[1,2]}})", false},
           {R"({"max":{"context.a":1}})", R"({"max":{"context.a":1}})", true},
           {R"({"max":{"context.a":1.5}})", R"({"max":{"context.a":1}})", false},
           {R"({"max":{"context.a":1}})", R"({"any_of":{"context.a":[1]}})", false},
           {hours(R"("mon")", "09:00", "17:00"), hours(R"("mon","tue")", "08:00", "18:00"), true},
           {hours(R"("mon")", "07:59", "17:00"), hours(R"("mon")", "08:00", "18:00"), false},
           {hours(R"("mon")", "09:00", "18:01"), hours(R"("mon")", "08:00", "18:00"), false},
           {hours(R"("tue")", "01:00", "02:00"), hours(R"("mon")", "22:00", "06:00"), true},
           {hours(R"("mon")", "01:00", "02:00"), hours(R"("mon")", "22:00", "06:00"), false},
           {hours(R"("mon")", "01:00", "02:00"), hours(R"("sun")", "22:00", "06:00"), true},
           {hours(R"("mon")", "22:00", "06:00"), hours(every, "00:00", "24:00"), true},
           {hours(R"("sun")", "22:00", "06:00"), hours(R"("sun","mon")", "00:00", "24:00"), true},
           {hours(R"("mon")", "22:00", "06:00"), hours(R"("mon")", "00:00", "24:00"), false},
           {hours(R"("mon")", "00:00", "24:00"), hours(R"("mon")", "12:00", "12:00"), false},
           {hours(R"("mon")", "00:00", "24:00"), hours(R"("sun","mon")", "12:00", "12:00"), true},
       }) {
    EXPECT_EQ(constraints(row.narrow).implies(constraints(row.wide)), row.implied)
        << row.narrow << " implies " << row.wide;
  }
  EXPECT_FALSE(constraints(hours(R"("mon")", "09:00", "17:00"))
                   .implies(constraints(R"({"hours":{"days":["mon"],"from":"08:00","to":"18:00",
                                            "zone":"Europe/Berlin"}})")));
}

// Against the meaning: minute by minute over a week.
TEST(Hours, ImplyExactlyTheSubsets) {
  constexpr int kWeekMinutes = 7 * 1440;
  using Week = std::bitset<kWeekMinutes>;
  std::vector<std::pair<Hours, Week>> all;
  for (const int days : {0b0000001, 0b1000000, 0b1000001, 0b0000011, 0b1111111, 0b0110110}) {
    for (const int from : {0, 480, 1320}) {
      for (const int to : {1, 360, 480, 1320, 1440}) {
        Week week;
        const int length = to > from ? to - from : to - from + 1440;
        for (int i = 0; i < 7 * length; ++i) {
          const int day = i / length;
          if ((days >> day & 1) != 0) {
            week.set(static_cast<std::size_t>((day * 1440 + from + i % length) % kWeekMinutes));
          }
        }
        all.push_back({{static_cast<std::uint8_t>(days), static_cast<std::int16_t>(from),
                        static_cast<std::int16_t>(to), "UTC"},
                       week});
      }
    }
  }
  for (const auto& a : all) {
    for (const auto& b : all) {
      ASSERT_EQ(implies(Constraint(a.first), Constraint(b.first)), (a.second & ~b.second).none())
          << json::canonical(Constraints::of(a.first).to_json()) << " implies "
          << json::canonical(Constraints::of(b.first).to_json());
    }
  }
}

TEST(Constraints, AreBounded) {
  const auto many = [](int count) {
    json::Array all;
    for (int i = 0; i < count; ++i) {
      all.push_back(value(R"({"max":{"context.a":)" + std::to_string(i) + "}}"));
    }
    return json::Value(std::move(all));
  };
  const Result<Constraints> most = Constraints::parse(many(32));
  ASSERT_TRUE(most);
  EXPECT_THAT(Constraints::parse(many(33)), ErrorIs(Reason::kLimitExceeded));
  EXPECT_EQ(most->and_also(*most).value(), *most);
  EXPECT_THAT(most->and_also(constraints(R"({"max":{"context.b":1}})")),
              ErrorIs(Reason::kLimitExceeded));
}

TEST(Facts, HaveOnePathEach) {
  Facts facts;
  ASSERT_TRUE(facts.add("context", value(R"({"a":{"b":1},"a.b":2,"c":[{"d":3}],"e":"x"})")));
  EXPECT_EQ(*facts.find("context.a.b"), *Scalar::from_json(value("1")));
  EXPECT_EQ(*facts.find("context.e"), *Scalar::from_json(value("\"x\"")));
  EXPECT_EQ(facts.find("context.c"), nullptr);
  EXPECT_EQ(facts.find("context.c.d"), nullptr);
  EXPECT_EQ(facts.find("context"), nullptr);
  EXPECT_THAT(facts.add("context", value(R"({"e":"y"})")), ErrorIs(Reason::kBadRequest));
  EXPECT_EQ(*facts.find("context.e"), *Scalar::from_json(value("\"x\"")));

  json::Value many = value("{}");
  for (int i = 0; i < 510; ++i) {
    many.set("k" + std::to_string(i), i);
  }
  ASSERT_TRUE(facts.add("resource", many));
  EXPECT_THAT(facts.add("subject", value(R"({"one":"more"})")), ErrorIs(Reason::kLimitExceeded));
}

TEST(Scalar, ComparesNumbersExactly) {
  struct Row {
    std::string_view a;
    std::string_view b;
    bool at_most;
    bool equal;
  };
  for (const Row& row : std::vector<Row>{
           {"1", "1.0", true, true},
           {"-0.0", "0", true, true},
           {"9007199254740993", "9007199254740992.0", false, false},
           {"9223372036854775807", "9223372036854775808.0", true, false},
           {"9223372036854775808.0", "9223372036854775807", false, false},
           {"-9223372036854775808", "-9223372036854775808.0", true, true},
           {"-9223372036854775808", "-1e19", false, false},
           {"-1e19", "-9223372036854775808", true, false},
           {"0", "0.5", true, false},
           {"0.5", "0", false, false},
           {"-1", "-0.5", true, false},
           {"-0.5", "-1", false, false},
           {"-0.5", "0", true, false},
           {"0.1", "0.2", true, false},
           {"1e300", "1e300", true, true},
       }) {
    const Scalar a = *Scalar::from_json(value(row.a));
    const Scalar b = *Scalar::from_json(value(row.b));
    EXPECT_EQ(a.at_most(b), row.at_most) << row.a << " " << row.b;
    EXPECT_EQ(a == b, row.equal) << row.a << " " << row.b;
  }
}

}  // namespace
}  // namespace mandate
