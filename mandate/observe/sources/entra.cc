// Microsoft Entra: sign-ins and directory audits, as Azure Monitor exports them (a category and
// `properties`) and as Microsoft Graph lists them (signIn, directoryAudit: the same members at the
// top).
#include "mandate/observe/sources/entra.h"

#include <array>

#include "mandate/observe/sources/members.h"
#include "mandate/observe/sources/text.h"

namespace mandate::observe {
namespace entra {
namespace {

enum Path : std::size_t {
  kId,
  kActivity,
  kActivityTime,
  kCreated,
  kResult,
  kBy,
  kTargets,
  kUserName,
  kUserId,
  kPrincipalId,
  kPrincipalName,
  kAppName,
  kAddress,
  kAgent,
  kInteractive,
  kRequirement,
  kErrorCode,
  kSession,
  kResourceName,
  kMembers,  // the same again, below `properties`
  kTime = 2 * kMembers,
  kCategory,
  kOperation,
  kOperationLower,
  kTenant,
  kTenantLower,
  kCaller,
  kCallerLower,
  kResultType,
  kResultTypeLower,
  kPaths,
};

constexpr std::array<std::string_view, kPaths> kWanted = {
    "id",
    "activityDisplayName",
    "activityDateTime",
    "createdDateTime",
    "result",
    "initiatedBy",
    "targetResources",
    "userPrincipalName",
    "userId",
    "servicePrincipalId",
    "servicePrincipalName",
    "appDisplayName",
    "ipAddress",
    "userAgent",
    "isInteractive",
    "authenticationRequirement",
    "status.errorCode",
    "sessionId",
    "resourceDisplayName",
    "properties.id",
    "properties.activityDisplayName",
    "properties.activityDateTime",
    "properties.createdDateTime",
    "properties.result",
    "properties.initiatedBy",
    "properties.targetResources",
    "properties.userPrincipalName",
    "properties.userId",
    "properties.servicePrincipalId",
    "properties.servicePrincipalName",
    "properties.appDisplayName",
    "properties.ipAddress",
    "properties.userAgent",
    "properties.isInteractive",
    "properties.authenticationRequirement",
    "properties.status.errorCode",
    "properties.sessionId",
    "properties.resourceDisplayName",
    "time",
    "category",
    "operationName",
    "operationname",
    "tenantId",
    "tenantid",
    "callerIpAddress",
    "calleripaddress",
    "resultType",
    "resulttype",
};

class Record {
 public:
  explicit Record(std::span<const json::Slot> slots) : slots_(slots) {}

  const json::Slot& slot(std::size_t member) const {
    const json::Slot& below = slots_[kMembers + member];
    return below.kind == json::SlotKind::kAbsent ? slots_[member] : below;
  }
  std::string_view text(std::size_t member) const { return slot(member).string(); }
  std::string_view outer(std::size_t path) const { return slots_[path].string(); }
  std::string_view first(std::initializer_list<std::size_t> paths) const {
    return first_string(slots_, paths);
  }

  bool is_sign_in() const {
    return outer(kCategory).ends_with("SignInLogs") ||
           (slots_[kCreated].is_string() && slots_[kAppName].is_string());
  }
  bool is_audit() const { return slot(kBy).kind == json::SlotKind::kObject && !activity().empty(); }
  std::string_view activity() const {
    return text(kActivity).empty() ? first({kOperation, kOperationLower}) : text(kActivity);
  }
  std::optional<Instant> time() const {
    for (const std::string_view said : {text(kActivityTime), text(kCreated), outer(kTime)}) {
      if (const std::optional<Instant> time = log_time(said)) return time;
    }
    return std::nullopt;
  }
  // Zero, or a word for it.
  bool is_success() const {
    const json::Slot& code = slot(kErrorCode);
    if (code.kind != json::SlotKind::kAbsent) return code.text == "0";
    for (const std::size_t path : {kResultType, kResultTypeLower}) {
      const std::string_view text = slots_[path].text;
      if (!text.empty()) return text == "0" || text == "Success" || text == "success";
    }
    return true;
  }

