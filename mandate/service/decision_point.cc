#include "mandate/service/decision_point.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/crypto/hash.h"

namespace mandate::service {
namespace {

json::Array strings(const std::vector<std::string>& texts) {
  json::Array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

// Inputs beyond this enter by their digest, so that every decision has its entry.
constexpr std::size_t kInputsBytesMax = 16 << 10;
static_assert(2 * kInputsBytesMax < limits::kLogEntryBytesMax);

json::Value bounded(const json::Value& inputs) {
  const std::string text = json::canonical(inputs);
  if (text.size() <= kInputsBytesMax) return inputs;
  return json::Value::object({{"sha256", encode_base64url(view(crypto::sha256(text)))}});
}

void add_token(Core& core, const TokenClaims& claims, json::Value& entry) {
  json::Array actors;
  for (const PrincipalId& actor : claims.actors) actors.emplace_back(actor.text());
  entry.set("sub", claims.subject.text());
  entry.set("actors", std::move(actors));
  entry.set("client_id", claims.client_id.text());
  entry.set("jti", claims.jti);
  entry.set("txn", claims.transaction);
  json::Array predecessors;
  if (auto before = core.journalist.predecessor(claims.jti, "access_token")) {
    predecessors.push_back(*std::move(before));
  }
  entry.set("predecessors", std::move(predecessors));
}

// Nothing that a permit rests on may end while it is kept.
Seconds max_age_of(const record::View& view, const ResourceDefinition& resource,
                   const Decided& decided) {
  Instant end = decided.instant + resource.cache_when_down;
  if (decided.claims) {
    end = std::min(end, decided.claims->expires_at);
    if (const auto lineage = decision::lineage_of(view, *decided.claims)) {
      end = std::min(end, decision::lifetime_of(view, *lineage).not_after);
    }
  } else if (const auto root = view.find_entitlement(decided.decision.entitlement)) {
    end = std::min(end, decision::lifetime_of(view, {*root, {}}).not_after);
  }
  return std::max(Seconds{0}, std::chrono::floor<Seconds>(end - decided.instant));
}

}  // namespace

bool shadow_permits(Reason reason, bool token_presented) {
  switch (reason) {
    case Reason::kAttestationMismatch:
    case Reason::kNoDelegation:
    case Reason::kAmbiguousDelegation:
    case Reason::kDepthExceeded:
    case Reason::kOutsideAuthority:
    case Reason::kOutsideWindow:
    case Reason::kConstraintNotMet:
    case Reason::kUsesExhausted:
    case Reason::kGuardrail:
    case Reason::kNotApproved:
    case Reason::kReviewOverdue:
    case Reason::kWorkflowEnded:
    case Reason::kApprovalRequired:
    case Reason::kSameControlPlane:
    case Reason::kProvenanceRequired:
    case Reason::kConsentMissing:
    case Reason::kConsentWithdrawn:
    case Reason::kUnusualPath:
    case Reason::kOnlineRequired: return true;
    case Reason::kProofOfPossession:
    case Reason::kPrincipalDiscovered: return !token_presented;
    case Reason::kBadRequest:
    case Reason::kLimitExceeded:
    case Reason::kClientUnknown:
    case Reason::kClientAuthenticationFailed:
    case Reason::kCredentialExpired:
    case Reason::kPrincipalSuspended:
    case Reason::kPrincipalRetired:
    case Reason::kOwnerInactive:
    case Reason::kTokenMalformed:
    case Reason::kTokenExpired:
    case Reason::kTokenRevoked:
    case Reason::kTokenTypeMismatch:
    case Reason::kUntrustedIssuer:
    case Reason::kAudienceMismatch:
    case Reason::kProofReplayed:
    case Reason::kNonceRequired:
    case Reason::kActorTokenRequired:
    case Reason::kActorMismatch:
    case Reason::kBorrowedCredential:
    case Reason::kHopGrantRequired:
    case Reason::kDelegationRevoked:
    case Reason::kAncestorRevoked:
    case Reason::kStepUpRequired:
    case Reason::kStateTooOld:
    case Reason::kRecordUnavailable:
    case Reason::kEntitlementUnknown:
    case Reason::kIdIsDead: break;
  }
  return false;
}

void set_enforcement(const record::View& view, const ResourceDefinition& resource,
                     bool token_presented, Decided& decided) {
  decided.enforcement = resource.enforcement;
  if (resource.enforcement == Enforcement::kShadow && decided.decision.refusal) {
    // What was ended stays ended, also where the resource server does not say who acts.
    const auto subject =
        !token_presented && decided.subject ? view.find_principal(*decided.subject) : std::nullopt;
    Result<void> active;
    if (subject) active = decision::check_principal(view, *subject, decided.instant);
    if (!active) decided.decision.refusal = active.error();
    decided.shadowed = shadow_permits(decided.decision.refusal->reason, token_presented);
  }
  if (decided.permitted()) decided.max_age = max_age_of(view, resource, decided);
}

json::Value decision_entry(Core& core, const Decided& decided) {
  const decision::Decision& decision = decided.decision;
  json::Value entry =
      json::Value::object({{"time", format_rfc3339(decided.instant)},
                           {"decision", decision.permitted() ? "permit" : "deny"},
                           {"authority", name(decision.authority)},
                           {"by", decided.asked_by},
                           {"resource", decided.request.location.text()},
                           {"resource_type", decided.request.type},
                           {"action", decided.request.action},
                           {"delegations", strings(decision.delegations)},
                           {"rests_on", strings(decision.rests_on)},
                           {"revision", static_cast<std::int64_t>(decision.revision)},
                           {"time_zones", core.deps.zones.version()},
                           {"inputs", bounded(decided.inputs)},
                           {"uses", decided.uses}});
  if (decided.request.identifier) entry.set("identifier", decided.request.identifier->text());
  if (decided.request.client_address) {
    entry.set("client_address", decided.request.client_address->text());
  }
  if (!decision.entitlement.empty()) entry.set("entitlement", decision.entitlement);
  if (decided.enforcement == Enforcement::kShadow) entry.set("enforcement", "shadow");
  if (decided.shadowed) entry.set("answered", "permit");
  if (decision.refusal) {
    entry.set("reason", name(decision.refusal->reason));
    entry.set("detail", decision.refusal->detail);
  }
  if (decided.claims) {
    add_token(core, *decided.claims, entry);
  } else if (decided.subject) {
    entry.set("sub", *decided.subject);
  }
  return entry;
}

void journal_and_answer(Core& core, Decided decided, Answered answer) {
  Journalist::Draft draft = core.journalist.draft("decided", decision_entry(core, decided));
  auto shared = std::make_shared<Decided>(std::move(decided));
  // What is not on record is not permitted, in shadow either.
  const auto refuse = [](Decided& permitted, const Error& why) {
    permitted.decision.refusal = why;
    permitted.shadowed = false;
    permitted.max_age = Seconds{0};
  };
  if (!shared->permitted() || !shared->durable) {
    Result<std::string> receipt = core.journalist.write(std::move(draft), {});
    if (!receipt && shared->permitted()) refuse(*shared, receipt.error());
    return answer(*shared, receipt.value_or(std::string()));
  }
  auto promised = std::make_shared<std::string>();
  Result<std::string> written = core.journalist.write(
      std::move(draft),
      [shared, promised, answer, refuse](Result<void> durable) {
        if (!durable) refuse(*shared, durable.error());
        answer(*shared, durable ? *promised : std::string());
      },
      [promised](const std::string& receipt) { *promised = receipt; });
  if (!written) {
    refuse(*shared, written.error());
    answer(*shared, {});
  }
}

}  // namespace mandate::service
