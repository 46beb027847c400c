// Teleport's audit log ("Audit Events and Records" in Teleport's documentation).
#include <array>

#include "mandate/observe/sources/source.h"
#include "mandate/observe/sources/text.h"

namespace mandate::observe {
namespace teleport {
namespace {

enum Path : std::size_t {
  kEvent,
  kCode,
  kTime,
  kId,
  kUser,
  kUserKind,
  kCluster,
  kSuccess,
  kMethod,
  kMfa,
  kAddress,
  kAddressFlat,
  kAgent,
  kName,
  kServer,
  kLogin,
  kRoles,
  kCertificateUser,
  kImpersonator,
  kBotName,
  kSession,
  kTargetUser,
  kCertificateBot,
  kPaths,
};

constexpr std::array<std::string_view, kPaths> kWanted = {
    "event",
    "code",
    "time",
    "uid",
    "user",
    "user_kind",
    "cluster_name",
    "success",
    "method",
    "mfa_device",
    "addr\\.remote",
    "addr_remote",
    "user_agent",
    "name",
    "server_id",
    "login",
    "roles",
    "identity.user",
    "identity.impersonator",
    "bot_name",
    "sid",
    "target.user",
    "identity.bot_name",
};

std::string_view first_of(std::span<const json::Slot> slots, std::initializer_list<Path> paths) {
  for (const Path path : paths) {
    if (const std::string_view text = slots[path].string(); !text.empty()) return text;
  }
  return {};
}

void read_actor(std::span<const json::Slot> slots, Activity& activity) {
  // 1 is a person, 2 a bot (events.proto: UserKind).
  const bool is_bot = slots[kUserKind].text == "2" || slots[kBotName].is_string();
  const std::string_view subject = slots[kCertificateUser].string();
  const std::string_view impersonator = slots[kImpersonator].string();
  Actor& actor = activity.actor;
  actor.id =
      impersonator.empty() ? first_of(slots, {kUser, kCertificateUser, kBotName}) : impersonator;
  actor.tenant = slots[kCluster].string();
  actor.kind = is_bot ? ActorKind::kWorkload : ActorKind::kUser;
  if (actor.id.empty()) {
    actor.id = first_of(slots, {kServer, kCluster});
    actor.kind = ActorKind::kService;
  }
  if (!subject.empty() && subject != actor.id) activity.credential.role = subject;
  Context& context = activity.context;
  context.source = host_of(first_of(slots, {kAddress, kAddressFlat}));
  context.agent = slots[kAgent].string();
  context.agent_kind = agent_kind(context.agent);
  actor.is_person = !is_bot && (slots[kUserKind].text == "1" || activity.action == "user.login");
}

void read_login(std::span<const json::Slot> slots, Activity& activity) {
  activity.change.kind = ChangeKind::kLogin;
  activity.change.object = activity.actor.id;
  if (slots[kMfa].kind == json::SlotKind::kObject) {
    activity.context.mfa = true;
  } else if (slots[kMethod].string() == "local") {
    activity.context.mfa = false;
  }  // Another issuer asked for what it asked for.
}

void read_change(std::span<const json::Slot> slots, Activity& activity) {
  const std::string_view event = activity.action;
  Change& change = activity.change;
  change.object = slots[kName].string();
  if (event == "user.login") {
    read_login(slots, activity);
  } else if (event == "saml.created" || event == "oidc.created" || event == "github.created" ||
             event == "trusted_cluster.create") {
    change.kind = ChangeKind::kTrustRoot;
  } else if (event == "user.create") {
    change.kind = ChangeKind::kPrincipalMade;
  } else if (event == "user.delete" || event == "lock.created") {
    change.kind = ChangeKind::kPrincipalEnded;
    if (slots[kTargetUser].is_string()) change.object = slots[kTargetUser].string();
  } else if (event == "reset_password_token.create") {
    change.kind = ChangeKind::kLoginSet;
    change.must_replace = true;
  } else if (event == "mfa.add" || event == "mfa.delete") {
    change.kind = ChangeKind::kFactorChanged;
    change.object = activity.actor.id;
  } else if (event == "cert.create" && !activity.credential.role.empty()) {
    change.kind = ChangeKind::kTokenMade;
    change.object = activity.credential.role;
  } else {
    change = {};
  }
}

Reading read(std::span<const json::Slot> slots, Scratch&, Activity& activity) {
  activity.action = slots[kEvent].string();
  const bool is_event = !activity.action.empty() && slots[kCode].string().size() > 2 &&
                        (slots[kCode].string()[0] | 0x20) == 't' && slots[kId].is_string();
  if (!is_event) return Reading::kNotMine;
  const std::optional<Instant> time = record_time({&slots[kTime]});
  if (!time) return Reading::kUnusable;
  activity.time = *time;
  activity.event_id = slots[kId].string();
  activity.service = activity.action.substr(0, activity.action.find('.'));
  activity.target = first_of(slots, {kServer, kName, kSession});
  const json::Slot& success = slots[kSuccess];
  if (success.kind == json::SlotKind::kScalar && !success.is_true()) {
    activity.outcome = Outcome::kDenied;
  }
  read_actor(slots, activity);
  if (activity.outcome == Outcome::kSucceeded) read_change(slots, activity);
  return Reading::kActivity;
}

}  // namespace
}  // namespace teleport

const Source kTeleport = {
    .name = "teleport",
    .title = "Teleport audit",
    .is_schema_only = false,
    .paths = teleport::kWanted,
    .read = teleport::read,
};

}  // namespace mandate::observe
