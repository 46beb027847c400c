// May this principal do that, as far as an inventory tells? Identity policies (inline, managed, of
// groups), permission boundary, explicit deny, conditions (IAM User Guide, "Policy evaluation
// logic"). Not seen, so not judged: service control policies, session policies, resource policies
// other than a role's trust.
//
//   AwsAccess access(accounts);
//   Right right = access.can(user, "iam:passrole", {.resource = role.arn, .passed_to = {"ec2…"}});
//   right.truth == Truth::kMaybe      // under a condition that the inventory does not settle
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mandate/observe/inventory/aws_account.h"

namespace mandate::observe {

struct AwsAsk {
  std::string_view resource = {};     // an ARN; "*" is "some resource, whichever is allowed"
  std::string_view passed_to = {};    // for iam:PassRole: the service, as in iam:PassedToService
  std::string_view policy = {};       // for attaching: the policy that would be chosen
  const AwsEntity* target = nullptr;  // whose tags the conditions may ask for
};

struct AwsRight {
  Truth truth = Truth::kNo;
  const AwsPolicy* policy = nullptr;        // that allows
  const AwsStatement* statement = nullptr;  // that allows
};

class AwsAccess {
 public:
  explicit AwsAccess(const AwsAccounts& accounts) : accounts_(accounts) {}

  // `action` in lower case.
  AwsRight can(const AwsEntity& who, std::string_view action, const AwsAsk& ask) const;
  // An explicit denial, whatever else is allowed.
  Truth is_denied(const AwsEntity& who, std::string_view action, const AwsAsk& ask) const;
  // Everything, everywhere in the account.
  Truth is_admin(const AwsEntity& who) const;
  // Conditions of a role's trust, asked by `who` (nullptr: somebody outside).
  Truth holds(const std::vector<AwsCondition>& conditions, const AwsEntity* who,
              const AwsEntity& role) const;

 private:
  struct Asked;
  KeyFact fact(std::string_view key, const AwsEntity* who, const AwsAsk& ask,
               std::string_view account) const;
  Truth applies(const AwsStatement& statement, const Asked& asked) const;
  Truth denies(const Asked& asked) const;
  Truth reaches(const AwsStatement& statement, const Asked& asked) const;

  const AwsAccounts& accounts_;
};

}  // namespace mandate::observe
