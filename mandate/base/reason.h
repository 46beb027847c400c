// The closed table of reasons: why something was refused, one word used everywhere.
//
// The same word stands in the error body, the response header, the decision and the journal. How a
// reason looks on the wire (OAuth error, HTTP status) is one table in `mandate/http/server`.
//
//   name(Reason::kAudienceMismatch) == "audience_mismatch"
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mandate {

enum class Reason : std::uint8_t {
  kBadRequest,
  kLimitExceeded,
  kClientUnknown,
  kClientAuthenticationFailed,
  kCredentialExpired,
  kPrincipalDiscovered,
  kPrincipalSuspended,
  kPrincipalRetired,
  kOwnerInactive,
  kTokenMalformed,
  kTokenExpired,
  kTokenRevoked,
  kTokenTypeMismatch,
  kUntrustedIssuer,
  kAudienceMismatch,
  kProofOfPossession,
  kProofReplayed,
  kNonceRequired,
  kAttestationMismatch,
  kActorTokenRequired,
  kActorMismatch,
  kBorrowedCredential,
  kNoDelegation,
  kAmbiguousDelegation,
  kDepthExceeded,
  kHopGrantRequired,
  kOutsideAuthority,
  kOutsideWindow,
  kConstraintNotMet,
  kUsesExhausted,
  kGuardrail,
  kDelegationRevoked,
  kAncestorRevoked,
  kNotApproved,
  kReviewOverdue,
  kWorkflowEnded,
  kApprovalRequired,
  kSameControlPlane,
  kStepUpRequired,
  kProvenanceRequired,
  kConsentMissing,
  kConsentWithdrawn,
  kUnusualPath,
  kOnlineRequired,
  kStateTooOld,
  kRecordUnavailable,
  kEntitlementUnknown,
  kIdIsDead,
};

inline constexpr std::size_t kReasonCount = static_cast<std::size_t>(Reason::kIdIsDead) + 1;

// Every reason, in the order of the table.
const std::array<Reason, kReasonCount>& all_reasons();

// The word of a reason, in lower case with underscores.
std::string_view name(Reason reason);

// The reason of a word; nothing for a word outside the table.
std::optional<Reason> parse_reason(std::string_view word);

}  // namespace mandate
