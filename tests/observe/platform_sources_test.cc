// Logs of platforms that workloads run and are built on: what each says of who acted, and what the
// rules make of it.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <span>
#include <sstream>

#include "mandate/observe/chains.h"
#include "mandate/observe/rules.h"
#include "mandate/observe/scan.h"
#include "testing/shared_data.h"

namespace mandate::observe {
namespace {

Scan scan_of(std::string_view text) {
  Scan scan;
  json::MemorySource source(text);
  scan.read("f", source);
  return scan;
}

std::set<std::string> rules_of(Scan& scan) {
  std::set<std::string> rules;
  for (const Finding& finding : find_borrowed_trust(scan.summary())) rules.insert(finding.rule);
  return rules;
}

// One record, and the only rule that it breaks.
struct Case {
  const char* name;
  std::string record;
  std::set<std::string> rules;
};

void expect_cases(std::span<const Case> cases, std::string_view source) {
  for (const Case& row : cases) {
    Scan scan = scan_of(row.record);
    EXPECT_EQ(scan.files()[0].activities, 1U) << row.name;
    EXPECT_EQ(scan.files()[0].source, source) << row.name;
    EXPECT_EQ(rules_of(scan), row.rules) << row.name;
  }
}

// Panther's tests of one log type: each holds its event as `log`.
Scan scan_of_panther(const std::string& file) {
  Scan scan;
  const std::string text = test::read_file(test::shared_path("data/panther/" + file));
  json::MemorySource source(text);
  scan.read(file, source);
  return scan;
}

// A Kubernetes event: who did what to which object; `more` are members besides.
std::string k8s(std::string_view user, std::string_view verb, std::string_view object,
                std::string_view more = "", std::string_view code = "200") {
  return R"({"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"a","stage":)"
         R"("ResponseComplete","requestReceivedTimestamp":"2026-01-01T00:00:00.5Z","verb":")" +
         std::string(verb) + R"(","user":{"username":")" + std::string(user) +
         R"("},"sourceIPs":["10.0.0.1"],"objectRef":{)" + std::string(object) +
         R"(},"responseStatus":{"code":)" + std::string(code) + "}" + std::string(more) + "}\n";
}

constexpr std::string_view kRole =
    R"("apiGroup":"rbac.authorization.k8s.io","resource":"clusterroles","name":"r")";
constexpr std::string_view kBinding =
    R"("apiGroup":"rbac.authorization.k8s.io","resource":"clusterrolebindings","name":"b")";
constexpr std::string_view kPod = R"("resource":"pods","namespace":"shop","name":"web-0")";
constexpr std::string_view kExec =
    R"("resource":"pods","namespace":"shop","name":"web-0","subresource":"exec")";
constexpr std::string_view kTokenOf =
    R"("resource":"serviceaccounts","namespace":"shop","name":"web","subresource":"token")";

std::string with_rule(std::string_view rule) {
  return R"(,"requestObject":{"rules":[)" + std::string(rule) + "]}";
}

std::string binding_to(std::string_view role, std::string_view subject) {
  return R"(,"requestObject":{"roleRef":{"kind":"ClusterRole","name":")" + std::string(role) +
         R"("},"subjects":[{"kind":"User","name":")" + std::string(subject) + R"("}]})";
}

