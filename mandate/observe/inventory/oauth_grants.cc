#include "mandate/observe/inventory/oauth_grants.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "mandate/observe/inventory/aws_pattern.h"

namespace mandate::observe {
namespace {

using graph::NodeKind;
using graph::Relation;

constexpr std::chrono::days kLongLived{366};
constexpr std::string_view kMicrosoft = "f8cdef31-a31e-4b4a-93e4-5f571e91255a";  // its tenant

std::string string_at(const json::Value& value, std::string_view key) {
  const json::Value* member = value.find(key);
  if (member == nullptr) return {};
  if (member->is_integer()) return std::to_string(member->as_integer());
  return member->is_string() ? member->as_string() : std::string();
}

const json::Array& array_at(const json::Value& value, std::string_view key) {
  static const json::Array kEmpty;
  const json::Value* member = value.find(key);
  return member != nullptr && member->is_array() ? member->as_array() : kEmpty;
}

std::optional<Instant> time_at(const json::Value& value, std::string_view key) {
  return read_time(string_at(value, key));
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    std::size_t space = std::min(text.find(' '), text.size());
    if (space > 0) out.emplace_back(text.substr(0, space));
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return out;
}

bool is_grant(const json::Value& value) {
  return value.find("clientId") != nullptr && value.find("consentType") != nullptr;
}
bool is_graph_app(const json::Value& value) {
  return value.find("appId") != nullptr && (value.find("servicePrincipalType") != nullptr ||
                                            value.find("passwordCredentials") != nullptr ||
                                            value.find("appOwnerOrganizationId") != nullptr);
}
bool is_token(const json::Value& value) {
  return value.find("clientId") != nullptr && value.find("scopes") != nullptr &&
         value.find("userKey") != nullptr;
}
bool is_installation(const json::Value& value) {
  return value.find("app_slug") != nullptr && value.find("permissions") != nullptr;
}
bool is_item(const json::Value& value) {
  return is_grant(value) || is_graph_app(value) || is_token(value) || is_installation(value);
}

const json::Array& items_of(const json::Value& page) {
  for (std::string_view list : {"value", "items", "installations"}) {
    if (const json::Array& items = array_at(page, list); !items.empty()) return items;
  }
  return array_at(page, "value");
}

}  // namespace

OauthReach oauth_reach(std::string_view scope) {
  constexpr std::array<std::string_view, 14> kPrivileged = {
      "rolemanagement.readwrite*",   "approleassignment.readwrite*", "application.readwrite*",
      "directory.readwrite*",        "user.readwrite.all",           "group.readwrite.all",
      "policy.readwrite*",           "directory.accessasuser.all",   "*/auth/admin.directory*",
      "*/auth/cloud-platform",       "github:administration:write",  "github:members:write",
      "github:organization_*:write", "github:workflows:write"};
  constexpr std::array<std::string_view, 14> kBroad = {
      "*.readwrite.all",  "*.fullcontrol.all",  "mail.*",          "files.readwrite*",
      "full_access_as*",  "user_impersonation", "ews.*",           "https://mail.google.com/",
      "*/auth/gmail.*",   "*/auth/drive",       "*/auth/calendar", "github:contents:write",
      "github:secrets:*", "github:*_secrets:*"};
  std::string text = lower(scope);
  auto matches = [&](std::string_view pattern) { return glob_match(pattern, text); };
  if (std::any_of(kPrivileged.begin(), kPrivileged.end(), matches)) return OauthReach::kPrivileged;
  return std::any_of(kBroad.begin(), kBroad.end(), matches) ? OauthReach::kBroad
                                                            : OauthReach::kNarrow;
}

bool OauthGrants::is_page(const json::Value& value) {
  if (is_item(value)) return true;
  const json::Array& items = items_of(value);
  return std::any_of(items.begin(), items.end(), is_item);
}

void OauthGrants::see(std::optional<Instant> instant) {
  if (instant) as_of_ = std::max(as_of_, *instant);
}

void OauthGrants::add(const json::Value& value, const PlaceOf& place_of) {
  if (is_item(value)) return add_item(value, place_of);
  for (const json::Value& item : items_of(value)) add_item(item, place_of);
}

void OauthGrants::add_item(const json::Value& value, const PlaceOf& place_of) {
  if (is_graph_app(value)) return add_graph_app(value, place_of);
  if (is_installation(value)) return add_installation(value, place_of);
  OauthGrant grant;
  grant.app = string_at(value, "clientId");
  grant.place = place_of(value);
  if (is_grant(value)) {
    bool is_for_all = string_at(value, "consentType") == "AllPrincipals";
    grant.for_whom = is_for_all ? std::string() : string_at(value, "principalId");
    grant.resource = string_at(value, "resourceId");
    grant.scopes = words_of(string_at(value, "scope"));
    grant.id = string_at(value, "id");
  } else if (is_token(value)) {
    grant.for_whom = string_at(value, "userKey");
    grant.resource = "google";
    for (const json::Value& scope : array_at(value, "scopes")) {
      if (scope.is_string()) grant.scopes.push_back(scope.as_string());
    }
    OauthApp& app = apps_[grant.app];
    if (app.id.empty())
      app = {.id = grant.app,
             .name = string_at(value, "displayText"),
             .has_owner = {},
             .credentials = {},
             .place = grant.place};
  } else {
    return;
  }
  if (grant.id.empty()) grant.id = grant.app + "/" + grant.for_whom;
  grants_.push_back(std::move(grant));
}

void OauthGrants::add_graph_app(const json::Value& value, const PlaceOf& place_of) {
  OauthApp app{.id = string_at(value, "id"),
               .name = string_at(value, "displayName"),
               .has_owner = {},
               .credentials = {},
               .place = place_of(value)};
  app.is_platforms = string_at(value, "appOwnerOrganizationId") == kMicrosoft;
  const json::Value* enabled = value.find("accountEnabled");
  app.is_enabled = enabled == nullptr || !enabled->is_bool() || enabled->as_bool();
  if (const json::Value* owners = value.find("owners"); owners != nullptr && owners->is_array()) {
    app.has_owner = !owners->as_array().empty();
  }
  see(time_at(value, "createdDateTime"));
  for (std::string_view list : {"passwordCredentials", "keyCredentials"}) {
    for (const json::Value& item : array_at(value, list)) {
      app.credentials.push_back(
          {string_at(item, "keyId"), time_at(item, "startDateTime"), time_at(item, "endDateTime")});
      see(app.credentials.back().start);
    }
  }
  if (!app.id.empty()) apps_[app.id] = std::move(app);
}

void OauthGrants::add_installation(const json::Value& value, const PlaceOf& place_of) {
  OauthGrant grant;
  std::string slug = string_at(value, "app_slug");
  grant.app = "github-app:" + slug;
  grant.id = "installation/" + string_at(value, "id");
  grant.place = place_of(value);
  grant.is_suspended = !string_at(value, "suspended_at").empty();
  if (const json::Value* account = value.find("account")) {
    grant.resource = string_at(*account, "login");
  }
  // What it may do to chosen repositories is bounded to them.
  bool is_for_all = string_at(value, "repository_selection") == "all";
  if (!is_for_all) grant.for_whom = "chosen repositories";
  const json::Value* permissions = value.find("permissions");
  if (permissions != nullptr && permissions->is_object()) {
    for (const json::Member& member : permissions->as_object()) {
      if (!member.value.is_string()) continue;
      grant.scopes.push_back("github:" + member.key + ":" + member.value.as_string());
    }
  }
  see(time_at(value, "created_at"));
  see(time_at(value, "updated_at"));
  OauthApp& app = apps_[grant.app];
  if (app.id.empty())
    app = {.id = grant.app, .name = slug, .has_owner = {}, .credentials = {}, .place = grant.place};
  grants_.push_back(std::move(grant));
}

void OauthGrants::add_edges(Draft& draft) {
  graph::Builder& builder = draft.builder();
  for (const auto& [id, app] : apps_) nodes_[id] = builder.node(NodeKind::kPrincipal, id);
  for (const OauthGrant& grant : grants_) {
    graph::Node app = nodes_[grant.app] = builder.node(NodeKind::kPrincipal, grant.app);
    std::string whom = grant.for_whom.empty() ? "everybody of " + grant.resource : grant.for_whom;
    Evidence evidence = draft.evidence(grant.place, grant.id);
    draft.edge(app, builder.node(NodeKind::kPrincipal, whom), Relation::kMayActFor,
               {listed(grant.scopes), false, evidence});
    for (const std::string& scope : grant.scopes) {
      graph::Node right = builder.node(NodeKind::kResource, grant.resource + " " + scope);
      if (oauth_reach(scope) == OauthReach::kPrivileged) builder.mark_privileged(right);
      draft.edge(app, right, Relation::kActedOn, {"granted " + scope, false, evidence});
    }
  }
}

void OauthGrants::add_findings(Draft& draft) const {
  for (const OauthGrant& grant : grants_) find_grant(draft, grant);
  for (const auto& [id, app] : apps_) find_app(draft, app);
}

void OauthGrants::find_grant(Draft& draft, const OauthGrant& grant) const {
  auto known = apps_.find(grant.app);
  const OauthApp* app = known == apps_.end() ? nullptr : &known->second;
  if (app != nullptr && app->is_platforms) return;
  std::string name =
      app != nullptr && !app->name.empty() ? app->name + " (" + grant.app + ")" : grant.app;
  auto start = [&](std::string_view rule) {
    Finding finding = draft.finding(rule, grant.app, nodes_.at(grant.app));
    finding.credential = grant.id;
    finding.evidence.push_back(draft.evidence(grant.place, grant.id));
    return finding;
  };
  if (grant.is_suspended || (app != nullptr && !app->is_enabled)) {
    Finding finding = start("oauth_stale_grant");
    finding.explanation = name + " is switched off and still holds " + listed(grant.scopes);
    draft.add(std::move(finding));
    return;
  }
  std::vector<std::string> broad;
  bool is_privileged = false;
  for (const std::string& scope : grant.scopes) {
    OauthReach reach = oauth_reach(scope);
    if (reach != OauthReach::kNarrow) broad.push_back(scope);
    is_privileged |= reach == OauthReach::kPrivileged;
  }
  if (broad.empty()) return;
  bool is_for_all = grant.for_whom.empty();
  Finding finding = start("oauth_broad_grant");
  finding.severity = is_for_all && is_privileged   ? Severity::kHigh
                     : is_for_all || is_privileged ? Severity::kMedium
                                                   : Severity::kLow;
  finding.explanation = name + " may act for " +
                        (is_for_all ? "everybody of " + grant.resource : grant.for_whom) +
                        " with " + listed(broad);
  draft.add(std::move(finding));
}

void OauthGrants::find_app(Draft& draft, const OauthApp& app) const {
  if (app.is_platforms) return;
  bool has_grants = std::any_of(grants_.begin(), grants_.end(),
                                [&](const OauthGrant& grant) { return grant.app == app.id; });
  std::string name = app.name.empty() ? app.id : app.name + " (" + app.id + ")";
  if (app.has_owner == false && (has_grants || !app.credentials.empty())) {
    Finding finding = draft.finding("oauth_ownerless_app", app.id, nodes_.at(app.id));
    finding.evidence.push_back(draft.evidence(app.place, app.id));
    finding.severity = finding.reach.privileged ? Severity::kHigh : Severity::kLow;
    finding.explanation = name + " has no owner";
    draft.add(std::move(finding));
  }
  for (const OauthCredential& credential : app.credentials) {
    if (!credential.start) continue;
    bool is_long = !credential.end || *credential.end - *credential.start > kLongLived;
    bool is_old = as_of_ - *credential.start > kLongLived;
    bool is_over = credential.end && *credential.end < as_of_;
    if (is_over || (!is_long && !is_old)) continue;
    Finding finding = draft.finding("oauth_credential_overdue", app.id, nodes_.at(app.id));
    finding.credential = credential.id;
    finding.evidence.push_back(draft.evidence(app.place, app.id));
    finding.severity = finding.reach.privileged ? Severity::kHigh : Severity::kLow;
    finding.time = credential.start;
    finding.explanation = name + " has a credential made on " + format_rfc3339(*credential.start) +
                          (credential.end ? " that lives until " + format_rfc3339(*credential.end)
                                          : " that never ends");
    draft.add(std::move(finding));
  }
}

}  // namespace mandate::observe
