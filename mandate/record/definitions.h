// What stands on record, written back as definitions: for `get`, for differences, and for commands.
//
//   DelegationDefinition d = delegation_on_record(view, handle);
#pragma once

#include <string_view>

#include "mandate/record/state.h"

namespace mandate::record {

// Precondition: the node is there at the view's revision.
DelegationDefinition delegation_on_record(const View& view, DelegationHandle delegation);

json::Value definition_of(const View& view, const Principal& principal, std::string_view id);
json::Value definition_of(const View& view, const Team& team, std::string_view id);
json::Value definition_of(const View& view, const Resource& resource, std::string_view id);
json::Value definition_of(const View& view, const Entitlement& entitlement, std::string_view id);
json::Value definition_of(const View& view, const Delegation& delegation, std::string_view id);
json::Value definition_of(const View& view, const TrustedIssuer& issuer, std::string_view id);
// An authenticator has no definition of its own: it is shown with its id and its principal's.
json::Value definition_of(const View& view, const AuthenticatorRecord& record, std::string_view id);

}  // namespace mandate::record
