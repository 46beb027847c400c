// The first start: the issuer's own resource and an operator who may manage it. There is no default
// credential: the operator's key is made then, and leaves the process only in a file of mode 0600.
#pragma once

#include <string>
#include <string_view>

#include "mandate/authority/definition.h"
#include "mandate/record/command.h"

namespace mandate::service {

inline constexpr std::string_view kOperatorId = "workload:operator";
inline constexpr std::string_view kOperatorTeam = "team:operators";
inline constexpr std::string_view kOperatorOwner = "human:operator";
inline constexpr std::string_view kOperatorEntitlement = "operator";

// What goes on record at the first start. `operator_jwk` is the operator's public key.
Result<Document> bootstrap_document(std::string_view issuer, const json::Value& operator_jwk);

// After a restore that lost entries, anything may have been revoked in what was lost. So nobody may
// act until an operator resumes them: every principal is suspended, the operators too, and a new
// operator is put on record, with a team and an owner of its own. Its id is
// `workload:operator-restored-<revision>`.
struct NewOperator {
  PrincipalId id;
  json::Value jwk;  // public
};
PrincipalId restored_operator(record::Revision revision);
Result<record::Plan> plan_close_all(const record::View& view, std::string_view issuer,
                                    const NewOperator& made, Instant now);

}  // namespace mandate::service
