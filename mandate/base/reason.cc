#include "mandate/base/reason.h"

#include <cstddef>

namespace mandate {
namespace {

// In the order of the enum; a test walks both.
constexpr std::array<std::string_view, kReasonCount> kNames = {"bad_request",
                                                               "limit_exceeded",
                                                               "client_unknown",
                                                               "client_authentication_failed",
                                                               "credential_expired",
                                                               "principal_discovered",
                                                               "principal_suspended",
                                                               "principal_retired",
                                                               "owner_inactive",
                                                               "token_malformed",
                                                               "token_expired",
                                                               "token_revoked",
                                                               "token_type_mismatch",
                                                               "untrusted_issuer",
                                                               "audience_mismatch",
                                                               "proof_of_possession",
                                                               "proof_replayed",
                                                               "nonce_required",
                                                               "attestation_mismatch",
                                                               "actor_token_required",
                                                               "actor_mismatch",
                                                               "borrowed_credential",
                                                               "no_delegation",
                                                               "ambiguous_delegation",
                                                               "depth_exceeded",
                                                               "hop_grant_required",
                                                               "outside_authority",
                                                               "outside_window",
                                                               "constraint_not_met",
                                                               "uses_exhausted",
                                                               "guardrail",
                                                               "delegation_revoked",
                                                               "ancestor_revoked",
                                                               "not_approved",
                                                               "review_overdue",
                                                               "workflow_ended",
                                                               "approval_required",
                                                               "same_control_plane",
                                                               "step_up_required",
                                                               "provenance_required",
                                                               "consent_missing",
                                                               "consent_withdrawn",
                                                               "unusual_path",
                                                               "online_required",
                                                               "state_too_old",
                                                               "record_unavailable",
                                                               "entitlement_unknown",
                                                               "id_is_dead"};

constexpr std::array<Reason, kReasonCount> make_all() {
  std::array<Reason, kReasonCount> all{};
  for (std::size_t i = 0; i < kReasonCount; ++i) all[i] = static_cast<Reason>(i);
  return all;
}
constexpr std::array<Reason, kReasonCount> kAll = make_all();

}  // namespace

const std::array<Reason, kReasonCount>& all_reasons() { return kAll; }

std::string_view name(Reason reason) { return kNames[static_cast<std::size_t>(reason)]; }

std::optional<Reason> parse_reason(std::string_view word) {
  for (Reason reason : kAll) {
    if (name(reason) == word) return reason;
  }
  return std::nullopt;
}

}  // namespace mandate
