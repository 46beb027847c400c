// Okta System Log (API /api/v1/logs, LogEvent), and exports with its members in lower case.
#include <array>

#include "mandate/observe/inventory/oauth_grants.h"
#include "mandate/observe/sources/members.h"
#include "mandate/observe/sources/source.h"
#include "mandate/observe/sources/text.h"

namespace mandate::observe {
namespace okta {
namespace {

enum Path : std::size_t {
  kUuid,
  kPublished,
  kType,
  kTypeLower,
  kActor,
  kActorId,
  kActorName,
  kActorType,
  kAddress,
  kAgent,
  kResult,
  kReason,
  kSession,
  kSessionLower,
  kTargets,
  kDebug,
  kDebugLower,
  kOrganization,
  kPaths,
};

constexpr std::array<std::string_view, kPaths> kWanted = {
    "uuid",
    "published",
    "eventType",
    "eventtype",
    "actor",
    "actor.id",
    "actor.alternateId",
    "actor.type",
    "client.ipAddress",
    "client.userAgent.rawUserAgent",
    "outcome.result",
    "outcome.reason",
    "authenticationContext.externalSessionId",
    "authenticationcontext.externalSessionId",
    "target",
    "debugContext.debugData",
    "debugcontext.debugData",
    "org_id",
};

bool is_named(std::string_view text) { return !text.empty() && text != "unknown"; }

class EventReader {
 public:
  EventReader(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity)
      : scratch_(scratch), activity_(activity), change_(activity.change) {
    if (std::optional<json::Value> targets = value_in(slots[kTargets])) {
      targets_ = std::move(*targets);
    }
    const json::Slot& said = slots[kDebug];
    const bool is_lower = said.kind == json::SlotKind::kAbsent;
    if (std::optional<json::Value> debug = value_in(is_lower ? slots[kDebugLower] : said)) {
      debug_ = std::move(*debug);
    }
  }

  void read() {
    activity_.target = name_of("User");
    if (activity_.target.empty()) activity_.target = name_of("");
    if (activity_.action.starts_with("user.mfa.") ||
        activity_.action.starts_with("user.authentication.auth_via_mfa")) {
      read_factor();
    } else if (activity_.action.starts_with("user.")) {
      read_user();
    } else {
      read_rest();
    }
  }

 private:
  bool is(std::string_view action) const { return activity_.action == action; }

  // The first target of that type, by its login name, or its id; empty where there is none.
  std::string_view name_of(std::string_view type) {
    if (!targets_.is_array()) return {};
    for (const json::Value& target : targets_.as_array()) {
      if (!type.empty() && text_at(target, {"type"}) != type) continue;
      for (const std::string_view member : {"alternateId", "displayName", "id"}) {
        const std::string_view name = text_at(target, {member});
        if (is_named(name)) return scratch_.keep(std::string(name));
      }
    }
    return {};
  }

  std::string_view shown(std::string_view type) {
    if (!targets_.is_array()) return {};
    for (const json::Value& target : targets_.as_array()) {
      if (text_at(target, {"type"}) != type) continue;
      return scratch_.keep(std::string(text_at(target, {"displayName"})));
    }
    return {};
  }

  std::string_view organization() const {
    return activity_.actor.tenant.empty() ? std::string_view("the organization")
                                          : activity_.actor.tenant;
  }

  void on_user(ChangeKind kind) {
    const std::string_view user = name_of("User");
    change_.kind = kind;
    change_.object = user.empty() ? activity_.actor.id : user;
  }

  void read_factor() {
    if (is("user.authentication.auth_via_mfa")) {
      on_user(ChangeKind::kLogin);
      activity_.context.mfa = true;
    } else if (!activity_.action.starts_with("user.mfa.attempt") &&
               !activity_.action.starts_with("user.mfa.okta_verify")) {
      on_user(ChangeKind::kFactorChanged);
    }
  }

  void read_user() {
    if (is("user.session.start")) {
      activity_.actor.is_person = true;
      change_.kind = ChangeKind::kLogin;  // a second factor is asked for, and told of, afterwards
      change_.object = activity_.actor.id;
    } else if (is("user.account.reset_password") || is("user.account.update_password") ||
               is("user.account.expire_password")) {
      on_user(ChangeKind::kLoginSet);
      change_.must_replace = !is("user.account.update_password");
    } else if (is("user.account.privilege.grant")) {
      on_user(ChangeKind::kRightsGranted);
      read_privilege();
    } else if (is("user.session.impersonation.grant")) {
      change_.kind = ChangeKind::kTrustAdded;
      change_.object = organization();
      change_.parties =
          scratch_.only({.id = "the provider's support", .scope = PartyScope::kExternal});
    } else if (is("user.lifecycle.create")) {
      on_user(ChangeKind::kPrincipalMade);
    } else if (is("user.lifecycle.delete.completed") || is("user.lifecycle.deactivate") ||
               is("user.lifecycle.suspend")) {
      on_user(ChangeKind::kPrincipalEnded);
    } else if (is("user.lifecycle.activate") || is("user.lifecycle.reactivate") ||
               is("user.lifecycle.unsuspend")) {
      on_user(ChangeKind::kPrincipalResumed);
    }
  }

