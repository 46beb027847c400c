// Microsoft Entra: sign-ins and directory audits, as Azure Monitor exports them (a category and
// `properties`), as Microsoft Graph lists them (signIn, directoryAudit: the same members at the
// top), and as rows of Log Analytics (AuditLogs, SigninLogs: columns of capitalised names, objects
// as text).
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
  kMembers,  // the same again, below `properties`; and again, as columns
  kTime = 3 * kMembers,
  kTimeColumn,
  kCategory,
  kCategoryColumn,
  kOperation,
  kOperationLower,
  kOperationColumn,
  kTenant,
  kTenantLower,
  kTenantColumn,
  kCaller,
  kCallerLower,
  kResultType,
  kResultTypeLower,
  kResultTypeColumn,
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
    "Id",
    "ActivityDisplayName",
    "ActivityDateTime",
    "CreatedDateTime",
    "Result",
    "InitiatedBy",
    "TargetResources",
    "UserPrincipalName",
    "UserId",
    "ServicePrincipalId",
    "ServicePrincipalName",
    "AppDisplayName",
    "IPAddress",
    "UserAgent",
    "IsInteractive",
    "AuthenticationRequirement",
    "Status.errorCode",
    "SessionId",
    "ResourceDisplayName",
    "time",
    "TimeGenerated",
    "category",
    "Category",
    "operationName",
    "operationname",
    "OperationName",
    "tenantId",
    "tenantid",
    "AADTenantId",
    "callerIpAddress",
    "calleripaddress",
    "resultType",
    "resulttype",
    "ResultType",
};

class Record {
 public:
  explicit Record(std::span<const json::Slot> slots) : slots_(slots) {}

  const json::Slot& slot(std::size_t member) const {
    for (const std::size_t at : {kMembers + member, 2 * kMembers + member}) {
      if (slots_[at].kind != json::SlotKind::kAbsent) return slots_[at];
    }
    return slots_[member];
  }
  std::string_view text(std::size_t member) const { return slot(member).string(); }
  std::string_view outer(std::size_t path) const { return slots_[path].string(); }
  std::string_view first(std::initializer_list<std::size_t> paths) const {
    return first_string(slots_, paths);
  }

  bool is_sign_in() const {
    return category().ends_with("SignInLogs") ||
           (slots_[kCreated].is_string() && slots_[kAppName].is_string());
  }
  bool is_audit() const {
    const json::Slot& by = slot(kBy);
    const bool is_known = by.kind == json::SlotKind::kObject || by.string().starts_with('{');
    return is_known && !activity().empty();
  }
  std::string_view category() const { return first({kCategory, kCategoryColumn}); }
  // Some have a space at their end.
  std::string_view activity() const {
    std::string_view name = text(kActivity);
    if (name.empty()) name = first({kOperation, kOperationLower, kOperationColumn});
    return name.substr(0, name.find_last_not_of(' ') + 1);
  }
  std::optional<Instant> time() const {
    for (const std::string_view said :
         {text(kActivityTime), text(kCreated), outer(kTime), outer(kTimeColumn)}) {
      if (const std::optional<Instant> time = log_time(said)) return time;
    }
    return std::nullopt;
  }
  // Zero, or a word for it.
  bool is_success() const {
    const json::Slot& code = slot(kErrorCode);
    if (code.kind != json::SlotKind::kAbsent) return code.text == "0";
    for (const std::size_t path : {kResultType, kResultTypeLower, kResultTypeColumn}) {
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
  const bool is_refresh = record.category().starts_with("NonInteractive");
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
  activity.actor.tenant = record.first({kTenant, kTenantLower, kTenantColumn});
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
  unify_accounts(scratch, activity);
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
