#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "mandate/json/foreign_yaml.h"
#include "mandate/observe/inventory/aws_escalation.h"
#include "testing/shared_data.h"
#include "testing/vectors.h"
#include "tests/observe/inventory/aws_fixture.h"
#include "tests/observe/inventory/inventory_fixture.h"

namespace mandate::observe {
namespace {

using Names = std::vector<std::string>;

const std::string kAll = statement("Allow", "*");

TEST(AwsEscalation, needs_every_permission_of_its_way_on_something_worth_it) {
  struct Row {
    std::string statements;
    bool expected;
  };
  const std::string pass = statement("Allow", "iam:PassRole", arn("role/strong"));
  for (const Row& row : {
           Row{pass + "," + statement("Allow", "lambda:CreateFunction,lambda:InvokeFunction"),
               true},
           Row{pass + "," + statement("Allow", "lambda:CreateFunction"), false},
           Row{statement("Allow", "lambda:CreateFunction,lambda:InvokeFunction"), false},
           // No role that may be passed there is trusted by the service.
           Row{pass + "," + statement("Allow", "glue:CreateDevEndpoint"), false},
           Row{statement("Allow", "iam:PassRole", arn("role/other")) + "," +
                   statement("Allow", "lambda:CreateFunction,lambda:InvokeFunction"),
               false},
           Row{statement("Allow", "iam:PassRole", "*",
                         R"("Condition":{"StringEquals":{"iam:PassedToService":)"
                         R"("ec2.amazonaws.com"}})") +
                   "," + statement("Allow", "lambda:CreateFunction,lambda:InvokeFunction"),
               false},
           Row{statement("Allow", "iam:PassRole", "*",
                         R"("Condition":{"StringEquals":{"iam:PassedToService":)"
                         R"("lambda.amazonaws.com"}})") +
                   "," + statement("Allow", "lambda:CreateFunction,lambda:InvokeFunction"),
               true},
           Row{statement("Allow", "iam:AttachUserPolicy"), true},
           Row{statement("Allow", "iam:AttachUserPolicy", "*",
                         R"("Condition":{"ArnEquals":{"iam:PolicyARN":"arn:aws:iam::aws:policy/)"
                         R"(ReadOnlyAccess"}})"),
               false},
           Row{statement("Allow", "iam:CreateAccessKey", arn("user/${aws:username}")), false},
           Row{statement("Allow", "iam:CreateAccessKey", arn("user/bob")), true},
           Row{statement("Allow", "iam:*") + "," + statement("Deny", "iam:*"), false},
           Row{statement("Allow", "iam:CreatePolicyVersion", "arn:aws:iam::aws:policy/*"), false},
           Row{statement("Allow", "iam:CreatePolicyVersion", arn("policy/held")), true},
           Row{statement("Allow", "iam:CreatePolicyVersion", arn("policy/loose")), false},
           Row{statement("Allow", "lambda:UpdateFunctionCode"), true},
           Row{statement("Allow", "s3:*,ec2:Describe*"), false},
       }) {
    AwsPage page;
    page.user("ann", row.statements, AwsPage::attached("held"))
        .user("bob", statement("Allow", "s3:*"))
        .policy("held", statement("Allow", "s3:GetObject"))
        .policy("loose", statement("Allow", "s3:GetObject"))
        .role("strong", kAll, trust_service("lambda.amazonaws.com"))
        .role("other", statement("Allow", "s3:*"), trust_service("batch.amazonaws.com"));
    EXPECT_EQ(found(report_of({page.text()}), "aws_privilege_escalation"),
              row.expected ? Names{arn("user/ann")} : Names{})
        << row.statements;
  }
}

TEST(AwsEscalation, severity_follows_reach_and_conditions) {
  auto severity = [](const std::string& statements) {
    AwsPage page;
    page.user("ann", statements)
        .user("bob", statement("Allow", "s3:*"))
        .role("weak", statement("Allow", "s3:*"), trust_service("lambda.amazonaws.com"))
        .role("strong", kAll, trust_service("glue.amazonaws.com"));
    InventoryReport report = report_of({page.text()});
    const Finding* finding = finding_of(report, "aws_privilege_escalation");
    return finding == nullptr ? "none" : std::string(name(finding->severity));
  };
  EXPECT_EQ(severity(statement("Allow", "iam:PutUserPolicy")), "critical");
  EXPECT_EQ(severity(statement("Allow", "iam:PutUserPolicy", "*",
                               R"("Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}})")),
            "high");
  EXPECT_EQ(severity(statement("Allow", "iam:PutUserPolicy", arn("user/bob"))), "medium");
  EXPECT_EQ(severity(statement("Allow", "lambda:UpdateFunctionCode")), "low");
  EXPECT_EQ(severity(statement("Allow", "glue:UpdateDevEndpoint")), "high");
  EXPECT_EQ(severity(kAll), "none");  // has it all already
}

