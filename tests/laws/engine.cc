#include "tests/laws/engine.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "testing/evidence.h"

namespace mandate::test {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "a generated world was refused: %s\n", result.error().detail.c_str());
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) {
    return *std::move(result);
  }
}

template <class Words>
json::Value strings(const Words& words) {
  json::Array array;
  for (const std::string& word : words) {
    array.emplace_back(word);
  }
  return array;
}

std::string clock_time(int minute) {
  const auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return two(minute / 60) + ':' + two(minute % 60);
}

json::Value constraint_of(const model::Constraint& c) {
  constexpr std::string_view kDays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  json::Value value;
  if (c.kind == "networks") {
    json::Array networks;
    for (const std::string& prefix : c.words) {
      networks.emplace_back(prefix + "0.0/16");
    }
    value = networks;
  } else if (c.kind == "hours") {
    json::Array days;
    for (const std::string& day : c.words) {
      days.emplace_back(kDays[std::stoul(day)]);
    }
    value = json::Value::object(
        {{"days", days}, {"from", clock_time(c.from)}, {"to", clock_time(c.to)}, {"zone", "UTC"}});
  } else if (c.kind == "any_of") {
    value = json::Value::object({{c.path, strings(c.words)}});
  } else if (c.kind == "max") {
    value = json::Value::object({{c.path, c.to}});
  } else {
    value = strings(c.words);
  }
  return json::Value::object({{c.kind, value}});
}

template <class Map>
std::vector<std::string> keys_of(const Map& map, std::string_view prefix, Source* shuffle) {
  std::vector<std::string> keys;
  for (const auto& entry : map) {
    if (entry.first.starts_with(prefix)) {
      keys.push_back(entry.first);
    }
  }
  for (std::size_t i = keys.size(); shuffle != nullptr && i > 1; --i) {
    std::swap(keys[i - 1], keys[static_cast<std::size_t>(shuffle->below(static_cast<int>(i)))]);
  }
  return keys;
}

model::Authority shuffled(model::Authority authority, Source* shuffle) {
  if (shuffle != nullptr && shuffle->chance(50)) {
    std::reverse(authority.begin(), authority.end());
    for (model::Permission& permission : authority) {
      std::reverse(permission.constraints.begin(), permission.constraints.end());
    }
  }
  return authority;
}

PrincipalDefinition principal_of(const std::string& id, const model::Principal& principal) {
  PrincipalDefinition definition{must(PrincipalId::parse(id)), {}, "", {}, {}};
  if (principal.owner.starts_with("team:")) {
    definition.owner = must(TeamId::parse(principal.owner));
  } else if (!principal.owner.empty()) {
    definition.owner = must(PrincipalId::parse(principal.owner));
  }
  if (principal.end != kForEver) {
    definition.not_after = instant_of(principal.end);
  }
  return definition;
}

DelegationDefinition delegation_of(const std::string& id, const model::Grant& grant,
                                   Source* shuffle) {
  DelegationDefinition definition{must(DelegationId::parse(id)),
                                  {},
                                  {},
                                  must(PrincipalId::parse(grant.to)),
                                  authority_of(shuffled(grant.authority, shuffle)),
                                  {},
                                  {},
                                  grant.depth,
                                  {},
                                  ""};
  if (grant.parent.empty()) {
    definition.delegator = must(PrincipalId::parse(grant.from));
  } else {
    definition.parent = must(DelegationId::parse(grant.parent));
  }
  if (grant.begin != 0) {
    definition.not_before = instant_of(grant.begin);
  }
  if (grant.end != kForEver) {
    definition.not_after = instant_of(grant.end);
  }
  return definition;
}

GuardrailDefinition guardrail_of(const std::string& prefix, int depth) {
  GuardrailDefinition definition;
  if (prefix.ends_with(':')) {
    definition.kind = parse_principal_kind(prefix.substr(0, prefix.size() - 1));
  } else {
    definition.principal = must(PrincipalId::parse(prefix));
  }
  definition.max_depth = depth;
  return definition;
}

ResourceDefinition resource_of(const std::string& id, const std::string& environment) {
  json::Value value =
      json::Value::object({{"id", id},
                           {"type", id == "https://r2.example" ? "u" : "t"},
                           {"actions", json::Value::array({"read", "write", "close"})}});
  if (!environment.empty()) {
    value.set("environment", environment);
  }
  return must(ResourceDefinition::parse(value));
}

}  // namespace

