#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "mandate/json/value.h"
#include "testing/shared_data.h"
#include "tests/observe/inventory/inventory_fixture.h"

namespace mandate::observe {
namespace {

using Names = std::vector<std::string>;

// A service account `shop:robot` with a role of one rule for each `group|resources|verbs[|names]`.
// `forms` is the kinds of role and binding: "R" in a RoleBinding, "C" a ClusterRole in a
// RoleBinding, "CC" a ClusterRole everywhere.
std::string robot(const std::string& form, const std::vector<std::string>& rules) {
  std::string rbac = "apiVersion: rbac.authorization.k8s.io/v1\n";
  std::string role_kind = form == "R" ? "Role" : "ClusterRole";
  std::string text =
      "apiVersion: v1\nkind: ServiceAccount\n"
      "metadata: {name: robot, namespace: shop}\n---\n" +
      rbac + "kind: " + role_kind + "\nmetadata: {name: r, namespace: shop}\nrules:\n";
  for (const std::string& rule : rules) {
    std::istringstream in(rule);
    std::string group, resources, verbs, names;
    std::getline(in, group, '|');
    std::getline(in, resources, '|');
    std::getline(in, verbs, '|');
    std::getline(in, names, '|');
    text += "- {apiGroups: [\"" + group + "\"], resources: [" + resources + "], verbs: [" + verbs +
            "]" + (names.empty() ? "" : ", resourceNames: [" + names + "]") + "}\n";
  }
  return text + "---\n" + rbac + "kind: " + (form == "CC" ? "ClusterRoleBinding" : "RoleBinding") +
         "\nmetadata: {name: b, namespace: shop}\nroleRef: {kind: " + role_kind +
         ", name: r}\nsubjects: [{kind: ServiceAccount, name: robot, namespace: shop}]\n";
}

const std::string kRobot = "system:serviceaccount:shop:robot";
const std::string kRbac = "rbac.authorization.k8s.io";

TEST(K8sEscalation, is_what_the_api_server_would_honour) {
  struct Row {
    std::string form;
    std::vector<std::string> rules;
    std::string expected;  // severity, or nothing
  };
  for (const Row& row : {
           Row{"R", {"|secrets|list"}, "medium"},
           Row{"R", {"|secrets|get"}, "medium"},
           Row{"R", {"|secrets|get|tls"}, ""},
           Row{"R", {"|secrets|create"}, ""},
           Row{"R", {"*|\"*\"|get"}, "medium"},
           Row{"R", {"apps|secrets|get"}, ""},
           Row{"CC", {"|secrets|list"}, "high"},
           Row{"R", {"|pods|create"}, "high"},
           Row{"R", {"|pods|\"get, list\""}, ""},
           Row{"R", {"|pods/exec|create"}, "medium"},
           Row{"R", {"|pods|create|named"}, ""},
           Row{"R", {"|\"*/exec\"|create"}, "medium"},
           Row{"C", {"apps|deployments|patch"}, "high"},
           Row{"R", {"extensions|deployments|patch"}, ""},
           Row{"R", {"|serviceaccounts/token|create|other"}, "medium"},
           Row{"R", {"|serviceaccounts|impersonate"}, "medium"},
           Row{"R", {"|\"users, groups\"|impersonate"}, ""},
           Row{"R", {"|users|impersonate", "|groups|impersonate"}, ""},
           Row{"CC", {"|users|impersonate", "|groups|impersonate"}, "critical"},
           Row{"CC",
               {kRbac + "|clusterrolebindings|create", kRbac + "|clusterroles|bind"},
               "critical"},
           Row{"C", {kRbac + "|clusterrolebindings|create", kRbac + "|clusterroles|bind"}, ""},
           Row{"CC", {kRbac + "|clusterrolebindings|create", kRbac + "|roles|bind"}, ""},
           Row{"CC", {kRbac + "|clusterrolebindings|create"}, ""},
           Row{"C", {kRbac + "|rolebindings|create", kRbac + "|clusterroles|bind"}, "high"},
           Row{"R", {kRbac + "|rolebindings|create", kRbac + "|roles|bind"}, "high"},
           Row{"R", {kRbac + "|roles|\"update\"", kRbac + "|roles|escalate"}, "high"},
           Row{"CC", {kRbac + "|clusterroles|patch", kRbac + "|clusterroles|escalate"}, "critical"},
           Row{"CC", {"|nodes/proxy|get"}, "high"},
           Row{"C", {"|nodes/proxy|get"}, ""},
       }) {
    InventoryReport report = report_of({robot(row.form, row.rules)});
    const Finding* finding = finding_of(report, "k8s_privilege_escalation");
    std::string got = finding == nullptr ? "" : std::string(name(finding->severity));
    EXPECT_EQ(got, row.expected) << row.form << " " << row.rules[0];
    EXPECT_TRUE(finding == nullptr || finding->principal == kRobot);
  }
}

TEST(K8sAccess, grants_without_effect_are_said_and_are_no_finding) {
  struct Row {
    std::string text;
    std::string expected;  // begins the reason
  };
  std::string no_namespace = robot("R", {"|secrets|get"});
  no_namespace.replace(no_namespace.rfind(", namespace: shop"), 17, "");
  std::string role_everywhere = robot("CC", {"|secrets|get"});
  role_everywhere.replace(role_everywhere.rfind("kind: ClusterRole,"), 18, "kind: Role,");
  for (const Row& row : {
           Row{robot("R", {"|nodes|get"}), "Role r grants nodes, which stand in no namespace"},
           Row{robot("C", {"|\"users\"|impersonate"}), "ClusterRole r grants users"},
           Row{no_namespace, "RoleBinding shop/b names the service account robot without its"},
           Row{role_everywhere, "a ClusterRoleBinding cannot give a Role"},
       }) {
    InventoryReport report = report_of({row.text});
    EXPECT_EQ(found(report), Names{}) << row.expected;
    ASSERT_EQ(report.notes.size(), 1U) << row.expected;
    EXPECT_EQ(report.notes[0].kind, "ineffective");
    EXPECT_TRUE(report.notes[0].text.starts_with(row.expected)) << report.notes[0].text;
  }
  // What stands in a namespace, or is asked for in one, has its effect.
  for (const std::string& text :
       {robot("R", {"|configmaps|get"}), robot("R", {kRbac + "|clusterroles|bind"})}) {
    EXPECT_TRUE(report_of({text}).notes.empty());
  }
}

TEST(K8sAccess, roles_are_found_where_they_stand_or_are_made_of_others) {
  std::string base = robot("CC", {"|configmaps|get"});
  std::string aggregated = base;
  aggregated.replace(aggregated.find("rules:\n"), 7,
                     "aggregationRule: {clusterRoleSelectors: [{matchLabels: {part: \"yes\"}}]}\n"
                     "rules:\n");
  std::string part =
      "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n"
      "metadata: {name: part, labels: {part: \"yes\"}}\n"
      "rules: [{apiGroups: [\"\"], resources: [secrets], verbs: [list]}]\n";
  EXPECT_EQ(found(report_of({base + part})), Names{});
  EXPECT_EQ(found(report_of({aggregated, part})), Names{"k8s_privilege_escalation " + kRobot});
  // What the API server makes itself need not stand in the inventory; anything else is said.
  auto bound_to = [&](const std::string& role) {
    std::string text = base;
    return text.replace(text.rfind("name: r}"), 8, "name: " + role + "}");
  };
  EXPECT_EQ(found(report_of({bound_to("cluster-admin")})), Names{"k8s_wildcard " + kRobot});
  EXPECT_EQ(found(report_of({bound_to("view")})), Names{});
  InventoryReport unknown = report_of({bound_to("elsewhere")});
  EXPECT_EQ(unknown.notes.at(0).kind, "coverage");
}

TEST(K8sAccess, the_platforms_own_bindings_and_administrators_are_no_finding) {
  auto binding = [](const std::string& labels, const std::string& kind, const std::string& name) {
    return "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: "
           "x" +
           labels +
           "}\nroleRef: {kind: ClusterRole, name: cluster-admin}\nsubjects: [{kind: " + kind +
           ", name: \"" + name + "\"}]\n";
  };
  const std::string own = ", labels: {kubernetes.io/bootstrapping: rbac-defaults}";
  EXPECT_EQ(found(report_of({binding(own, "Group", "system:nodes")})), Names{});
  EXPECT_EQ(found(report_of({binding("", "Group", "system:masters")})), Names{});
  EXPECT_EQ(found(report_of({binding("", "User", "ann@shop.example")})), Names{});
  EXPECT_EQ(found(report_of({binding("", "Group", "system:authenticated")})),
            (Names{"k8s_broad_group system:authenticated", "k8s_wildcard system:authenticated"}));
  EXPECT_EQ(found(report_of({binding("", "Group", "system:nodes")}), "k8s_broad_group"),
            Names{"system:node:*"});
}

std::string pod(const std::string& spec, const std::string& name = "web") {
  return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name +
         ", namespace: shop}\nspec: " + spec + "\n";
}

TEST(K8sWorkload, what_leads_out_of_it_is_told) {
  struct Row {
    std::string spec;
    std::string expected;  // severity, or nothing
  };
  auto with = [](const std::string& more) {
    return "{containers: [{name: a, image: x" + more + "}]}";
  };
  auto path = [](const std::string& on_node, const std::string& more) {
    return "{containers: [{name: a, volumeMounts: [{name: v, mountPath: /m" + more +
           "}]}], volumes: [{name: v, hostPath: {path: " + on_node + "}}]}";
  };
  for (const Row& row : {
           Row{with(""), ""},
           Row{with(", securityContext: {privileged: true}"), "high"},
           Row{with(", securityContext: {privileged: yes}"), "high"},
           Row{with(", securityContext: {privileged: \"true\"}"), ""},
           Row{with(", securityContext: {capabilities: {add: [SYS_ADMIN]}}"), "high"},
           Row{with(", securityContext: {capabilities: {add: [CAP_SYS_MODULE]}}"), "high"},
           Row{with(", securityContext: {capabilities: {add: [NET_BIND_SERVICE]}}"), ""},
           Row{with(", securityContext: {capabilities: {add: [SYS_PTRACE]}}"), "low"},
           Row{"{hostPID: true, containers: [{name: a, securityContext: "
               "{capabilities: {add: [SYS_PTRACE]}}}]}",
               "high"},
           Row{"{hostNetwork: true, containers: []}", "low"},
           Row{"{shareProcessNamespace: true, containers: [{name: a}, {name: b}]}", "low"},
           Row{"{shareProcessNamespace: true, containers: [{name: a}]}", ""},
           Row{path("/", ""), "high"},
           Row{path("/", ", readOnly: true"), "high"},
           Row{path("/var/run/docker.sock", ", readOnly: true"), "high"},
           Row{path("/var/log/", ""), "high"},
           Row{path("/var/log", ", readOnly: true"), "low"},
           Row{path("/data/shop", ""), ""},
           Row{path("/etcetera", ""), ""},
           Row{"{containers: [{name: a}], volumes: [{name: v, hostPath: {path: /}}]}", ""},
           Row{"{containers: [], initContainers: [{name: i, securityContext: {privileged: true}}]}",
               "high"},
       }) {
    InventoryReport report = report_of({pod(row.spec)});
    const Finding* finding = finding_of(report, "k8s_workload_escape");
    EXPECT_EQ(finding == nullptr ? "" : std::string(name(finding->severity)), row.expected)
        << row.spec;
  }
}

TEST(K8sWorkload, every_kind_that_makes_pods_is_read_once_and_from_json_too) {
  const std::string spec = R"({"containers":[{"name":"a","securityContext":{"privileged":true}}]})";
  auto object = [](const std::string& kind, const std::string& body, const std::string& more = {}) {
    return R"({"apiVersion":"x/v1","kind":")" + kind +
           R"(","metadata":{"name":"w","namespace":"n")" + more + R"(},"spec":)" + body + "}";
  };
  const std::string made = R"({"template":{"spec":)" + spec + "}}";
  for (const auto& [kind, body] : std::vector<std::pair<std::string, std::string>>{
           {"Pod", spec},
           {"Deployment", made},
           {"DaemonSet", made},
           {"Job", made},
           {"CronJob", R"({"jobTemplate":{"spec":)" + made + "}}"}}) {
    EXPECT_EQ(found(report_of({object(kind, body)})),
              Names{"k8s_workload_escape " + kind + "/n/w"});
  }
  std::string owner = R"(,"ownerReferences":[{"controller":true,"kind":"Deployment","name":"w"}])";
  std::string both = R"({"apiVersion":"v1","kind":"List","items":[)" + object("Deployment", made) +
                     "," + object("ReplicaSet", made, owner) + "]}";
  EXPECT_EQ(found(report_of({both})), Names{"k8s_workload_escape Deployment/n/w"});
  EXPECT_EQ(report_of({both, both}).findings.size(), 1U);
}

