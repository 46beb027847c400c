#include "mandate/report/remedy.h"

#include <algorithm>
#include <set>

#include "mandate/observe/rules/common.h"
#include "mandate/report/remedy_authority.h"

namespace mandate::report {
namespace {

using observe::ChangeKind;
using observe::CredentialRow;
using observe::Evidence;
using observe::Finding;
using observe::RemedyFrom;
using observe::Rule;
using observe::Use;

constexpr std::string_view kTeam = "team:to-be-named";
constexpr std::size_t kIdCharacters = 12;   // of a finding's id, in ids made from it
constexpr std::size_t kNameBytesMax = 180;  // of a principal's name
constexpr std::size_t kShortBytesMax = 48;

// An id on record already, or one of that kind with the source's own name.
PrincipalId principal_id(std::string_view kind, std::string_view name) {
  if (Result<PrincipalId> known = PrincipalId::parse(name)) return *std::move(known);
  const std::string prefix = std::string(kind) + ":";
  const std::string whole = prefix + std::string(name);
  if (name.size() <= kNameBytesMax) {
    if (Result<PrincipalId> made = PrincipalId::parse(whole)) return *std::move(made);
  }
  const std::string slug = slug_of(name, "@._:/-", false, kNameBytesMax);
  return PrincipalId::parse(prefix + (slug.empty() ? "to-be-named" : slug)).value();
}

std::string short_name(std::string_view name) {
  const std::string last(name.substr(name.find_last_of("/:") + 1));
  return slug_of(last.empty() ? name : last, "@._-", false, kShortBytesMax);
}

// With a time, too: the delegation's end is counted from the last use.
bool is_made_by_party(const Use& use) {
  return use.first <= use.last && use.key.outcome == observe::Outcome::kSucceeded &&
         !use.key.source_is_service && !use.is_delegated && !use.operations.rows().empty();
}

bool is_software(const Use& use) { return use.key.agent_kind == observe::AgentKind::kSoftware; }

bool is_cited(const Use& use, const Finding& finding) {
  for (const observe::Seen& seen : use.sample.events()) {
    const Evidence place{seen.file, seen.line, seen.offset, seen.event_id};
    if (std::binary_search(finding.evidence.begin(), finding.evidence.end(), place)) return true;
  }
  return false;
}

// Of those whose events tell a time; nothing where none does.
std::optional<Instant> end_of(const std::vector<const Use*>& uses) {
  Instant last = kBeginningOfTime;
  for (const Use* use : uses) last = std::max(last, use->last);
  if (last == kBeginningOfTime) return std::nullopt;
  return std::chrono::ceil<Seconds>(last + kRemedyGoesOn);
}

// Adds what is not there yet by its id.
template <class Definition>
void add(std::vector<Definition>& list, Definition definition) {
  const bool is_known = std::any_of(
      list.begin(), list.end(), [&](const Definition& known) { return known.id == definition.id; });
  if (!is_known) list.push_back(std::move(definition));
}

// A resource has the actions of everybody who acts on it.
void add_resource(std::vector<ResourceDefinition>& list, ResourceDefinition definition) {
  const auto known = std::find_if(list.begin(), list.end(), [&](const ResourceDefinition& other) {
    return other.id == definition.id;
  });
  if (known == list.end()) return list.push_back(std::move(definition));
  std::set<std::string> actions(known->actions.begin(), known->actions.end());
  actions.insert(definition.actions.begin(), definition.actions.end());
  known->actions.assign(actions.begin(), actions.end());
}

// Software has an owner: who delegates, where that is a person, or a team that nobody is in yet.
// Until somebody is, what it owns is refused.
void add_principals(Document& document, const PrincipalId& holder, const PrincipalId& delegate) {
  const auto add_one = [&](const PrincipalId& id) {
    PrincipalDefinition made{id, std::nullopt, "", std::nullopt, {}};
    if (mandate::is_software(kind_of(id))) {
      const bool has_person = kind_of(holder) == PrincipalKind::kHuman;
      const TeamId team = TeamId::parse(kTeam).value();
      made.owner = has_person ? Owner(holder) : Owner(team);
      if (!has_person) add(document.teams, TeamDefinition{team, {}});
    }
    add(document.principals, std::move(made));
  };
  add_one(holder);
  add_one(delegate);
}

void add_resources(Document& document, const Authority& authority) {
  for (const Permission& permission : authority.permissions()) {
    Result<ResourceDefinition> resource = ResourceDefinition::parse(json::Value::object(
        {{"id", permission.locations.front().text()},
         {"type", permission.type},
         {"actions", json::Array(permission.actions.begin(), permission.actions.end())}}));
    if (resource) add_resource(document.resources, *std::move(resource));
  }
}

template <class Wants>
void take(const CredentialRow& row, std::vector<const Use*>& uses, const Wants& wants) {
  for (const Use& use : row.uses) {
    if (is_made_by_party(use) && wants(use)) uses.push_back(&use);
  }
}

template <class Party>
std::vector<Party> values(std::map<std::string, Party> parties) {
  std::vector<Party> all;
  all.reserve(parties.size());
  for (auto& [name, party] : parties) all.push_back(std::move(party));
  return all;
}

}  // namespace

// Who would act, and for whom.
struct Remedies::Party {
  PrincipalId holder;
  PrincipalId delegate;
  std::vector<const Use*> uses = {};
};

Remedies::Remedies(const observe::Summary& summary) : summary_(summary) {
  for (const auto& [name, row] : summary.credentials()) {
    by_principal_.emplace(row.principal, &row);
    if (!row.role.empty()) by_role_.emplace(row.role, &row);
  }
  for (const auto& [when, change] : summary.changes()) {
    if (change.kind == ChangeKind::kRightsGranted) {
      grants_by_event_.emplace(change.seen.event_id, &change);
    }
  }
}

std::vector<const CredentialRow*> Remedies::used_as(std::string_view principal) const {
  std::vector<const CredentialRow*> rows;
  for (const auto* index : {&by_principal_, &by_role_}) {
    const auto [begin, end] = index->equal_range(principal);
    for (auto at = begin; at != end; ++at) {
      if (std::find(rows.begin(), rows.end(), at->second) == rows.end()) rows.push_back(at->second);
    }
  }
  return rows;
}

std::string Remedies::tenant_of(std::string_view principal) const {
  const auto known = summary_.principals().find(principal);
  if (known != summary_.principals().end() && !known->second.tenant.empty()) {
    return known->second.tenant;
  }
  for (const CredentialRow* row : used_as(principal)) {
    const auto actor = summary_.principals().find(row->principal);
    if (actor != summary_.principals().end() && !actor->second.tenant.empty()) {
      return actor->second.tenant;
    }
  }
  return "to-be-named";
}

bool Remedies::is_person(std::string_view principal) const {
  const auto known = summary_.principals().find(principal);
  return known != summary_.principals().end() && !known->second.as_person.events().empty();
}

// Everything that a principal did, or somebody in its role.
std::vector<Remedies::Party> Remedies::as_itself(const std::string& principal) const {
  Party party{principal_id("organization", tenant_of(principal)),
              principal_id(is_person(principal) ? "human" : "workload", principal)};
  for (const CredentialRow* row : used_as(principal))
    take(*row, party.uses, [](const Use&) { return true; });
  return {std::move(party)};
}

std::vector<Remedies::Party> Remedies::by_program(const Finding& finding, bool is_one) const {
  std::map<std::string, Party> parties;
  const auto credential = summary_.credentials().find(finding.credential);
  if (credential == summary_.credentials().end()) return {};
  const CredentialRow& row = credential->second;
  const PrincipalId holder =
      principal_id(is_person(row.principal) ? "human" : "service", row.principal);
  const std::string of = "-of-" + short_name(row.principal) + "-" + finding.id.substr(0, 6);
  for (const Use& use : row.uses) {
    if (!is_made_by_party(use) || !is_software(use)) continue;
    const std::string program = is_one ? "software" : slug_of(use.key.product, "._-", false, 40);
    const PrincipalId delegate = principal_id("workload", program + of);
    parties.try_emplace(program, Party{holder, delegate}).first->second.uses.push_back(&use);
  }
  return values(std::move(parties));
}

std::vector<Remedies::Party> Remedies::by_workload(const Finding& finding) const {
  std::map<std::string, Party> parties;
  const PrincipalId holder = principal_id("service", finding.principal);
  for (const CredentialRow* row : used_as(finding.principal)) {
    if (row->machine.empty()) continue;
    const std::string workload(observe::rules::workload_of(row->machine));
    const PrincipalId delegate =
        principal_id("workload", workload + "-of-" + short_name(finding.principal));
    Party& party = parties.try_emplace(workload, Party{holder, delegate}).first->second;
    take(*row, party.uses, [](const Use&) { return true; });
  }
  return values(std::move(parties));
}

// The machines of the role, where they are not told of.
std::vector<Remedies::Party> Remedies::at_home(const Finding& finding) const {
  Party party{principal_id("organization", tenant_of(finding.principal)),
              principal_id("workload", finding.principal)};
  for (const CredentialRow* row : used_as(finding.principal)) {
    if (row->machine.empty()) continue;
    take(*row, party.uses, [&](const Use& use) { return !is_cited(use, finding); });
  }
  return {std::move(party)};
}

std::vector<Remedies::Party> Remedies::of_credential(const Finding& finding) const {
  const auto credential = summary_.credentials().find(finding.credential);
  if (credential == summary_.credentials().end()) return {};
  const bool is_human = is_person(finding.principal);
  Party party{principal_id(is_human ? "human" : "service", finding.principal),
              principal_id("workload", credential->second.principal)};
  if (party.holder == party.delegate) return {};
  take(credential->second, party.uses, [](const Use&) { return true; });
  return {std::move(party)};
}

std::vector<Remedies::Party> Remedies::parties_of(const Finding& finding, const Rule& rule) const {
  switch (rule.remedy_from) {
    case RemedyFrom::kNothing: return {};
    case RemedyFrom::kSoftware: return by_program(finding, true);
    case RemedyFrom::kPrograms: return by_program(finding, false);
    case RemedyFrom::kWorkloads: return by_workload(finding);
    case RemedyFrom::kHome: return at_home(finding);
    case RemedyFrom::kCredential: return of_credential(finding);
    case RemedyFrom::kPrincipal: return as_itself(finding.principal);
    case RemedyFrom::kGranted: break;
  }
  std::vector<Party> parties;
  std::set<std::string> seen;
  for (const Evidence& evidence : finding.evidence) {
    const auto [begin, end] = grants_by_event_.equal_range(evidence.event_id);
    for (auto at = begin; at != end; ++at) {
      if (at->second->actor != finding.principal || !seen.insert(at->second->object).second)
        continue;
      for (Party& party : as_itself(at->second->object)) parties.push_back(std::move(party));
    }
  }
  return parties;
}

std::optional<Remedy> Remedies::of(const Finding& finding) const {
  const Rule& rule = observe::rule(finding.rule);
  Remedy remedy;
  std::string id = "scan-" + finding.id.substr(0, kIdCharacters);
  std::size_t number = 0;
  for (Party& party : parties_of(finding, rule)) {
    if (party.uses.empty()) continue;
    const std::optional<Authority> authority = authority_of(party.uses);
    if (!authority) return std::nullopt;
    const std::string own = ++number == 1 ? id : id + "-" + std::to_string(number);
    const EntitlementId root = EntitlementId::parse(own + "-root").value();
    const DelegationId leaf = DelegationId::parse(own).value();
    add_principals(remedy.document, party.holder, party.delegate);
    add_resources(remedy.document, *authority);
    remedy.document.entitlements.push_back({root, party.holder, *authority, 1});
    remedy.document.delegations.push_back(
        {.id = leaf,
         .delegator = party.holder,
         .parent = std::nullopt,
         .delegate = party.delegate,
         .authority = constrained(*authority, party.uses),
         .not_before = std::nullopt,
         .not_after = end_of(party.uses),
         .max_depth = 0,
         .max_token_lifetime = kRemedyTokenLifetime,
         .purpose = "as observed; from finding " + finding.id + " (" + finding.rule + ")"});
    remedy.parts.push_back({root, leaf, std::move(party.uses)});
  }
  if (remedy.parts.empty()) return std::nullopt;
  return remedy;
}

namespace {

// Unless another finding made the same of the same use.
void add_part(Remedy& all, Document& from, RemedyPart part) {
  const auto id_is = [&](const auto& id) {
    return [&id](const auto& definition) { return definition.id == id; };
  };
  auto& delegations = from.delegations;
  auto& entitlements = from.entitlements;
  const auto made = std::find_if(delegations.begin(), delegations.end(), id_is(part.delegation));
  const auto root = std::find_if(entitlements.begin(), entitlements.end(), id_is(part.entitlement));
  if (made == delegations.end() || root == entitlements.end()) return;
  const bool is_known =
      std::any_of(all.document.delegations.begin(), all.document.delegations.end(),
                  [&](const DelegationDefinition& known) {
                    return known.delegator == made->delegator && known.delegate == made->delegate &&
                           known.authority == made->authority && known.not_after == made->not_after;
                  });
  if (is_known) return;
  all.document.entitlements.push_back(std::move(*root));
  all.document.delegations.push_back(std::move(*made));
  all.parts.push_back(std::move(part));
}

}  // namespace

Remedy joined(std::vector<Remedy> remedies) {
  Remedy all;
  for (Remedy& remedy : remedies) {
    for (TeamDefinition& team : remedy.document.teams) add(all.document.teams, std::move(team));
    for (PrincipalDefinition& principal : remedy.document.principals) {
      add(all.document.principals, std::move(principal));
    }
    for (ResourceDefinition& resource : remedy.document.resources) {
      add_resource(all.document.resources, std::move(resource));
    }
    for (RemedyPart& part : remedy.parts) add_part(all, remedy.document, std::move(part));
  }
  return all;
}

}  // namespace mandate::report