TEST(Kubernetes, events_break_the_rule_that_they_are_about_and_no_other) {
  const std::string read_token =
      R"(,"requestURI":"/x/exec?command=cat&command=%2Fvar%2Frun%2Fsecrets%2Fk%2Ftoken")";
  const Case cases[] = {
      {"exec", k8s("ann", "create", kExec, "", "101"), {"workload_entered"}},
      {"exec as a websocket", k8s("ann", "get", kExec, "", "101"), {"workload_entered"}},
      {"exec, refused", k8s("ann", "create", kExec, "", "403"), {}},
      {"a pod read", k8s("ann", "get", kPod), {}},
      {"a token read by exec",
       k8s("ann", "create", kExec, read_token, "101"),
       {"workload_entered", "workload_token_read"}},
      {"a token for another", k8s("ann", "create", kTokenOf), {"token_made_for_another"}},
      {"a token for its pod", k8s("system:node:n1", "create", kTokenOf), {}},
      {"a token for itself", k8s("system:serviceaccount:shop:web", "create", kTokenOf), {}},
      {"a token, refused", k8s("ann", "create", kTokenOf, "", "403"), {}},
      {"anonymous write", k8s("system:anonymous", "create", kPod), {"actor_unproven"}},
      {"anonymous read", k8s("system:anonymous", "get", kPod), {}},
      {"every verb",
       k8s("ann", "create", kRole, with_rule(R"({"verbs":["*"],"resources":["pods"]})")),
       {"broad_role_defined"}},
      {"every path is no resource",
       k8s("ann", "create", kRole, with_rule(R"({"verbs":["get"],"nonResourceURLs":["*"]})")),
       {}},
      {"named verbs on named things",
       k8s("ann", "create", kRole, with_rule(R"({"verbs":["get"],"resources":["pods"]})")),
       {}},
      {"a role of the platform",
       k8s("ann", "patch", R"("resource":"clusterroles","name":"system:node","apiGroup":"r")"),
       {"shared_role_changed"}},
      {"everything granted",
       k8s("ann", "create", kBinding, binding_to("cluster-admin", "bob")),
       {"everything_granted"}},
      {"something granted", k8s("ann", "create", kBinding, binding_to("view", "bob")), {}},
      {"anybody let in",
       k8s("ann", "create", kBinding, binding_to("view", "system:anonymous")),
       {"trust_widened"}},
      {"a lasting token",
       k8s("ann", "create", R"("resource":"secrets","namespace":"shop","name":"s")",
           R"(,"requestObject":{"type":"kubernetes.io/service-account-token","metadata":)"
           R"({"annotations":{"kubernetes.io/service-account.name":"web"}}})"),
       {"key_made_for_another"}},
      {"another secret",
       k8s("ann", "create", R"("resource":"secrets","namespace":"shop","name":"s")",
           R"(,"requestObject":{"type":"Opaque","metadata":{}})"),
       {}},
  };
  expect_cases(cases, "kubernetes");
}

std::string by_pod(std::string_view pod, std::string_view token, std::string_view address) {
  return R"({"apiVersion":"audit.k8s.io/v1","auditID":")" + std::string(token) +
         std::string(address) +
         R"(","requestReceivedTimestamp":"2026-01-01T00:00:00Z","verb":"list","user":{"username":)"
         R"("system:serviceaccount:shop:web","extra":{"authentication.kubernetes.io/pod-name":[")" +
         std::string(pod) + R"("],"authentication.kubernetes.io/credential-id":[")" +
         std::string(token) + R"("]}},"sourceIPs":[")" + std::string(address) +
         R"("],"objectRef":{"resource":"pods"},"responseStatus":{"code":200}})" + "\n";
}

TEST(Kubernetes, one_account_of_several_workloads_or_one_token_at_several_addresses_is_found) {
  const Case cases[] = {
      {"two of one set",
       by_pod("web-7998647bdf-phvq7", "JTI=1", "10.0.0.1") +
           by_pod("web-7998647bdf-x2k9z", "JTI=2", "10.0.0.2"),
       {}},
      {"two versions of one set",
       by_pod("web-7998647bdf-phvq7", "JTI=1", "10.0.0.1") +
           by_pod("web-5d8c7f9b6-x2k9z", "JTI=2", "10.0.0.2"),
       {}},
      {"two numbered",
       by_pod("db-0", "JTI=1", "10.0.0.1") + by_pod("db-1", "JTI=2", "10.0.0.2"),
       {}},
      {"two workloads",
       by_pod("web-7998647bdf-phvq7", "JTI=1", "10.0.0.1") + by_pod("batch-0", "JTI=2", "10.0.0.2"),
       {"workload_identity_shared"}},
      {"one token, two addresses",
       by_pod("db-0", "JTI=1", "10.0.0.1") + by_pod("db-0", "JTI=1", "10.0.0.9"),
       {"workload_token_elsewhere"}},
      {"one token, one address of each kind",
       by_pod("db-0", "JTI=1", "10.0.0.1") + by_pod("db-0", "JTI=1", "fd00::1"),
       {}},
  };
  for (const Case& row : cases) {
    Scan scan = scan_of(row.record);
    EXPECT_EQ(rules_of(scan), row.rules) << row.name;
  }
}

