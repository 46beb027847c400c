// ATTACKS A21 and A22: the dates of a JWT, on both sides of each bound.
#include <gtest/gtest.h>

#include <optional>

#include "testing/matchers.h"
#include "tests/token/kinds.h"

namespace mandate::test {
namespace {

constexpr std::int64_t kTwoTo53 = std::int64_t{1} << 53;

struct Row {
  std::string name;
  std::string member;            // as it stands in the JSON: `"exp":...`; empty: left out
  std::optional<Reason> reason;  // by the actor token's door; nothing: permitted
  std::string iat = "\"iat\":1800000000,";
};

std::string judged_text(const Row& row) {
  const Kind& actor = kind("actor");
  Forge forge = actor.forge;
  json::Value left = forge.claims;
  for (const char* name : {"exp", "iat", "nbf"}) left = without(left, name);
  forge.raw_claims = '{' + row.iat + row.member + (row.member.empty() ? "" : ",") +
                     json::canonical(left).substr(1);
  return forge.signed_by(actor.key);
}

class Times : public ::testing::TestWithParam<Row> {};

TEST_P(Times, AreJudged) {
  const Result<void> judged = kind("actor").judge(judged_text(GetParam()), kNow);
  if (GetParam().reason) {
    EXPECT_THAT(judged, ErrorIs(*GetParam().reason));
  } else {
    EXPECT_THAT(judged, IsOk());
  }
}

constexpr auto kMalformed = Reason::kTokenMalformed;
constexpr auto kExpired = Reason::kTokenExpired;

INSTANTIATE_TEST_SUITE_P(
    Attacks, Times,
    ::testing::ValuesIn(std::vector<Row>{
        {"A21_exp_whole", R"("exp":1800000060)", {}},
        {"A21_exp_fraction_is_legal", R"("exp":1800000060.5)", {}},
        {"A21_exp_with_exponent_is_legal", R"("exp":1.80000006e9)", {}},
        {"A21_exp_string", R"("exp":"1800000060")", kMalformed},
        {"A21_exp_true", R"("exp":true)", kMalformed},
        {"A21_exp_null", R"("exp":null)", kMalformed},
        {"A21_exp_array", R"("exp":[1800000060])", kMalformed},
        {"A21_exp_negative", R"("exp":-1)", kMalformed},
        {"A21_exp_negative_fraction", R"("exp":-0.5)", kMalformed},
        {"A21_exp_1e400", R"("exp":1e400)", kMalformed},
        {"A21_exp_1e308", R"("exp":1e308)", kMalformed},
        {"A21_exp_2_to_63", R"("exp":9223372036854775808)", kMalformed},
        {"A21_exp_2_to_63_less_1", R"("exp":9223372036854775807)", kMalformed},
        {"A21_exp_2_to_53_and_1", R"("exp":9007199254740993)", kMalformed},
        {"A21_exp_missing", "", kMalformed},
        {"A21_exp_zero", R"("exp":0)", kExpired},
        {"A21_exp_is_now", R"("exp":1800000000)", kExpired, R"("iat":1799999990,)"},
        {"A21_exp_just_after_now", R"("exp":1800000000.002)", {}, R"("iat":1799999990,)"},
        {"A21_exp_1_s_after_now", R"("exp":1800000001)", {}, R"("iat":1799999990,)"},
        {"A21_iat_string", R"("exp":1800000060)", kMalformed, R"("iat":"1800000000",)"},
        {"A21_iat_1e400", R"("exp":1800000060)", kMalformed, R"("iat":1e400,)"},
        {"A21_iat_null", R"("exp":1800000060)", kMalformed, R"("iat":null,)"},
        {"A21_nbf_string", R"("exp":1800000060,"nbf":"1")", kMalformed},
        {"A21_nbf_past", R"("exp":1800000060,"nbf":1)", {}},
        {"A22_nbf_at_the_skew", R"("exp":1800000060,"nbf":1800000030)", {}},
        {"A22_nbf_past_the_skew", R"("exp":1800000060,"nbf":1800000031)", kMalformed},
        {"A22_iat_at_the_skew", R"("exp":1800000060)", {}, R"("iat":1800000030,)"},
        {"A22_iat_past_the_skew", R"("exp":1800000060)", kMalformed, R"("iat":1800000031,)"},
        {"A22_exp_before_iat", R"("exp":1800000010)", kMalformed, R"("iat":1800000020,)"},
        {"A22_exp_is_iat", R"("exp":1800000020)", kMalformed, R"("iat":1800000020,)"},
        {"A22_lifetime_300_s", R"("exp":1800000300)", {}},
        {"A22_lifetime_301_s", R"("exp":1800000301)", kMalformed},
        {"A22_lifetime_10_years", R"("exp":2115360000)", kMalformed},
        {"A22_lifetime_to_2_to_53", R"("exp":9007199254740992)", kMalformed},
        {"A22_lifetime_without_iat_300_s", R"("exp":1800000300)", {}, ""},
        {"A22_lifetime_without_iat_301_s", R"("exp":1800000301)", kMalformed, ""},
        {"A22_old_iat_does_not_stretch", R"("exp":1800000060)", kMalformed, R"("iat":1799999759,)"},
        {"A22_old_iat_within_300_s", R"("exp":1800000060)", {}, R"("iat":1799999760,)"}}),
    [](const auto& row) { return row.param.name; });

// Whatever has an `exp` ends with it, to the millisecond.
TEST(Times, A21_EveryKindEndsAtItsExp) {
  for (const Kind& kind : kinds()) {
    if (kind.name == "proof") continue;  // has no exp: dpop_test.cc
    SCOPED_TRACE(kind.name);
    const Reason ended =
        kind.name == "assertion" ? Reason::kClientAuthenticationFailed : Reason::kTokenExpired;
    EXPECT_THAT(kind.judge(kind.valid(), kNow + Seconds{60} - Milliseconds{1}), IsOk());
    EXPECT_THAT(kind.judge(kind.valid(), kNow + Seconds{60}), ErrorIs(ended));
    EXPECT_THAT(kind.judge(kind.valid(), kNow + Seconds{61}), ErrorIs(ended));
    EXPECT_THAT(kind.judge(kind.without_claim("exp"), kNow), ErrorIs(kind.malformed));
  }
}

TEST(Times, A22_NoKindIsFromTheFuture) {
  for (const Kind& kind : kinds()) {
    SCOPED_TRACE(kind.name);
    EXPECT_THAT(kind.judge(kind.with_claim("iat", kNowSeconds + 30), kNow), IsOk());
    EXPECT_THAT(kind.judge(kind.with_claim("iat", kNowSeconds + 31), kNow),
                ErrorIs(kind.malformed));
  }
}

TEST(Times, A22_LifetimeIsBoundedByKind) {
  const auto check = [](std::string_view name, std::int64_t longest, std::int64_t too_long) {
    const Kind& one = kind(name);
    EXPECT_THAT(one.judge(one.with_claim("exp", longest), kNow), IsOk());
    EXPECT_THAT(one.judge(one.with_claim("exp", too_long), kNow), ErrorIs(one.malformed));
  };
  check("assertion", kNowSeconds + 300, kNowSeconds + 301);
  check("actor", kNowSeconds + 300, kNowSeconds + 301);
  check("hop_grant", kNowSeconds + 86'400, kNowSeconds + 86'401);
  check("person", kNowSeconds + 86'400, kNowSeconds + 86'401);
  // Ours: their end is decided when they are signed, up to what a NumericDate may be (the next
  // number that RFC 8785 can write is 2 more).
  check("access_token", kTwoTo53, kTwoTo53 + 2);
  check("statement", kTwoTo53, kTwoTo53 + 2);
}

}  // namespace
}  // namespace mandate::test