Result<LocalTime> Utc::local(std::string_view zone, Instant instant) const {
  if (!knows(zone)) {
    return fail(Reason::kBadRequest, "no such zone");
  }
  const auto minutes = std::chrono::floor<std::chrono::minutes>(instant.time_since_epoch()).count();
  constexpr int kThursday = 3;  // 1970-01-01
  return LocalTime{static_cast<int>((minutes / 1440 + kThursday) % 7),
                   static_cast<int>(minutes % 1440)};
}

const Utc& utc() {
  static const Utc zones;
  return zones;
}

Instant instant_of(int minute) {
  static const Instant monday = must(parse_rfc3339("2027-01-04T00:00:00Z"));
  return monday + std::chrono::minutes(minute);
}

Authority authority_of(const model::Authority& authority) {
  json::Array array;
  for (const model::Permission& permission : authority) {
    json::Value value = json::Value::object({{"type", permission.type},
                                             {"locations", strings(permission.locations)},
                                             {"actions", strings(permission.actions)}});
    if (!permission.identifier.empty()) {
      value.set("identifier", permission.identifier);
    }
    json::Array constraints;
    for (const model::Constraint& constraint : permission.constraints) {
      constraints.push_back(constraint_of(constraint));
    }
    value.set("constraints", std::move(constraints));
    array.push_back(std::move(value));
  }
  return must(Authority::parse(array));
}

AccessRequest request_of(const model::Request& r) {
  AccessRequest request{r.type, must(ResourceId::parse(r.location)), r.action, {}, {}, {}};
  if (!r.identifier.empty()) {
    request.identifier = must(Identifier::parse(r.identifier));
  }
  if (!r.address.empty()) {
    request.client_address = must(IpAddress::parse(r.address));
  }
  for (const auto& entry : r.words) {
    must(request.facts.add(entry.first, json::Value(entry.second)));
  }
  for (const auto& entry : r.numbers) {
    must(request.facts.add(entry.first, json::Value(entry.second)));
  }
  return request;
}

ConstraintInputs inputs_of(const model::World& world, const AccessRequest& request, int minute) {
  ConstraintInputs inputs;
  const auto resource = world.resources.find(request.location.text());
  if (resource != world.resources.end() && !resource->second.empty()) {
    inputs.environment = resource->second;
  }
  inputs.client_address = request.client_address ? &*request.client_address : nullptr;
  inputs.facts = &request.facts;
  inputs.now = instant_of(minute);
  inputs.zones = &utc();
  return inputs;
}

EngineWorld::EngineWorld(const model::World& world, Source* shuffle) {
  const auto put_principals = [&](bool human) {
    for (const std::string& id : keys_of(world.principals, "", shuffle)) {
      if (id.starts_with("human:") != human) continue;
      const model::Principal& principal = world.principals.at(id);
      if (principal.status != 'd') {
        put({principal_of(id, principal), {}});
      } else {  // no command makes what rests on one; decisions refuse it all the same
        must(state_.apply(
            {instant_of(0), "test", record::Discovered{must(PrincipalId::parse(id))}}));
      }
    }
  };
  put_principals(true);
  for (const std::string& id : keys_of(world.teams, "", shuffle)) {
    TeamDefinition team{must(TeamId::parse(id)), {}};
    for (const std::string& member : world.teams.at(id)) {
      team.members.push_back(must(PrincipalId::parse(member)));
    }
    put({team, {}});
  }
  put_principals(false);
  for (const std::string& id : keys_of(world.resources, "", shuffle)) {
    put({resource_of(id, world.resources.at(id)), {}});
  }
  for (const std::string& id : keys_of(world.grants, "e", shuffle)) {
    const model::Grant& grant = world.grants.at(id);
    put({EntitlementDefinition{must(EntitlementId::parse(id)), must(PrincipalId::parse(grant.to)),
                               authority_of(shuffled(grant.authority, shuffle)), grant.depth},
         {}});
  }
  std::vector<std::string> waiting = keys_of(world.grants, "d", shuffle);
  while (!waiting.empty()) {  // a parent before its children
    const auto ready = std::find_if(waiting.begin(), waiting.end(), [&](const std::string& id) {
      const std::string& parent = world.grants.at(id).parent;
      return parent.empty() || view().find_delegation(parent);
    });
    put({delegation_of(*ready, world.grants.at(*ready), shuffle), {}});
    waiting.erase(ready);
  }
  std::vector<GuardrailDefinition> guardrails;
  for (const std::string& prefix : keys_of(world.guardrails, "", shuffle)) {
    guardrails.push_back(guardrail_of(prefix, world.guardrails.at(prefix)));
  }
  put({guardrails, {}});
  for (const auto& entry : world.principals) {
    if (entry.second.status == 's') {
      must(state_.apply(
          {instant_of(0), "test", record::Suspended{must(PrincipalId::parse(entry.first))}}));
    } else if (entry.second.status == 'r') {
      revoke(record::NodeKind::kPrincipal, entry.first);
    }
  }
  for (const auto& entry : world.grants) {
    if (entry.second.revoked) {
      revoke(entry.first[0] == 'e' ? record::NodeKind::kEntitlement : record::NodeKind::kDelegation,
             entry.first);
    }
  }
  state_.publish();
}

