#include <algorithm>
#include <array>
#include <utility>

#include "mandate/observe/inventory/oauth_grants.h"
#include "mandate/observe/sources/entra.h"

namespace mandate::observe::entra {
namespace {

// Directory roles that can give themselves every other one, by the names they have everywhere.
constexpr std::array<std::string_view, 4> kEverything = {
    "Global Administrator", "Company Administrator", "Privileged Role Administrator",
    "Privileged Authentication Administrator"};

bool has_broad_scope(std::string_view scopes) {
  constexpr std::string_view kBetween = " ,;[]\"";
  while (!scopes.empty()) {
    const std::size_t start = scopes.find_first_not_of(kBetween);
    if (start == std::string_view::npos) return false;
    scopes.remove_prefix(start);
    const std::string_view scope = scopes.substr(0, scopes.find_first_of(kBetween));
    if (oauth_reach(scope) != OauthReach::kNarrow) return true;
    scopes.remove_prefix(scope.size());
  }
  return false;
}

// Of "[old] => [[…, ConsentType: AllPrincipals, Scope: a b], […]];" what is new.
std::string_view new_permissions(std::string_view text) {
  const std::size_t arrow = text.find("=>");
  return arrow == std::string_view::npos ? text : text.substr(arrow);
}

// The scopes in it, one after the other; what has no such form stays as it is.
std::string scopes_in(std::string_view permissions) {
  constexpr std::string_view kName = "Scope:";
  std::string scopes;
  for (std::size_t at = permissions.find(kName); at != std::string_view::npos;
       at = permissions.find(kName, at)) {
    at += kName.size();
    std::string_view some = permissions.substr(at, permissions.find_first_of(",]", at) - at);
    some.remove_prefix(std::min(some.size(), some.find_first_not_of(' ')));
    if (!scopes.empty() && !some.empty()) scopes += ' ';
    scopes += some;
  }
  return scopes.empty() ? std::string(permissions) : scopes;
}

class ChangeReader {
 public:
  ChangeReader(const DirectoryChange& said, Scratch& scratch, Activity& activity)
      : said_(said), scratch_(scratch), activity_(activity), change_(activity.change) {}

  void read() {
    if (is("Consent to application") || is("Add delegated permission grant") ||
        is("Add app role assignment to service principal")) {
      read_consent(ChangeKind::kConsentGiven);
    } else if (is("Remove delegated permission grant")) {
      read_consent(ChangeKind::kConsentEnded);
    } else if (is("Add service principal credentials") ||
               (starts("Update application") && said_.operation.ends_with("management"))) {
      set(ChangeKind::kCredentialMade, said_.object);
    } else if (starts("Add member to role") || starts("Add eligible member to role") ||
               is("Add member to group") || starts("User has elevated their access")) {
      read_right();
    } else if (is("Set federation settings on domain") || is("Set domain authentication")) {
      set(ChangeKind::kTrustRoot, said_.object);
    } else if (is("Add a partner to cross-tenant access setting")) {
      set(ChangeKind::kTrustAdded, "the directory");
      change_.parties =
          scratch_.only({.id = scratch_.keep(said_.object), .scope = PartyScope::kExternal});
    } else {
      read_account();
    }
  }

 private:
  bool is(std::string_view operation) const { return said_.operation == operation; }
  bool starts(std::string_view front) const { return said_.operation.starts_with(front); }

  std::string_view property(std::string_view name) const {
    const auto found = said_.properties.find(name);
    return found == said_.properties.end() ? std::string_view() : std::string_view(found->second);
  }

  void set(ChangeKind kind, std::string_view object) {
    change_.kind = kind;
    change_.object = object.empty() ? activity_.actor.id : scratch_.keep(std::string(object));
  }

  void on_user(ChangeKind kind) { set(kind, said_.user.empty() ? said_.object : said_.user); }

  // An administrator may consent for itself alone; older events do not tell.
  bool is_consent_for_all(std::string_view permissions) const {
    if (has("ConsentContext.OnBehalfOfAll")) {
      return property("ConsentContext.OnBehalfOfAll") == "True";
    }
    if (permissions.find("ConsentType:") != std::string_view::npos) {
      return permissions.find("ConsentType: AllPrincipals") != std::string_view::npos;
    }
    return property("ConsentContext.IsAdminConsent") == "True" ||
           property("DelegatedPermissionGrant.ConsentType") == "AllPrincipals" ||
           is("Add app role assignment to service principal");
  }

  // A consent is about the application; a grant is about what it may call, and names it besides.
  std::string_view application() const {
    if (!is("Consent to application")) {
      for (const std::string_view name : {"ServicePrincipal.AppId", "ServicePrincipal.DisplayName",
                                          "ServicePrincipal.ObjectID"}) {
        if (!property(name).empty()) return property(name);
      }
    }
    return std::string_view(said_.object).substr(0, said_.object.find(';'));
  }

  // By a user for itself, or by an administrator for all.
  void read_consent(ChangeKind kind) {
    const std::string_view permissions = new_permissions(property("ConsentAction.Permissions"));
    std::string scopes = scopes_in(permissions);
    if (scopes.empty()) scopes = property("DelegatedPermissionGrant.Scope");
    if (scopes.empty()) scopes = property("AppRole.Value");
    set(kind, is_consent_for_all(permissions) ? kEverybody : "");
    change_.is_admin = has_broad_scope(scopes);
    change_.right = scratch_.keep(std::move(scopes));
    change_.parties = scratch_.only(
        {.id = scratch_.keep(std::string(application())), .scope = PartyScope::kExternal});
  }

  void read_right() {
    if (starts("User has elevated")) {
      set(ChangeKind::kRightsGranted, "");
      change_.right = "User Access Administrator";
      change_.is_admin = true;
      return;
    }
    if (said_.operation.find("requested") != std::string_view::npos) return;
    on_user(ChangeKind::kRightsGranted);
    std::string_view right = property("Role.DisplayName");
    if (right.empty()) right = property("Group.DisplayName");
    if (right.empty() && said_.object != said_.user) right = said_.object;
    change_.right = scratch_.keep(std::string(right));
    for (const std::string_view role : kEverything) change_.is_admin |= right == role;
  }

  void read_account() {
    if (starts("Reset password") || is("Reset user password") || starts("Change password") ||
        is("Change user password")) {
      on_user(ChangeKind::kLoginSet);
    } else if (said_.operation.ends_with("security info") || is("Disable Strong Authentication") ||
               (is("Update user") &&
                (has("StrongAuthenticationMethod") || has("StrongAuthenticationRequirement")))) {
      on_user(ChangeKind::kFactorChanged);
    } else if (is("Add user")) {
      on_user(ChangeKind::kPrincipalMade);
    } else if (is("Delete user") || is("Disable account")) {
      on_user(ChangeKind::kPrincipalEnded);
    } else if (is("Restore user") || is("Enable account")) {
      on_user(ChangeKind::kPrincipalResumed);
    }
  }

  bool has(std::string_view name) const { return said_.properties.contains(name); }

  const DirectoryChange& said_;
  Scratch& scratch_;
  Activity& activity_;
  Change& change_;
};

}  // namespace

std::string plain_value(std::string_view value) {
  constexpr std::string_view kAround = " \t\r\n[]\"";
  const std::size_t first = value.find_first_not_of(kAround);
  if (first == std::string_view::npos) return {};
  return std::string(value.substr(first, value.find_last_not_of(kAround) - first + 1));
}

void read_change(const DirectoryChange& said, Scratch& scratch, Activity& activity) {
  ChangeReader(said, scratch, activity).read();
}

}  // namespace mandate::observe::entra
