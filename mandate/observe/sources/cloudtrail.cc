#include "mandate/observe/sources/cloudtrail.h"

#include <array>

#include "mandate/observe/sources/text.h"

namespace mandate::observe {
namespace cloudtrail {
namespace {

// In the order of `Path`. (CloudTrail record contents, event version 1.11.)
constexpr std::array<std::string_view, kPaths> kWanted = {
    "eventID",
    "eventTime",
    "@timestamp",
    "eventSource",
    "eventName",
    "errorCode",
    "readOnly",
    "sourceIPAddress",
    "userAgent",
    "recipientAccountId",
    "eventType",
    "sessionCredentialFromConsole",
    "userIdentity",
    "userIdentity.type",
    "userIdentity.arn",
    "userIdentity.principalId",
    "userIdentity.accountId",
    "userIdentity.accessKeyId",
    "userIdentity.userName",
    "userIdentity.invokedBy",
    "userIdentity.sessionContext.sessionIssuer.arn",
    "userIdentity.sessionContext.attributes.mfaAuthenticated",
    "userIdentity.sessionContext.ec2RoleDelivery",
    "userIdentity.sessionContext",
    "requestParameters",
    "requestParameters.roleArn",
    "requestParameters.roleSessionName",
    "responseElements",
    "responseElements.credentials.accessKeyId",
    "responseElements.ConsoleLogin",
    "additionalEventData.MFAUsed",
    "additionalEventData.SamlProviderArn",
    "resources.[0].ARN",
    "requestParameters.secretId",
    "requestParameters.sAMLAssertionID",
    "responseElements.credentials.expiration",
};

bool is_true(const json::Slot& slot) { return slot.is_true() || slot.string() == "true"; }

std::string_view after_last(std::string_view text, char separator) {
  const std::size_t at = text.rfind(separator);
  return at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
}

ActorKind kind_of(std::string_view type, std::string_view arn) {
  if (type == "IAMUser") return ActorKind::kUser;
  if (type == "AssumedRole" || type == "Role") return ActorKind::kRoleSession;
  if (type == "Root") return ActorKind::kRoot;
  if (type == "AWSService") return ActorKind::kService;
  if (type == "FederatedUser" || type == "WebIdentityUser" || type == "SAMLUser" ||
      type == "IdentityCenterUser") {
    return ActorKind::kFederated;
  }
  // Records without a type exist: the ARN says as much.
  if (arn.find(":user/") != std::string_view::npos) return ActorKind::kUser;
  if (arn.find(":assumed-role/") != std::string_view::npos) return ActorKind::kRoleSession;
  if (arn.find(":federated-user/") != std::string_view::npos) return ActorKind::kFederated;
  if (arn.ends_with(":root")) return ActorKind::kRoot;
  return ActorKind::kUnknown;
}

void read_actor(std::span<const json::Slot> slots, Activity& activity) {
  Actor& actor = activity.actor;
  const std::string_view arn = slots[kArn].string();
  const std::string_view principal_id = slots[kPrincipalId].string();
  actor.kind = kind_of(slots[kType].string(), arn);
  actor.tenant = slots[kAccount].string();
  actor.id = arn;
  if (actor.id.empty() && actor.kind == ActorKind::kService) actor.id = slots[kInvokedBy].string();
  if (actor.id.empty()) actor.id = principal_id;
  if (actor.id.empty()) actor.id = actor.tenant;
  if (actor.kind == ActorKind::kUser) actor.unique_id = principal_id;
  // A session of a directory's user carries its address as the session's name.
  actor.is_person = activity.context.agent_kind == AgentKind::kInteractive ||
                    (actor.kind == ActorKind::kRoleSession &&
                     arn.find("AWSReservedSSO_") != std::string_view::npos);
}

void read_credential(std::span<const json::Slot> slots, Activity& activity) {
  Credential& credential = activity.credential;
  credential.id = slots[kKey].string();
  if (credential.id.empty()) return;
  const bool has_session = slots[kSession].kind == json::SlotKind::kObject;
  if (credential.id.starts_with("AKIA")) {
    credential.kind = CredentialKind::kStaticKey;
  } else if (credential.id.starts_with("ASIA") || has_session) {
    credential.kind = CredentialKind::kSession;
  } else {
    credential.kind = CredentialKind::kStaticKey;
  }
  if (activity.actor.kind != ActorKind::kRoleSession) return;
  credential.role = slots[kIssuerArn].string();
  credential.session_name = after_last(slots[kArn].string(), '/');
  const bool is_delivered = slots[kDelivery].kind != json::SlotKind::kAbsent;
  if (is_delivered || is_instance_id(credential.session_name)) {
    credential.machine = credential.session_name;
    activity.actor.kind = ActorKind::kWorkload;
  }
}

// A program that drives a console's session. The shell in the browser is the console's own.
bool is_program(const Context& context) {
  return context.agent_kind == AgentKind::kSoftware &&
         context.agent.find("exec-env/CloudShell") == std::string_view::npos;
}

void read_context(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  Context& context = activity.context;
  context.source = slots[kSourceAddress].string();
  context.source_is_service = !is_address_like(context.source);
  context.agent = slots[kUserAgent].string();
  context.agent_kind = scratch.agents.kind(context.agent);
  context.invoked_by = slots[kInvokedBy].string();
  if (!context.invoked_by.empty() || context.source_is_service) {
    context.agent_kind = AgentKind::kPlatform;
  } else if (is_true(slots[kFromConsole]) && !is_program(context)) {
    context.agent_kind = AgentKind::kInteractive;
  }
  if (slots[kMfaUsed].is_string()) {
    context.mfa = slots[kMfaUsed].string() == "Yes";
  } else if (slots[kMfa].is_string()) {
    context.mfa = slots[kMfa].string() == "true";
  }
}

// By the shape of the answer: whatever answers with a credential issued one.
void read_issued(std::span<const json::Slot> slots, Activity& activity) {
  Issued& issued = activity.issued;
  issued.credential = slots[kIssuedKey].string();
  if (issued.credential.empty() || activity.outcome != Outcome::kSucceeded) {
    issued = {};
    return;
  }
  issued.until = date_in_words(slots[kExpiration].string());
  issued.for_whom = slots[kRoleArn].string();
  issued.session_name = slots[kRoleSessionName].string();
  if (issued.for_whom.empty()) {
    const bool is_named = slots[kResponse].text.find("\"federatedUser\"") != std::string_view::npos;
    issued.kind = is_named ? IssueKind::kFederation : IssueKind::kSession;
  } else if (activity.actor.kind == ActorKind::kFederated) {
    issued.kind = IssueKind::kFederatedRole;
    issued.subject = slots[kUserName].string();
  } else {
    issued.kind = IssueKind::kRole;
  }
}

bool changes_nothing(std::span<const json::Slot> slots, std::string_view action) {
  const json::Slot& said = slots[kReadOnly];
  if (said.kind != json::SlotKind::kAbsent) return is_true(said);
  return action.starts_with("Get") || action.starts_with("List") ||
         action.starts_with("Describe") || action.starts_with("Head");
}

Reading read(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  activity.service = slots[kEventSource].string();
  activity.action = slots[kEventName].string();
  const bool has_identity = slots[kIdentity].kind == json::SlotKind::kObject;
  if (!has_identity || activity.service.empty() || activity.action.empty())
    return Reading::kNotMine;
  const std::optional<Instant> time = record_time({&slots[kEventTime], &slots[kTimestamp]});
  if (!time) return Reading::kUnusable;
  activity.time = *time;
  activity.event_id = slots[kEventId].string();
  const std::string_view error = slots[kErrorCode].string();
  if (!error.empty()) {
    const bool is_denied = error.find("Denied") != std::string_view::npos ||
                           error.find("Unauthorized") != std::string_view::npos;
    activity.outcome = is_denied ? Outcome::kDenied : Outcome::kFailed;
  } else if (slots[kLoginResult].string() == "Failure") {
    activity.outcome = Outcome::kDenied;
  }
  activity.is_read = changes_nothing(slots, activity.action);
  read_context(slots, scratch, activity);
  read_actor(slots, activity);
  read_credential(slots, activity);
  read_issued(slots, activity);
  activity.target = slots[kResource].string();
  if (activity.outcome == Outcome::kSucceeded) {
    read_change(slots, scratch, activity);
    read_facts(slots, scratch, activity);
  }
  return Reading::kActivity;
}

}  // namespace
}  // namespace cloudtrail

const Source kCloudTrail = {
    .name = "cloudtrail",
    .title = "AWS CloudTrail",
    .is_schema_only = false,
    .paths = cloudtrail::kWanted,
    .read = cloudtrail::read,
};

}  // namespace mandate::observe
