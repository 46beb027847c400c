#include <cstring>

#include "mandate/observe/sources/aws_trust.h"
#include "mandate/observe/sources/cloudtrail.h"

namespace mandate::observe::cloudtrail {
namespace {

std::string_view text_of(const json::Value& object, std::string_view key) {
  const json::Value* found = object.find(key);
  return found != nullptr && found->is_string() ? std::string_view(found->as_string())
                                                : std::string_view();
}

bool is_set(const json::Value& object, std::string_view key) {
  const json::Value* found = object.find(key);
  if (found == nullptr) return false;
  return (found->is_bool() && found->as_bool()) ||
         (found->is_string() && found->as_string() == "true");
}

// A policy stands as an object, or as JSON in a string.
std::optional<json::Value> policy_in(const json::Value& value) {
  if (value.is_object() && value.find("Statement") != nullptr) return value;
  if (!value.is_string() || value.as_string().find("Statement") == std::string::npos) return {};
  Result<json::Value> parsed = json::parse(value.as_string());
  if (!parsed || parsed->find("Statement") == nullptr) return {};
  return std::move(*parsed);
}

// Looks for policies with principals wherever the request holds them.
bool add_trusted_anywhere(const json::Value& value, std::string_view account, Scratch& scratch) {
  if (const std::optional<json::Value> policy = policy_in(value)) {
    return add_trusted(*policy, account, scratch);
  }
  bool found = false;
  if (value.is_object()) {
    for (const json::Member& member : value.as_object()) {
      found = add_trusted_anywhere(member.value, account, scratch) || found;
    }
  } else if (value.is_array()) {
    for (const json::Value& item : value.as_array()) {
      found = add_trusted_anywhere(item, account, scratch) || found;
    }
  }
  return found;
}

// Every account or group that a list of sharing names, however deep: {"items":[{"userId":"1"}]}.
void add_named(const json::Value& value, std::string_view account, Scratch& scratch) {
  if (value.is_string()) {
    scratch.parties.push_back(aws_party(value.as_string(), account, scratch));
  } else if (value.is_array()) {
    for (const json::Value& item : value.as_array()) add_named(item, account, scratch);
  } else if (value.is_object()) {
    for (const json::Member& member : value.as_object()) add_named(member.value, account, scratch);
  }
}

// The list of what is added to, or removed from, a resource's sharing.
const json::Value* shared(const json::Value& request, bool is_added) {
  const std::string_view verb = is_added ? "add" : "remove";
  for (const std::string_view list : {"launchPermission", "createVolumePermission"}) {
    const json::Value* permission = request.find(list);
    const json::Value* found = permission == nullptr ? nullptr : permission->find(verb);
    if (found != nullptr) return found;
  }
  if (const json::Value* values = request.find(is_added ? "valuesToAdd" : "valuesToRemove")) {
    return values;
  }
  // AddPermission of Lambda, SQS, SNS, layers.
  if (!is_added || request.find("statementId") == nullptr) return nullptr;
  return request.find("principal");
}

std::string_view first_text(const json::Value& request,
                            std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (const std::string_view text = text_of(request, key); !text.empty()) return text;
  }
  return {};
}

class ChangeReader {
 public:
  ChangeReader(const json::Value& request, Scratch& scratch, Activity& activity)
      : request_(request), scratch_(scratch), activity_(activity), change_(activity.change) {}

  void read() {
    const std::string_view service = activity_.service.substr(0, activity_.service.find('.'));
    if (service == "iam") {
      read_identity();
    } else if (service == "rolesanywhere") {
      read_certificates();
    } else {
      read_resource();
    }
    change_.parties = scratch_.parties;
  }

 private:
  bool is(std::string_view action) const { return activity_.action == action; }
  std::string_view own() const { return activity_.actor.tenant; }

  void set(ChangeKind kind, std::string_view type, std::string_view name) {
    change_.kind = kind;
    if (name.empty()) {
      change_.object = activity_.actor.id;
    } else if (name.starts_with("arn:") || type.empty()) {
      change_.object = scratch_.keep(std::string(name));
    } else {
      change_.object = scratch_.keep("arn:aws:iam::" + std::string(own()) + ":" +
                                     std::string(type) + "/" + std::string(name));
    }
  }

  void set_on_principal(ChangeKind kind) {
    const std::string_view user = text_of(request_, "userName");
    const std::string_view role = text_of(request_, "roleName");
    const std::string_view group = text_of(request_, "groupName");
    if (!user.empty()) return set(kind, "user", user);
    if (!role.empty()) return set(kind, "role", role);
    if (!group.empty()) return set(kind, "group", group);
    set(kind, "", "");
  }

