#include <gtest/gtest.h>

#include "tests/observe/inventory/inventory_fixture.h"

namespace mandate::observe {
namespace {

using Names = std::vector<std::string>;

std::string grant(const std::string& scope, const std::string& consent = "AllPrincipals") {
  return R"({"id":"g1","clientId":"app-1","consentType":")" + consent +
         R"(","principalId":"ann","resourceId":"graph","scope":")" + scope + "\"}";
}
std::string app(const std::string& more) {
  return R"({"id":"app-1","appId":"a","displayName":"Sync","servicePrincipalType":"Application")" +
         more + "}";
}
std::string severity(const InventoryReport& report) {
  return report.findings.empty() ? "" : std::string(name(report.findings[0].severity));
}

TEST(OauthGrants, scopes_and_whom_they_are_for_make_a_grant_broad) {
  struct Row {
    std::string text;
    std::string expected;
  };
  for (const Row& row : {
           Row{grant("openid User.Read"), ""},
           Row{grant("Mail.ReadWrite offline_access"), "medium"},
           Row{grant("Mail.ReadWrite", "Principal"), "low"},
           Row{grant("RoleManagement.ReadWrite.Directory"), "high"},
           Row{grant("RoleManagement.ReadWrite.Directory", "Principal"), "medium"},
           Row{R"({"kind":"admin#directory#tokenList","items":[{"clientId":"app-1","userKey":"1",)"
               R"("displayText":"Sync","scopes":["https://www.googleapis.com/auth/drive"]}]})",
               "low"},
           Row{R"({"items":[{"clientId":"app-1","userKey":"1","scopes":["openid"]}]})", ""},
           Row{R"({"installations":[{"id":7,"app_slug":"sync","repository_selection":"all",)"
               R"("permissions":{"administration":"write"},"account":{"login":"shop"}}]})",
               "high"},
           Row{R"({"installations":[{"id":7,"app_slug":"sync","repository_selection":"selected",)"
               R"("permissions":{"metadata":"read"},"account":{"login":"shop"}}]})",
               ""},
           Row{R"({"installations":[{"id":7,"app_slug":"sync","repository_selection":"all",)"
               R"("permissions":{"metadata":"read"},"suspended_at":"2026-01-01T00:00:00Z"}]})",
               "low"},
       }) {
    EXPECT_TRUE(Inventories::recognises(row.text)) << row.text;
    EXPECT_EQ(severity(report_of({row.text})), row.expected) << row.text;
    EXPECT_TRUE(report_of({row.text}).skipped.empty());
  }
}

TEST(OauthGrants, apps_without_owner_or_with_lasting_credentials_are_told) {
  struct Row {
    std::string more;
    Names expected;
  };
  auto secret = [](const std::string& start, const std::string& end) {
    return R"(,"passwordCredentials":[{"keyId":"k","startDateTime":")" + start +
           R"(","endDateTime":")" + end + "\"}]";
  };
  for (const Row& row : {
           Row{R"(,"owners":[])", {"oauth_broad_grant app-1", "oauth_ownerless_app app-1"}},
           Row{R"(,"owners":[{"id":"ann"}])", {"oauth_broad_grant app-1"}},
           Row{R"(,"accountEnabled":false)", {"oauth_stale_grant app-1"}},
           Row{R"(,"appOwnerOrganizationId":"f8cdef31-a31e-4b4a-93e4-5f571e91255a")", {}},
           Row{secret("2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z"), {"oauth_broad_grant app-1"}},
           Row{secret("2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z"),
               {"oauth_broad_grant app-1", "oauth_credential_overdue app-1"}},
       }) {
    std::string lines = grant("Mail.Send") + "\n" + app(row.more) + "\n";
    EXPECT_EQ(found(report_of({lines})), row.expected) << row.more;
    std::string page = R"({"value":[)" + app(row.more) + "," + grant("Mail.Send") + "]}";
    EXPECT_EQ(found(report_of({page})), row.expected) << row.more;
  }
}

TEST(Inventories, know_their_own_and_say_what_they_pass_over) {
  struct Row {
    std::string_view text;
    bool expected;
  };
  for (const Row& row : {
           Row{R"({"UserDetailList":[]})", true},
           Row{"[{\"RoleDetailList\": [", true},
           Row{R"({"Records":[{"requestParameters":{"UserDetailList":[]}}]})", false},
           Row{"apiVersion: v1\nkind: Pod\n", true},
           Row{"# a comment\n---\nkind: Pod\napiVersion: v1\n", true},
           Row{"  apiVersion: v1\n  kind: Pod\n", false},
           Row{R"({"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata"})", false},
           Row{R"({"protoPayload":{"apiVersion":1,"kind":2}})", false},
           Row{"", false},
           Row{"{", false},
           Row{"\"", false},
       }) {
    EXPECT_EQ(Inventories::recognises(row.text), row.expected) << row.text;
  }
  InventoryReport report =
      report_of({"apiVersion: v1\nkind: Pod\n---\na: [\n", "{\"a\": 1}\n{\"b\n{\"c\": 2}\n"});
  EXPECT_EQ(report.objects, 1U);
  std::vector<std::string> where;
  for (const InventorySkipped& skipped : report.skipped) {
    where.push_back(skipped.where.file + ":" + std::to_string(skipped.where.line));
  }
  EXPECT_EQ(where, (Names{"file0:3", "file1:1", "file1:2", "file1:3"}));
}

}  // namespace
}  // namespace mandate::observe
