// What a log shows, as edges: each with its relation, its evidence and the event behind it.
#include "mandate/observe/observed_graph.h"

#include <gmock/gmock.h>

#include "mandate/observe/scan.h"

namespace mandate::observe {
namespace {

using testing::IsSupersetOf;

// "principal a -> session b: can act as [observed] why @line"
std::set<std::string> edges_of(std::string_view log) {
  Scan scan;
  json::MemorySource source(log);
  scan.read("log", source);
  graph::Builder builder;
  std::vector<EdgeNote> notes;
  add_observed(scan.summary(), builder, notes);
  const graph::Graph graph = std::move(builder).build();
  std::set<std::string> all;
  const auto text = [&](graph::Node node) {
    return std::string(name(graph.kind(node))) + " " + std::string(graph.id(node));
  };
  for (graph::Edge at = 0; at < graph.edge_count(); ++at) {
    const graph::EdgeData& edge = graph.edge(at);
    const EdgeNote& note = notes.at(edge.handle);
    EXPECT_EQ(note.evidence.file, "log");
    all.insert(text(edge.from) + " " + std::string(name(edge.relation)) + " " + text(edge.to) +
               " [" + graph::names(edge.evidence) + "] " + note.text + " @" +
               std::to_string(note.evidence.line));
  }
  return all;
}

std::string event(const std::string& action, const std::string& who, const std::string& more = "") {
  static int number = 0;
  return R"({"eventVersion":"1.08","eventTime":"2026-01-02T03:04:05Z","eventID":"e)" +
         std::to_string(++number) + R"(","eventSource":"sts.amazonaws.com","eventName":")" +
         action + R"(","sourceIPAddress":"192.0.2.1","userAgent":"aws-cli/2","userIdentity":)" +
         who + more + "}\n";
}

const std::string kAnn = R"({"type":"IAMUser","arn":"arn:aws:iam::1:user/ann","accountId":"1",)"
                         R"("accessKeyId":"AKIA1","userName":"ann"})";
const std::string kCi =
    R"({"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/ci/run","accountId":"1",)"
    R"("accessKeyId":"ASIA1","sessionContext":{"sessionIssuer":{"type":"Role",)"
    R"("arn":"arn:aws:iam::1:role/ci","accountId":"1","userName":"ci"}}})";
const std::string kIssued =
    R"(,"requestParameters":{"roleArn":"arn:aws:iam::1:role/ci","roleSessionName":"run"},)"
    R"("responseElements":{"credentials":{"accessKeyId":"ASIA1"},"assumedRoleUser":)"
    R"({"arn":"arn:aws:sts::1:assumed-role/ci/run"}})";

TEST(ObservedGraph, joins_keys_sessions_roles_and_what_they_acted_on) {
  EXPECT_THAT(
      edges_of(event("AssumeRole", kAnn, kIssued) + event("GetCallerIdentity", kCi)),
      IsSupersetOf({
          "principal arn:aws:iam::1:user/ann can act as credential AKIA1 [observed] used it @1",
          "credential AKIA1 can act as principal arn:aws:iam::1:user/ann [observed] acted as it @1",
          "credential AKIA1 can act as session ASIA1 [observed] was issued it as "
          "arn:aws:iam::1:role/ci, named run @1",
          "session ASIA1 can act as principal arn:aws:iam::1:role/ci [observed] stands for it @1",
          "session ASIA1 acted on resource sts.amazonaws.com [observed] GetCallerIdentity @2",
          "principal arn:aws:iam::1:role/ci acted on resource sts.amazonaws.com [observed] "
          "GetCallerIdentity, by ASIA1 @2",
      }));
}

TEST(ObservedGraph, has_no_edge_for_what_failed) {
  EXPECT_TRUE(edges_of(event("GetCallerIdentity", kAnn, R"(,"errorCode":"AccessDenied")")).empty());
  EXPECT_FALSE(edges_of(event("GetCallerIdentity", kAnn)).empty());
}

TEST(ObservedGraph, tells_who_changed_whom_and_whom_that_let_in) {
  std::string trust = event(
      "UpdateAssumeRolePolicy", kAnn,
      R"(,"requestParameters":{"roleName":"ci","policyDocument":"{\"Statement\":[{\"Effect\":)"
      R"(\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::9:role/guest\"},)"
      R"(\"Action\":\"sts:AssumeRole\"}]}"})");
  trust.replace(trust.find("sts.amazonaws.com"), 17, "iam.amazonaws.com");
  const std::set<std::string> edges = edges_of(trust);
  const auto has = [&](std::string_view begin, std::string_view end) {
    return std::any_of(edges.begin(), edges.end(), [&](const std::string& edge) {
      return edge.starts_with(begin) && edge.ends_with(end);
    });
  };
  EXPECT_TRUE(has("credential AKIA1 may change principal ", "[observed] changed whom it trusts @1"))
      << testing::PrintToString(edges);
  EXPECT_TRUE(
      has("principal arn:aws:iam::9:role/guest can act as principal ", "[possible] was let in @1"))
      << testing::PrintToString(edges);
}

}  // namespace
}  // namespace mandate::observe
