// Microsoft 365 unified audit (Office 365 Management Activity API, common schema), and the same as
// rows of Log Analytics (OfficeActivity): its directory operations carry a full stop and lists of
// names and values.
#include <array>

#include "mandate/observe/sources/entra.h"
#include "mandate/observe/sources/members.h"
#include "mandate/observe/sources/text.h"

namespace mandate::observe {
namespace microsoft365 {
namespace {

enum Path : std::size_t {
  kId,
  kCreated,
  kOperation,
  kWorkload,
  kRecordType,
  kUser,
  kUserKey,
  kUserType,
  kOrganization,
  kResult,
  kClientAddress,
  kActorAddress,
  kObject,
  kTargets,
  kModified,
  kExtended,
  kSession,
  kClientSession,
  kParameters,
  kTimeColumn,
  kIdColumn,
  kWorkloadColumn,
  kAddressColumn,
  kObjectColumn,
  kAgent,
  kAppId,
  kClientAppId,
  kAccessAppId,
  kApplicationId,
  kPaths,
};

constexpr std::array<std::string_view, kPaths> kWanted = {
    "Id",
    "CreationTime",
    "Operation",
    "Workload",
    "RecordType",
    "UserId",
    "UserKey",
    "UserType",
    "OrganizationId",
    "ResultStatus",
    "ClientIP",
    "ActorIpAddress",
    "ObjectId",
    "Target",
    "ModifiedProperties",
    "ExtendedProperties",
    "AppAccessContext.AADSessionId",
    "SessionId",
    "Parameters",
    "TimeGenerated",
    "OfficeId",
    "OfficeWorkload",
    "Client_IPAddress",
    "OfficeObjectId",
    "UserAgent",
    "AppId",
    "ClientAppId",
    "AppAccessContext.ClientAppId",
    "ApplicationId",
};

// Of a list of {Name, Value}.
std::string_view value_of(const json::Value& list, std::string_view name) {
  if (!list.is_array()) return {};
  for (const json::Value& item : list.as_array()) {
    if (text_at(item, {"Name"}) == name) return text_at(item, {"Value"});
  }
  return {};
}

// A target of type 5 is a user's name.
std::string user_in(const json::Slot& slot) {
  constexpr std::int64_t kUserName = 5;
  const std::optional<json::Value> targets = value_in(slot);
  if (!targets || !targets->is_array()) return {};
  for (const json::Value& target : targets->as_array()) {
    const json::Value* type = target.find("Type");
    if (type != nullptr && type->is_integer() && type->as_integer() == kUserName) {
      return std::string(text_at(target, {"ID"}));
    }
  }
  return {};
}

// Sets passwords for people who have proved themselves in another way.
constexpr std::string_view kSelfService = "fim_password_service@";

void read_identity(std::span<const json::Slot> slots, Activity& activity) {
  Actor& actor = activity.actor;
  actor.id = first_string(slots, {kUser, kUserKey});
  actor.tenant = slots[kOrganization].string();
  const std::string_view type = slots[kUserType].text;
  // Regular and administrator; an application may act in an account's name. The rest are systems.
  const bool is_person = type == "0" || type == "2" || type == "Regular" || type == "Admin";
  const bool is_for_person = (type == "5" || type == "Application") && !domain_of(actor.id).empty();
  const bool is_account = (is_person || is_for_person) && !actor.id.starts_with(kSelfService);
  actor.kind = is_account ? ActorKind::kUser : ActorKind::kService;
  const std::string_view session = first_string(slots, {kSession, kClientSession});
  if (!session.empty()) activity.credential = {.id = session, .kind = CredentialKind::kSession};
  activity.context.source =
      host_of(first_string(slots, {kClientAddress, kActorAddress, kAddressColumn}));
}

void read_directory(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  std::string_view operation = activity.action;
  if (operation.ends_with('.')) operation.remove_suffix(1);
  operation = operation.substr(0, operation.find_last_not_of(' ') + 1);
  entra::DirectoryChange said{.operation = operation,
                              .object = std::string(activity.target),
                              .user = user_in(slots[kTargets]),
                              .properties = {}};
  const std::optional<json::Value> modified = value_in(slots[kModified]);
  if (modified && modified->is_array()) {
    for (const json::Value& property : modified->as_array()) {
      said.properties.try_emplace(std::string(text_at(property, {"Name"})),
                                  entra::plain_value(text_at(property, {"NewValue"})));
    }
  }
  entra::read_change(said, scratch, activity);
}

void read_login(Activity& activity) {
  activity.change.kind = ChangeKind::kLogin;
  activity.change.object = activity.actor.id;
  activity.actor.is_person = activity.context.agent_kind == AgentKind::kInteractive;
}

// Mail that goes on to somebody else: one's own or, by a rule of transport, everybody's.
void read_mailbox(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  const std::optional<json::Value> parameters = value_in(slots[kParameters]);
  if (!parameters) return;
  for (const std::string_view name :
       {"ForwardingSmtpAddress", "ForwardTo", "RedirectTo", "ForwardAsAttachmentTo", "BlindCopyTo",
        "CopyTo", "RedirectMessageTo"}) {
    std::string_view to = value_of(*parameters, name);
    if (to.starts_with("smtp:") || to.starts_with("SMTP:")) to.remove_prefix(5);
    if (to.empty() || domain_of(to).empty()) continue;
    const bool is_own = domain_of(to) == domain_of(activity.actor.id);
    activity.change.kind = ChangeKind::kTrustAdded;
    activity.change.object = activity.target.empty() ? activity.actor.id : activity.target;
    activity.change.parties =
        scratch.only({.id = scratch.keep(std::string(to)),
                      .scope = is_own ? PartyScope::kOwn : PartyScope::kExternal});
    return;
  }
}

// On behalf of whom, as far as the log names the application.
void read_application(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  if (activity.actor.kind != ActorKind::kUser) return;
  std::string_view last;
  for (const Path path : {kAccessAppId, kClientAppId, kAppId, kApplicationId}) {
    const std::string_view app = slots[path].string();
    if (app.empty() || app == last) continue;
    scratch.facts.push_back({FactKind::kActedFor, app, activity.actor.id});
    last = app;
  }
  activity.facts = scratch.facts;
}

// A mailbox that somebody else may open, or send in the name of. "Default" and "Anonymous" are
// everybody.
void read_delegate(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  const std::optional<json::Value> parameters = value_in(slots[kParameters]);
  if (!parameters) return;
  std::string_view who = value_of(*parameters, "User");
  if (who.empty()) who = value_of(*parameters, "Trustee");
  who = who.substr(who.find_last_of("/\\") + 1);
  const std::string_view right = value_of(*parameters, "AccessRights");
  if (who.empty() || right.empty() || value_of(*parameters, "Deny") == "True") return;
  // When somebody is busy, and no more.
  if (right == "None" || right == "AvailabilityOnly" || right == "LimitedDetails") return;
  // Of a folder, `Default` is the own organisation.
  const bool is_folder = activity.action == "Add-MailboxFolderPermission";
  const bool is_public =
      who == "Anonymous" || who == "Everyone" || (who == "Default" && !is_folder);
  const std::string_view domain = domain_of(who);
  const bool is_outside = !domain.empty() && !is_same_name(domain, domain_of(activity.actor.id));
  std::string_view mailbox = value_of(*parameters, "Identity");
  if (mailbox.empty()) mailbox = activity.target;
  activity.change.kind = ChangeKind::kTrustAdded;
  activity.change.object = scratch.keep(std::string(mailbox.substr(mailbox.rfind('/') + 1)));
  activity.change.right = scratch.keep(std::string(right));
  activity.change.parties = scratch.only({.id = scratch.keep(std::string(who)),
                                          .scope = is_public    ? PartyScope::kPublic
                                                   : is_outside ? PartyScope::kExternal
                                                                : PartyScope::kOwn});
}

bool is_failure(std::string_view result, std::string_view operation) {
  return result == "Failed" || result == "Failure" || result == "False" ||
         operation == "UserLoginFailed";
}

Reading read(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  activity.action = slots[kOperation].string();
  const bool is_row = slots[kWorkloadColumn].is_string();
  const json::Slot& when = slots[is_row ? kTimeColumn : kCreated];
  if (activity.action.empty() || slots[kRecordType].kind == json::SlotKind::kAbsent ||
      when.kind == json::SlotKind::kAbsent) {
    return Reading::kNotMine;
  }
  const std::optional<Instant> time = log_time(when.string());
  if (!time) return Reading::kUnusable;
  activity.time = *time;
  activity.event_id = first_string(slots, {kId, kIdColumn});
  activity.service = first_string(slots, {kWorkload, kWorkloadColumn});
  if (activity.service.empty()) activity.service = "Microsoft365";
  activity.target = first_string(slots, {kObject, kObjectColumn});
  activity.context.agent = slots[kAgent].string();
  if (const std::optional<json::Value> extended = value_in(slots[kExtended])) {
    const std::string_view agent = value_of(*extended, "UserAgent");
    if (!agent.empty()) activity.context.agent = scratch.keep(std::string(agent));
  }
  activity.context.agent_kind = agent_kind(activity.context.agent);
  read_identity(slots, activity);
  if (activity.actor.id.empty()) return Reading::kUnusable;
  unify_accounts(scratch, activity);
  if (is_failure(slots[kResult].string(), activity.action)) {
    activity.outcome = Outcome::kDenied;
  } else if (activity.action == "UserLoggedIn") {
    read_login(activity);
  } else if (slots[kParameters].kind != json::SlotKind::kAbsent) {
    read_mailbox(slots, scratch, activity);
    if (activity.action == "Add-MailboxPermission" ||
        activity.action == "Add-RecipientPermission" ||
        activity.action == "Add-MailboxFolderPermission") {
      read_delegate(slots, scratch, activity);
    }
  } else {
    read_directory(slots, scratch, activity);
  }
  unify_accounts(scratch, activity);
  if (activity.outcome == Outcome::kSucceeded) read_application(slots, scratch, activity);
  return Reading::kActivity;
}

}  // namespace
}  // namespace microsoft365

const Source kMicrosoft365 = {
    .name = "microsoft365",
    .title = "Microsoft 365 audit",
    .is_schema_only = false,
    .paths = microsoft365::kWanted,
    .read = microsoft365::read,
};

}  // namespace mandate::observe