std::string by_account(int minute, std::string_view address, std::string_view agent = "web/1",
                       std::string_view account = "system:serviceaccount:shop:web") {
  return R"({"apiVersion":"audit.k8s.io/v1","auditID":"a)" + std::to_string(minute) +
         R"(","requestReceivedTimestamp":"2026-01-01T00:0)" + std::to_string(minute) +
         R"(:00Z","verb":"list","user":{"username":")" + std::string(account) +
         R"("},"sourceIPs":[")" + std::string(address) + R"("],"userAgent":")" +
         std::string(agent) +
         R"(","objectRef":{"resource":"pods"},"responseStatus":{"code":200}})" + "\n";
}

TEST(Kubernetes, an_account_that_leaves_its_clusters_network_is_found) {
  const std::string two = by_account(1, "10.0.0.1") + by_account(2, "10.0.0.2");
  const std::string three = two + by_account(3, "10.0.0.1");
  const std::set<std::string> told{"workload_token_elsewhere"};
  const Case cases[] = {
      {"by another program", three + by_account(4, "203.0.113.9", "curl/8"), told},
      {"by the same", three + by_account(4, "203.0.113.9"), told},
      {"inside", three + by_account(4, "192.168.1.9", "curl/8"), {}},
      {"outside, in IPv6's form", three + by_account(4, "::ffff:203.0.113.9", "curl/8"), told},
      {"link-local", three + by_account(4, "FE90::1", "curl/8"), {}},
      {"hardly known inside", two + by_account(4, "203.0.113.9", "curl/8"), {}},
      {"always outside", by_account(1, "203.0.113.9") + by_account(2, "198.51.100.9"), {}},
      {"a person's",
       by_account(1, "10.0.0.1", "x", "ann") + by_account(2, "10.0.0.1", "x", "ann") +
           by_account(3, "10.0.0.1", "x", "ann") + by_account(4, "203.0.113.9", "x", "ann"),
       {}},
  };
  for (const Case& row : cases) {
    Scan scan = scan_of(row.record);
    EXPECT_EQ(rules_of(scan), row.rules) << row.name;
  }
}

TEST(Kubernetes, events_are_read_out_of_what_azure_wraps_them_in) {
  const json::Value inside(k8s("ann", "create", kExec, "", "101"));
  Scan scan =
      scan_of(R"({"category":"kube-audit","properties":{"log":)" + json::canonical(inside) + "}}");
  EXPECT_EQ(rules_of(scan), std::set<std::string>{"workload_entered"});
}

TEST(Kubernetes, a_requested_token_is_joined_to_its_use_by_its_id) {
  Scan scan = scan_of(
      k8s("ann", "create", kTokenOf,
          R"(,"annotations":{"authentication.kubernetes.io/issued-credential-id":"JTI=1"})") +
      by_pod("web-0", "JTI=1", "10.0.0.1"));
  const std::vector<Chain> chains = chains_of(scan.summary());
  ASSERT_EQ(chains.size(), 1U);
  EXPECT_EQ(chains[0].issue.issuer, "ann");
  EXPECT_EQ(chains[0].issue.for_whom, "system:serviceaccount:shop:web");
  EXPECT_EQ(chains[0].uses, 1U);
}

TEST(Kubernetes, of_falco_every_event_is_read_and_no_negative_is_cited) {
  MANDATE_NEEDS_SHARED("data/falco-k8s");
  const std::filesystem::path folder = test::shared_path("data/falco-k8s");
  Scan scan;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    const std::string text = test::read_file(entry.path());
    json::MemorySource source(text);
    scan.read(entry.path().filename().string(), source);
  }
  std::uint64_t activities = 0;
  std::uint64_t others = 0;  // one file holds {"kind": 0}, to see whether a parser survives it
  for (const FileReport& file : scan.files()) {
    activities += file.activities;
    others += file.unrecognised.count;
    EXPECT_EQ(file.unusable.count + file.damage.skipped(), 0U) << file.file;
  }
  EXPECT_EQ(activities, 51U);
  EXPECT_EQ(others, 1U);
  EXPECT_EQ(scan.summary().events(), 50U);  // two files hold one event
  std::set<std::string> cited;
  for (const Finding& finding : find_borrowed_trust(scan.summary())) {
    for (const Evidence& evidence : finding.evidence) cited.insert(evidence.event_id);
  }
  std::istringstream lines(test::read_file(folder / "labels.jsonl"));
  std::set<std::string> missed;
  std::set<std::string> positive;
  std::set<std::string> negative;
  for (std::string line; std::getline(lines, line);) {
    const json::Value row = *json::parse(line);
    const bool is_positive = row.find("label")->as_string() == "pos";
    const bool is_cited = cited.contains(row.find("id")->as_string());
    (is_positive ? positive : negative).insert(row.find("id")->as_string());
    if (is_positive && !is_cited) missed.insert(row.find("note")->as_string());
  }
  for (const std::string& id : cited) {
    // One id stands for two events, one of each label.
    EXPECT_TRUE(positive.contains(id) || !negative.contains(id)) << id;
  }
  // An administrator's secret in the platform's namespace, which nothing tells from setting up; a
  // role that may delete paths that are no resources.
  EXPECT_EQ(missed, (std::set<std::string>{"create_kube_system_secret",
                                           "create_cluster_role_write_privileges"}));
}

