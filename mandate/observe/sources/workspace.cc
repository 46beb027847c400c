// Google Workspace: activities of the Admin SDK Reports API (admin#reports#activity), each with
// several events, and exports with one event a line and its parameters as an object.
#include <array>

#include "mandate/observe/inventory/oauth_grants.h"
#include "mandate/observe/sources/members.h"
#include "mandate/observe/sources/source.h"
#include "mandate/observe/sources/text.h"

namespace mandate::observe {
namespace workspace {
namespace {

enum Path : std::size_t {
  kTime,
  kQualifier,
  kApplication,
  kCustomer,
  kEmail,
  kProfile,
  kKey,
  kCaller,
  kAddress,
  kEvents,
  kName,
  kEventType,
  kParameters,
  kActor,
  kPaths,
};

constexpr std::array<std::string_view, kPaths> kWanted = {
    "id.time",
    "id.uniqueQualifier",
    "id.applicationName",
    "id.customerId",
    "actor.email",
    "actor.profileId",
    "actor.key",
    "actor.callerType",
    "ipAddress",
    "events",
    "name",
    "type",
    "parameters",
    "actor",
};

// One parameter's texts: `value` and `multiValue` of a list, or a plain member of an object.
class Parameters {
 public:
  explicit Parameters(const json::Value* value) : value_(value) {}

  std::string_view text(std::string_view name) const {
    const json::Value* found = find(name, "value");
    return found != nullptr && found->is_string() ? std::string_view(found->as_string())
                                                  : std::string_view();
  }

  const json::Array& texts(std::string_view name) const {
    static const json::Array kNone;
    const json::Value* found = find(name, "multiValue");
    return found != nullptr && found->is_array() ? found->as_array() : kNone;
  }

 private:
  const json::Value* find(std::string_view name, std::string_view member) const {
    if (value_ == nullptr) return nullptr;
    if (value_->is_object()) return value_->find(name);
    if (!value_->is_array()) return nullptr;
    for (const json::Value& item : value_->as_array()) {
      if (text_at(item, {"name"}) == name) return item.find(member);
    }
    return nullptr;
  }

  const json::Value* value_;
};

class EventReader {
 public:
  EventReader(const Parameters& parameters, Scratch& scratch, Activity& activity)
      : parameters_(parameters), scratch_(scratch), activity_(activity), change_(activity.change) {}

  void read(std::string_view event_type) {
    const std::string_view service = activity_.service;
    activity_.target = kept("USER_EMAIL");
    if (service == "admin") {
      read_admin();
    } else if (service == "token") {
      read_token();
    } else {
      // The log of logins repeats what the log of accounts tells of these.
      if (service == "login" && event_type.ends_with("_change")) {
        activity_.service = "user_accounts";
      }
      read_account();
    }
  }

 private:
  bool is(std::string_view action) const { return activity_.action == action; }

  std::string_view kept(std::string_view parameter) {
    return scratch_.keep(std::string(parameters_.text(parameter)));
  }

  void on_user(ChangeKind kind) {
    change_.kind = kind;
    change_.object = activity_.target.empty() ? activity_.actor.id : activity_.target;
  }

  void trust(std::string_view object, std::string_view party, PartyScope scope) {
    if (party.empty()) return;
    change_.kind = ChangeKind::kTrustAdded;
    change_.object = object;
    change_.parties = scratch_.only({.id = party, .scope = scope});
  }

  std::string_view organization() const {
    return activity_.actor.tenant.empty() ? std::string_view("the organization")
                                          : activity_.actor.tenant;
  }

  void read_admin() {
    if (is("CHANGE_PASSWORD")) {
      on_user(ChangeKind::kLoginSet);
    } else if (is("TURN_OFF_2_STEP_VERIFICATION") || is("REVOKE_SECURITY_KEY") ||
               is("UNENROLL_USER_FROM_STRONG_AUTH") || is("GENERATE_2SV_SCRATCH_CODES") ||
               is("UNENROLL_USER_FROM_TITANIUM")) {
      on_user(ChangeKind::kFactorChanged);
    } else if (is("ADD_GROUP_MEMBER") || is("UPDATE_GROUP_MEMBER")) {
      on_user(ChangeKind::kRightsGranted);
      change_.right = kept("GROUP_EMAIL");
      change_.is_admin = is_named_for_admins(change_.right);
    } else if (is("ASSIGN_ROLE") || is("GRANT_ADMIN_PRIVILEGE")) {
      on_user(ChangeKind::kRightsGranted);
      change_.right = is("ASSIGN_ROLE") ? kept("ROLE_NAME") : "super administrator";
      // The role of super administrators has this name in every organization.
      change_.is_admin = is("GRANT_ADMIN_PRIVILEGE") || change_.right == "_SEED_ADMIN_ROLE";
    } else if (is("CREATE_USER")) {
      on_user(ChangeKind::kPrincipalMade);
    } else if (is("DELETE_USER") || is("SUSPEND_USER") || is("ARCHIVE_USER")) {
      on_user(ChangeKind::kPrincipalEnded);
    } else if (is("UNDELETE_USER") || is("UNSUSPEND_USER") || is("UNARCHIVE_USER")) {
      on_user(ChangeKind::kPrincipalResumed);
    } else if (is("RENAME_USER")) {
      on_user(ChangeKind::kPrincipalRenamed);
      change_.right = kept("NEW_VALUE");
    } else if (is("AUTHORIZE_API_CLIENT_ACCESS")) {
      trust(organization(), kept("API_CLIENT_NAME"), PartyScope::kExternal);
    } else if (is("ADD_TRUSTED_DOMAINS")) {
      trust(organization(), kept("DOMAIN_NAME"), PartyScope::kExternal);
    } else if (is("CREATE_SAML_IDP") || is("INBOUND_SSO_PROFILE_CREATED") ||
               is("CHANGE_SSO_SETTINGS")) {
      change_.kind = ChangeKind::kTrustRoot;
      change_.object = organization();
    }
  }

