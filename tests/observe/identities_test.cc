// Whom a scan tells a server of: who did something, by ids that any name can become.
#include "mandate/observe/identities.h"

#include <gmock/gmock.h>

#include "mandate/observe/inventory/inventory.h"
#include "mandate/observe/scan.h"

namespace mandate::observe {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> texts(const std::vector<PrincipalId>& ids) {
  std::vector<std::string> all;
  for (const PrincipalId& id : ids) all.push_back(id.text());
  return all;
}

std::vector<std::string> met_in(std::string_view log) {
  Scan scan;
  json::MemorySource source(log);
  scan.read("log", source);
  return texts(identities_of(scan.summary(), graph::Builder().build()));
}

std::string event(const std::string& identity, const std::string& more = "") {
  static int number = 0;
  return R"({"eventVersion":"1.08","eventTime":"2026-01-02T03:04:05Z","eventID":"e)" +
         std::to_string(++number) +
         R"(","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","awsRegion":"eu-west-1",)"
         R"("sourceIPAddress":"192.0.2.1","userAgent":"aws-cli/2","userIdentity":)" +
         identity + more + "}\n";
}

const std::string kUser = R"({"type":"IAMUser","arn":"arn:aws:iam::1:user/ann","accountId":"1",)"
                          R"("accessKeyId":"AKIA1","userName":"ann"})";
const std::string kSession =
    R"({"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/ci/run-7","accountId":"1",)"
    R"("accessKeyId":"ASIA1","sessionContext":{"sessionIssuer":{"type":"Role",)"
    R"("arn":"arn:aws:iam::1:role/path/ci","accountId":"1","userName":"ci"}}})";

TEST(Identities, are_of_those_who_did_something) {
  EXPECT_THAT(met_in(event(kUser)), ElementsAre("workload:arn:aws:iam::1:user/ann"));
  EXPECT_THAT(met_in(event(kUser, R"(,"errorCode":"AccessDenied")")), IsEmpty());
  EXPECT_THAT(met_in(event(R"({"type":"AWSService","invokedBy":"ec2.amazonaws.com"})")), IsEmpty());
}

TEST(Identities, hold_no_star_so_that_anybody_can_be_asked_about) {
  const std::vector<std::string> met =
      met_in(event(R"({"type":"IAMUser","arn":"arn:aws:iam::1:user/a*b","accountId":"1",)"
                   R"("accessKeyId":"AKIA1","userName":"a*b"})"));
  EXPECT_THAT(met, ElementsAre(testing::StartsWith("workload:arn:aws:iam::1:user/a-b-")));
}

TEST(Identities, of_sessions_are_the_roles_behind_them) {
  EXPECT_THAT(met_in(event(kSession)), ElementsAre("workload:arn:aws:iam::1:role/path/ci"));
  EXPECT_THAT(met_in(event(R"({"type":"AssumedRole","accountId":"1",)"
                           R"("arn":"arn:aws:sts::1:assumed-role/AWSServiceRoleForX/run-8"})")),
              ElementsAre("workload:arn:aws:iam::1:role/AWSServiceRoleForX"));
}

TEST(Identities, of_people_at_work_are_human) {
  const std::string browser = event(kUser);
  const std::size_t at = browser.find("ListBuckets");
  std::string login = browser;
  login.replace(at, 11, "ConsoleLogin");
  login.replace(login.find("s3.amazonaws.com"), 16, "signin.amazonaws.com");
  login.replace(login.find("aws-cli/2"), 9, "Mozilla/5.0 Firefox/124.0");
  login.insert(login.rfind('}'), R"(,"responseElements":{"ConsoleLogin":"Success"})");
  EXPECT_THAT(met_in(login), ElementsAre("human:arn:aws:iam::1:user/ann"));
}

TEST(Identities, of_any_name_are_ids_that_tell_names_apart) {
  struct Row {
    std::string name;
    std::string id;  // with `?` at its end: and a digest
  };
  const std::vector<Row> rows = {
      {"arn:aws:iam::1:user/ann", "workload:arn:aws:iam::1:user/ann"},
      {"ann@acme.example", "workload:ann@acme.example"},
      {"agent:triage", "agent:triage"},
      {"spiffe://acme.example/bot", "spiffe://acme.example/bot"},
      {"system:serviceaccount:shop:robot", "workload:system:serviceaccount:shop:robot"},
      {"My App", "workload:My-App-?"},
      {"a\nb", "workload:a-b-?"},
      {"\x1b[2J<script>", "workload:--2J-script--?"},
      {"\xff\xfe", "workload:---?"},
      {"\xe2\x80\xaegnp.exe", "workload:---gnp.exe-?"},  // reversed by a terminal
      {"", "workload:-?"},
      {std::string(5000, 'x'), "workload:" + std::string(150, 'x') + "-?"},
  };
  std::set<std::string> ids;
  for (const Row& row : rows) {
    const std::string id = identity_of(row.name, false).text();
    EXPECT_TRUE(ids.insert(id).second) << id;
    const bool has_digest = row.id.ends_with('?');
    EXPECT_EQ(id.substr(0, row.id.size() - (has_digest ? 1 : 0)),
              row.id.substr(0, row.id.size() - (has_digest ? 1 : 0)));
    EXPECT_EQ(id.size(), row.id.size() + (has_digest ? 15 : 0)) << id;
    EXPECT_EQ(PrincipalId::parse(id).value().text(), id);
  }
  EXPECT_NE(identity_of("My App", false), identity_of("My_App ", false));
  EXPECT_EQ(identity_of("ann", true).text(), "human:ann");
}

TEST(Identities, of_inventories_are_what_they_list_by_itself) {
  graph::Builder builder;
  const graph::Node app = builder.node(graph::NodeKind::kPrincipal, "0oaAPP");
  for (const char* id :
       {"arn:aws:iam::1:user/ann", "arn:aws:iam::1:role/ci", "arn:aws:iam::1:group/all",
        "arn:aws:iam::1:root", "*", "ec2.amazonaws.com", "system:serviceaccount:shop:robot",
        "system:serviceaccount:shop:*", "system:masters"}) {
    const graph::Node node = builder.node(graph::NodeKind::kPrincipal, id);
    builder.edge({app, node, graph::Relation::kMayActFor, graph::kPossible, graph::kNone});
  }
  builder.node(graph::NodeKind::kResource, "arn:aws:iam::1:role/a-resource");
  const graph::Graph inventory = std::move(builder).build();
  EXPECT_THAT(
      texts(identities_of(Summary(), inventory)),
      ElementsAre("workload:0oaAPP", "workload:arn:aws:iam::1:role/ci",
                  "workload:arn:aws:iam::1:user/ann", "workload:system:serviceaccount:shop:robot"));
}

}  // namespace
}  // namespace mandate::observe
