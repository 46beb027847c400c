#include "mandate/service/bootstrap.h"

namespace mandate::service {
namespace {

json::Value permission(std::string_view type, std::string_view issuer, json::Array actions) {
  return json::Value::object({{"type", type},
                              {"locations", json::Value::array({issuer})},
                              {"actions", std::move(actions)}});
}

}  // namespace

Result<Document> bootstrap_document(std::string_view issuer, const json::Value& operator_jwk) {
  const json::Array management = {"read",  "register", "protect", "entitle", "grant",
                                  "guard", "trust",    "revoke",  "suspend"};
  return Document::parse(json::Value::object(
      {{"apiVersion", "mandate/v1"},
       {"teams", json::Value::array({json::Value::object(
                     {{"id", kOperatorTeam}, {"members", json::Value::array({kOperatorOwner})}})})},
       {"principals",
        json::Value::array(
            {json::Value::object({{"id", kOperatorOwner}}),
             json::Value::object({{"id", kOperatorId},
                                  {"owner", kOperatorTeam},
                                  {"authenticators", json::Value::array({json::Value::object(
                                                         {{"jwk", operator_jwk}})})}})})},
       {"resources", json::Value::array({json::Value::object(
                         {{"id", issuer}, {"type", "mandate"}, {"actions", management}})})},
       {"entitlements",
        json::Value::array({json::Value::object(
            {{"id", kOperatorEntitlement},
             {"principal", kOperatorId},
             {"authority", json::Value::array({permission("mandate", issuer, management),
                                               permission("audit", issuer, {"read"})})},
             {"max_depth", 2}})})}}));
}

}  // namespace mandate::service
