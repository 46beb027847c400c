#include "mandate/observe/inventory/aws_policy.h"

#include <gtest/gtest.h>

#include "mandate/observe/inventory/aws_access.h"
#include "mandate/observe/inventory/aws_pattern.h"
#include "tests/observe/inventory/aws_fixture.h"

namespace mandate::observe {
namespace {

TEST(AwsPattern, stars_and_question_marks_match_cover_and_meet) {
  struct Row {
    std::string_view pattern, text;
    bool matches, covers, meets;
  };
  for (const Row& row : {
           Row{"*", "", true, true, true},
           Row{"a*", "abc", true, true, true},
           Row{"a?c", "abc", true, true, true},
           Row{"a?c", "ac", false, false, false},
           Row{"a*c", "abcb", false, false, false},
           Row{"*b*b*", "abab", true, true, true},
           Row{"role/dev-*", "role/*", false, false, true},
           Row{"role/*", "role/dev-*", true, true, true},
           Row{"a?", "a*", true, false, true},
           Row{"a*", "*b", false, false, true},
           Row{"a*x", "*b", false, false, false},
           Row{"?", "*", true, false, true},
           Row{"ab", "ab", true, true, true},
           Row{"ab", "aB", false, false, false},
           Row{"", "", true, true, true},
           Row{"", "a", false, false, false},
       }) {
    EXPECT_EQ(glob_match(row.pattern, row.text), row.matches) << row.pattern << " " << row.text;
    EXPECT_EQ(glob_covers(row.pattern, row.text), row.covers) << row.pattern << " " << row.text;
    EXPECT_EQ(glob_meet(row.pattern, row.text), row.meets) << row.pattern << " " << row.text;
    EXPECT_EQ(glob_meet(row.text, row.pattern), row.meets) << row.pattern << " " << row.text;
  }
}

Truth evaluated(const std::string& condition) {
  AwsPolicy policy = read_policy(
      *json::parse(document(statement("Allow", "a:b", "*", "\"Condition\":" + condition))),
      [](const json::Value&) { return InventoryPlace{}; });
  return evaluate(policy.statements.at(0).conditions, [](std::string_view key) -> KeyFact {
    if (key == "k") return {KeyFact::State::kKnown, {"Abc"}};
    if (key == "n") return {KeyFact::State::kKnown, {"5"}};
    if (key == "t") return {KeyFact::State::kKnown, {"2026-01-01T00:00:00Z"}};
    if (key == "ip") return {KeyFact::State::kKnown, {"10.1.2.3"}};
    if (key == "many") return {KeyFact::State::kKnown, {"a", "b"}};
    if (key == "gone") return {KeyFact::State::kAbsent};
    return {};
  });
}

TEST(AwsCondition, what_is_known_is_judged_and_the_rest_is_maybe) {
  struct Row {
    std::string condition;
    Truth expected;
  };
  for (const Row& row : {
           Row{R"({"StringEquals":{"k":"Abc"}})", Truth::kYes},
           Row{R"({"StringEquals":{"K":["x","Abc"]}})", Truth::kYes},
           Row{R"({"StringEquals":{"k":"abc"}})", Truth::kNo},
           Row{R"({"StringEqualsIgnoreCase":{"k":"abc"}})", Truth::kYes},
           Row{R"({"StringNotEquals":{"k":["Abc","x"]}})", Truth::kNo},
           Row{R"({"StringNotEquals":{"k":"x"}})", Truth::kYes},
           Row{R"({"StringLike":{"k":"A*"}})", Truth::kYes},
           Row{R"({"StringNotLike":{"k":"A*"}})", Truth::kNo},
           Row{R"({"ArnLike":{"k":"A?c"}})", Truth::kYes},
           Row{R"({"NumericLessThan":{"n":"6"}})", Truth::kYes},
           Row{R"({"NumericGreaterThanEquals":{"n":6}})", Truth::kNo},
           Row{R"({"DateGreaterThan":{"t":"2020-01-01T00:00:01Z"}})", Truth::kYes},
           Row{R"({"DateLessThan":{"t":"2020-01-01T00:00:01Z"}})", Truth::kNo},
           Row{R"({"DateLessThan":{"t":"1900000000"}})", Truth::kYes},
           Row{R"({"IpAddress":{"ip":"10.0.0.0/8"}})", Truth::kYes},
           Row{R"({"NotIpAddress":{"ip":["10.0.0.0/8"]}})", Truth::kNo},
           Row{R"({"Bool":{"aws:MultiFactorAuthPresent":"true"}})", Truth::kMaybe},
           Row{R"({"StringEquals":{"k":"Abc","other":"x"}})", Truth::kMaybe},
           Row{R"({"StringEquals":{"k":"x","other":"x"}})", Truth::kNo},
           Row{R"({"StringEquals":{"gone":"x"}})", Truth::kNo},
           Row{R"({"StringEqualsIfExists":{"gone":"x"}})", Truth::kYes},
           Row{R"({"StringNotEquals":{"gone":"x"}})", Truth::kYes},
           Row{R"({"Null":{"gone":"true"}})", Truth::kYes},
           Row{R"({"Null":{"k":"true"}})", Truth::kNo},
           Row{R"({"Null":{"other":"false"}})", Truth::kMaybe},
           Row{R"({"ForAnyValue:StringEquals":{"many":["b","c"]}})", Truth::kYes},
           Row{R"({"ForAllValues:StringEquals":{"many":["b","c"]}})", Truth::kNo},
           Row{R"({"ForAllValues:StringEquals":{"gone":["b"]}})", Truth::kYes},
           Row{R"({"StringEquals":{"k":"${aws:username}"}})", Truth::kMaybe},
           Row{R"({"SomethingNew":{"k":"Abc"}})", Truth::kMaybe},
           Row{R"({"StringEquals":"x"})", Truth::kMaybe},
       }) {
    EXPECT_EQ(evaluated(row.condition), row.expected) << row.condition;
  }
}

// May user `ann` do `action` on `resource`, with these statements?
Truth may(const std::string& statements, std::string_view action, std::string_view resource,
          const std::string& more = {}) {
  AwsAccounts accounts;
  AwsPage page;
  page.user("ann", statements, more).policy("bound", statement("Allow", "s3:*,iam:Get*"));
  Result<json::Value> value = json::parse(page.text());
  accounts.add_page(*value, [](const json::Value&) { return InventoryPlace{}; });
  accounts.finish();
  return AwsAccess(accounts)
      .can(*accounts.find(arn("user/ann")), action, {.resource = resource})
      .truth;
}

TEST(AwsAccess, allows_denies_and_bounds_as_iam_does) {
  const std::string allow_all = statement("Allow", "*");
  const std::string boundary =
      R"("PermissionsBoundary":{"PermissionsBoundaryArn":")" + arn("policy/bound") + "\"}";
  const std::string unseen = R"("PermissionsBoundary":{"PermissionsBoundaryArn":"arn:x"})";
  const std::string tagged = R"("Tags":[{"Key":"Team","Value":"red"}])";
  struct Row {
    std::string statements;
    std::string_view action, resource;
    Truth expected;
    std::string more = {};
  };
  for (const Row& row : {
           Row{statement("Allow", "S3:Get*"), "s3:getobject", "arn:aws:s3:::b/k", Truth::kYes},
           Row{statement("Allow", "s3:Get*"), "s3:putobject", "arn:aws:s3:::b/k", Truth::kNo},
           Row{statement("Allow", "s3:*", "arn:aws:s3:::b/*"), "s3:getobject", "arn:aws:s3:::c/k",
               Truth::kNo},
           Row{statement("Allow", "s3:*", "arn:aws:s3:::b/*"), "s3:getobject", "*", Truth::kYes},
           Row{allow_all + "," + statement("Deny", "s3:*"), "s3:getobject", "*", Truth::kNo},
           Row{allow_all + "," + statement("Deny", "s3:*", "arn:aws:s3:::b/*"), "s3:getobject", "*",
               Truth::kYes},
           Row{statement("Allow", "s3:*", "arn:aws:s3:::b/*") + "," +
                   statement("Deny", "s3:*", "arn:aws:s3:::*"),
               "s3:getobject", "*", Truth::kNo},
           Row{allow_all + "," +
                   statement("Deny", "s3:*", "*", R"("Condition":{"Bool":{"aws:x":"false"}})"),
               "s3:getobject", "arn:aws:s3:::b", Truth::kMaybe},
           Row{R"({"Effect":"Allow","NotAction":["iam:*"],"Resource":"*"})", "s3:getobject", "*",
               Truth::kYes},
           Row{R"({"Effect":"Allow","NotAction":["iam:*"],"Resource":"*"})", "iam:getuser", "*",
               Truth::kNo},
           Row{R"({"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::b"})", "s3:x",
               "arn:aws:s3:::b", Truth::kNo},
           Row{R"({"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::b"})", "s3:x",
               "arn:aws:s3:::c", Truth::kYes},
           Row{allow_all, "s3:getobject", "*", Truth::kYes, boundary},
           Row{allow_all, "iam:createuser", "*", Truth::kNo, boundary},
           Row{allow_all, "s3:getobject", "*", Truth::kMaybe, unseen},
           Row{statement("Allow", "iam:*", "arn:aws:iam::*:user/${aws:username}"), "iam:x",
               "arn:aws:iam::1:user/ann", Truth::kYes},
           Row{statement("Allow", "iam:*", "arn:aws:iam::*:user/${aws:username}"), "iam:x",
               "arn:aws:iam::1:user/bob", Truth::kNo},
           Row{statement("Allow", "iam:*", "arn:${aws:principaltag/team}"), "iam:x", "arn:red",
               Truth::kYes, tagged},
           Row{statement("Allow", "iam:*", "arn:${aws:principaltag/none}"), "iam:x", "arn:red",
               Truth::kNo, tagged},
           Row{statement("Allow", "iam:*", "arn:${saml:sub}"), "iam:x", "arn:red", Truth::kMaybe},
       }) {
    EXPECT_EQ(may(row.statements, row.action, row.resource, row.more), row.expected)
        << row.statements << " " << row.action << " " << row.resource;
  }
}

TEST(AwsPolicy, a_document_may_be_percent_encoded_text) {
  auto place = [](const json::Value&) { return InventoryPlace{}; };
  std::string encoded =
      "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A"
      "%22*%22%2C%22Resource%22%3A%22*%22%7D%5D%7D";
  EXPECT_EQ(read_policy(json::Value(encoded), place).statements.size(), 1U);
  for (const char* broken : {"%7", "%zz", "not JSON", "\"text\"", "{\"Statement\":7}"}) {
    EXPECT_TRUE(read_policy(json::Value(broken), place).statements.empty()) << broken;
  }
}

}  // namespace
}  // namespace mandate::observe
