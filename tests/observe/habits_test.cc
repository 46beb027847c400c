// Rules that go by what a credential did over days: a network that is new to it, programs beside
// each other, use after an end; each with the twin in which one thing is otherwise.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "mandate/observe/rules.h"
#include "mandate/observe/scan.h"

namespace mandate::observe {
namespace {

using Rules = std::set<std::string>;

Rules rules_in(const std::string& log) {
  Scan scan;
  json::MemorySource source(log);
  scan.read("f", source);
  Rules rules;
  for (const Finding& finding : find_borrowed_trust(scan.summary())) rules.insert(finding.rule);
  return rules;
}

std::string day(int number) { return (number < 10 ? "0" : "") + std::to_string(number); }

// A call of the vendor's key, on a day of March.
std::string call(int on, const std::string& source, const std::string& agent) {
  const std::string id = std::to_string(on) + source + agent;
  return R"({"eventVersion":"1.09","eventID":")" + id + R"(","eventTime":"2026-03-)" + day(on) +
         R"(T04:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject",)"
         R"("sourceIPAddress":")" +
         source + R"(","userAgent":")" + agent +
         R"(","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::1:user/vendor","userName":)"
         R"("vendor","accountId":"1","accessKeyId":"AKIAVENDOR"}})"
         "\n";
}

std::string calls(int from, int to, const std::string& source, const std::string& agent) {
  std::string all;
  for (int on = from; on < to; ++on) all += call(on, source, agent);
  return all;
}

TEST(Habits, a_settled_key_in_a_network_of_its_own_is_told_of) {
  const std::string home = "198.51.100.7";
  const std::string away = "203.0.113.50";
  const struct {
    const char* name;
    std::string log;
    Rules expected;
  } rows[] = {
      {"by another program",
       calls(1, 20, home, "Boto3/1.34") + call(20, away, "aws-sdk-go/1.44"),
       {"lasting_key_new_network"}},
      {"the same program, at home as well",
       calls(1, 25, home, "Boto3/1.34") + call(20, away, "Boto3/1.34"),
       {"lasting_key_new_network"}},
      {"it moved", calls(1, 20, home, "Boto3/1.34") + call(20, away, "Boto3/1.34"), {}},
      {"the same network",
       calls(1, 20, home, "Boto3/1.34") + call(20, home, "aws-sdk-go/1.44"),
       {}},
      {"a neighbour in it",
       calls(1, 20, home, "Boto3/1.34") + call(20, "198.51.9.9", "aws-sdk-go/1.44"),
       {}},
      {"not settled yet", calls(1, 12, home, "Boto3/1.34") + call(13, away, "aws-sdk-go/1.44"), {}},
      {"hardly ever used", call(1, home, "Boto3/1.34") + call(20, away, "aws-sdk-go/1.44"), {}},
      {"at home nowhere",
       calls(1, 20, home, "Boto3/1.34") + calls(1, 3, "192.0.2.1", "Boto3/1.34") +
           calls(1, 3, "8.8.8.8", "Boto3/1.34") + call(20, away, "aws-sdk-go/1.44"),
       {}},
      {"inside", calls(1, 20, home, "Boto3/1.34") + call(20, "10.1.2.3", "aws-sdk-go/1.44"), {}},
  };
  for (const auto& row : rows) EXPECT_EQ(rules_in(row.log), row.expected) << row.name;
}

std::string google(int minute, const std::string& source, const std::string& agent) {
  return R"({"insertId":"i)" + std::to_string(minute) + agent + R"(","timestamp":"2026-01-02T03:)" +
         day(minute) +
         R"(:05Z","protoPayload":{"serviceName":"storage.googleapis.com","methodName":)"
         R"("storage.objects.get","authenticationInfo":{"principalEmail":)"
         R"("app@p1.iam.gserviceaccount.com"},"requestMetadata":{"callerIp":")" +
         source + R"(","callerSuppliedUserAgent":")" + agent +
         R"("},"resourceName":"projects/p1/x"}})"
         "\n";
}

