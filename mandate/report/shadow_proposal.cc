// The document that would permit what shadow let through. It never reaches beyond what was asked
// for, but for identifiers: many of them become the pattern that holds them all.
#include <algorithm>
#include <optional>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/report/shadow.h"

namespace mandate::report {
namespace {

std::vector<std::string> segments_of(const std::string& identifier) {
  std::vector<std::string> segments;
  for (std::size_t at = 0; at <= identifier.size();) {
    const std::size_t end = std::min(identifier.find('/', at), identifier.size());
    segments.push_back(identifier.substr(at, end - at));
    at = end + 1;
  }
  return segments;
}

// The narrowest pattern that matches all of them; nothing where that is every identifier.
std::optional<std::string> pattern_over(const std::set<std::string>& identifiers) {
  std::vector<std::string> common = segments_of(*identifiers.begin());
  bool rest = false;
  for (const std::string& identifier : identifiers) {
    const std::vector<std::string> other = segments_of(identifier);
    // The rest is one segment or more: the last one of each lies in it.
    const std::size_t fixed = rest ? common.size() : common.size() - 1;
    if (rest || other.size() != common.size()) {
      rest = true;
      common.resize(std::min(fixed, other.size() - 1));
    }
    for (std::size_t i = 0; i < common.size(); ++i) {
      if (common[i] != other[i]) common[i] = "*";
    }
  }
  std::string pattern;
  for (const std::string& segment : common) pattern += (pattern.empty() ? "" : "/") + segment;
  if (!rest) return pattern;
  if (pattern.empty()) return std::nullopt;
  return pattern + "/**";
}

json::Value permission(const ShadowParty& party, const std::string& action,
                       const std::optional<std::string>& identifier) {
  json::Value out = json::Value::object({{"type", party.type},
                                         {"locations", json::Value::array({party.resource})},
                                         {"actions", json::Value::array({action})}});
  if (identifier) out.set("identifier", *identifier);
  return out;
}

// Everything that the party asked for and no authority gave it.
std::optional<Authority> wanted_by(const ShadowParty& party, const ShadowRow& row) {
  json::Value list = json::Value::array({});
  for (const auto& [action, identifiers] : row.wanted) {
    if (row.without_identifier || identifiers.empty()) {
      list.push_back(permission(party, action, std::nullopt));
    } else if (identifiers.size() > kIdentifiersWrittenOut) {
      list.push_back(permission(party, action, pattern_over(identifiers)));
    } else {
      for (const std::string& identifier : identifiers) {
        list.push_back(permission(party, action, identifier));
      }
    }
  }
  Result<Authority> authority = Authority::parse(list);
  return authority && !authority->empty() ? std::optional(*std::move(authority)) : std::nullopt;
}

Authority without_constraints(const Authority& authority) {
  std::vector<Permission> bare = authority.permissions();
  for (Permission& permission : bare) permission.constraints = {};
  return Authority::of(std::move(bare)).value_or(Authority());
}

// What is wanted, under the holder's own constraints; nothing where the holder has less.
std::optional<Authority> part_of(const Authority& held, const Authority& wanted) {
  Result<Authority> part = held.attenuated_by(wanted);
  if (!part || !wanted.within(without_constraints(*part))) return std::nullopt;
  return *std::move(part);
}

class Proposer {
 public:
  explicit Proposer(const ShadowRecord& record) : record_(record) {}

  std::string remedy(const ShadowParty& party, const ShadowRow& row);
  Document take() { return std::move(document_); }

 private:
  struct Root {
    PrincipalId holder;
    Authority authority;
  };

  const PrincipalDefinition* find(const std::string& id) const;
  // 0: the owner, 1: of the owning team, 2: anybody.
  int distance(const PrincipalDefinition* from, const PrincipalId& holder) const;
  std::optional<Root> holder_of(const Authority& wanted, int depth, const std::string& only,
                                const PrincipalDefinition* near) const;
  std::string entitle(const std::string& principal, const Authority& authority, int depth);
  std::string delegate(const std::string& from, const std::vector<std::string>& actors,
                       const Authority& authority);
  std::string new_id(const std::string& about);

