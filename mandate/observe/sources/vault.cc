// HashiCorp Vault's audit devices ("Audit Devices" in Vault's documentation). Tokens and accessors
// stand there as HMACs of one key, so one token has one name throughout. Each request is written
// twice, when it comes and when it is answered; the answer says both.
#include <array>

#include "mandate/observe/sources/source.h"
#include "mandate/observe/sources/text.h"

namespace mandate::observe {
namespace vault {
namespace {

enum Path : std::size_t {
  kType,
  kTime,
  kError,
  kRequest,
  kRequestId,
  kOperation,
  kPath,
  kAddress,
  kMountType,
  kNamespace,
  kRequestAccessor,
  kAccessor,
  kDisplayName,
  kEntity,
  kTokenType,
  kIssuedAccessor,
  kIssuedName,
  kIssuedEntity,
  kTokenIssued,
  kPaths,
};

constexpr std::array<std::string_view, kPaths> kWanted = {
    "type",
    "time",
    "error",
    "request",
    "request.id",
    "request.operation",
    "request.path",
    "request.remote_address",
    "request.mount_type",
    "request.namespace.id",
    "request.client_token_accessor",
    "auth.accessor",
    "auth.display_name",
    "auth.entity_id",
    "auth.token_type",
    "response.auth.accessor",
    "response.auth.display_name",
    "response.auth.entity_id",
    "auth.token_issue_time",
};

std::string_view first_of(std::span<const json::Slot> slots, std::initializer_list<Path> paths) {
  for (const Path path : paths) {
    if (const std::string_view text = slots[path].string(); !text.empty()) return text;
  }
  return {};
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Ways in that people use. A token's display name begins with where its way in is mounted, which is
// called after its kind unless somebody chose otherwise.
bool is_for_people(std::string_view name) {
  for (const std::string_view kind : {"userpass", "ldap", "oidc", "okta", "radius"}) {
    if (name == kind || (name.starts_with(kind) && name.substr(kind.size()).starts_with('-'))) {
      return true;
    }
  }
  return false;
}

void read_actor(std::span<const json::Slot> slots, Activity& activity) {
  Actor& actor = activity.actor;
  actor.id = first_of(slots, {kDisplayName, kIssuedName, kAccessor, kAddress});
  actor.unique_id = first_of(slots, {kEntity, kIssuedEntity});
  actor.tenant = slots[kNamespace].string();
  const bool is_login = activity.target.starts_with("auth/") && has(activity.target, "/login");
  const bool is_people = is_for_people(slots[kMountType].string());
  actor.kind = is_login && !is_people ? ActorKind::kWorkload : ActorKind::kUser;
  actor.is_person = is_login && is_people;
  actor.is_personal = actor.is_person || is_for_people(slots[kDisplayName].string());
  Credential& credential = activity.credential;
  // At a login the answer's token is what is issued, not what was used.
  if (!is_login) credential.id = first_of(slots, {kAccessor, kRequestAccessor});
  if (credential.id.empty()) return;
  credential.kind = CredentialKind::kToken;
  credential.since = log_time(slots[kTokenIssued].string());
}

// What stands in a key-value store is the same for whoever reads it.
void read_secret(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  const std::string_view mount = slots[kMountType].string();
  const bool is_store = mount == "kv" || mount == "generic";
  if (!is_store || activity.action != "read" || activity.actor.is_personal) return;
  if (has(activity.target, "/metadata/")) return;
  const std::string reader =
      std::string(activity.actor.id) + " " + std::string(slots[kEntity].string());
  scratch.facts.push_back({FactKind::kSecretRead, activity.target, scratch.keep(reader)});
  activity.facts = scratch.facts;
}

void read_issued(std::span<const json::Slot> slots, Activity& activity) {
  const std::string_view accessor = slots[kIssuedAccessor].string();
  if (accessor.empty()) return;
  const bool is_from_token = !activity.credential.id.empty();
  activity.issued.kind = is_from_token ? IssueKind::kToken : IssueKind::kFederatedRole;
  activity.issued.credential = accessor;
  activity.issued.for_whom = slots[kIssuedName].string();
  activity.issued.subject = slots[kIssuedEntity].string();
}

// Ways in are mounted below sys/auth, and what they hand out is written to policies.
void read_change(std::span<const json::Slot> slots, Activity& activity) {
  const std::string_view operation = slots[kOperation].string();
  const std::string_view path = activity.target;
  if (operation != "create" && operation != "update") return;
  if (path.starts_with("sys/auth/") && !has(path, "/tune")) {
    activity.change.kind = ChangeKind::kTrustRoot;
    activity.change.object = path;
  } else if (path.ends_with("/secret-id") && path.starts_with("auth/")) {
    activity.change.kind = ChangeKind::kCredentialMade;
    activity.change.object = path.substr(0, path.size() - std::string_view("/secret-id").size());
  }
}

Reading read(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  const std::string_view type = slots[kType].string();
  const bool is_event = (type == "request" || type == "response") &&
                        slots[kRequest].kind == json::SlotKind::kObject &&
                        !slots[kPath].string().empty() && !slots[kOperation].string().empty();
  if (!is_event) return Reading::kNotMine;
  if (type == "request") return Reading::kSaidElsewhere;
  const std::optional<Instant> time = record_time({&slots[kTime]});
  if (!time) return Reading::kUnusable;
  activity.time = *time;
  activity.event_id = slots[kRequestId].string();
  activity.target = slots[kPath].string();
  activity.service = activity.target.substr(0, activity.target.find('/'));
  activity.action = slots[kOperation].string();
  activity.is_read = activity.action == "read" || activity.action == "list";
  activity.context.source = slots[kAddress].string();
  const std::string_view error = slots[kError].string();
  if (!error.empty()) {
    activity.outcome = has(error, "denied") ? Outcome::kDenied : Outcome::kFailed;
  }
  read_actor(slots, activity);
  if (activity.outcome != Outcome::kSucceeded) return Reading::kActivity;
  read_issued(slots, activity);
  read_change(slots, activity);
  read_secret(slots, scratch, activity);
  return Reading::kActivity;
}

}  // namespace
}  // namespace vault

const Source kVault = {
    .name = "vault",
    .title = "HashiCorp Vault audit",
    .is_schema_only = true,
    .paths = vault::kWanted,
    .read = vault::read,
};

}  // namespace mandate::observe
