// The first start: the issuer's own resource and an operator who may manage it. There is no default
// credential: the operator's key is made then, and leaves the process only in a file of mode 0600.
#pragma once

#include <string>
#include <string_view>

#include "mandate/authority/definition.h"

namespace mandate::service {

inline constexpr std::string_view kOperatorId = "workload:operator";
inline constexpr std::string_view kOperatorTeam = "team:operators";
inline constexpr std::string_view kOperatorOwner = "human:operator";
inline constexpr std::string_view kOperatorEntitlement = "operator";

// What goes on record at the first start. `operator_jwk` is the operator's public key.
Result<Document> bootstrap_document(std::string_view issuer, const json::Value& operator_jwk);

}  // namespace mandate::service
