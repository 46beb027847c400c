#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "mandate/observe/inventory/aws_findings.h"
#include "mandate/observe/inventory/aws_pattern.h"

namespace mandate::observe {
namespace {

constexpr std::chrono::days kUnusedAfter{90};
constexpr std::size_t kTaggedMin = 5;  // fewer say nothing about a habit

bool is_owner_tag(std::string_view key) {
  std::string name = lower(key);
  std::erase_if(name, [](char c) { return c == '-' || c == '_' || c == ':' || c == ' '; });
  static const std::set<std::string, std::less<>> kNames = {
      "owner",    "ownedby", "owneremail", "ownerteam",  "team",
      "teamname", "contact", "squad",      "maintainer", "responsible"};
  return kNames.contains(name);
}

bool has_owner(const AwsEntity& entity) {
  return std::any_of(entity.tags.begin(), entity.tags.end(),
                     [](const auto& tag) { return is_owner_tag(tag.first); });
}

bool is_deleted_id(std::string_view id) {
  return id.find(':') == std::string_view::npos &&
         (id.starts_with("AIDA") || id.starts_with("AROA") || id.starts_with("AGPA"));
}

// An OIDC issuer vouches for all its subjects; `aud` is the same for all of them.
bool binds_subject(const AwsStatement& statement, std::string_view provider) {
  constexpr std::string_view kMark = "oidc-provider/";
  std::size_t at = provider.find(kMark);
  if (at == std::string_view::npos) return true;  // SAML: who may is set at the identity provider
  std::string issuer = lower(provider.substr(at + kMark.size()));
  for (const AwsCondition& condition : statement.conditions) {
    bool is_positive = condition.op.starts_with("stringequals") || condition.op == "stringlike";
    if (!is_positive || !condition.key.starts_with(issuer + ":")) continue;
    if (condition.key == issuer + ":aud" || condition.if_exists) continue;
    bool is_open =
        std::any_of(condition.values.begin(), condition.values.end(), [](const std::string& value) {
          // `repo:*` and the like bind the kind of subject, not the subject.
          std::size_t star = value.find('*');
          std::string_view before = std::string_view(value).substr(0, star);
          return star != std::string::npos &&
                 (before.empty() || (before.ends_with(':') && before.find('/') == before.npos));
        });
    if (!is_open) return true;
  }
  return false;
}

std::string days_between(Instant from, Instant to) {
  return std::to_string(std::chrono::duration_cast<std::chrono::days>(to - from).count());
}

}  // namespace

void AwsView::find_guests(Draft& draft) const {
  std::map<const AwsEntity*, std::vector<const AwsGuest*>> services;
  for (const AwsGuest& guest : reach_.guests) {
    if (guest.scope == PartyScope::kService) {
      services[guest.role].push_back(&guest);
    } else {
      find_guest(draft, guest);
    }
  }
  for (const AwsEntity* role : reach_.admins) {
    auto found = services.find(role);
    if (found == services.end() || role->is_service_linked()) continue;
    Finding finding = about(draft, "aws_service_admin", *role);
    std::vector<std::string> names;
    for (const AwsGuest* guest : found->second) {
      names.push_back(guest->party.id);
      finding.evidence.push_back(draft.evidence(guest->statement->place, role->arn));
    }
    finding.severity = Severity::kHigh;
    finding.explanation = role->arn + " gives every right in its account to whatever " +
                          listed(names) + " runs as it";
    draft.add(std::move(finding));
  }
}

void AwsView::find_guest(Draft& draft, const AwsGuest& guest) const {
  const AwsEntity& role = *guest.role;
  if (role.is_service_linked()) return;
  bool is_admin = outlook(draft, node_of(role)).is_admin;
  bool is_open = guest.truth == Truth::kYes;
  bool is_whole_account =
      guest.party.id.ends_with(":root") || guest.party.id.find(':') == std::string::npos;
  std::string_view rule;
  Severity severity = Severity::kLow;
  std::string what;
  switch (guest.scope) {
    case PartyScope::kPublic:
      rule = "aws_public_trust";
      severity = !is_open   ? (is_admin ? Severity::kMedium : Severity::kLow)
                 : is_admin ? Severity::kCritical
                            : Severity::kHigh;
      what = is_open ? "everybody, of any account" : "everybody who meets its conditions";
      break;
    case PartyScope::kExternal:
      if (is_deleted_id(guest.party.id)) {
        rule = "aws_trust_of_deleted";
        what = "a principal that is deleted (" + guest.party.id + ")";
        break;
      }
      // A named party, or one that must know an external id, is a delegation that somebody bounded.
      if (!is_admin && (!is_open || !is_whole_account)) return;
      rule = "aws_cross_account_trust";
      severity = is_admin && is_open ? Severity::kHigh : Severity::kMedium;
      what = (is_whole_account ? "everybody in another account whom that account allows ("
                               : "a principal of another account (") +
             guest.party.id + ")";
      break;
    case PartyScope::kOwn:
      if (!is_whole_account || !is_open) return;
      rule = "aws_whole_account_trust";
      severity = is_admin ? Severity::kMedium : Severity::kLow;
      what = "everybody in its account who may assume roles";
      break;
    case PartyScope::kService: return;  // told once for each role
    case PartyScope::kFederated:
      if (binds_subject(*guest.statement, guest.party.id)) return;
      rule = "aws_federated_trust_unbound";
      severity = is_admin ? Severity::kCritical : Severity::kHigh;
      what = "whoever has a token of " + guest.party.id + ", whatever its subject";
      break;
  }
  Finding finding = about(draft, rule, role);
  finding.evidence.push_back(draft.evidence(guest.statement->place, role.arn));
  finding.severity = severity;
  finding.confidence = is_open ? Confidence::kHigh : Confidence::kMedium;
  finding.explanation = role.arn + " lets in " + what;
  if (is_admin) finding.explanation += "; it has every right in its account, or can get it";
  draft.add(std::move(finding));
}

void AwsView::find_posture(Draft& draft) const {
  for (const AwsEntity& entity : accounts_.entities()) {
    if (entity.is_service_linked() || entity.kind == AwsKind::kGroup) continue;
    Instant as_of = accounts_.as_of(entity.account);
    bool is_role = entity.kind == AwsKind::kRole;
    bool is_unused = is_role && entity.tells_last_use && !entity.last_used && entity.created &&
                     as_of - *entity.created > kUnusedAfter;
    bool is_stale = entity.last_used && as_of - *entity.last_used > kUnusedAfter;
    if (!is_unused && !is_stale) continue;
    Finding finding = about(draft,
                            is_unused ? "aws_unused_role"
                            : is_role ? "aws_stale_role"
                                      : "aws_stale_user",
                            entity);
    Instant since = is_unused ? *entity.created : *entity.last_used;
    finding.severity = finding.reach.privileged ? Severity::kHigh : Severity::kLow;
    finding.time = since;
    finding.explanation = entity.arn +
                          (is_unused ? " was made on "
                           : is_role ? " was last used on "
                                     : " last logged in on ") +
                          format_rfc3339(since) + (is_unused ? " and never used" : "") + ", " +
                          days_between(since, as_of) +
                          " days before the latest date that the inventory shows of its account";
    if (finding.reach.privileged) finding.explanation += "; it is privileged";
    draft.add(std::move(finding));
  }
}

void AwsView::find_duplicates(Draft& draft) const {
  std::map<std::string, std::vector<const AwsEntity*>> alike;
  for (const AwsEntity& role : accounts_.entities()) {
    if (role.kind != AwsKind::kRole || role.is_service_linked() || role.policies.empty()) continue;
    std::vector<std::string> texts;
    for (const AwsPolicy* policy : role.policies) texts.push_back(policy->text);
    std::sort(texts.begin(), texts.end());
    std::string key = role.account + '\n' + role.boundary + '\n' + role.trust.text;
    for (const std::string& text : texts) key += '\n' + text;
    alike[key].push_back(&role);
  }
  for (const auto& [key, roles] : alike) {
    if (roles.size() < 2) continue;
    Finding finding = about(draft, "aws_duplicate_role", *roles.front());
    std::vector<std::string> names;
    for (const AwsEntity* role : roles) {
      names.push_back(role->name);
      finding.evidence.push_back(draft.evidence(role->place, role->arn));
    }
    finding.severity = finding.reach.privileged ? Severity::kMedium : Severity::kLow;
    finding.confidence = Confidence::kMedium;
    finding.explanation = std::to_string(roles.size()) +
                          " roles trust the same parties with the "
                          "same policies: " +
                          listed(names);
    draft.add(std::move(finding));
  }
}

// Only where an account has the habit of saying whose a role is.
void AwsView::find_ownerless(Draft& draft) const {
  std::map<std::string, std::pair<std::size_t, std::vector<const AwsEntity*>>> by_account;
  for (const AwsEntity& role : accounts_.entities()) {
    if (role.kind != AwsKind::kRole || role.is_service_linked()) continue;
    auto& [owned, others] = by_account[role.account];
    if (has_owner(role)) {
      ++owned;
    } else {
      others.push_back(&role);
    }
  }
  for (const auto& [account, roles] : by_account) {
    const auto& [owned, others] = roles;
    if (owned < kTaggedMin || owned < others.size()) continue;
    for (const AwsEntity* role : others) {
      Finding finding = about(draft, "aws_ownerless_role", *role);
      finding.severity = finding.reach.privileged ? Severity::kMedium : Severity::kLow;
      finding.confidence = Confidence::kMedium;
      finding.explanation =
          role->arn + " names no owner, as " + std::to_string(owned) + " roles of its account do";
      draft.add(std::move(finding));
    }
  }
}

}  // namespace mandate::observe