TEST(K8sToken, shared_and_lasting_ones_are_told_where_there_are_rights) {
  std::string rights = robot("R", {"|configmaps|get"}) + "---\n";
  std::string use = "{serviceAccountName: robot, containers: [{name: a}]}";
  std::string none = "{serviceAccountName: robot, automountServiceAccountToken: false}";
  EXPECT_EQ(found(report_of({rights + pod(use, "a") + "---\n" + pod(use, "b")})),
            Names{"k8s_shared_service_account " + kRobot});
  EXPECT_EQ(found(report_of({rights + pod(use, "a") + "---\n" + pod(none, "b")})), Names{});
  EXPECT_EQ(found(report_of({pod(use, "a") + "---\n" + pod(use, "b")})), Names{});
  std::string secret =
      "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/service-account-token\n"
      "metadata: {name: t, namespace: shop, annotations: "
      "{kubernetes.io/service-account.name: robot}}\ndata: {token: c2VjcmV0}\n";
  InventoryReport report = report_of({secret});
  EXPECT_EQ(found(report), Names{"k8s_long_lived_token " + kRobot});
  EXPECT_EQ(report.findings[0].credential, "Secret/shop/t");
  EXPECT_EQ(to_ndjson(report.findings[0]).find("c2VjcmV0"), std::string::npos);
}

