#include "mandate/observe/sources/cloudtrail.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "mandate/observe/sources/text.h"

namespace mandate::observe::cloudtrail {
namespace {

// The name in an ARN, without the six characters that the service adds to it.
std::string_view secret_name(std::string_view secret) {
  constexpr std::size_t kSuffix = 7;
  const std::size_t at = secret.find(":secret:");
  if (at == std::string_view::npos) return secret;
  secret.remove_prefix(at + std::string_view(":secret:").size());
  const bool has_suffix = secret.size() > kSuffix && secret[secret.size() - kSuffix] == '-';
  return has_suffix ? secret.substr(0, secret.size() - kSuffix) : secret;
}

// A role stands for all of its sessions, and each of a directory's people for itself.
std::string_view workload_of(const Activity& activity) {
  if (activity.actor.is_person || activity.actor.kind == ActorKind::kService) return {};
  return activity.credential.role.empty() ? activity.actor.id : activity.credential.role;
}

// What brings another version of something into use. Names of functions' calls end with a version
// of the API itself.
constexpr std::pair<std::string_view, std::string_view> kDeployments[] = {
    {"ecs.amazonaws.com", "UpdateService"},
    {"ecs.amazonaws.com", "CreateService"},
    {"ecs.amazonaws.com", "CreateTaskSet"},
    {"codedeploy.amazonaws.com", "CreateDeployment"},
    {"lambda.amazonaws.com", "UpdateFunctionCode"},
    {"lambda.amazonaws.com", "UpdateAlias"},
    {"cloudformation.amazonaws.com", "CreateStack"},
    {"cloudformation.amazonaws.com", "UpdateStack"},
    {"cloudformation.amazonaws.com", "ExecuteChangeSet"},
    {"elasticbeanstalk.amazonaws.com", "UpdateEnvironment"},
    {"apprunner.amazonaws.com", "StartDeployment"},
    {"apprunner.amazonaws.com", "UpdateService"},
    {"amplify.amazonaws.com", "StartDeployment"},
    {"amplify.amazonaws.com", "StartJob"},
    {"apigateway.amazonaws.com", "CreateDeployment"},
    {"appconfig.amazonaws.com", "StartDeployment"},
    {"autoscaling.amazonaws.com", "StartInstanceRefresh"},
    {"sagemaker.amazonaws.com", "UpdateEndpoint"},
};

bool is_deployment(const Activity& activity) {
  return activity.outcome == Outcome::kSucceeded && activity.time != kUntimed &&
         std::any_of(std::begin(kDeployments), std::end(kDeployments), [&](const auto& row) {
           const std::string_view rest =
               std::string_view(activity.action)
                   .substr(std::min(activity.action.size(), row.second.size()));
           return activity.service == row.first && activity.action.starts_with(row.second) &&
                  (rest.empty() || (rest.front() >= '0' && rest.front() <= '9'));
         });
}

}  // namespace

void read_facts(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  if (activity.action == "GetSecretValue") {
    const std::string_view secret = secret_name(slots[kSecret].string());
    const std::string_view reader = workload_of(activity);
    if (secret.empty() || reader.empty()) return;
    scratch.facts.push_back({FactKind::kSecretRead, secret, reader});
  } else if (is_deployment(activity)) {
    constexpr std::size_t kDate = 10;
    const std::string_view workload = workload_of(activity);
    if (workload.empty()) return;
    const std::string day = format_rfc3339(activity.time).substr(0, kDate);
    scratch.facts.push_back({FactKind::kDeployed, workload,
                             scratch.keep(std::string(activity.credential.id) + " " + day)});
  } else if (const std::string_view assertion = slots[kAssertion].string(); !assertion.empty()) {
    scratch.facts.push_back({FactKind::kAssertionUsed, assertion, activity.context.source,
                             agent_product(activity.context.agent)});
  }
  activity.facts = scratch.facts;
}

}  // namespace mandate::observe::cloudtrail
