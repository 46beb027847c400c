// Who in AWS can get whose rights: every way of the escalation table and of role trust, as moves
// between the principals of an inventory, and the parties outside it that a role lets in.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mandate/observe/activity.h"
#include "mandate/observe/inventory/aws_access.h"
#include "mandate/observe/inventory/aws_escalation.h"

namespace mandate::observe {

struct AwsMove {
  const AwsEntity* from = nullptr;
  const AwsEntity* to = nullptr;  // may be `from`, where it changes its own rights
  const AwsEscalation* way = nullptr;
  AwsGain gain = AwsGain::kActAs;
  Truth truth = Truth::kNo;
  const AwsPolicy* policy = nullptr;  // that allows; nullptr where the role's trust alone does
  InventoryPlace place;               // of the statement that allows
};

// A party that no entity of the inventory stands for, and that a role lets in.
struct AwsGuest {
  const AwsEntity* role = nullptr;
  AwsParty party;
  PartyScope scope = PartyScope::kExternal;
  Truth truth = Truth::kNo;
  const AwsStatement* statement = nullptr;
};

struct AwsReach {
  std::vector<const AwsEntity*> admins;        // unconditionally
  std::vector<const AwsEntity*> maybe_admins;  // under a condition
  std::vector<AwsMove> moves;                  // not of administrators, who need none
  std::vector<AwsGuest> guests;
};

AwsReach find_aws_reach(const AwsAccounts& accounts);

}  // namespace mandate::observe