TEST(AwsEscalation, two_rows_together_are_one_way) {
  AwsPage page;
  page.user("ann", statement("Allow", "iam:AttachRolePolicy,sts:AssumeRole", arn("role/weak")))
      .role("weak", "", trust(R"({"AWS":")" + arn("root") + "\"}"));
  InventoryReport report = report_of({page.text()});
  EXPECT_EQ(finding_of(report, "aws_privilege_escalation")->severity, Severity::kCritical);
}

TEST(AwsTrust, a_chain_of_roles_is_one_finding_with_every_role_in_it) {
  auto trusting = [](const std::string& who) { return trust(R"({"AWS":")" + arn(who) + "\"}"); };
  AwsPage page;
  page.role("one", "", trusting("user/gone"))
      .role("two", "", trusting("role/one"))
      .role("three", kAll, trusting("role/two"));
  InventoryReport report = report_of({page.text()});
  EXPECT_EQ(found(report, "aws_role_chain"), Names{arn("role/one")});
  std::set<std::string> cited;
  for (const Evidence& evidence : finding_of(report, "aws_role_chain")->evidence) {
    cited.insert(evidence.event_id);
  }
  EXPECT_EQ(cited, (std::set<std::string>{arn("role/one"), arn("role/two"), arn("role/three")}));
}