TEST(Kubehound, labels_are_met) {
  MANDATE_NEEDS_SHARED("data/kubehound");
  Inventories inventories;
  for (const auto& entry :
       std::filesystem::directory_iterator(test::shared_path("data/kubehound"))) {
    if (entry.path().extension() != ".yaml") continue;
    std::string text = test::read_file(entry.path());
    EXPECT_TRUE(Inventories::recognises(text)) << entry.path();
    inventories.add(entry.path().filename().string(), text);
  }
  InventoryReport report = std::move(inventories).finish();
  EXPECT_TRUE(report.skipped.empty());
  EXPECT_EQ(report.objects, 92U);
  std::set<std::string> hit;
  for (const Finding& finding : report.findings) {
    hit.insert(finding.principal);
    for (const Evidence& evidence : finding.evidence) {
      EXPECT_EQ(evidence.event_id.find("-fail"), std::string::npos) << evidence.event_id;
      EXPECT_EQ(evidence.event_id.find("control-pod"), std::string::npos);
    }
  }
  std::istringstream labels(test::read_file(test::shared_path("data/kubehound/labels.jsonl")));
  for (std::string line; std::getline(labels, line);) {
    Result<json::Value> label = json::parse(line);
    ASSERT_TRUE(label);
    EXPECT_EQ(hit.contains(label->find("id")->as_string()),
              label->find("label")->as_string() == "pos")
        << line;
  }
  bool is_said = std::any_of(report.notes.begin(), report.notes.end(), [](const auto& note) {
    return note.kind == "ineffective" && note.subject ==
                                             "system:serviceaccount:default:"
                                             "impersonate-sa";
  });
  EXPECT_TRUE(is_said);
}

}  // namespace
}  // namespace mandate::observe
