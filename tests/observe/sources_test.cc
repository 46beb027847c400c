// Each source on records as it writes them: what becomes of them, and which rule speaks, with the
// twin on which none does.
#include "mandate/observe/sources/source.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "mandate/observe/chains.h"
#include "mandate/observe/rules.h"
#include "mandate/observe/scan.h"
#include "mandate/observe/sources/text.h"
#include "testing/shared_data.h"

namespace mandate::observe {
namespace {

Scan scan_of(std::string_view text) {
  Scan scan;
  json::MemorySource source(text);
  scan.read("log", source);
  return scan;
}

// The rules that speak, and the source that took the first record: "okta: everything_granted".
std::string heard(std::string_view text) {
  Scan scan = scan_of(text);
  std::set<std::string> rules;
  for (const Finding& finding : find_borrowed_trust(scan.summary())) rules.insert(finding.rule);
  std::string line(scan.files()[0].source);
  line += ':';
  for (const std::string& rule : rules) line += ' ' + rule;
  return line;
}

TEST(Workspace, of_several_events_makes_each_an_activity) {
  Scan scan = scan_of(R"({"items":[{"id":{"time":"2026-01-02T03:04:05Z",
    "uniqueQualifier":"7","applicationName":"login","customerId":"C1"},
    "actor":{"email":"ann@acme.example","profileId":"1"},"ipAddress":"192.0.2.1",
    "events":[{"name":"login_verification"},{"name":"login_verification"},{"name":"logout"},
              {}]}]})");
  EXPECT_EQ(scan.files()[0].activities, 3U);
}

TEST(Text, tells_groups_of_administrators_by_words) {
  for (const char* name : {"Admins@acme.example", "org-admin", "Site Owners", "ROOT"}) {
    EXPECT_TRUE(is_named_for_admins(name)) << name;
  }
  for (const char* name : {"sales@admin.example", "badminton", "administration-news", ""}) {
    EXPECT_FALSE(is_named_for_admins(name)) << name;
  }
}

std::string workspace_event(const std::string& app, const std::string& who, int minute,
                            const std::string& name, const std::string& parameters) {
  const std::string time = std::to_string(10 + minute);
  return R"({"id":{"time":"2026-01-02T03:)" + time + R"(:05Z","uniqueQualifier":"q)" + time +
         R"(","applicationName":")" + app + R"("},"actor":{"email":")" + who +
         R"(@acme.example","profileId":")" + who + R"("},"ipAddress":"192.0.2.1","name":")" + name +
         R"(","parameters":{)" + parameters + "}}\n";
}

TEST(Recovery, is_told_of_unless_a_second_factor_stood_between) {
  const std::string user = R"("USER_EMAIL":"ann@acme.example")";
  const std::string reset = workspace_event("admin", "desk", 1, "CHANGE_PASSWORD", user);
  auto login = [](const char* methods) {
    return workspace_event("login", "ann", 2, "login_success",
                           std::string(R"("login_type":"google_password",)") +
                               R"("login_challenge_method":[)" + methods + "]");
  };
  auto right = [&](int minute) {
    return workspace_event("admin", "desk", minute, "ADD_GROUP_MEMBER",
                           user + R"(,"GROUP_EMAIL":"finance@acme.example")");
  };
  const std::string made = workspace_event("admin", "desk", 0, "CREATE_USER", user);
  auto tells = [](const std::string& text) {
    return heard(text).find("recovery_then_right") != std::string::npos;
  };
  EXPECT_TRUE(tells(reset + login(R"("password")") + right(3)));
  EXPECT_FALSE(tells(reset + login(R"("password","security_key")") + right(3)));
  EXPECT_FALSE(tells(reset + login(R"("password")") + right(0)));
  EXPECT_FALSE(tells(reset + right(3)));
  EXPECT_FALSE(tells(login(R"("password")") + right(3)));
  EXPECT_FALSE(tells(made + reset + login(R"("password")") + right(3)));
}