TEST(Habits, one_service_account_of_several_programs_needs_no_key_to_be_seen) {
  const std::string orders = google(1, "34.1.0.4", "orders/1") + google(9, "34.1.0.4", "orders/1");
  auto beside = [&](const std::string& source, const std::string& agent, int minute) {
    return rules_in(orders + google(minute, source, agent) + google(minute + 1, source, agent));
  };
  EXPECT_EQ(beside("35.2.0.9", "billing/3", 4), Rules{"workload_identity_shared"});
  EXPECT_EQ(beside("34.1.0.4", "billing/3", 4), Rules{}) << "on the same machine";
  EXPECT_EQ(beside("35.2.0.9", "billing/3", 20), Rules{}) << "afterwards";
  EXPECT_EQ(beside("35.2.0.9", "orders/1", 4), Rules{}) << "the same program";
}

std::string workspace(int hour, const std::string& app, const std::string& who,
                      const std::string& name, const std::string& parameters) {
  return R"({"id":{"time":"2026-01-02T)" + day(hour) + R"(:00:00Z","uniqueQualifier":"q)" +
         std::to_string(hour) + name + R"(","applicationName":")" + app +
         R"("},"actor":{"email":")" + who + R"(@acme.example"},"ipAddress":"192.0.2.1","name":")" +
         name + R"(","parameters":{)" + parameters + "}}\n";
}

TEST(Habits, whoever_is_suspended_is_ended_until_let_in_again) {
  const std::string ben = R"("USER_EMAIL":"ben@acme.example")";
  const std::string suspended = workspace(2, "admin", "desk", "SUSPEND_USER", ben);
  const std::string resumed = workspace(3, "admin", "desk", "UNSUSPEND_USER", ben);
  auto used = [](int hour) {
    return workspace(hour, "token", "ben", "activity", R"("client_id":"a1","app_name":"Plans")");
  };
  EXPECT_EQ(rules_in(suspended + used(8)), Rules{"used_after_end"});
  EXPECT_EQ(rules_in(suspended + resumed + used(8)), Rules{});
  EXPECT_EQ(rules_in(suspended + used(1)), Rules{}) << "before";
}

// A deployment by a session of its own, at an hour of a day in March.
std::string deployment(int on, int hour, const std::string& who = "AssumedRole",
                       const std::string& action = "UpdateService") {
  const std::string id = day(on) + day(hour);
  return R"({"eventVersion":"1.09","eventID":")" + id + R"(","eventTime":"2026-03-)" + day(on) +
         "T" + day(hour) + R"(:00:00Z","eventSource":"ecs.amazonaws.com","eventName":")" + action +
         R"(","sourceIPAddress":"198.51.100.7","userAgent":"Boto3/1.34","userIdentity":{"type":")" +
         who +
         R"(","arn":"arn:aws:sts::1:assumed-role/deploy/run","accountId":"1","accessKeyId":)"
         R"("ASIA)" +
         id +
         R"(","sessionContext":{"sessionIssuer":{"type":"Role","arn":)"
         R"("arn:aws:iam::1:role/deploy"}}}})"
         "\n";
}

TEST(Habits, a_deployment_outside_the_hours_of_all_others_is_told_of) {
  const auto runs = [](int days, const std::string& action = "UpdateService") {
    std::string log;
    for (int on = 1; on <= days; ++on) {
      log += deployment(on, 8 + on % 3, "AssumedRole", action);
      log += deployment(on, 11, "AssumedRole", action);
    }
    return log;
  };
  const struct {
    const char* name;
    std::string log;
    Rules expected;
  } rows[] = {
      {"at night", runs(6) + deployment(9, 2), {"run_outside_hours"}},
      {"in the afternoon", runs(6) + deployment(9, 14), {}},
      {"four hours after", runs(6) + deployment(9, 15), {"run_outside_hours"}},
      {"two at night", runs(6) + deployment(9, 2) + deployment(10, 2), {}},
      {"hardly any before", runs(4) + deployment(9, 2), {}},
      {"what deploys nothing",
       runs(6, "ListServices") + deployment(9, 2, "AssumedRole", "ListServices"),
       {}},
      {"what only begins alike",
       runs(6) + deployment(9, 2, "AssumedRole", "UpdateServicePrimaryTaskSet"),
       {}},
      {"with the version of an API",
       runs(6) + deployment(9, 2, "AssumedRole", "UpdateService20150331v2"),
       {"run_outside_hours"}},
      {"at all hours", runs(6) + deployment(7, 0) + deployment(8, 19) + deployment(9, 2), {}},
  };
  for (const auto& row : rows) EXPECT_EQ(rules_in(row.log), row.expected) << row.name;
}

}  // namespace
}  // namespace mandate::observe