 private:
  std::span<const json::Slot> slots_;
};

void read_sign_in(const Record& record, Activity& activity) {
  Actor& actor = activity.actor;
  const bool is_user = !record.text(kUserName).empty() || !record.text(kUserId).empty();
  if (is_user) {
    actor.id = record.text(kUserName).empty() ? record.text(kUserId) : record.text(kUserName);
    actor.unique_id = record.text(kUserId);
    actor.kind = ActorKind::kUser;
  } else {
    actor.id = record.text(kPrincipalName);
    if (actor.id.empty()) actor.id = record.text(kPrincipalId);
    if (actor.id.empty()) actor.id = record.text(kAppName);
    actor.unique_id = record.text(kPrincipalId);
    actor.kind = ActorKind::kWorkload;
  }
  activity.service = record.text(kResourceName);
  if (activity.service.empty()) activity.service = "sign-in";
  activity.action = "sign-in";
  if (!record.is_success()) activity.outcome = Outcome::kDenied;
  if (!record.text(kSession).empty()) {
    activity.credential = {.id = record.text(kSession), .kind = CredentialKind::kSession};
  }
  const std::string_view requirement = record.text(kRequirement);
  if (!requirement.empty()) {
    activity.context.mfa = requirement == "multiFactorAuthentication";
  }
  const json::Slot& interactive = record.slot(kInteractive);
  const bool is_refresh = record.outer(kCategory).starts_with("NonInteractive");
  if (!is_user || is_refresh) return;
  actor.is_person = interactive.is_true() || activity.context.agent_kind == AgentKind::kInteractive;
  activity.change.kind = ChangeKind::kLogin;
  activity.change.object = actor.id;
}

DirectoryChange change_in(const Record& record, std::string_view operation) {
  DirectoryChange said{.operation = operation, .object = {}, .user = {}, .properties = {}};
  const std::optional<json::Value> targets = value_in(record.slot(kTargets));
  if (!targets || !targets->is_array()) return said;
  for (const json::Value& target : targets->as_array()) {
    std::string name;
    for (const std::string_view member : {"userPrincipalName", "displayName", "id"}) {
      if (name.empty()) name = text_at(target, {member});
    }
    if (said.object.empty()) said.object = name;
    if (said.user.empty() && text_at(target, {"type"}) == "User") said.user = name;
    for (const json::Value& property : items_at(target, {"modifiedProperties"})) {
      said.properties.try_emplace(std::string(text_at(property, {"displayName"})),
                                  plain_value(text_at(property, {"newValue"})));
    }
  }
  return said;
}

void read_audit(const Record& record, Scratch& scratch, Activity& activity) {
  activity.service = "directory";
  activity.action = record.activity();
  const std::string_view result = record.text(kResult);
  if (result == "failure" || result == "timeout") activity.outcome = Outcome::kFailed;
  Actor& actor = activity.actor;
  actor.kind = ActorKind::kService;
  const std::optional<json::Value> by = value_in(record.slot(kBy));
  auto said = [&](std::initializer_list<std::string_view> path) {
    return by ? scratch.keep(std::string(text_at(*by, path))) : std::string_view();
  };
  actor.unique_id = said({"user", "id"});
  actor.id = said({"user", "userPrincipalName"});
  if (actor.id.empty()) actor.id = actor.unique_id;
  if (!actor.id.empty()) {
    actor.kind = ActorKind::kUser;
  } else {
    actor.id = said({"app", "displayName"});
    actor.unique_id = said({"app", "servicePrincipalId"});
    if (actor.id.empty()) actor.id = actor.unique_id;
    if (!actor.id.empty()) actor.kind = ActorKind::kWorkload;
  }
  if (activity.context.source.empty()) activity.context.source = said({"user", "ipAddress"});
  if (actor.id.empty()) actor.id = "the directory";
  const DirectoryChange change = change_in(record, activity.action);
  activity.target = scratch.keep(change.object);
  if (activity.outcome == Outcome::kSucceeded) read_change(change, scratch, activity);
}

Reading read(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  const Record record(slots);
  const bool is_audit = record.is_audit();
  if (!is_audit && !record.is_sign_in()) return Reading::kNotMine;
  const std::optional<Instant> time = record.time();
  if (!time) return Reading::kUnusable;
  activity.time = *time;
  activity.event_id = record.text(kId);
  activity.actor.tenant = record.first({kTenant, kTenantLower});
  Context& context = activity.context;
  context.source = record.text(kAddress);
  if (context.source.empty()) context.source = record.first({kCaller, kCallerLower});
  context.agent = record.text(kAgent);
  context.agent_kind = agent_kind(context.agent);
  if (is_audit) {
    read_audit(record, scratch, activity);
  } else {
    read_sign_in(record, activity);
  }
  return activity.actor.id.empty() ? Reading::kUnusable : Reading::kActivity;
}

}  // namespace
}  // namespace entra

const Source kEntra = {
    .name = "entra",
    .title = "Microsoft Entra sign-ins and directory audit",
    .is_schema_only = false,
    .paths = entra::kWanted,
    .read = entra::read,
};

}  // namespace mandate::observe
