// Google Cloud audit logs: LogEntry with an AuditLog in `protoPayload`
// (google.cloud.audit.AuditLog), and exports with members in lower case.
#include <array>

#include "mandate/observe/sources/members.h"
#include "mandate/observe/sources/source.h"
#include "mandate/observe/sources/text.h"

namespace mandate::observe {
namespace gcp {
namespace {

enum Path : std::size_t {
  kInsertId,
  kInsertIdLower,
  kTimestamp,
  kReceived,
  kPayload,
  kService,
  kMethod,
  kCode,
  kPrincipal,
  kSubject,
  kKeyName,
  kDelegation,
  kAddress,
  kAddressUpper,
  kAgent,
  kResource,
  kProject,
  kServiceAccount,
  kPermission,
  kGranted,
  kRequest,
  kRequestName,
  kDelta,
  kMetaDelta,
  kMachineDelta,
  kProjectDelta,
  kPaths,
};

constexpr std::array<std::string_view, kPaths> kWanted = {
    "insertId",
    "insertid",
    "timestamp",
    "receiveTimestamp",
    "protoPayload",
    "protoPayload.serviceName",
    "protoPayload.methodName",
    "protoPayload.status.code",
    "protoPayload.authenticationInfo.principalEmail",
    "protoPayload.authenticationInfo.principalSubject",
    "protoPayload.authenticationInfo.serviceAccountKeyName",
    "protoPayload.authenticationInfo.serviceAccountDelegationInfo",
    "protoPayload.requestMetadata.callerIp",
    "protoPayload.requestMetadata.callerIP",
    "protoPayload.requestMetadata.callerSuppliedUserAgent",
    "protoPayload.resourceName",
    "resource.labels.project_id",
    "resource.labels.email_id",
    "protoPayload.authorizationInfo.[0].permission",
    "protoPayload.authorizationInfo.[0].granted",
    "protoPayload.request",
    "protoPayload.request.name",
    "protoPayload.serviceData.policyDelta.bindingDeltas",
    "protoPayload.metadata.policyDelta.bindingDeltas",
    "protoPayload.metadata.instanceMetadataDelta",
    "protoPayload.metadata.projectMetadataDelta",
};

bool is_service_account(std::string_view mail) {
  return domain_of(mail).ends_with("gserviceaccount.com");
}

std::string_view last_part(std::string_view name) { return name.substr(name.rfind('/') + 1); }

bool ends_with_word(std::string_view method, std::string_view word) {
  return method.ends_with(word) &&
         (method.size() == word.size() || method[method.size() - word.size() - 1] == '.');
}

// What the caller's session is called: who stands for whom. The logs name no token.
std::string session_of(std::string_view account, std::string_view by) {
  return std::string(account) + " by " + std::string(by);
}

// The caller behind an impersonated account: the last link is the nearest.
std::string_view delegate_in(const json::Slot& slot, Scratch& scratch) {
  const std::optional<json::Value> links = value_in(slot);
  if (!links || !links->is_array() || links->as_array().empty()) return {};
  const json::Value& link = links->as_array().back();
  std::string_view name = text_at(link, {"firstPartyPrincipal", "principalEmail"});
  if (name.empty()) name = text_at(link, {"principalSubject"});
  return scratch.keep(std::string(name));
}

void read_identity(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  Actor& actor = activity.actor;
  actor.id = first_string(slots, {kPrincipal, kSubject});
  actor.tenant = slots[kProject].string();
  const std::string_view subject = slots[kSubject].string();
  const bool is_pool = subject.starts_with("principal://") || subject.starts_with("principalSet:");
  if (actor.id.empty()) {
    actor.id = "anonymous";
    actor.kind = ActorKind::kAnonymous;
  } else if (is_service_account(actor.id)) {
    actor.kind = ActorKind::kWorkload;
  } else {
    actor.kind = is_pool ? ActorKind::kFederated : ActorKind::kUser;
    actor.is_person = !is_pool && activity.context.agent_kind == AgentKind::kInteractive;
  }
  const std::string_view key = slots[kKeyName].string();
  const std::string_view by = delegate_in(slots[kDelegation], scratch);
  if (!by.empty()) {
    activity.credential = {.id = scratch.keep(session_of(actor.id, by)),
                           .kind = CredentialKind::kToken,
                           .role = actor.id};
  } else if (!key.empty()) {
    activity.credential = {.id = last_part(key), .kind = CredentialKind::kStaticKey};
  }
}

// A party to a policy, such as "user:ann@acme.example". People and groups of other domains than
// `domain` are strangers; where the actor is a service account there is no telling, apart from
// addresses that anybody can have.
Party party_of(std::string_view member, std::string_view domain, bool is_conditioned) {
  Party party{.id = member, .is_conditioned = is_conditioned};
  const std::string_view its = domain_of(member);
  if (member == "allUsers" || member == "allAuthenticatedUsers") {
    party.scope = PartyScope::kPublic;
  } else if (member.starts_with("principal")) {
    party.scope = PartyScope::kFederated;
  } else if (its.ends_with("gserviceaccount.com")) {
    party.scope = its.starts_with("gcp-sa-") ? PartyScope::kService : PartyScope::kOwn;
  } else if (member.starts_with("domain:")) {
    const bool is_own = domain.empty() || member.substr(member.find(':') + 1) == domain;
    party.scope = is_own ? PartyScope::kOwn : PartyScope::kExternal;
  } else if (!its.empty() && its != domain &&
             (!domain.empty() || its == "gmail.com" || its == "googlemail.com")) {
    party.scope = PartyScope::kExternal;
  }
  return party;
}

bool is_everything(std::string_view role) {
  return role == "roles/owner" || role == "roles/resourcemanager.organizationAdmin" ||
         role == "roles/iam.securityAdmin" || role == "roles/iam.organizationRoleAdmin";
}

class PolicyReader {
 public:
  PolicyReader(Scratch& scratch, Activity& activity)
      : scratch_(scratch), activity_(activity), base_(activity) {
    if (!is_service_account(activity.actor.id)) domain_ = domain_of(activity.actor.id);
  }