TEST(Workspace, finds_the_recovery_of_a_renamed_account_as_one_incident) {
  MANDATE_NEEDS_SHARED("data/gws");
  Scan scan;
  for (const auto& entry : std::filesystem::directory_iterator(test::shared_path("data/gws"))) {
    if (entry.path().extension() != ".json") continue;
    const std::string text = test::read_file(entry.path());
    json::MemorySource source(text);
    scan.read(entry.path().filename().string(), source);
  }
  std::uint64_t activities = 0;
  for (const FileReport& file : scan.files()) {
    activities += file.activities;
    EXPECT_EQ(file.unrecognised.count + file.unusable.count + file.damage.skipped(), 0U);
  }
  EXPECT_EQ(activities, 371U);
  EXPECT_EQ(scan.summary().events(), 365U);  // two logs tell of six
  std::set<std::string> cited;
  std::set<std::string> recovered;
  for (const Finding& finding : find_borrowed_trust(scan.summary())) {
    for (const Evidence& evidence : finding.evidence) {
      cited.insert(evidence.event_id);
      if (finding.rule == "recovery_then_right") recovered.insert(evidence.event_id);
    }
  }
  // The reset, the owner's own change after it, the login by password, the group.
  const std::set<std::string> expected{"-8471045246260126614", "-6977913962455696939",
                                       "258855114937", "-7190383681052694670"};
  EXPECT_EQ(recovered, expected);
  for (const char* id : {"-3655413010083625269", "-7508907472163717949", "-6470646330283731318",
                         "-6303014327256218067", "8958327431473786420", "6900318258760211314",
                         "-2121597430569433497"}) {
    EXPECT_TRUE(cited.contains(id)) << id;
  }
  EXPECT_FALSE(cited.contains("-6242204098544478741"));  // an ordinary group
}

std::string okta_event(const std::string& type, const std::string& actor, const std::string& rest,
                       int minute = 0) {
  return R"({"uuid":"u)" + type + std::to_string(minute) + R"(","published":"2026-01-02T03:)" +
         std::to_string(10 + minute) + R"(:00.000Z","eventType":")" + type +
         R"(","outcome":{"result":"SUCCESS"},"actor":{"id":"id-)" + actor + R"(","alternateId":")" +
         actor + R"(@acme.example","type":"User"})" + rest + "}\n";
}

constexpr const char* kAnn =
    R"(,"target":[{"id":"id-ann","alternateId":"ann@acme.example","type":"User"}])";