std::string github(std::string_view action, std::string_view more, std::string_view actor = "ann") {
  return R"({"_document_id":"d","@timestamp":1767225600000,"org":"acme","repo":"acme/shop",)"
         R"("action":")" +
         std::string(action) + R"(","actor":")" + std::string(actor) + "\"" + std::string(more) +
         "}\n";
}

TEST(GitHub, events_break_the_rule_that_they_are_about_and_no_other) {
  const Case cases[] = {
      {"a push", github("git.push", R"(,"user_agent":"git/2.43.0")"), {}},
      {"a merge past its review",
       github("protected_branch.policy_override", R"(,"branch":"main")"),
       {"approval_skipped"}},
      {"a renamed protection", github("protected_branch.update_name", R"(,"branch":"main")"), {}},
      {"a ruleset off",
       github("repository_ruleset.update", R"(,"ruleset_enforcement":"disabled")"),
       {"approval_skipped"}},
      {"a ruleset on",
       github("repository_ruleset.update", R"(,"ruleset_enforcement":"enabled")"),
       {}},
      {"an outside application",
       github("integration_installation.create", R"(,"name":"Acme Helper")"),
       {"trust_widened"}},
      {"a repository made public",
       github("repo.access", R"(,"visibility":"public")"),
       {"trust_widened"}},
      {"a repository made private", github("repo.access", R"(,"visibility":"private")"), {}},
      {"a deploy key", github("public_key.create", ""), {"key_made_for_another"}},
      {"an owner",
       github("org.update_member", R"(,"user":"bob","permission":"admin")"),
       {"everything_granted"}},
      {"a member", github("org.update_member", R"(,"user":"bob","permission":"read")"), {}},
      {"another issuer", github("org.update_saml_provider_settings", ""), {"trust_root_added"}},
  };
  expect_cases(cases, "github");
}

TEST(GitHub, a_persons_token_in_software_is_a_borrowed_credential) {
  const std::string token =
      R"x(,"hashed_token":"h","programmatic_access_type":"Personal access token (classic)",)x"
      R"("actor_ip":"192.0.2.7","user_agent":)";
  auto used_by = [&](std::string_view agent) {
    std::string log = github("repo.update", R"(,"user_agent":"Mozilla/5.0")");
    for (int i = 0; i < 12; ++i) {
      std::string line = github("git.clone", token + std::string(agent));
      line.replace(line.find("\"d\""), 3, "\"d" + std::to_string(i) + "\"");
      log += line;
    }
    Scan scan = scan_of(log);
    return rules_of(scan);
  };
  EXPECT_EQ(used_by(R"("deployer/1.0")"), std::set<std::string>{"person_key_automated"});
  EXPECT_EQ(used_by(R"("git/2.43.0")"), std::set<std::string>{});
}

TEST(GitHub, one_lasting_token_of_several_jobs_is_borrowed_trust) {
  auto used = [](std::string_view id, std::string_view hour, std::string_view agent,
                 std::string_view address) {
    return R"({"_document_id":")" + std::string(id) + R"(","created_at":"2026-01-01T)" +
           std::string(hour) + R"(:00:00Z","org":"acme","action":"repo.update","actor":"ci",)" +
           R"("hashed_token":"h","programmatic_access_type":"deploy key","user_agent":")" +
           std::string(agent) + R"(","actor_ip":")" + std::string(address) + "\"}\n";
  };
  const std::string build =
      used("1", "01", "builder/1", "192.0.2.1") + used("2", "05", "builder/1", "192.0.2.1");
  auto beside = [&](const std::string& other) {
    Scan scan = scan_of(build + other);
    return rules_of(scan);
  };
  EXPECT_EQ(
      beside(used("3", "02", "signer/1", "192.0.2.9") + used("4", "03", "signer/1", "192.0.2.9")),
      std::set<std::string>{"lasting_key_shared"});
  const std::set<std::string> none;
  EXPECT_EQ(beside(used("3", "02", "signer/1", "192.0.2.9")), none) << "once";
  EXPECT_EQ(
      beside(used("3", "02", "signer/1", "192.0.2.1") + used("4", "03", "signer/1", "192.0.2.1")),
      none)
      << "on the same machine";
  EXPECT_EQ(
      beside(used("3", "06", "signer/1", "192.0.2.9") + used("4", "07", "signer/1", "192.0.2.9")),
      none)
      << "afterwards";
}

