// Trust in AWS policies: whom a trust or resource policy lets in, seen from one account.
//
//   std::vector<Party> parties;
//   add_trusted(*json::parse(R"({"Statement":[{"Effect":"Allow","Principal":"*"}]})"), "1",
//   scratch);
#pragma once

#include <string_view>

#include "mandate/json/value.h"
#include "mandate/observe/sources/source.h"

namespace mandate::observe {

// A principal as policies write them: "*", an account, an ARN, a service, a provider.
Party aws_party(std::string_view principal, std::string_view own_account, Scratch& scratch);

// Adds whom the policy's Allow statements name (IAM JSON policy grammar: Principal, Condition).
// A condition counts where it narrows who may come: the organization, account, network or caller.
// False where this is no policy with principals.
bool add_trusted(const json::Value& policy, std::string_view own_account, Scratch& scratch);

// Allows every action on every resource.
bool is_admin_policy(const json::Value& policy);

}  // namespace mandate::observe