TEST(Okta, events_become_what_rules_speak_of) {
  const std::string super =
      R"(,"debugContext":{"debugData":{"privilegeGranted":"Super administrator"}})";
  const std::string reader =
      R"(,"debugContext":{"debugData":{"privilegeGranted":"Read only admin"}})";
  const std::string manage =
      R"(,"debugContext":{"debugData":{"grantedScopes":"openid, okta.users.manage"}})";
  const std::string openid = R"(,"debugContext":{"debugData":{"grantedScopes":"openid, profile"}})";
  auto joins = [](const char* app) {
    return okta_event(
        "application.lifecycle.create", "desk",
        std::string(R"(,"target":[{"alternateId":")") + app + R"(","type":"AppInstance"}])");
  };
  const std::pair<std::string, const char*> rows[] = {
      {okta_event("user.account.privilege.grant", "desk", kAnn + super),
       "okta: everything_granted"},
      {okta_event("user.account.privilege.grant", "desk", kAnn + reader), "okta:"},
      {okta_event("user.account.update_password", "desk", kAnn), "okta: login_set_for_another"},
      {okta_event("user.account.update_password", "ann", kAnn), "okta:"},
      {okta_event("user.account.reset_password", "desk", kAnn), "okta:"},
      {okta_event("user.session.impersonation.grant", "desk", ""), "okta: trust_widened"},
      {okta_event("system.idp.lifecycle.create", "desk", ""), "okta: trust_root_added"},
      {okta_event("system.idp.lifecycle.delete", "desk", ""), "okta:"},
      {joins("Okta Org2Org"), "okta: trust_root_added"},
      {joins("Payroll"), "okta:"},
      {okta_event("app.oauth2.as.consent.grant", "ann", manage), "okta: consent_over_broad"},
      {okta_event("app.oauth2.as.consent.grant", "ann", openid), "okta:"},
      {okta_event("user.account.update_password", "desk",
                  std::string(kAnn) + R"(,"outcome":{"result":"FAILURE"})"),
       "okta:"},
  };
  for (const auto& [record, expected] : rows) EXPECT_EQ(heard(record), expected) << record;
}

TEST(Okta, a_recovery_without_step_up_is_told_of) {
  const std::string reset = okta_event("user.mfa.factor.reset_all", "desk", kAnn, 1);
  const std::string login = okta_event("user.session.start", "ann", "", 2);
  const std::string factor = okta_event("user.authentication.auth_via_mfa", "ann", kAnn, 3);
  const std::string right = okta_event("group.user_membership.add", "desk", kAnn, 4);
  EXPECT_EQ(heard(reset + login + right), "okta: recovery_then_right");
  EXPECT_EQ(heard(reset + login + factor + right), "okta:");
}

std::string gcp_event(const std::string& method, const std::string& who, const std::string& rest,
                      const char* granted = "true") {
  return R"({"insertId":"i1","timestamp":"2026-01-02T03:04:05.123456789Z","protoPayload":{)"
         R"("serviceName":"iam.googleapis.com","methodName":")" +
         method + R"(","authenticationInfo":{"principalEmail":")" + who +
         R"("},"resourceName":"projects/p1","authorizationInfo":[{"granted":)" + granted +
         R"(,"permission":"x.y.z"}])" + rest + "}}\n";
}

std::string gcp_delta(const char* action, const char* role, const char* member) {
  return std::string(R"(,"serviceData":{"policyDelta":{"bindingDeltas":[{"action":")") + action +
         R"(","role":")" + role + R"(","member":")" + member + R"("}]}})";
}

TEST(GcpAudit, events_become_what_rules_speak_of) {
  const std::string ann = "ann@acme.example";
  const std::string robot = "r1@p1.iam.gserviceaccount.com";
  const std::string key = R"(,"request":{"name":"projects/-/serviceAccounts/)" + robot + R"("})";
  auto policy = [&](const char* action, const char* role, const char* member) {
    return gcp_event("SetIamPolicy", ann, gcp_delta(action, role, member));
  };
  const std::pair<std::string, const char*> rows[] = {
      {policy("ADD", "roles/viewer", "allUsers"), "gcp_audit: trust_widened"},
      {policy("REMOVE", "roles/viewer", "allUsers"), "gcp_audit:"},
      {policy("ADD", "roles/viewer", "user:eve@other.example"), "gcp_audit: trust_widened"},
      {policy("ADD", "roles/viewer", "user:bob@acme.example"), "gcp_audit:"},
      {policy("ADD", "roles/owner", "user:bob@acme.example"), "gcp_audit: everything_granted"},
      {gcp_event("SetIamPolicy", robot, gcp_delta("ADD", "roles/viewer", "user:bob@acme.example")),
       "gcp_audit:"},
      {policy("ADD", "roles/owner", "allUsers"), "gcp_audit: everything_granted trust_widened"},
      {gcp_event("google.iam.admin.v1.CreateServiceAccountKey", ann, key),
       "gcp_audit: key_made_for_another"},
      {gcp_event("google.iam.admin.v1.CreateServiceAccountKey", ann, key, "false"), "gcp_audit:"},
      {gcp_event("google.iam.v1.WorkloadIdentityPools.CreateWorkloadIdentityPoolProvider", ann, ""),
       "gcp_audit: trust_root_added"},
      {gcp_event("google.iam.v1.WorkloadIdentityPools.DeleteWorkloadIdentityPoolProvider", ann, ""),
       "gcp_audit:"},
  };
  for (const auto& [record, expected] : rows) EXPECT_EQ(heard(record), expected) << record;
}