void EngineWorld::put(record::Put put) {
  must(state_.apply({instant_of(0), "test", std::move(put)}));
  state_.publish();
}

void EngineWorld::revoke(record::NodeKind kind, const std::string& id) {
  must(state_.apply({instant_of(0), "test", record::Revoked{kind, id, std::nullopt}}));
  state_.publish();
}

decision::Lineage EngineWorld::lineage_of(const model::Lineage& lineage) const {
  decision::Lineage out{view().find_entitlement(lineage.back()).value(), {}};
  for (std::size_t i = 0; i + 1 < lineage.size(); ++i) {
    out.delegations.push_back(view().find_delegation(lineage[i]).value());
  }
  return out;
}

TokenClaims EngineWorld::claims_of(const model::Token& token) {
  const std::string jti = "token-" + std::to_string(++tokens_);
  TokenClaims claims{must(PrincipalId::parse(token.subject)),
                     must(PrincipalId::parse(token.actor)),
                     {},
                     must(ResourceId::parse(token.audience)),
                     authority_of(token.authority),
                     {},
                     "transaction-" + jti,
                     jti,
                     instant_of(0),
                     token.end == kForEver ? kEndOfTime : instant_of(token.end),
                     {},
                     decision::rests_on(view(), lineage_of(token.lineage)),
                     view().revision()};
  if (!token.key.empty()) {
    claims.jkt = token.key;
  }
  for (std::size_t i = 0; i + 1 < token.lineage.size(); ++i) {
    claims.lineage.push_back(must(DelegationId::parse(token.lineage[i])));
  }
  claims.rests_on.push_back("t:before-" + jti);
  if (token.revoked) {
    revoke(record::NodeKind::kToken, jti);
  }
  if (token.ancestor_revoked) {  // one kind of ancestor, then the other
    const bool even = tokens_ % 2 == 0;
    revoke(even ? record::NodeKind::kToken : record::NodeKind::kTransaction,
           even ? "before-" + jti : claims.transaction);
  }
  return claims;
}

Answer answer_of(const decision::Decision& decision) {
  if (decision.permitted()) {
    return {};
  }
  return {std::string(name(decision.refusal->reason)), decision.refusal->detail};
}

Answer decide(EngineWorld& engine, const Case& question) {
  const VerifiedToken token = testing::EvidenceMaker::token(engine.claims_of(question.token));
  const ProvenPossession possession =
      testing::EvidenceMaker::possession(question.token.proof, token.hash());
  decision::Evidence evidence;
  evidence.token = &token;
  evidence.possession = question.token.proof.empty() ? nullptr : &possession;
  return answer_of(decision::decide(engine.view(), instant_of(question.request.now), utc(),
                                    request_of(question.request), evidence));
}

bool permits(const EngineWorld& engine, const std::string& actor, const model::Request& request) {
  const record::View view = engine.view();
  const Instant now = instant_of(request.now);
  const record::PrincipalHandle handle = view.find_principal(actor).value();
  const AccessRequest asked = request_of(request);
  const auto some_root_permits = [&](record::PrincipalHandle holder,
                                     const std::vector<record::DelegationHandle>& chain) {
    const auto roots = view.entitlements_of(holder);
    return std::any_of(roots.begin(), roots.end(), [&](record::EntitlementHandle root) {
      const decision::Lineage lineage{root, chain};
      return decision::check_live(view, now, lineage) &&
             decision::check_permits(view, now, utc(), lineage, asked);
    });
  };
  bool permitted = some_root_permits(handle, {});
  for (std::uint32_t i = 0; i < view.count(record::NodeKind::kDelegation); ++i) {
    if (view.delegation({i})->delegate == handle) {
      const auto chain = must(decision::chain_of(view, {i}));
      permitted = permitted || some_root_permits(view.delegation(chain.back())->delegator, chain);
    }
  }
  return permitted;
}

}  // namespace mandate::test
