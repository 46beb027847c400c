// The nouns of Mandate and the rules of their ids. A principal's prefix is its kind.
//
//   PrincipalId p = *PrincipalId::parse("agent:triage");   kind_of(p) == PrincipalKind::kAgent
//   ResourceId r = *ResourceId::parse("https://tickets.acme.example/");  // the final '/' is
//   dropped
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mandate/base/id.h"

namespace mandate {

enum class PrincipalKind : std::uint8_t {
  kHuman,
  kOrganization,
  kWorkload,
  kPipeline,
  kIntegration,
  kAgent,
  kService,
};
inline constexpr std::size_t kPrincipalKindCount = 7;
std::string_view name(PrincipalKind kind);  // "human", ...
std::optional<PrincipalKind> parse_principal_kind(std::string_view word);

// `kind:rest`, or `spiffe://trust.domain/path` (a workload). The rest is 1 to 200 bytes of NFC text
// without white space, control characters, '"', '<', '>', '\'. SPIFFE ids follow SPIFFE-ID
// section 2.
struct PrincipalNoun {
  static constexpr std::string_view kName = "principal";
  static Result<std::string> normalise(std::string_view text);
};
struct TeamNoun {  // `team:rest`
  static constexpr std::string_view kName = "team";
  static Result<std::string> normalise(std::string_view text);
};
// An absolute http or https URI without query, fragment or user info: the audience. A final '/' is
// dropped, so that two ids that differ only in it are one.
struct ResourceNoun {
  static constexpr std::string_view kName = "resource";
  static Result<std::string> normalise(std::string_view text);
};
// Delegations, entitlements and trusted issuers: 1 to 128 of [A-Za-z0-9._-], first a letter or
// digit.
struct DelegationNoun {
  static constexpr std::string_view kName = "delegation";
  static Result<std::string> normalise(std::string_view text);
};
struct EntitlementNoun {
  static constexpr std::string_view kName = "entitlement";
  static Result<std::string> normalise(std::string_view text);
};
struct TrustedIssuerNoun {
  static constexpr std::string_view kName = "trusted issuer";
  static Result<std::string> normalise(std::string_view text);
};

using PrincipalId = Id<PrincipalNoun>;
using TeamId = Id<TeamNoun>;
using ResourceId = Id<ResourceNoun>;
using DelegationId = Id<DelegationNoun>;
using EntitlementId = Id<EntitlementNoun>;
using TrustedIssuerId = Id<TrustedIssuerNoun>;

PrincipalKind kind_of(const PrincipalId& id);
inline bool is_software(PrincipalKind kind) {
  return kind != PrincipalKind::kHuman && kind != PrincipalKind::kOrganization;
}

}  // namespace mandate