TEST(GcpAudit, joins_an_impersonation_to_its_use) {
  const std::string robot = "r1@p1.iam.gserviceaccount.com";
  const std::string request =
      R"(,"request":{"name":"projects/-/serviceAccounts/)" + robot + R"("})";
  std::string use = gcp_event("storage.objects.get", robot, "");
  const std::string by = R"("serviceAccountDelegationInfo":[{"firstPartyPrincipal":)"
                         R"({"principalEmail":"ann@acme.example"}}],)";
  use.insert(use.find("\"principalEmail\""), by);
  Scan scan = scan_of(gcp_event("GenerateAccessToken", "ann@acme.example", request) + use);
  const std::vector<Chain> chains = chains_of(scan.summary());
  ASSERT_EQ(chains.size(), 1U);
  EXPECT_EQ(chains[0].issue.issuer, "ann@acme.example");
  EXPECT_EQ(chains[0].issue.for_whom, robot);
  EXPECT_EQ(chains[0].uses, 1U);
}

std::string entra_event(const char* operation, const char* target, const char* properties,
                        const char* result = "success") {
  return std::string(R"({"id":"e1","activityDisplayName":")") + operation +
         R"(","activityDateTime":"2026-01-02T03:04:05.1234567Z","result":")" + result +
         R"(","initiatedBy":{"user":{"id":"1","userPrincipalName":"desk@acme.example"}},)" +
         R"("targetResources":[{"type":"User","userPrincipalName":")" + target +
         R"(","modifiedProperties":[)" + properties + "]}]}\n";
}

TEST(Entra, events_become_what_rules_speak_of) {
  const char* admin = R"({"displayName":"Role.DisplayName","newValue":"\"Global Administrator\""})";
  const char* reader = R"({"displayName":"Role.DisplayName","newValue":"\"Reports Reader\""})";
  const char* broad =
      R"({"displayName":"ConsentAction.Permissions","newValue":"[] => [[Scope: Mail.Read]];"})";
  const char* narrow =
      R"({"displayName":"ConsentAction.Permissions","newValue":"[] => [[Scope: User.Read]];"})";
  const std::pair<std::string, const char*> rows[] = {
      {entra_event("Add member to role", "ann@acme.example", admin), "entra: everything_granted"},
      {entra_event("Add member to role", "ann@acme.example", reader), "entra:"},
      {entra_event("Add member to role", "ann@acme.example", admin, "failure"), "entra:"},
      {entra_event("Consent to application", "app", broad), "entra: consent_over_broad"},
      {entra_event("Consent to application", "app", narrow), "entra:"},
      {entra_event("Add service principal credentials", "app", ""), "entra: key_made_for_another"},
      {entra_event("Add service principal", "app", ""), "entra:"},
      {entra_event("Update application – Certificates and secrets management ", "app", ""),
       "entra: key_made_for_another"},
      {entra_event("Update application", "app", ""), "entra:"},
      {entra_event("Reset user password", "ann@acme.example", ""), "entra: login_set_for_another"},
      {entra_event("Reset user password", "desk@acme.example", ""), "entra:"},
      {entra_event("Set federation settings on domain", "acme.example", ""),
       "entra: trust_root_added"},
  };
  for (const auto& [record, expected] : rows) EXPECT_EQ(heard(record), expected) << record;
}