  void read_identity() {
    if (is("CreateRole") || is("UpdateAssumeRolePolicy")) {
      if (!add_trusted_anywhere(request_, own(), scratch_)) return;
      change_.is_new = is("CreateRole");
      set(ChangeKind::kTrustSet, "role", text_of(request_, "roleName"));
    } else if (is("CreateLoginProfile") || is("UpdateLoginProfile")) {
      change_.is_new = is("CreateLoginProfile");
      change_.must_replace = is_set(request_, "passwordResetRequired");
      set_on_principal(ChangeKind::kLoginSet);
    } else if (is("CreateAccessKey")) {
      set_on_principal(ChangeKind::kCredentialMade);
    } else if (is("UploadSSHPublicKey")) {
      set_on_principal(ChangeKind::kCredentialMade);
    } else if (is("CreateUser")) {
      set_on_principal(ChangeKind::kPrincipalMade);
    } else if (is("DeleteUser") || is("DeleteRole")) {
      set_on_principal(ChangeKind::kPrincipalEnded);
    } else if (is("DeactivateMFADevice") || is("EnableMFADevice") || is("ResyncMFADevice")) {
      set_on_principal(ChangeKind::kFactorChanged);
    } else if (activity_.action.ends_with("SAMLProvider") ||
               activity_.action.ends_with("OpenIDConnectProvider")) {
      if (activity_.action.starts_with("Delete")) return;
      set(ChangeKind::kTrustRoot, "", first_text(request_, {"url", "name", "sAMLProviderArn"}));
    } else if (activity_.action.starts_with("Attach") || activity_.action.starts_with("Put") ||
               is("AddUserToGroup")) {
      read_right();
    }
  }

  void read_right() {
    const std::string_view policy = first_text(request_, {"policyArn", "policyName", "groupName"});
    change_.right = scratch_.keep(std::string(policy));
    change_.is_admin = policy.ends_with(":policy/AdministratorAccess") ||
                       policy.ends_with(":policy/IAMFullAccess");
    if (const json::Value* document = request_.find("policyDocument")) {
      const std::optional<json::Value> parsed = policy_in(*document);
      change_.is_admin = change_.is_admin || (parsed && is_admin_policy(*parsed));
    }
    set_on_principal(ChangeKind::kRightsGranted);
  }

  // IAM Roles Anywhere: a certificate authority is believed, and roles are opened to its holders.
  void read_certificates() {
    if (is("CreateTrustAnchor") || is("UpdateTrustAnchor")) {
      set(ChangeKind::kTrustRoot, "", text_of(request_, "name"));
    } else if (is("CreateProfile") || is("UpdateProfile")) {
      const json::Value* roles = request_.find("roleArns");
      if (roles == nullptr || !roles->is_array() || roles->as_array().empty() ||
          !roles->as_array()[0].is_string()) {
        return;
      }
      scratch_.parties.push_back(
          {.id = "a certificate of a trust anchor", .scope = PartyScope::kFederated});
      set(ChangeKind::kTrustAdded, "", roles->as_array()[0].as_string());
    }
  }

  void read_resource() {
    // A key that opens a login to a running machine, and with it to what the machine may.
    const std::string_view machine = text_of(request_, "instanceId");
    if (!machine.empty() && request_.find("sSHPublicKey") != nullptr) {
      return set(ChangeKind::kEntered, "", machine);
    }
    if (const json::Value* added = shared(request_, true)) {
      add_named(*added, own(), scratch_);
      change_.kind = ChangeKind::kTrustAdded;
    } else if (const json::Value* removed = shared(request_, false)) {
      add_named(*removed, own(), scratch_);
      change_.kind = ChangeKind::kTrustRemoved;
    } else if (add_trusted_anywhere(request_, own(), scratch_)) {
      change_.kind = ChangeKind::kTrustSet;
    } else {
      return;
    }
    std::string_view object = activity_.target;
    if (object.empty()) {
      object = first_text(
          request_, {"bucketName", "functionName", "secretId", "keyId", "queueUrl", "topicArn",
                     "repositoryName", "imageId", "snapshotId", "dBSnapshotIdentifier",
                     "dBClusterSnapshotIdentifier", "domainName", "resourceArn", "layerName"});
    }
    set(change_.kind, "", object.empty() ? activity_.service : object);
  }

  const json::Value& request_;
  Scratch& scratch_;
  Activity& activity_;
  Change& change_;
};

bool may_change(std::span<const json::Slot> slots, const Activity& activity) {
  if (activity.is_read || slots[kRequest].kind != json::SlotKind::kObject) return false;
  if (activity.service.starts_with("iam.") || activity.service.starts_with("rolesanywhere.")) {
    return true;
  }
  const std::string_view request = slots[kRequest].text;
  for (const std::string_view sign : {"rincipal", "ermission\"", "\"valuesTo", "sSHPublicKey"}) {
    if (::memmem(request.data(), request.size(), sign.data(), sign.size()) != nullptr) return true;
  }
  return false;
}

}  // namespace

void read_change(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  if (slots[kLoginResult].is_string()) {
    // With an assertion or a session, what was verified was verified elsewhere.
    const bool is_own =
        slots[kSamlProvider].kind == json::SlotKind::kAbsent &&
        (activity.actor.kind == ActorKind::kUser || activity.actor.kind == ActorKind::kRoot);
    if (!is_own) activity.context.mfa.reset();
    activity.change.kind = ChangeKind::kLogin;
    activity.change.object = activity.actor.id;
    return;
  }
  if (!may_change(slots, activity)) return;
  const Result<json::Value> request = json::parse(slots[kRequest].text);
  if (request) ChangeReader(*request, scratch, activity).read();
}

}  // namespace mandate::observe::cloudtrail
