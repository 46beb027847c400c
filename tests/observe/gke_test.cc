// Kubernetes audit in the form that Google logs it: the same rules, from another form.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

#include "mandate/observe/rules.h"
#include "mandate/observe/scan.h"

namespace mandate::observe {
namespace {

std::string gke(std::string_view method, std::string_view resource, std::string_view more = "",
                std::string_view who = "ann@acme.example") {
  return R"({"insertId":"i","timestamp":"2026-01-02T03:04:05Z","protoPayload":{)"
         R"("serviceName":"k8s.io","methodName":"io.k8s.)" +
         std::string(method) + R"(","resourceName":")" + std::string(resource) +
         R"(","authenticationInfo":{"principalEmail":")" + std::string(who) +
         R"("},"requestMetadata":{"callerIp":"192.0.2.7"})" + std::string(more) + "}}\n";
}

std::string binding(std::string_view role, std::string_view subject) {
  return R"(,"request":{"roleRef":{"kind":"ClusterRole","name":")" + std::string(role) +
         R"("},"subjects":[{"kind":"User","name":")" + std::string(subject) + R"("}]})";
}

struct Case {
  const char* name;
  std::string record;
  std::set<std::string> rules;
  const char* source = "gke";
};

TEST(Gke, requests_to_a_cluster_break_the_rules_of_clusters) {
  constexpr std::string_view kExec = "core/v1/namespaces/shop/pods/till/exec";
  constexpr std::string_view kRole = "rbac.authorization.k8s.io/v1/clusterroles/r";
  constexpr std::string_view kBinding = "rbac.authorization.k8s.io/v1/clusterrolebindings/b";
  constexpr std::string_view kToken = "core/v1/namespaces/shop/serviceaccounts/web/token";
  constexpr std::string_view kAnonymous = "system:anonymous";
  const Case cases[] = {
      {"exec", gke("core.v1.pods.exec.create", kExec), {"workload_entered"}},
      {"exec that was refused",
       gke("core.v1.pods.exec.create", kExec, R"(,"authorizationInfo":[{"granted":false}])"),
       {}},
      {"exec that failed", gke("core.v1.pods.exec.create", kExec, R"(,"status":{"code":5})"), {}},
      {"exec by a code of refusal",
       gke("core.v1.pods.exec.create", kExec, R"(,"status":{"code":7})"),
       {}},
      {"exec that reads a token",
       gke("core.v1.pods.exec.create", kExec,
           R"(,"request":{"command":["cat","/var/run/secrets/tokens/t"]})"),
       {"workload_entered", "workload_token_read"}},
      {"a pod read", gke("core.v1.pods.get", "core/v1/namespaces/shop/pods/till"), {}},
      {"everything granted",
       gke("authorization.rbac.v1.clusterrolebindings.create", kBinding,
           binding("cluster-admin", "bob")),
       {"everything_granted"}},
      {"something granted",
       gke("authorization.rbac.v1.clusterrolebindings.create", kBinding, binding("view", "bob")),
       {}},
      {"anybody let in",
       gke("authorization.rbac.v1.clusterrolebindings.create", kBinding,
           binding("view", kAnonymous)),
       {"trust_widened"}},
      {"a broad role",
       gke("authorization.rbac.v1.clusterroles.create", kRole,
           R"(,"request":{"rules":[{"verbs":["*"],"resources":["*"]}]})"),
       {"broad_role_defined"}},
      {"a token for another",
       gke("core.v1.serviceaccounts.token.create", kToken),
       {"token_made_for_another"}},
      {"a token for itself",
       gke("core.v1.serviceaccounts.token.create", kToken, "", "system:serviceaccount:shop:web"),
       {}},
      {"a write by nobody",
       gke("core.v1.configmaps.create", "core/v1/namespaces/shop/configmaps/c", "", kAnonymous),
       {"actor_unproven"}},
      {"a page of health", gke("readyz", "/readyz", "", kAnonymous), {}},
      {"a page of health, unnamed", gke("readyz", "", "", kAnonymous), {}},
      {"another service's method",
       R"({"protoPayload":{"serviceName":"container.googleapis.com","methodName":"GetCluster"}})",
       {},
       "gcp_audit"},
  };
  for (const Case& row : cases) {
    Scan scan;
    json::MemorySource source(row.record);
    scan.read("log", source);
    EXPECT_EQ(scan.files()[0].activities, 1U) << row.name;
    EXPECT_EQ(scan.files()[0].source, row.source) << row.name;
    std::set<std::string> rules;
    for (const Finding& finding : find_borrowed_trust(scan.summary())) rules.insert(finding.rule);
    EXPECT_EQ(rules, row.rules) << row.name;
  }
}

}  // namespace
}  // namespace mandate::observe