TEST(GitHub, of_panther_every_event_is_read) {
  MANDATE_NEEDS_SHARED("data/panther");
  Scan scan = scan_of_panther("GitHub_Audit.jsonl");
  const FileReport& file = scan.files()[0];
  EXPECT_EQ(file.source, "github");
  // Of 101, 26 have no time, 4 none that is a time, and 2 are made up.
  EXPECT_EQ(file.activities, 95U);
  EXPECT_EQ(file.untimed.count, 26U);
  EXPECT_EQ(file.unusable.count, 4U);
  EXPECT_EQ(file.unrecognised.count, 2U);
}

// Written by the program itself, and made shorter.
std::string entry(std::string_view leaf, std::string_view members) {
  return R"({"entry":{"time":"2026-11-21T16:05:08.923Z",)" + std::string(members) +
         R"(},"index":1,"leaf":")" + std::string(leaf) + R"(","log":"a.example/log"})" + "\n";
}

TEST(MandateJournal, tells_who_acted_for_whom_with_a_token_exchanged_from_which) {
  const std::string log =
      entry("L1", R"("type":"issued","grant_type":"client_credentials","predecessors":[],)"
                  R"("token":{"aud":"https://t.example","client_id":"agent:a","sub":"human:m"})") +
      entry("L2", R"("type":"issued","grant_type":"x","predecessors":[{"as":"subject_token",)"
                  R"("leaf":"L1"}],"token":{"aud":["https://u.example"],"client_id":"service:s",)"
                  R"("sub":"human:m"})") +
      entry("L3", R"("type":"decided","decision":"permit","action":"read","jti":"L2",)"
                  R"("actors":["service:s","agent:a"],"client_id":"service:s","sub":"human:m",)"
                  R"("resource":"https://u.example","client_address":"192.0.2.1")") +
      entry("L4", R"("type":"refused","reason":"outside_authority","at":"/token",)"
                  R"("client_id":"agent:a","grant_type":"x")") +
      entry("L5", R"("type":"opened","run":"r")");
  Scan scan = scan_of(log);
  EXPECT_EQ(scan.files()[0].activities, 5U);
  EXPECT_EQ(scan.files()[0].source, "mandate");
  const std::vector<Chain> chains = chains_of(scan.summary());
  ASSERT_EQ(chains.size(), 2U);
  EXPECT_EQ(chains[0].issued_key, "L1");
  EXPECT_EQ(chains[0].issue.for_whom, "human:m");
  EXPECT_EQ(chains[1].issue.issuer_credential, "L1");
  EXPECT_EQ(chains[1].issue.issuer, "service:s");
  EXPECT_EQ(chains[1].use_sources, std::vector<std::string>{"192.0.2.1"});
  EXPECT_EQ(rules_of(scan), std::set<std::string>{});
}

TEST(MandateJournal, entries_break_the_rule_that_they_are_about_and_no_other) {
  const std::string denied =
      R"("type":"decided","decision":"deny","reason":"outside_authority","action":"read",)"
      R"("sub":"agent:a","resource":"https://u.example")";
  const Case cases[] = {
      {"denied", entry("L", denied), {}},
      {"let through in shadow",
       entry("L", denied + R"(,"answered":"permit")"),
       {"permitted_in_shadow"}},
      {"an issuer trusted",
       entry("L", R"("type":"put","by":"human:o","kind":"trusted_issuer","definition":{"id":"i"})"),
       {"trust_root_added"}},
      {"a delegation",
       entry("L", R"("type":"put","by":"human:o","kind":"delegation","definition":{"id":"d",)"
                  R"("delegate":"agent:a"})"),
       {}},
      {"an end", entry("L", R"("type":"revoked","by":"human:o","kind":"principal","id":"p")"), {}},
  };
  expect_cases(cases, "mandate");
}

std::string teleport(std::string_view event, std::string_view more) {
  return R"({"uid":"e","code":"T1000I","time":"2026-01-01T00:00:00Z","cluster_name":"c.example",)"
         R"("event":")" +
         std::string(event) + "\"" + std::string(more) + "}\n";
}

TEST(Teleport, events_break_the_rule_that_they_are_about_and_no_other) {
  const std::string login = R"(,"user":"ann","success":true,"method":)";
  const Case cases[] = {
      {"a password alone",
       teleport("user.login", login + R"("local")"),
       {"login_without_second_factor"}},
      {"with a second factor", teleport("user.login", login + R"("local","mfa_device":{})"), {}},
      {"by another issuer", teleport("user.login", login + R"("saml")"), {}},
      {"refused", teleport("user.login", R"(,"user":"ann","success":false,"method":"local")"), {}},
      {"another issuer",
       teleport("saml.created", R"(,"user":"ann","name":"idp")"),
       {"trust_root_added"}},
      {"a certificate for another",
       teleport("cert.create", R"(,"identity":{"user":"deploy","impersonator":"ann"})"),
       {"token_made_for_another"}},
      {"one's own certificate",
       teleport("cert.create", R"(,"identity":{"user":"bot","impersonator":"bot"})"),
       {}},
      {"a session", teleport("session.start", R"(,"user":"ann","addr.remote":"192.0.2.1:99")"), {}},
  };
  expect_cases(cases, "teleport");
}

TEST(Teleport, of_panther_every_event_with_a_time_is_read) {
  MANDATE_NEEDS_SHARED("data/panther");
  const Scan scan = scan_of_panther("Gravitational_TeleportAudit.jsonl");
  const FileReport& file = scan.files()[0];
  EXPECT_EQ(file.source, "teleport");
  EXPECT_EQ(file.activities + file.unusable.count, 26U);
  EXPECT_EQ(file.unrecognised.count, 0U);
}

std::string vault(std::string_view type, std::string_view path, std::string_view used,
                  std::string_view response, std::string_view error = "") {
  return R"({"type":")" + std::string(type) + R"(","time":"2026-01-01T00:00:00.123456789Z",)" +
         R"("auth":{"accessor":")" + std::string(used) +
         R"(","display_name":"approle"},"request":{"id":"r","operation":"update","path":")" +
         std::string(path) + R"(","remote_address":"192.0.2.1"},"error":")" + std::string(error) +
         R"(","response":{)" + std::string(response) + "}}\n";
}

