// Microsoft's logs as they are: one consent told by several events, accounts written in several
// ways, ports behind addresses, applications that act in an account's name.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "mandate/observe/rules.h"
#include "mandate/observe/scan.h"

namespace mandate::observe {
namespace {

Scan scan_of(const std::string& log) {
  Scan scan;
  json::MemorySource source(log);
  scan.read("log", source);
  return scan;
}

std::vector<Finding> findings_in(const std::string& log) {
  Scan scan = scan_of(log);
  return find_borrowed_trust(scan.summary());
}

std::set<std::string> rules_in(const std::string& log) {
  std::set<std::string> rules;
  for (const Finding& finding : findings_in(log)) rules.insert(finding.rule);
  return rules;
}

// An event of the unified audit, `minute` past three.
std::string event(const std::string& operation, int minute, const std::string& more,
                  const std::string& who = "Ann@acme.example", int type = 0) {
  const std::string at = (minute < 10 ? "0" : "") + std::to_string(minute);
  return R"({"Id":")" + operation + at + who + R"(","CreationTime":"2026-01-02T03:)" + at +
         R"(:00","RecordType":8,"UserType":)" + std::to_string(type) + R"(,"UserId":")" + who +
         R"(","ResultStatus":"Success","Operation":")" + operation + "\"" + more + "}\n";
}

std::string property(const std::string& name, const std::string& value) {
  return R"({"Name":")" + name + R"(","NewValue":")" + value + R"(","OldValue":""})";
}

std::string consent(int minute, const std::string& permissions, const std::string& more = "") {
  return event("Consent to application.", minute,
               R"(,"ObjectId":"app1","ModifiedProperties":[)" +
                   property("ConsentContext.IsAdminConsent", "True") + more + "," +
                   property("ConsentAction.Permissions", permissions) + "]");
}

// What the application may call, under the API's name and not the application's.
std::string grant(int minute, const std::string& type, const std::string& scope,
                  const std::string& app = "app1") {
  return event("Add delegated permission grant.", minute,
               R"(,"ObjectId":"api;https://api.example","ModifiedProperties":[)" +
                   property("DelegatedPermissionGrant.Scope", scope) + "," +
                   property("DelegatedPermissionGrant.ConsentType", type) + "," +
                   property("ServicePrincipal.ObjectID", "sp1") + "," +
                   property("ServicePrincipal.AppId", app) + "]");
}

const std::string kMine =
    "[] => [[Id: 1, ClientId: sp1, ConsentType: Principal, Scope: Mail.Read]]; ";
const std::string kAll =
    "[] => [[Id: 1, ConsentType: AllPrincipals, Scope:  Mail.Read], [Id: 2, Scope: User.Read]]; ";

TEST(Microsoft, a_consent_names_its_application_its_scopes_and_for_whom_it_is) {
  const std::string on_behalf = "," + property("ConsentContext.OnBehalfOfAll", "True");
  const std::string mine_alone = "," + property("ConsentContext.OnBehalfOfAll", "False");
  const struct {
    const char* name;
    std::string log;
    std::string expected;
  } rows[] = {
      {"an administrator's own", consent(1, kMine),
       "app1 act for ann@acme.example with Mail.Read."},
      {"for all", consent(1, kAll),
       "app1 act for everybody in the directory with Mail.Read User.Read."},
      {"for all, said apart", consent(1, kMine, on_behalf),
       "app1 act for everybody in the directory with Mail.Read."},
      {"not for all, said apart", consent(1, kAll, mine_alone),
       "app1 act for ann@acme.example with Mail.Read User.Read."},
      {"of old", consent(1, "[Scope: Mail.Read]"),
       "app1 act for everybody in the directory with Mail.Read."},
      {"a grant", grant(1, "Principal", "Mail.Read"),
       "app1 act for ann@acme.example with Mail.Read."},
      {"a grant for all", grant(1, "AllPrincipals", "Mail.Read"),
       "app1 act for everybody in the directory with Mail.Read."},
      {"a grant to an application without an id", grant(1, "Principal", "Mail.Read", ""),
       "sp1 act for ann@acme.example with Mail.Read."},
  };
  for (const auto& row : rows) {
    const std::vector<Finding> findings = findings_in(row.log);
    ASSERT_EQ(findings.size(), 1U) << row.name;
    EXPECT_EQ(findings[0].explanation, "ann@acme.example let the application " + row.expected)
        << row.name;
  }
  // What was there before is not given now.
  EXPECT_EQ(rules_in(consent(1, "[[Scope: Mail.Read]] => [[Scope: User.Read]];")),
            std::set<std::string>{});
}

TEST(Microsoft, one_consent_is_one_finding_whatever_number_of_events_tell_it) {
  const auto sizes = [](const std::string& log) {
    std::vector<std::size_t> evidence;
    for (const Finding& finding : findings_in(log)) evidence.push_back(finding.evidence.size());
    return evidence;
  };
  using Sizes = std::vector<std::size_t>;
  EXPECT_EQ(sizes(consent(1, kMine) + grant(2, "Principal", "Mail.Read")), Sizes{2});
  EXPECT_EQ(sizes(consent(1, kMine) + grant(3, "Principal", "Mail.Read")), (Sizes{1, 1}));
  EXPECT_EQ(sizes(consent(1, kMine) + grant(1, "Principal", "Mail.Read", "app2")), (Sizes{1, 1}));
}

std::string mailbox(int minute, const std::string& of, const std::string& to,
                    const std::string& who = "Ann@acme.example", const std::string& more = "") {
  const std::string path = "DB.EXAMPLE/Organizations/acme.example/";
  return event("Add-MailboxPermission", minute,
               R"(,"Parameters":[{"Name":"Identity","Value":")" + path + of +
                   R"("},{"Name":"User","Value":")" + path + to +
                   R"("},{"Name":"AccessRights","Value":"FullAccess"})" + more + "]",
               who, who.find('@') == std::string::npos ? 3 : 0);
}

