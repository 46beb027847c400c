#include "mandate/service/operator_replacement.h"

#include <utility>

#include "mandate/service/bootstrap.h"
#include "mandate/service/key_cache.h"

namespace mandate::service {
namespace {

template <class Handle, class Node>
bool ended(const std::optional<Handle>& handle, const Node* node) {
  return handle && (node == nullptr || node->status == record::Status::kEnded);
}

bool any_ended(const record::View& view, const OperatorNames& names) {
  const auto is_dead = [&](std::string_view id) {
    const auto handle = view.find_principal(id);
    return ended(handle, handle ? view.principal(*handle) : nullptr);
  };
  const auto team = view.find_team(names.team);
  const auto entitlement = view.find_entitlement(names.entitlement);
  return is_dead(names.principal) || is_dead(names.owner) ||
         ended(team, team ? view.team(*team) : nullptr) ||
         ended(entitlement, entitlement ? view.entitlement(*entitlement) : nullptr);
}

Result<void> add_resumed(const record::View& view, const PrincipalId& id, record::Plan& plan) {
  const auto handle = view.find_principal(id.text());
  if (!handle || view.principal(*handle)->status != record::Status::kSuspended) return {};
  Result<record::Plan> resumed = record::plan_resume(view, id);
  if (!resumed) return fail(resumed.error());
  for (record::Change& change : resumed->changes) plan.changes.push_back(std::move(change));
  return {};
}

void add_revoked_keys(const record::View& view, const PrincipalId& id, record::Plan& plan) {
  const auto handle = view.find_principal(id.text());
  if (!handle) return;
  for (record::AuthenticatorHandle each : view.principal(*handle)->authenticators) {
    const record::AuthenticatorRecord* key = view.authenticator(each);
    if (key == nullptr || key->revoked) continue;
    plan.changes.emplace_back(record::Revoked{record::NodeKind::kAuthenticator,
                                              std::string(view.id(each)), std::nullopt});
  }
}

}  // namespace

OperatorNames living_operator(const record::View& view) {
  for (int n = 1;; ++n) {
    const std::string suffix = n == 1 ? std::string() : "-" + std::to_string(n);
    OperatorNames names{std::string(kOperatorId) + suffix, std::string(kOperatorTeam) + suffix,
                        std::string(kOperatorOwner) + suffix,
                        std::string(kOperatorEntitlement) + suffix};
    if (!any_ended(view, names)) return names;
  }
}

Result<record::Plan> plan_operator(const record::View& view, std::string_view issuer,
                                   const OperatorNames& names, const json::Value& jwk,
                                   Instant now) {
  Result<Document> document = bootstrap_document(issuer, jwk);
  if (!document) return fail(document.error());
  const PrincipalId id = PrincipalId::parse(names.principal).value();
  const PrincipalId owner = PrincipalId::parse(names.owner).value();
  const TeamId team = TeamId::parse(names.team).value();
  for (TeamDefinition& each : document->teams) {
    each.id = team;
    each.members = {owner};
  }
  for (PrincipalDefinition& each : document->principals) {
    const bool is_operator = each.id.text() == kOperatorId;
    each.id = is_operator ? id : owner;
    if (is_operator) each.owner = team;
  }
  for (EntitlementDefinition& each : document->entitlements) {
    each.id = EntitlementId::parse(names.entitlement).value();
    each.principal = id;
  }
  Result<record::Plan> applied = record::plan_apply(
      view, *document, {.prune = false, .name_authenticator = authenticator_id, .keep = {}}, now);
  if (!applied) return applied;
  record::Plan plan;
  for (const PrincipalId& each : {id, owner}) {
    if (Result<void> resumed = add_resumed(view, each, plan); !resumed) {
      return fail(resumed.error());
    }
  }
  for (record::Change& change : applied->changes) plan.changes.push_back(std::move(change));
  plan.differences = std::move(applied->differences);
  add_revoked_keys(view, id, plan);
  return plan;
}

}  // namespace mandate::service