TEST(Vault, joins_a_token_to_the_token_that_made_it_and_counts_an_answered_request_once) {
  const std::string issued = R"("auth":{"accessor":"hmac-sha256:2","display_name":"token-job"})";
  Scan scan = scan_of(vault("request", "auth/token/create", "hmac-sha256:1", "") +
                      vault("response", "auth/token/create", "hmac-sha256:1", issued) +
                      vault("response", "secret/data/a", "hmac-sha256:2", ""));
  EXPECT_EQ(scan.summary().events(), 2U);
  EXPECT_EQ(scan.files()[0].unrecognised.count, 0U);
  const std::vector<Chain> chains = chains_of(scan.summary());
  ASSERT_EQ(chains.size(), 1U);
  EXPECT_EQ(chains[0].issue.issuer_credential, "hmac-sha256:1");
  EXPECT_EQ(chains[0].issued_key, "hmac-sha256:2");
  EXPECT_EQ(chains[0].uses, 1U);
}

TEST(Vault, requests_break_the_rule_that_they_are_about_and_no_other) {
  const Case cases[] = {
      {"another way in", vault("response", "sys/auth/jwt", "a", ""), {"trust_root_added"}},
      {"another way in, refused",
       vault("response", "sys/auth/jwt", "a", "", "permission denied"),
       {}},
      {"a lasting secret",
       vault("response", "auth/approle/role/r/secret-id", "a", ""),
       {"key_made_for_another"}},
      {"a secret", vault("response", "secret/data/a", "a", ""), {}},
  };
  expect_cases(cases, "vault");
}

}  // namespace
}  // namespace mandate::observe