std::string folder(const std::string& to, const std::string& right) {
  return event(
      "Add-MailboxFolderPermission", 3,
      R"(,"Parameters":[{"Name":"Identity","Value":"ann:\\Calendar"},{"Name":"User","Value":")" +
          to + R"("},{"Name":"AccessRights","Value":")" + right + R"("}])",
      "Ann@acme.example", to == "Default" && right == "Reviewer" ? 2 : 0);
}

TEST(Microsoft, a_mailbox_that_another_may_open_is_told_of) {
  const struct {
    const char* name;
    std::string log;
    std::vector<std::pair<std::string, Severity>> expected;
  } rows[] = {
      {"an assistant", mailbox(1, "Bob", "Cleo"), {{"account_opened", Severity::kLow}}},
      {"to itself", mailbox(1, "Bob", "Ann"), {{"account_opened", Severity::kMedium}}},
      {"several to one",
       mailbox(1, "Bob", "Cleo") + mailbox(2, "Dan", "Cleo"),
       {{"account_opened", Severity::kLow}, {"account_opened", Severity::kMedium}}},
      {"to anybody", mailbox(1, "Bob", "Default"), {{"trust_widened", Severity::kHigh}}},
      {"denied",
       mailbox(1, "Bob", "Cleo", "Ann@acme.example", R"(,{"Name":"Deny","Value":"True"})"),
       {}},
      {"two rights over one",
       mailbox(1, "Bob", "Cleo") + mailbox(2, "Bob", "Cleo"),
       {{"account_opened", Severity::kLow}, {"account_opened", Severity::kLow}}},
      {"to an outsider",
       mailbox(1, "Bob", "eve@other.example"),
       {{"trust_widened", Severity::kHigh}}},
      {"to a colleague by address",
       mailbox(1, "Bob", "cleo@Acme.example"),
       {{"account_opened", Severity::kLow}}},
      {"a calendar's own default",
       folder("Default", "AvailabilityOnly") + folder("Default", "Reviewer"),
       {{"account_opened", Severity::kLow}}},
      {"a folder closed to strangers", folder("Anonymous", "None"), {}},
      {"a folder open to strangers",
       folder("Anonymous", "Reviewer"),
       {{"trust_widened", Severity::kHigh}}},
      {"by the platform", mailbox(1, "Bob", "Cleo", R"(NT AUTHORITY\\SYSTEM)"), {}},
      {"by an account that applications use as well",
       mailbox(1, "Bob", "Cleo") + event("Search", 2, "", "ann@acme.example", 5),
       {{"account_opened", Severity::kLow}}},
  };
  for (const auto& row : rows) {
    std::vector<std::pair<std::string, Severity>> found;
    for (const Finding& finding : findings_in(row.log)) {
      found.emplace_back(finding.rule, finding.severity);
    }
    EXPECT_EQ(found, row.expected) << row.name;
  }
}