  const ShadowRecord& record_;
  Document document_;
  std::set<std::string> ids_;
};

const PrincipalDefinition* Proposer::find(const std::string& id) const {
  const auto found = std::find_if(record_.principals.begin(), record_.principals.end(),
                                  [&](const auto& known) { return known.id.text() == id; });
  return found == record_.principals.end() ? nullptr : &*found;
}

int Proposer::distance(const PrincipalDefinition* from, const PrincipalId& holder) const {
  if (from == nullptr || !from->owner) return 2;
  if (const auto* person = std::get_if<PrincipalId>(&*from->owner)) {
    return *person == holder ? 0 : 2;
  }
  for (const TeamDefinition& team : record_.teams) {
    if (team.id != std::get<TeamId>(*from->owner)) continue;
    const auto& members = team.members;
    return std::find(members.begin(), members.end(), holder) != members.end() ? 1 : 2;
  }
  return 2;
}

// Of several the nearest; among those the first by id, so that one report proposes one thing.
std::optional<Proposer::Root> Proposer::holder_of(const Authority& wanted, int depth,
                                                  const std::string& only,
                                                  const PrincipalDefinition* near) const {
  std::optional<Root> best;
  for (const EntitlementDefinition& entitlement : record_.entitlements) {
    if (!only.empty() && entitlement.principal.text() != only) continue;
    if (near != nullptr && entitlement.principal == near->id) continue;
    if (entitlement.max_depth < depth) continue;
    std::optional<Authority> part = part_of(entitlement.authority, wanted);
    if (!part) continue;
    const auto rank = [&](const PrincipalId& holder) {
      return std::pair(distance(near, holder), holder.text());
    };
    if (best && rank(best->holder) <= rank(entitlement.principal)) continue;
    best = Root{entitlement.principal, *std::move(part)};
  }
  return best;
}

std::string Proposer::new_id(const std::string& about) {
  std::string slug = "shadow-";
  for (char c : about) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    if (slug.size() < 100) slug += plain ? c : '-';
  }
  std::string id = slug;
  for (int n = 2; !ids_.insert(id).second; ++n) id = slug + "-" + std::to_string(n);
  return id;
}

std::string Proposer::entitle(const std::string& principal, const Authority& authority, int depth) {
  const std::string id = new_id(principal);
  document_.entitlements.push_back(
      {EntitlementId::parse(id).value(), PrincipalId::parse(principal).value(), authority, depth});
  return "entitlement " + id + " for " + principal;
}

std::string Proposer::delegate(const std::string& from, const std::vector<std::string>& actors,
                               const Authority& authority) {
  std::optional<DelegationId> parent;
  std::string said;
  for (std::size_t i = actors.size(); i-- > 0;) {
    const std::string id = new_id(actors[i]);
    DelegationDefinition made{.id = DelegationId::parse(id).value(),
                              .delegator = std::nullopt,
                              .parent = parent,
                              .delegate = PrincipalId::parse(actors[i]).value(),
                              .authority = authority,
                              .not_before = std::nullopt,
                              .not_after = std::nullopt,
                              .max_depth = static_cast<int>(i),
                              .max_token_lifetime = std::nullopt,
                              .purpose = "seen in shadow; say what it is for"};
    if (!parent) made.delegator = PrincipalId::parse(from).value();
    said += (said.empty() ? "delegation " : ", below it delegation ") + id + " from " +
            (i + 1 == actors.size() ? from : actors[i + 1]) + " to " + actors[i];
    parent = made.id;
    document_.delegations.push_back(std::move(made));
  }
  return said;
}

std::string Proposer::remedy(const ShadowParty& party, const ShadowRow& row) {
  const std::optional<Authority> wanted = wanted_by(party, row);
  if (!wanted) return "none by a delegation; see the reason";
  const PrincipalDefinition* principal = find(party.principal());
  const bool known = find(party.subject) != nullptr &&
                     std::all_of(party.actors.begin(), party.actors.end(),
                                 [&](const std::string& actor) { return find(actor) != nullptr; });
  if (principal == nullptr || !known) {
    return "put " + party.principal() + " on record, with its owner and its key, then look again";
  }
  if (party.actors.empty() && holder_of(*wanted, 0, party.subject, nullptr)) {
    return "none by a delegation: " + party.subject +
           " holds the right, and whoever acts has to show a token";
  }
  if (party.principal() == party.subject) {
    // Software whose owner holds the right acts for the owner.
    const bool software = is_software(kind_of(principal->id));
    const auto root = software ? holder_of(*wanted, 1, {}, principal) : std::nullopt;
    if (root) return delegate(root->holder.text(), {party.subject}, root->authority);
    return entitle(party.subject, *wanted, 0);
  }
  const int depth = static_cast<int>(party.actors.size());
  if (const auto root = holder_of(*wanted, depth, party.subject, nullptr)) {
    return delegate(party.subject, party.actors, root->authority);
  }
  const std::string entitlement = entitle(party.subject, *wanted, depth);
  return entitlement + ", and " + delegate(party.subject, party.actors, *wanted);
}

}  // namespace

ShadowProposal propose(const ShadowReport& report, const ShadowRecord& record) {
  Proposer proposer(record);
  ShadowProposal proposal;
  for (const auto& [party, row] : report.missing()) {
    proposal.remedies.push_back(proposer.remedy(party, row));
  }
  proposal.document = proposer.take();
  return proposal;
}

}  // namespace mandate::report