// Log Analytics: capitalised columns, objects as text, some names with a space at the end.
TEST(Entra, rows_of_log_analytics_are_the_same_events) {
  auto audit = [](const char* operation) {
    return std::string(R"({"TimeGenerated":"2026-01-02T03:04:05Z","Category":"RoleManagement",)") +
           R"("Id":"e1","Result":"success","OperationName":")" + operation +
           R"(","InitiatedBy":"{\"user\":{\"userPrincipalName\":\"desk@acme.example\"}}",)" +
           R"("TargetResources":"[{\"type\":\"User\",\"userPrincipalName\":)" +
           R"(\"ann@acme.example\",\"modifiedProperties\":[{\"displayName\":)" +
           R"(\"Role.DisplayName\",\"newValue\":\"\\\"Global Administrator\\\"\"}]}]"})" + "\n";
  };
  EXPECT_EQ(heard(audit("Add member to role ")), "entra: everything_granted");
  EXPECT_EQ(heard(audit("Update user")), "entra:");
  auto sign_in = [](const char* requirement) {
    return std::string(R"({"TimeGenerated":"2026-01-02T03:04:05Z","Category":"SignInLogs",)") +
           R"("Id":"s1","AppDisplayName":"Mail","UserPrincipalName":"ann@acme.example",)" +
           R"("IPAddress":"192.0.2.1","ResultType":"0","AuthenticationRequirement":")" +
           requirement + "\"}\n";
  };
  EXPECT_EQ(heard(sign_in("singleFactorAuthentication")), "entra: login_without_second_factor");
  EXPECT_EQ(heard(sign_in("multiFactorAuthentication")), "entra:");
}

TEST(Entra, signs_in_people_and_applications) {
  auto sign_in = [](const char* rest) {
    return std::string(R"({"category":"SignInLogs","time":"2026-01-02T03:04:05Z","properties":{)") +
           R"("id":"s1","appDisplayName":"Mail","userPrincipalName":"ann@acme.example",)" + rest +
           "}}\n";
  };
  EXPECT_EQ(heard(sign_in(R"("authenticationRequirement":"singleFactorAuthentication")")),
            "entra: login_without_second_factor");
  EXPECT_EQ(heard(sign_in(R"("authenticationRequirement":"multiFactorAuthentication")")), "entra:");
  EXPECT_EQ(heard(sign_in(R"("authenticationRequirement":"singleFactorAuthentication",)"
                          R"("status":{"errorCode":50126})")),
            "entra:");
  Scan scan =
      scan_of(R"({"category":"ServicePrincipalSignInLogs","time":"2026-01-02T03:04:05Z",)"
              R"("properties":{"servicePrincipalId":"sp1","resourceDisplayName":"Vault"}})");
  EXPECT_EQ(scan.summary().principals().at("sp1").kind, ActorKind::kWorkload);
}

std::string m365_event(const char* operation, const char* rest) {
  return std::string(R"({"Id":"m1","CreationTime":"2026-01-02T03:04:05","RecordType":8,)") +
         R"("UserType":0,"UserId":"desk@acme.example","ResultStatus":"Success","Operation":")" +
         operation + R"(")" + rest + "}\n";
}

TEST(Microsoft365, rows_of_log_analytics_are_the_same_events) {
  auto row = [](const char* to) {
    return std::string(R"({"TimeGenerated":"2026-01-02T03:04:05Z","RecordType":"1",)") +
           R"("OfficeWorkload":"Exchange","OfficeId":"m1","UserType":"Regular",)" +
           R"("UserId":"desk@acme.example","ResultStatus":"True","Operation":"New-InboxRule",)" +
           R"("Client_IPAddress":"192.0.2.1",)" +
           R"("Parameters":"[{\"Name\":\"ForwardTo\",\"Value\":\")" + to + R"(\"}]"})" + "\n";
  };
  EXPECT_EQ(heard(row("eve@other.example")), "microsoft365: trust_widened");
  EXPECT_EQ(heard(row("bob@acme.example")), "microsoft365:");
}