  // What was added and what was taken away.
  void read_delta(const json::Value& deltas) {
    if (!deltas.is_array()) return;
    for (const json::Value& delta : deltas.as_array()) {
      const std::string_view action = text_at(delta, {"action"});
      if (action != "ADD" && action != "REMOVE") continue;
      const bool is_added = action == "ADD";
      const Party party = party_in(text_at(delta, {"member"}), delta.find("condition") != nullptr);
      add_trust(is_added ? ChangeKind::kTrustAdded : ChangeKind::kTrustRemoved,
                scratch_.only(party));
      if (is_added) add_right(party.id, text_at(delta, {"role"}));
    }
  }

  // The whole policy, as it is to be from now on.
  void read_policy(const json::Value& bindings) {
    if (!bindings.is_array()) return;
    for (const json::Value& binding : bindings.as_array()) {
      for (const json::Value& member : items_at(binding, {"members"})) {
        if (!member.is_string()) continue;
        scratch_.parties.push_back(
            party_in(member.as_string(), binding.find("condition") != nullptr));
      }
    }
    add_trust(ChangeKind::kTrustSet, scratch_.parties);
  }

 private:
  Party party_in(std::string_view member, bool is_conditioned) {
    return party_of(scratch_.keep(std::string(member)), domain_, is_conditioned);
  }

  Change& next() {
    if (!has_first_) {
      has_first_ = true;
      return activity_.change;
    }
    return scratch_.more.emplace_back(base_).change;
  }

  void add_trust(ChangeKind kind, std::span<const Party> parties) {
    Change& change = next();
    change.kind = kind;
    change.object = activity_.target;
    change.parties = parties;
  }

  void add_right(std::string_view member, std::string_view role) {
    if (member.empty() || role.empty()) return;
    Change& change = next();
    change.kind = ChangeKind::kRightsGranted;
    change.object = member.substr(member.find(':') + 1);
    change.right = scratch_.keep(std::string(role));
    change.is_admin = is_everything(role);
  }

