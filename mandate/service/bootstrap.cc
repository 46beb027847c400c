#include "mandate/service/bootstrap.h"

#include <algorithm>
#include <utility>

#include "mandate/service/key_cache.h"

namespace mandate::service {
namespace {

json::Value permission(std::string_view type, std::string_view issuer, json::Array actions) {
  return json::Value::object({{"type", type},
                              {"locations", json::Value::array({issuer})},
                              {"actions", std::move(actions)}});
}

}  // namespace

namespace {

struct Names {
  std::string principal;
  std::string team;
  std::string owner;
  std::string entitlement;
};

constexpr std::string_view kRestored = "-restored-";

json::Array management_actions() {
  return {"read",  "register", "protect", "entitle", "grant",
          "guard", "trust",    "revoke",  "suspend", "scan"};
}

// Those that the server's resource has on record, which an older version may have written.
json::Array management_actions_on_record(const record::View& view, std::string_view issuer) {
  const auto handle = view.find_resource(issuer);
  const record::Resource* resource = handle ? view.resource(*handle) : nullptr;
  if (resource == nullptr) return management_actions();
  json::Array actions;
  for (json::Value& action : management_actions()) {
    const auto& there = resource->definition->actions;
    if (std::find(there.begin(), there.end(), action.as_string()) != there.end()) {
      actions.push_back(std::move(action));
    }
  }
  return actions;
}

// An operator with the team that owns it.
json::Value operator_document(const Names& names, std::string_view issuer, const json::Value& jwk,
                              json::Array actions) {
  return json::Value::object(
      {{"apiVersion", "mandate/v1"},
       {"teams", json::Value::array({json::Value::object(
                     {{"id", names.team}, {"members", json::Value::array({names.owner})}})})},
       {"principals",
        json::Value::array(
            {json::Value::object({{"id", names.owner}}),
             json::Value::object({{"id", names.principal},
                                  {"owner", names.team},
                                  {"authenticators",
                                   json::Value::array({json::Value::object({{"jwk", jwk}})})}})})},
       {"entitlements",
        json::Value::array({json::Value::object(
            {{"id", names.entitlement},
             {"principal", names.principal},
             {"authority", json::Value::array({permission("mandate", issuer, std::move(actions)),
                                               permission("audit", issuer, {"read"})})},
             {"max_depth", 2}})})}});
}

}  // namespace

Result<Document> bootstrap_document(std::string_view issuer, const json::Value& operator_jwk) {
  json::Value document =
      operator_document({std::string(kOperatorId), std::string(kOperatorTeam),
                         std::string(kOperatorOwner), std::string(kOperatorEntitlement)},
                        issuer, operator_jwk, management_actions());
  document.set("resources",
               json::Value::array({json::Value::object(
                   {{"id", issuer}, {"type", "mandate"}, {"actions", management_actions()}})}));
  return Document::parse(document);
}

PrincipalId restored_operator(record::Revision revision) {
  return PrincipalId::parse(std::string(kOperatorId) + std::string(kRestored) +
                            std::to_string(revision))
      .value();
}

Result<record::Plan> plan_close_all(const record::View& view, std::string_view issuer,
                                    const NewOperator& made, Instant now) {
  const std::string& id = made.id.text();
  const std::string suffix = id.substr(id.rfind(kRestored));
  const Names names{id, std::string(kOperatorTeam) + suffix, std::string(kOperatorOwner) + suffix,
                    std::string(kOperatorEntitlement) + suffix};
  Result<record::Plan> added =
      Document::parse(
          operator_document(names, issuer, made.jwk, management_actions_on_record(view, issuer)))
          .and_then([&](const Document& document) {
            return record::plan_apply(
                view, document,
                {.prune = false, .name_authenticator = authenticator_id, .keep = {}}, now);
          });
  if (!added) return added;
  record::Plan plan;
  for (std::uint32_t i = 0; i < view.count(record::NodeKind::kPrincipal); ++i) {
    const record::PrincipalHandle handle{i};
    const record::Principal* principal = view.principal(handle);
    if (principal == nullptr || principal->status == record::Status::kEnded) continue;
    if (principal->status == record::Status::kDiscovered) continue;  // inert already
    Result<record::Plan> suspended =
        PrincipalId::parse(view.id(handle)).and_then([&](const PrincipalId& each) {
          return record::plan_suspend(view, each);
        });
    if (!suspended) return suspended;
    for (record::Change& change : suspended->changes) plan.changes.push_back(std::move(change));
  }
  for (record::Change& change : added->changes) plan.changes.push_back(std::move(change));
  plan.differences = std::move(added->differences);
  return plan;
}

}  // namespace mandate::service