TEST(Microsoft365, events_become_what_rules_speak_of) {
  const char* broad =
      R"(,"ObjectId":"app1","ModifiedProperties":[{"Name":"ConsentAction.Permissions",
         "NewValue":"[Scope: Files.ReadWrite.All]"}])";
  const char* out = R"(,"Parameters":[{"Name":"ForwardTo","Value":"eve@other.example"}])";
  const char* in = R"(,"Parameters":[{"Name":"ForwardTo","Value":"bob@acme.example"}])";
  const std::pair<std::string, const char*> rows[] = {
      {m365_event("Consent to application.", broad), "microsoft365: consent_over_broad"},
      {m365_event("Add service principal credentials.", R"(,"ObjectId":"app1")"),
       "microsoft365: key_made_for_another"},
      {m365_event("Add service principal.", R"(,"ObjectId":"app1")"), "microsoft365:"},
      {m365_event("Set-Mailbox", out), "microsoft365: trust_widened"},
      {m365_event("Set-Mailbox", in), "microsoft365:"},
      {m365_event("New-TransportRule",
                  R"(,"Parameters":[{"Name":"BlindCopyTo","Value":"eve@other.example"}])"),
       "microsoft365: trust_widened"},
      {m365_event("UserLoggedIn", ""), "microsoft365:"},
  };
  for (const auto& [record, expected] : rows) EXPECT_EQ(heard(record), expected) << record;
}

TEST(Ocsf, classes_become_what_rules_speak_of) {
  auto account = [](const char* activity, const char* actor, int minute) {
    return std::string(R"({"class_uid":3001,"activity_id":)") + activity + R"(,"time":17673220)" +
           std::to_string(10 + minute) + R"(000,"actor":{"user":{"name":")" + actor +
           R"("}},"user":{"name":"ann"},"policy":{"name":"Site Admins"}})" + "\n";
  };
  auto login = [](const char* mfa) {
    return std::string(R"({"class_uid":3002,"activity_id":1,"time":1767322020000,"is_mfa":)") +
           mfa + R"(,"user":{"name":"ann","type_id":1}})" + "\n";
  };
  const std::pair<std::string, const char*> rows[] = {
      {account("7", "desk", 1), "ocsf: everything_granted"},
      {account("8", "desk", 1), "ocsf:"},
      {account("3", "desk", 1), "ocsf: login_set_for_another"},
      {account("3", "ann", 1), "ocsf:"},
      {login("false"), "ocsf: login_without_second_factor"},
      {login("true"), "ocsf:"},
      {account("11", "desk", 1) + login("false") + account("7", "desk", 30),
       "ocsf: everything_granted login_without_second_factor recovery_then_right"},
      {account("11", "desk", 1) + login("true") + account("7", "desk", 30),
       "ocsf: everything_granted"},
      {R"({"class_uid":4001,"time":1767322020000,"actor":{"user":{"name":"ann"}}})", ":"},
  };
  for (const auto& [record, expected] : rows) EXPECT_EQ(heard(record), expected) << record;
}

// A log type of the published samples: all of it is taken, apart from records without an actor.
void expect_read(const char* file, std::string_view name, std::uint64_t activities) {
  Scan scan;
  const std::string text = test::read_file(test::shared_path("data/panther") / file);
  json::MemorySource source(text);
  scan.read(file, source);
  EXPECT_EQ(scan.files()[0].source, name) << file;
  EXPECT_EQ(scan.files()[0].activities, activities) << file;
  EXPECT_FALSE(scan.files()[0].is_damaged());
}

TEST(Sources, read_the_published_samples_of_others) {
  MANDATE_NEEDS_SHARED("data/panther");
  expect_read("GSuite_ActivityEvent.jsonl", "google_workspace", 140);
  expect_read("Okta_SystemLog.jsonl", "okta", 60);
  expect_read("GCP_AuditLog.jsonl", "gcp_audit", 165);
  expect_read("Azure_Audit.jsonl", "entra", 47);
  expect_read("Microsoft365_Audit_Exchange.jsonl", "microsoft365", 10);  // in lower case
  expect_read("Microsoft365_Audit_AzureActiveDirectory.jsonl", "microsoft365", 4);
}

