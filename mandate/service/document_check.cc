#include "mandate/service/document_check.h"

#include <variant>

#include "mandate/base/bytes.h"
#include "mandate/service/issuer_keys.h"

namespace mandate::service {
namespace {

Result<void> check_zones(const Authority& authority, const std::string& what,
                         const TimeZones& zones) {
  for (const Permission& permission : authority.permissions()) {
    for (const Constraint& constraint : permission.constraints.all()) {
      const Hours* hours = std::get_if<Hours>(&constraint);
      if (hours == nullptr || zones.knows(hours->zone)) continue;
      return fail(Reason::kBadRequest, what + ": zone " + quoted(hours->zone) +
                                           " is not known; expected an IANA name, as in "
                                           "Europe/Berlin");
    }
  }
  return {};
}

Result<void> check_issuer(const TrustedIssuerDefinition& trusted, std::string_view issuer) {
  const std::string what = "trusted issuer " + quoted(trusted.id.text());
  if (trusted.issuer == issuer) {
    return fail(Reason::kBadRequest,
                what + ": " + quoted(issuer) + " is this server itself; expected another issuer");
  }
  // A token for another relying party proves nobody's presence here.
  if (trusted.audience != issuer) {
    return fail(Reason::kBadRequest, what + ": audience " + quoted(trusted.audience) +
                                         "; expected this server's issuer, " + quoted(issuer));
  }
  return {};
}

}  // namespace

Result<void> check_document(const Document& document, std::string_view issuer,
                            const TimeZones& zones) {
  for (const PrincipalDefinition& principal : document.principals) {
    if (principal.id.text() == kIssuerPrincipal) {
      return fail(Reason::kBadRequest, "principal " + quoted(kIssuerPrincipal) +
                                           " is this server itself; expected `mandate keys` for "
                                           "its keys");
    }
  }
  for (const ResourceDefinition& resource : document.resources) {
    // Whoever could turn this off could do everything else.
    if (resource.id.text() == issuer && resource.enforcement == Enforcement::kShadow) {
      return fail(Reason::kBadRequest, "resource " + quoted(issuer) +
                                           " is this server's own management; expected "
                                           "enforcement: enforce");
    }
  }
  for (const TrustedIssuerDefinition& trusted : document.trusted_issuers) {
    if (Result<void> ok = check_issuer(trusted, issuer); !ok) return ok;
  }
  for (const EntitlementDefinition& entitlement : document.entitlements) {
    const std::string what = "entitlement " + quoted(entitlement.id.text());
    if (Result<void> ok = check_zones(entitlement.authority, what, zones); !ok) return ok;
  }
  for (const DelegationDefinition& delegation : document.delegations) {
    const std::string what = "delegation " + quoted(delegation.id.text());
    if (delegation.delegator == delegation.delegate) {
      return fail(Reason::kBadRequest, what + ": nobody delegates to itself");
    }
    if (Result<void> ok = check_zones(delegation.authority, what, zones); !ok) return ok;
  }
  return {};
}

}  // namespace mandate::service
