// A lost operator: a new key for the one that the first start made, put on record by whoever owns
// the data folder, while no server runs. Ids that ended never come back, so where one of the
// operator's did, a new operator stands beside them: `workload:operator-2`, with a team and an
// owner of its own.
#pragma once

#include <string>
#include <string_view>

#include "mandate/record/command.h"

namespace mandate::service {

struct OperatorNames {
  std::string principal;
  std::string team;
  std::string owner;
  std::string entitlement;
};
// The first of them that have not ended.
OperatorNames living_operator(const record::View& view);

// That operator as the first start makes it, active, with this key alone; its other keys are
// revoked, and so is everything that rests on them.
Result<record::Plan> plan_operator(const record::View& view, std::string_view issuer,
                                   const OperatorNames& names, const json::Value& jwk, Instant now);

}  // namespace mandate::service
