// OCSF events (schema 1.x), one a line: Account Change (3001), Authentication (3002), API Activity
// (6003).
#include <array>

#include "mandate/observe/sources/members.h"
#include "mandate/observe/sources/source.h"
#include "mandate/observe/sources/text.h"

namespace mandate::observe {
namespace ocsf {
namespace {

enum Path : std::size_t {
  kClass,
  kActivityId,
  kTime,
  kTimeText,
  kUid,
  kStatus,
  kMfa,
  kActorUser,
  kActorMail,
  kActorName,
  kActorType,
  kAccount,
  kCredential,
  kSession,
  kInvokedBy,
  kUser,
  kUserName,
  kUserMail,
  kUserType,
  kAddress,
  kDomain,
  kAgent,
  kService,
  kOperation,
  kProduct,
  kResource,
  kResourceName,
  kPolicy,
  kPaths,
};

constexpr std::array<std::string_view, kPaths> kWanted = {
    "class_uid",
    "activity_id",
    "time",
    "time_dt",
    "metadata.uid",
    "status_id",
    "is_mfa",
    "actor.user.uid",
    "actor.user.email_addr",
    "actor.user.name",
    "actor.user.type_id",
    "cloud.account.uid",
    "actor.user.credential_uid",
    "actor.session.uid",
    "actor.invoked_by",
    "user.uid",
    "user.name",
    "user.email_addr",
    "user.type_id",
    "src_endpoint.ip",
    "src_endpoint.domain",
    "http_request.user_agent",
    "api.service.name",
    "api.operation",
    "metadata.product.name",
    "resources.[0].uid",
    "resources.[0].name",
    "policy.name",
};

// Milliseconds since 1970, as digits alone.
std::optional<Instant> epoch_time(std::string_view text) {
  constexpr std::size_t kDigitsMax = 14;
  if (text.empty() || text.size() > kDigitsMax) return std::nullopt;
  std::int64_t count = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    count = count * 10 + (c - '0');
  }
  return Instant(Milliseconds(count));
}

ActorKind kind_of(std::string_view type_id) {
  if (type_id == "1" || type_id == "2") return ActorKind::kUser;  // user, administrator
  if (type_id == "3") return ActorKind::kService;                 // the system
  if (type_id == "4") return ActorKind::kWorkload;                // a service account
  return ActorKind::kUnknown;
}

void read_actor(std::span<const json::Slot> slots, Activity& activity) {
  Actor& actor = activity.actor;
  actor.id = first_string(slots, {kActorMail, kActorName, kActorUser});
  actor.kind = kind_of(slots[kActorType].text);
  if (actor.id.empty() && activity.change.kind == ChangeKind::kNone) {
    actor.id = first_string(slots, {kUserMail, kUserName, kUser});  // of a login
    actor.kind = kind_of(slots[kUserType].text);
  }
  if (actor.id.empty()) actor.id = slots[kInvokedBy].string();
  actor.tenant = slots[kAccount].string();
  const std::string_view credential = slots[kCredential].string();
  const std::string_view session = slots[kSession].string();
  if (!credential.empty()) {
    activity.credential = {.id = credential, .kind = CredentialKind::kStaticKey};
  } else if (!session.empty()) {
    activity.credential = {.id = session, .kind = CredentialKind::kSession};
  }
}

// Account Change's activities that say who may do what.
ChangeKind account_change(std::string_view activity_id) {
  if (activity_id == "1") return ChangeKind::kPrincipalMade;
  if (activity_id == "3" || activity_id == "4") return ChangeKind::kLoginSet;
  if (activity_id == "6") return ChangeKind::kPrincipalEnded;
  if (activity_id == "7") return ChangeKind::kRightsGranted;
  if (activity_id == "10" || activity_id == "11") return ChangeKind::kFactorChanged;
  return ChangeKind::kNone;
}

void read_account(std::span<const json::Slot> slots, Activity& activity) {
  activity.service = slots[kProduct].string();
  activity.action = "account change";
  Change& change = activity.change;
  change.kind = account_change(slots[kActivityId].text);
  change.object = first_string(slots, {kUserMail, kUserName, kUser});
  activity.target = change.object;
  if (change.kind != ChangeKind::kRightsGranted) return;
  change.right = slots[kPolicy].string();
  change.is_admin = is_named_for_admins(change.right);
}

void read_login(std::span<const json::Slot> slots, Activity& activity) {
  activity.service = slots[kProduct].string();
  activity.action = "authentication";
  if (slots[kActivityId].text != "1") return;
  if (slots[kMfa].kind == json::SlotKind::kScalar) activity.context.mfa = slots[kMfa].is_true();
}

Reading read(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  const std::string_view of_class = slots[kClass].text;
  const bool is_account = of_class == "3001";
  const bool is_login = of_class == "3002";
  if (slots[kClass].kind != json::SlotKind::kScalar ||
      (!is_account && !is_login && of_class != "6003")) {
    return Reading::kNotMine;
  }
  std::optional<Instant> time = epoch_time(slots[kTime].text);
  if (!time) time = log_time(slots[kTimeText].string());
  if (!time) return Reading::kUnusable;
  activity.time = *time;
  activity.event_id = slots[kUid].string();
  if (slots[kStatus].text == "2") activity.outcome = Outcome::kFailed;
  Context& context = activity.context;
  context.source = first_string(slots, {kAddress, kDomain});
  context.source_is_service = !context.source.empty() && !is_address_like(context.source);
  context.agent = slots[kAgent].string();
  context.agent_kind = context.source_is_service ? AgentKind::kPlatform : agent_kind(context.agent);
  context.invoked_by = slots[kInvokedBy].string();
  if (is_account) {
    read_account(slots, activity);
  } else if (is_login) {
    read_login(slots, activity);
  } else {
    activity.service = slots[kService].string();
    activity.action = slots[kOperation].string();
    activity.is_read = slots[kActivityId].text == "2";
    activity.target = first_string(slots, {kResource, kResourceName});
    if (activity.action.empty()) return Reading::kUnusable;
  }
  read_actor(slots, activity);
  if (activity.actor.id.empty()) return Reading::kUnusable;
  if (of_class == "6003" && activity.outcome == Outcome::kSucceeded &&
      slots[kSession].is_string()) {
    activity.facts = scratch.only(
        Fact{FactKind::kCalled, slots[kSession].string(), activity.service, activity.action});
  }
  if (is_login && slots[kActivityId].text == "1") {
    activity.actor.is_person = context.agent_kind == AgentKind::kInteractive;
    activity.change.kind = ChangeKind::kLogin;
    activity.change.object = activity.actor.id;
  }
  return Reading::kActivity;
}

}  // namespace
}  // namespace ocsf

const Source kOcsf = {
    .name = "ocsf",
    .title = "OCSF (Account Change, Authentication, API Activity)",
    .is_schema_only = true,
    .paths = ocsf::kWanted,
    .read = ocsf::read,
};

}  // namespace mandate::observe