  // An application that may act for the user, within its scopes.
  void read_token() {
    const std::string_view app = app_name();
    if (is("activity")) {
      activity_.facts = scratch_.only(Fact{FactKind::kActedFor, app, activity_.actor.id});
      return;
    }
    if (is("revoke")) {
      change_.kind = ChangeKind::kConsentEnded;
      change_.object = activity_.actor.id;
      change_.parties = scratch_.only({.id = app, .scope = PartyScope::kExternal});
    }
    if (!is("authorize")) return;
    std::string scopes;
    for (const json::Value& scope : parameters_.texts("scope")) {
      if (!scope.is_string()) continue;
      scopes += (scopes.empty() ? "" : " ") + scope.as_string();
      change_.is_admin = change_.is_admin || oauth_reach(scope.as_string()) != OauthReach::kNarrow;
    }
    change_.kind = ChangeKind::kConsentGiven;
    change_.object = activity_.actor.id;
    change_.right = scratch_.keep(std::move(scopes));
    change_.parties = scratch_.only({.id = app, .scope = PartyScope::kExternal});
  }

  std::string_view app_name() {
    const std::string_view client = kept("client_id");
    return client.empty() ? kept("app_name") : client;
  }

  void read_account() {
    if (is("login_success")) {
      read_login();
    } else if (is("login_failure")) {
      activity_.outcome = Outcome::kDenied;
    } else if (is("password_edit")) {
      on_user(ChangeKind::kLoginSet);
    } else if (activity_.action.starts_with("2sv_") || activity_.action.starts_with("titanium_") ||
               is("recovery_email_edit") || is("recovery_phone_edit")) {
      on_user(ChangeKind::kFactorChanged);
    } else if (is("email_forwarding_out_of_domain")) {
      trust(activity_.actor.id, kept("email_forwarding_destination_address"),
            PartyScope::kExternal);
    }
  }

  // What was asked for is known only where Google itself asked.
  void read_login() {
    activity_.actor.is_person = true;
    on_user(ChangeKind::kLogin);
    if (parameters_.text("login_type") != "google_password") return;
    const json::Array& methods = parameters_.texts("login_challenge_method");
    if (methods.empty()) return;
    bool has_second = false;
    for (const json::Value& method : methods) {
      has_second = has_second || (method.is_string() && method.as_string() != "password");
    }
    activity_.context.mfa = has_second;
  }

  const Parameters& parameters_;
  Scratch& scratch_;
  Activity& activity_;
  Change& change_;
};

Activity base_of(std::span<const json::Slot> slots, Instant time) {
  Activity activity;
  activity.time = time;
  activity.event_id = slots[kQualifier].string();
  activity.service = slots[kApplication].string();
  Actor& actor = activity.actor;
  actor.id = first_string(slots, {kEmail, kKey, kProfile, kCaller});
  actor.unique_id = slots[kProfile].string();
  actor.tenant = slots[kCustomer].string();
  const bool is_account = slots[kEmail].is_string();
  actor.kind = is_account ? ActorKind::kUser : ActorKind::kService;
  if (actor.id.empty()) actor.kind = ActorKind::kAnonymous;
  if (actor.id.empty()) actor.id = "anonymous";
  activity.context.source = slots[kAddress].string();
  return activity;
}

Reading read(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  const bool has_one = slots[kName].is_string();
  if (slots[kApplication].string().empty() || slots[kActor].kind != json::SlotKind::kObject ||
      (!has_one && slots[kEvents].kind != json::SlotKind::kArray)) {
    return Reading::kNotMine;
  }
  const std::optional<Instant> time = record_time({&slots[kTime]});
  if (!time) return Reading::kUnusable;
  const Activity base = base_of(slots, *time);
  if (has_one) {
    const std::optional<json::Value> parameters = value_in(slots[kParameters]);
    activity = base;
    activity.action = slots[kName].string();
    EventReader(Parameters(parameters ? &*parameters : nullptr), scratch, activity)
        .read(slots[kEventType].string());
    return Reading::kActivity;
  }
  const std::optional<json::Value> events = value_in(slots[kEvents]);
  if (!events || !events->is_array()) return Reading::kUnusable;
  bool has_first = false;
  for (const json::Value& event : events->as_array()) {
    const std::string_view name = text_at(event, {"name"});
    if (name.empty()) continue;
    Activity made = base;
    made.action = scratch.keep(std::string(name));
    EventReader(Parameters(event.find("parameters")), scratch, made).read(text_at(event, {"type"}));
    if (has_first) {
      scratch.more.push_back(made);
    } else {
      activity = made;
      has_first = true;
    }
  }
  return has_first ? Reading::kActivity : Reading::kUnusable;
}

}  // namespace
}  // namespace workspace

const Source kWorkspace = {
    .name = "google_workspace",
    .title = "Google Workspace audit (Reports API)",
    .is_schema_only = false,
    .paths = workspace::kWanted,
    .read = workspace::read,
};

}  // namespace mandate::observe