TEST(AwsTrust, who_is_let_in_decides) {
  struct Row {
    std::string trusted;
    std::string expected;  // rule and severity, of a role with every right
  };
  const std::string other = "arn:aws:iam::999988887777:";
  const std::string oidc = R"({"Federated":")" + arn("oidc-provider/ci.example") + "\"}";
  auto web = [&](const std::string& condition) {
    return trust(oidc, condition.empty() ? "" : "\"Condition\":" + condition,
                 "sts:AssumeRoleWithWebIdentity");
  };
  for (const Row& row : {
           Row{trust(R"({"AWS":")" + other + "root\"}"), "aws_cross_account_trust high"},
           Row{trust(R"({"AWS":"999988887777"})"), "aws_cross_account_trust high"},
           Row{trust(R"({"AWS":")" + other + "role/x\"}"), "aws_cross_account_trust high"},
           Row{trust(R"({"AWS":")" + other + "root\"}",
                     R"("Condition":{"StringEquals":{"sts:ExternalId":"7"}})"),
               "aws_cross_account_trust medium"},
           Row{trust(R"("*")"), "aws_public_trust critical"},
           Row{trust(R"({"AWS":"*"})",
                     R"("Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}})"),
               "aws_public_trust medium"},
           Row{trust(R"({"AWS":")" + arn("root") + "\"}"), "aws_whole_account_trust medium"},
           Row{trust(R"({"AWS":"AROAEXAMPLEEXAMPLE"})"), "aws_trust_of_deleted low"},
           Row{trust_service("ec2.amazonaws.com"), "aws_service_admin high"},
           Row{web({}), "aws_federated_trust_unbound critical"},
           Row{web(R"({"StringEquals":{"ci.example:aud":"sts"}})"),
               "aws_federated_trust_unbound critical"},
           Row{web(R"({"StringLike":{"ci.example:sub":"repo:*"}})"),
               "aws_federated_trust_unbound critical"},
           Row{web(R"({"StringLike":{"ci.example:sub":"repo:shop.example/*"}})"), ""},
           Row{trust(R"({"AWS":")" + arn("user/ann") + "\"}"), "aws_role_chain high"},
           Row{trust(R"({"Federated":")" + arn("saml-provider/x") + "\"}", {},
                     "sts:AssumeRoleWithSAML"),
               ""},
       }) {
    AwsPage page;
    page.user("ann", "").role("strong", kAll, row.trusted);
    std::string got;
    for (const Finding& finding : report_of({page.text()}).findings) {
      got += finding.rule + " " + std::string(name(finding.severity));
    }
    EXPECT_EQ(got, row.expected) << row.trusted;
  }
}

TEST(AwsTrust, a_denial_or_a_condition_on_the_caller_keeps_it_out) {
  for (const auto& [statements, more] : std::vector<std::pair<std::string, std::string>>{
           {statement("Deny", "sts:AssumeRole"), ""},
           {"", R"("Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue"}})"}}) {
    AwsPage page;
    page.user("ann", statements, R"("Tags":[{"Key":"team","Value":"red"}])")
        .role("strong", kAll, trust(R"({"AWS":")" + arn("user/ann") + "\"}", more));
    EXPECT_EQ(found(report_of({page.text()})), Names{}) << statements << more;
  }
}

TEST(AwsPosture, unused_stale_ownerless_and_duplicate_roles_are_told) {
  auto role = [](AwsPage& page, const std::string& name, const std::string& more) {
    page.role(name, statement("Allow", "s3:Get*", "arn:aws:s3:::" + name),
              trust_service("ec2.amazonaws.com"), more);
  };
  auto dates = [](const std::string& made, const std::string& used) {
    return R"("CreateDate":")" + made + R"(","RoleLastUsed":{)" +
           (used.empty() ? "" : R"("LastUsedDate":")" + used + "\"") + "}";
  };
  AwsPage page;
  role(page, "latest", dates("2026-06-30T00:00:00Z", ""));
  role(page, "never", dates("2026-03-31T00:00:00Z", ""));  // 91 days
  role(page, "young", dates("2026-04-01T00:00:00Z", ""));  // 90 days
  role(page, "stale", dates("2020-01-01 00:00:00+00:00", "2026-03-31 00:00:00+00:00"));
  role(page, "used", dates("2020-01-01T00:00:00Z", "2026-04-01T00:00:00Z"));
  role(page, "silent", R"("CreateDate":"2020-01-01T00:00:00Z")");  // does not tell its last use
  EXPECT_EQ(found(report_of({page.text()})),
            (Names{"aws_stale_role " + arn("role/stale"), "aws_unused_role " + arn("role/never")}));
  AwsPage twins;
  for (const char* name : {"a", "b"}) {
    twins.role(name, statement("Allow", "s3:*"), trust_service("ec2.amazonaws.com"));
  }
  EXPECT_EQ(found(report_of({twins.text()})), Names{"aws_duplicate_role " + arn("role/a")});
  AwsPage owned;
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    role(owned, name, R"("Tags":[{"Key":"Owner","Value":"team"}])");
  }
  role(owned, "nobodys", R"("Tags":[{"Key":"stage","Value":"x"}])");
  EXPECT_EQ(found(report_of({owned.text()})), Names{"aws_ownerless_role " + arn("role/nobodys")});
}

TEST(AwsAccounts, pages_in_any_form_and_order_give_one_report) {
  AwsPage first;
  first.user("ann", "", R"("GroupList":["g"],)" + AwsPage::attached("late"));
  AwsPage second;
  second.group("g", statement("Allow", "iam:CreateAccessKey"))
      .user("bob", kAll)
      .policy("late", statement("Allow", "s3:*"));
  std::string one = first.text();
  std::string two = second.text();
  std::string flat = two;
  std::erase(flat, '\n');
  for (const std::vector<std::string>& texts :
       std::vector<std::vector<std::string>>{{one, two},
                                             {two, one},
                                             {"[" + one + "," + two + "]"},
                                             {one + "\n" + flat + "\n"},
                                             {one, two, two}}) {
    EXPECT_EQ(found(report_of(texts)), Names{"aws_privilege_escalation " + arn("user/ann")});
  }
}

// Each published path is found in an account where somebody holds just what it names; without any
// one of its permissions it is found only where another row of the table still holds.
TEST(AwsEscalation, covers_the_published_paths) {
  MANDATE_NEEDS_SHARED("data/cloudsplaining");
  std::string text =
      test::read_file(test::shared_path("data/cloudsplaining/pathfinding-paths-catalog.yaml"));
  std::vector<json::YamlDocument> documents = json::parse_foreign_yaml(text);
  ASSERT_TRUE(documents.at(0).value);
  const json::Array& paths = documents[0].value->find("paths")->as_array();
  ASSERT_EQ(paths.size(), 66U);
  std::string services;
  for (const AwsEscalation& way : aws_escalations()) {
    for (std::string_view rest = way.services; !rest.empty();) {
      std::string_view service = rest.substr(0, rest.find(' '));
      services += (services.empty() ? "\"" : ",\"") + std::string(service) + ".amazonaws.com\"";
      rest.remove_prefix(std::min(service.size() + 1, rest.size()));
    }
  }
  auto is_found = [&](const std::set<std::string>& actions) {
    std::string list;
    for (const std::string& action : actions) list += (list.empty() ? "" : ",") + action;
    AwsPage page;
    page.user("ann", actions.empty() ? "" : statement("Allow", list),
              R"("GroupList":["g"],)" + AwsPage::attached("held"))
        .user("bob", kAll)
        .group("g", statement("Allow", "s3:Get*"))
        .group("h", statement("Allow", "s3:Put*"))
        .policy("held", statement("Allow", "s3:Get*"))
        .role("strong", kAll,
              trust(R"({"Service":[)" + services + R"(],"AWS":")" + arn("root") + "\"}"))
        .role("weak", statement("Allow", "s3:Get*"), trust_service("ec2.amazonaws.com"));
    std::vector<std::string> got = found(report_of({page.text()}));
    return std::find(got.begin(), got.end(), "aws_privilege_escalation " + arn("user/ann")) !=
               got.end() ||
           std::find(got.begin(), got.end(), "aws_role_chain " + arn("user/ann")) != got.end();
  };
  auto is_row = [](const std::set<std::string>& actions) {
    auto holds = [&](const AwsEscalation& way) {
      return std::all_of(way.actions.begin(), way.actions.end(), [&](std::string_view action) {
        return action.empty() || actions.contains(std::string(action));
      });
    };
    return holds(aws_assume_role()) ||
           std::any_of(aws_escalations().begin(), aws_escalations().end(), holds);
  };
  EXPECT_FALSE(is_found({}));
  for (const json::Value& path : paths) {
    SCOPED_TRACE(path.find("id")->as_string());
    std::set<std::string> actions;
    for (const json::Value& action : path.find("required_actions")->as_array()) {
      actions.insert(action.as_string());
    }
    EXPECT_TRUE(is_found(actions));
    for (const std::string& left_out : std::set<std::string>(actions)) {
      std::set<std::string> fewer = actions;
      fewer.erase(left_out);
      EXPECT_EQ(is_found(fewer), is_row(fewer)) << "without " << left_out;
    }
  }
}

TEST(Cloudsplaining, labels_are_met) {
  MANDATE_NEEDS_SHARED("data/cloudsplaining");
  InventoryReport report = report_of({test::read_file(
      test::shared_path("data/cloudsplaining/account-authorization-details.json"))});
  EXPECT_TRUE(report.skipped.empty());
  std::set<std::pair<std::string, std::string>> hit;  // class and name
  for (const Finding& finding : report.findings) {
    std::string of = finding.finding_class == FindingClass::kBorrowedTrust ? "C2" : "C5";
    for (const Evidence& evidence : finding.evidence) {
      EXPECT_GT(evidence.line, 0U);
      hit.emplace(of, evidence.event_id.substr(evidence.event_id.rfind('/') + 1));
    }
  }
  std::istringstream labels(test::read_file(test::shared_path("data/cloudsplaining/labels.jsonl")));
  std::size_t rows = 0;
  for (std::string line; std::getline(labels, line); ++rows) {
    Result<json::Value> label = json::parse(line);
    ASSERT_TRUE(label);
    std::string id = label->find("id")->as_string();
    // A user without groups or policies, whom no role trusts: nothing leads from it to the chain.
    bool is_out_of_reach = id == "privesc-AssumeRole-start-user";
    bool is_positive = label->find("label")->as_string() == "pos" && !is_out_of_reach;
    EXPECT_EQ(hit.contains({label->find("class")->as_string(), id}), is_positive) << line;
  }
  EXPECT_EQ(rows, 89U);
}

}  // namespace
}  // namespace mandate::observe