  Scratch& scratch_;
  Activity& activity_;
  Activity base_;
  std::string_view domain_;
  bool has_first_ = false;
};

// The account that a call is about, by its address where that is known.
std::string_view account_of(std::span<const json::Slot> slots) {
  const std::string_view named = last_part(slots[kRequestName].string());
  if (named.find('@') != std::string_view::npos) return named;
  const std::string_view resource = last_part(slots[kResource].string());
  if (resource.find('@') != std::string_view::npos) return resource;
  const std::string_view labelled = slots[kServiceAccount].string();
  return labelled.empty() ? resource : labelled;
}

// A token for, or a signature of, another account.
void read_issued(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  const std::string_view account = account_of(slots);
  if (account.empty() || account == activity.actor.id) return;
  activity.issued = {.kind = IssueKind::kToken,
                     .credential = scratch.keep(session_of(account, activity.actor.id)),
                     .for_whom = account};
}

bool is_trust_root(std::string_view method) {
  for (const std::string_view made :
       {"CreateWorkloadIdentityPoolProvider", "UpdateWorkloadIdentityPoolProvider",
        "CreateWorkforcePoolProvider", "UpdateWorkforcePoolProvider", "CreateWorkforcePool",
        "UpdateWorkforcePool", "CreateWorkloadIdentityPool", "inboundSsoProfileCreated",
        "inboundSsoProfileUpdated"}) {
    if (ends_with_word(method, made)) return true;
  }
  return false;
}

// Keys for logins to machines lie in their metadata, under this name.
bool has_login_key(const json::Slot& delta) {
  return delta.text.find("\"ssh-keys\"") != std::string_view::npos;
}

void read_change(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  const std::string_view method = activity.action;
  Change& change = activity.change;
  auto set = [&](ChangeKind kind, std::string_view object) {
    change.kind = kind;
    change.object = object.empty() ? activity.target : object;
  };
  const json::Slot& delta =
      slots[kDelta].kind == json::SlotKind::kAbsent ? slots[kMetaDelta] : slots[kDelta];
  if (delta.kind == json::SlotKind::kArray) {
    if (const auto deltas = value_in(delta)) PolicyReader(scratch, activity).read_delta(*deltas);
  } else if (ends_with_word(method, "SetIamPolicy") || ends_with_word(method, "SetIAMPolicy") ||
             ends_with_word(method, "setIamPolicy")) {
    const std::optional<json::Value> request = value_in(slots[kRequest]);
    const json::Value* bindings = request ? value_at(*request, {"policy", "bindings"}) : nullptr;
    if (bindings != nullptr) PolicyReader(scratch, activity).read_policy(*bindings);
  } else if (has_login_key(slots[kMachineDelta]) || has_login_key(slots[kProjectDelta])) {
    set(ChangeKind::kEntered, {});
  } else if (ends_with_word(method, "CreateServiceAccountKey") ||
             ends_with_word(method, "UploadServiceAccountKey")) {
    set(ChangeKind::kCredentialMade, account_of(slots));
  } else if (ends_with_word(method, "CreateServiceAccount")) {
    set(ChangeKind::kPrincipalMade, account_of(slots));
  } else if (ends_with_word(method, "DeleteServiceAccount") ||
             ends_with_word(method, "DisableServiceAccount")) {
    set(ChangeKind::kPrincipalEnded, account_of(slots));
  } else if (ends_with_word(method, "UndeleteServiceAccount") ||
             ends_with_word(method, "EnableServiceAccount")) {
    set(ChangeKind::kPrincipalResumed, account_of(slots));
  } else if (is_trust_root(method)) {
    set(ChangeKind::kTrustRoot, {});
  } else if (ends_with_word(method, "GenerateAccessToken") ||
             ends_with_word(method, "GenerateIdToken") || ends_with_word(method, "SignJwt") ||
             ends_with_word(method, "SignBlob")) {
    read_issued(slots, scratch, activity);
  }
}

bool changes_nothing(std::string_view method, std::string_view permission) {
  const std::string_view verb = method.substr(method.rfind('.') + 1);
  return verb.starts_with("Get") || verb.starts_with("List") || verb == "get" || verb == "list" ||
         permission.ends_with(".get") || permission.ends_with(".list");
}

Reading read(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  activity.service = slots[kService].string();
  activity.action = slots[kMethod].string();
  if (slots[kPayload].kind != json::SlotKind::kObject) return Reading::kNotMine;
  if (activity.action.empty()) return Reading::kUnusable;
  if (activity.service.empty()) activity.service = "googleapis.com";
  const std::optional<Instant> time = record_time({&slots[kTimestamp], &slots[kReceived]});
  if (!time) return Reading::kUnusable;
  activity.time = *time;
  activity.event_id = first_string(slots, {kInsertId, kInsertIdLower});
  const std::string_view code = slots[kCode].text;
  const bool is_refused =
      slots[kGranted].kind == json::SlotKind::kScalar && !slots[kGranted].is_true();
  if (code == "7" || code == "16" || is_refused) {
    activity.outcome = Outcome::kDenied;  // PERMISSION_DENIED, UNAUTHENTICATED
  } else if (!code.empty() && code != "0") {
    activity.outcome = Outcome::kFailed;
  }
  Context& context = activity.context;
  context.source = first_string(slots, {kAddress, kAddressUpper});
  context.source_is_service = !context.source.empty() && !is_address_like(context.source);
  context.agent = slots[kAgent].string();
  context.agent_kind = context.source_is_service ? AgentKind::kPlatform : agent_kind(context.agent);
  activity.is_read = changes_nothing(activity.action, slots[kPermission].string());
  activity.target = slots[kResource].string();
  read_identity(slots, scratch, activity);
  if (activity.outcome == Outcome::kSucceeded) read_change(slots, scratch, activity);
  return Reading::kActivity;
}

}  // namespace
}  // namespace gcp

const Source kGcpAudit = {
    .name = "gcp_audit",
    .title = "Google Cloud audit",
    .is_schema_only = false,
    .paths = gcp::kWanted,
    .read = gcp::read,
};

}  // namespace mandate::observe