// A change of trust, and the same without what is put in place of `with`.
std::string cloud_event(std::string_view time, std::string_view action, std::string_view request) {
  return R"({"eventID":"e)" + std::string(action) + R"(",)" + std::string(time) +
         R"("eventSource":"ec2-instance-connect.amazonaws.com","eventName":")" +
         std::string(action) +
         R"(","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::1:user/ann","accountId":"1"},)"
         R"("sourceIPAddress":"198.51.100.7","requestParameters":{)" +
         std::string(request) + "}}\n";
}

TEST(CloudTrail, a_login_key_pushed_to_a_machine_is_entering_it) {
  constexpr std::string_view kTime = R"("eventTime":"2026-01-02T03:04:05Z",)";
  constexpr std::string_view kKey = R"("instanceId":"i-1","sSHPublicKey":"ssh-ed25519 A")";
  EXPECT_EQ(heard(cloud_event(kTime, "SendSSHPublicKey", kKey)), "cloudtrail: workload_entered");
  EXPECT_EQ(heard(cloud_event(kTime, "SendSerialConsoleSSHPublicKey", kKey)),
            "cloudtrail: workload_entered");
  EXPECT_EQ(heard(cloud_event(kTime, "DescribeInstance", R"("instanceId":"i-1")")), "cloudtrail:");
}

TEST(CloudTrail, without_a_time_is_read_and_has_no_place_in_a_history) {
  constexpr std::string_view kKey = R"("instanceId":"i-1","sSHPublicKey":"ssh-ed25519 A")";
  for (const auto& [time, untimed, unusable] :
       std::initializer_list<std::tuple<const char*, std::uint64_t, std::uint64_t>>{
           {R"("eventTime":"2026-01-02T03:04:05Z",)", 0, 0},
           {"", 1, 0},
           {R"("eventTime":"soon",)", 0, 1},
           {R"("eventTime":7,)", 0, 1}}) {
    const std::string text = cloud_event(time, "SendSSHPublicKey", kKey);
    Scan scan;
    json::MemorySource source(text);
    scan.read("f", source);
    EXPECT_EQ(scan.files()[0].untimed.count, untimed) << time;
    EXPECT_EQ(scan.files()[0].unusable.count, unusable) << time;
    const std::vector<Finding> findings = find_borrowed_trust(scan.summary());
    ASSERT_EQ(findings.size(), 1 - unusable) << time;
    for (const Finding& finding : findings)
      EXPECT_EQ(finding.time.has_value(), untimed == 0) << time;
  }
}

TEST(Workspace, consent_to_a_new_application_is_told_of_where_consents_are_known) {
  // Consents of five days, a week apart or not, and then one more.
  auto consent = [](int day, const std::string& app, const std::string& scope) {
    const std::string date = (day < 10 ? "0" : "") + std::to_string(day);
    return R"({"id":{"time":"2026-01-)" + date + R"(T08:00:00Z","uniqueQualifier":"q)" + date +
           R"(","applicationName":"token","customerId":"C"},"actor":{"email":"a)" + date +
           R"(@acme.example"},"events":[{"type":"auth","name":"authorize","parameters":[)"
           R"({"name":"client_id","value":")" +
           app + R"("},{"name":"scope","multiValue":[")" + scope + R"("]}]}]})" + "\n";
  };
  auto known = [&](int last) {
    std::string text;
    for (int day = 1; day < 5; ++day) text += consent(day, "known", "calendar.readonly");
    return text + consent(last, "known", "calendar.readonly");
  };
  auto tells = [](const std::string& text) {
    return heard(text).find("consent_to_new_application") != std::string::npos;
  };
  EXPECT_TRUE(tells(known(7) + consent(8, "new", "calendar.readonly")));
  EXPECT_FALSE(tells(known(6) + consent(7, "new", "calendar.readonly")));
  EXPECT_FALSE(tells(known(7) + consent(8, "known", "calendar.readonly")));
  EXPECT_FALSE(tells(known(7) + consent(8, "new", "openid")));
}

}  // namespace
}  // namespace mandate::observe