TEST(Microsoft, an_account_is_one_however_it_is_written_and_an_address_has_no_port) {
  Scan scan = scan_of(
      event("MailItemsAccessed", 1, R"(,"ClientIP":"192.0.2.7:4711")", "Ann@Acme.example") +
      event("MailItemsAccessed", 2, R"(,"ClientIP":"192.0.2.7:4712")", "ann@acme.example") +
      event("MailItemsAccessed", 3, R"(,"ClientIP":"[2001:db8::7]:4713")", "ANN@acme.example"));
  std::set<std::string> principals;
  for (const auto& [name, row] : scan.summary().principals()) principals.insert(name);
  EXPECT_EQ(principals, std::set<std::string>{"ann@acme.example"});
  std::set<std::string> sources;
  for (const auto& [id, row] : scan.summary().credentials()) {
    for (const Use& use : row.uses) sources.insert(use.key.source);
  }
  EXPECT_EQ(sources, (std::set<std::string>{"192.0.2.7", "2001:db8::7"}));
}

TEST(Microsoft, a_password_that_its_owner_reset_is_known_to_nobody_else) {
  const std::string target =
      R"(,"ObjectId":"bob@acme.example","Target":[{"ID":"bob@acme.example","Type":5}])";
  EXPECT_EQ(rules_in(event("Reset user password.", 1, target)),
            std::set<std::string>{"login_set_for_another"});
  EXPECT_EQ(rules_in(event("Reset user password.", 1, target,
                           "fim_password_service@support.onmicrosoft.com")),
            std::set<std::string>{});
}

TEST(Microsoft, an_application_that_acts_for_who_never_consented_is_told_of) {
  const auto agree = [](int minute, const std::string& who) {
    return event("Consent to application.", minute,
                 R"(,"ObjectId":"app1","ModifiedProperties":[)" +
                     property("ConsentAction.Permissions",
                              "[] => [[ConsentType: Principal, Scope: User.Read]];") +
                     "]",
                 who);
  };
  const auto act = [](int minute, const std::string& who, const char* member) {
    return event("MailItemsAccessed", minute,
                 R"(,"ClientIP":"192.0.2.7",")" + std::string(member) + R"(":"app1")", who);
  };
  const std::string known = agree(1, "ann@acme.example") + agree(2, "Bob@acme.example") +
                            agree(3, "cleo@acme.example") + act(4, "bob@acme.example", "AppId");
  const std::set<std::string> told{"acts_without_consent"};
  EXPECT_EQ(rules_in(known), std::set<std::string>{});
  for (const char* member : {"AppId", "ClientAppId", "ApplicationId"}) {
    EXPECT_EQ(rules_in(known + act(5, "eve@acme.example", member)), told) << member;
    EXPECT_EQ(rules_in(known + agree(5, "eve@acme.example") + act(6, "Eve@acme.example", member)),
              std::set<std::string>{});
  }
  // What was withdrawn for all is no consent of all.
  const std::string ended =
      event("Remove delegated permission grant.", 4,
            R"(,"ObjectId":"api","ModifiedProperties":[)" +
                property("DelegatedPermissionGrant.ConsentType", "AllPrincipals") + "," +
                property("ServicePrincipal.AppId", "app1") + "]");
  EXPECT_EQ(rules_in(known + ended + act(5, "eve@acme.example", "AppId")), told);
  const std::string for_all = consent(4, "[] => [[ConsentType: AllPrincipals, Scope: User.Read]];");
  EXPECT_EQ(rules_in(known + for_all + act(5, "eve@acme.example", "AppId")),
            std::set<std::string>{});
}

}  // namespace
}  // namespace mandate::observe