  // "Super administrator, Read only admin": names that the provider gives.
  void read_privilege() {
    const std::string_view said = text_at(debug_, {"privilegeGranted"});
    change_.right = scratch_.keep(std::string(said));
    change_.is_admin = said.find("Super admin") != std::string_view::npos ||
                       said.find("SUPER_ADMIN") != std::string_view::npos ||
                       said.find("Super Admin") != std::string_view::npos ||
                       said.find("Super organization admin") != std::string_view::npos;
  }

  void read_rest() {
    if (is("group.privilege.grant")) {
      change_.kind = ChangeKind::kRightsGranted;
      change_.object = shown("UserGroup");
      read_privilege();
    } else if (is("group.user_membership.add")) {
      on_user(ChangeKind::kRightsGranted);
      change_.right = shown("UserGroup");
      change_.is_admin = is_named_for_admins(change_.right);
    } else if (is("system.idp.lifecycle.create") || is("system.idp.lifecycle.activate") ||
               is("system.idp.lifecycle.update") || is_other_organization()) {
      change_.kind = ChangeKind::kTrustRoot;
      change_.object = activity_.target.empty() ? organization() : activity_.target;
    } else if (is("app.oauth2.as.consent.grant") || is("app.oauth2.consent.grant") ||
               is("app.oauth2.admin.consent.grant")) {
      read_consent();
    } else if (is("system.api_token.create")) {
      change_.kind = ChangeKind::kCredentialMade;  // a token stands for whoever made it
      change_.object = activity_.actor.id;
    }
  }

  // An application that joins this organization to another one of the same provider.
  bool is_other_organization() {
    return (is("application.lifecycle.create") || is("application.lifecycle.update")) &&
           name_of("AppInstance").find("Org2Org") != std::string_view::npos;
  }

  void read_consent() {
    const std::string_view scopes = text_at(debug_, {"grantedScopes"});
    change_.kind = ChangeKind::kConsentGiven;
    change_.object = is("app.oauth2.admin.consent.grant") ? organization() : activity_.actor.id;
    change_.right = scratch_.keep(std::string(scopes));
    change_.is_admin = has_broad_scope(scopes);
    std::string_view app = name_of("AppInstance");
    if (app.empty()) app = activity_.target;
    change_.parties = scratch_.only({.id = app, .scope = PartyScope::kExternal});
  }

  // Scopes of the provider's own interface that change identities or applications.
  static bool has_broad_scope(std::string_view scopes) {
    while (!scopes.empty()) {
      const std::size_t start = scopes.find_first_not_of(", ");
      if (start == std::string_view::npos) return false;
      scopes.remove_prefix(start);
      const std::string_view scope = scopes.substr(0, scopes.find_first_of(", "));
      if (scope.starts_with("okta.") && scope.ends_with(".manage")) return true;
      if (oauth_reach(scope) != OauthReach::kNarrow) return true;
      scopes.remove_prefix(scope.size());
    }
    return false;
  }

  json::Value targets_;
  json::Value debug_;
  Scratch& scratch_;
  Activity& activity_;
  Change& change_;
};

void read_identity(std::span<const json::Slot> slots, Activity& activity) {
  Actor& actor = activity.actor;
  actor.id = slots[kActorName].string();
  if (!is_named(actor.id)) actor.id = slots[kActorId].string();
  const std::string_view type = slots[kActorType].string();
  if (type == "User") {
    actor.kind = ActorKind::kUser;
    actor.unique_id = slots[kActorId].string();
  } else if (type == "SystemPrincipal") {
    actor.kind = ActorKind::kService;
  } else {
    actor.kind = ActorKind::kWorkload;
  }
  actor.tenant = slots[kOrganization].string();
  const std::string_view session = first_string(slots, {kSession, kSessionLower});
  if (is_named(session)) activity.credential = {.id = session, .kind = CredentialKind::kSession};
  Context& context = activity.context;
  context.source = slots[kAddress].string();
  context.agent = slots[kAgent].string();
  context.agent_kind = agent_kind(context.agent);
}

Reading read(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity) {
  activity.action = first_string(slots, {kType, kTypeLower});
  const bool is_told = slots[kPublished].kind != json::SlotKind::kAbsent ||
                       slots[kResult].kind != json::SlotKind::kAbsent;
  if (activity.action.empty() || slots[kActor].kind != json::SlotKind::kObject || !is_told ||
      activity.action.find('.') == std::string_view::npos) {
    return Reading::kNotMine;
  }
  const std::optional<Instant> time = record_time({&slots[kPublished]});
  if (!time) return Reading::kUnusable;
  activity.time = *time;
  activity.event_id = slots[kUuid].string();
  activity.service = "okta";
  read_identity(slots, activity);
  if (activity.actor.id.empty()) return Reading::kUnusable;
  const std::string_view result = slots[kResult].string();
  if (result == "DENY") activity.outcome = Outcome::kDenied;
  if (result == "FAILURE") activity.outcome = Outcome::kFailed;
  if (activity.outcome == Outcome::kSucceeded) EventReader(slots, scratch, activity).read();
  unify_accounts(scratch, activity);
  return Reading::kActivity;
}

}  // namespace
}  // namespace okta

const Source kOkta = {
    .name = "okta",
    .title = "Okta System Log",
    .is_schema_only = false,
    .paths = okta::kWanted,
    .read = okta::read,
};

}  // namespace mandate::observe
