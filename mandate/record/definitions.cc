#include "mandate/record/definitions.h"

#include <utility>

namespace mandate::record {
namespace {

// Ids on record were parsed by a definition once.
template <class IdType>
IdType parsed(std::string_view id) {
  return IdType::parse(id).value();
}

std::optional<Instant> end_of(Instant instant) {
  return instant == kEndOfTime ? std::nullopt : std::optional(instant);
}

DelegationDefinition to_definition(const View& view, const Delegation& delegation,
                                   std::string_view id) {
  DelegationDefinition definition{parsed<DelegationId>(id),
                                  std::nullopt,
                                  std::nullopt,
                                  parsed<PrincipalId>(view.id(delegation.delegate)),
                                  delegation.authority->whole(),
                                  std::nullopt,
                                  end_of(delegation.not_after),
                                  delegation.max_depth,
                                  delegation.max_token_lifetime,
                                  std::string(view.text(delegation.purpose))};
  if (delegation.parent) {
    definition.parent = parsed<DelegationId>(view.id(*delegation.parent));
  } else {
    definition.delegator = parsed<PrincipalId>(view.id(delegation.delegator));
  }
  if (delegation.not_before != kBeginningOfTime) definition.not_before = delegation.not_before;
  return definition;
}

}  // namespace

DelegationDefinition delegation_on_record(const View& view, DelegationHandle delegation) {
  return to_definition(view, *view.delegation(delegation), view.id(delegation));
}

json::Value definition_of(const View& view, const Team& team, std::string_view id) {
  TeamDefinition definition{parsed<TeamId>(id), {}};
  for (PrincipalHandle member : team.members) {
    definition.members.push_back(parsed<PrincipalId>(view.id(member)));
  }
  return definition.to_json();
}

json::Value definition_of(const View& view, const Principal& principal, std::string_view id) {
  if (principal.status == Status::kDiscovered) {
    return json::Value::object({{"id", id}, {"status", "discovered"}});
  }
  PrincipalDefinition definition{parsed<PrincipalId>(id),
                                 std::nullopt,
                                 std::string(view.text(principal.environment)),
                                 end_of(principal.not_after),
                                 {}};
  if (principal.owner_team) definition.owner = parsed<TeamId>(view.id(*principal.owner_team));
  if (principal.owner) definition.owner = parsed<PrincipalId>(view.id(*principal.owner));
  for (AuthenticatorHandle authenticator : principal.authenticators) {
    definition.authenticators.push_back(*view.authenticator(authenticator)->definition);
  }
  return definition.to_json();
}

json::Value definition_of(const View&, const Resource& resource, std::string_view) {
  return resource.definition->to_json();
}

json::Value definition_of(const View&, const TrustedIssuer& issuer, std::string_view) {
  return issuer.definition->to_json();
}

json::Value definition_of(const View& view, const Entitlement& entitlement, std::string_view id) {
  return EntitlementDefinition{parsed<EntitlementId>(id),
                               parsed<PrincipalId>(view.id(entitlement.principal)),
                               entitlement.authority->whole(), entitlement.max_depth}
      .to_json();
}

json::Value definition_of(const View& view, const Delegation& delegation, std::string_view id) {
  return to_definition(view, delegation, id).to_json();
}

json::Value definition_of(const View& view, const AuthenticatorRecord& record,
                          std::string_view id) {
  json::Value out = json::Value::object({{"id", id}, {"principal", view.id(record.principal)}});
  if (const auto* jwk = std::get_if<json::Value>(&record.definition->proof)) {
    out.set("jwk", *jwk);
  } else {
    const auto& issued = std::get<Authenticator::Issued>(record.definition->proof);
    json::Value claims = json::Value::object({});
    for (const auto& [claim, value] : issued.claims) claims.set(claim, value);
    out.set("issuer", issued.issuer.text());
    out.set("claims", std::move(claims));
  }
  if (record.definition->not_after) {
    out.set("not_after", format_rfc3339(*record.definition->not_after));
  }
  return out;
}

}  // namespace mandate::record
