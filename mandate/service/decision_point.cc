#include "mandate/service/decision_point.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/crypto/hash.h"
#include "mandate/json/object_text.h"

namespace mandate::service {
namespace {

// Inputs beyond this enter by their digest, so that every decision has its entry.
constexpr std::size_t kInputsBytesMax = 16 << 10;
static_assert(2 * kInputsBytesMax < limits::kLogEntryBytesMax);
constexpr std::size_t kUsualEntryBytes = 2 << 10;

// As canonical text.
std::string bounded(const json::Value& inputs) {
  std::string text = json::canonical(inputs);
  if (text.size() <= kInputsBytesMax) return text;
  return json::canonical(
      json::Value::object({{"sha256", encode_base64url(view(crypto::sha256(text)))}}));
}

// Nothing that a permit rests on may end while it is kept.
Seconds max_age_of(const record::View& view, const ResourceDefinition& resource,
                   const Decided& decided) {
  Instant end = decided.instant + resource.cache_when_down;
  if (end == decided.instant) return Seconds{0};
  if (decided.token) end = std::min(end, decided.claims()->expires_at);
  if (const auto& lineage = decided.decision.lineage) {
    end = std::min(end, decision::lifetime_of(view, *lineage).not_after);
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

decision::Decision decide(Core& core, const record::View& view, const AccessRequest& request,
                          decision::Evidence evidence, Instant now) {
  std::shared_ptr<const decision::Standing> standing;
  if (evidence.token != nullptr) {
    standing = core.standings.find(evidence.token->hash()).value_or(nullptr);
    if (standing == nullptr) {
      Result<decision::Standing> found = decision::standing_of(view, evidence.token->claims());
      if (found) {
        standing = std::make_shared<const decision::Standing>(*std::move(found));
        core.standings.put(evidence.token->hash(), standing);
      }
    }
    evidence.standing = standing.get();
  }
  return decision::decide(view, now, core.deps.zones, request, evidence);
}

decision::Names names_of(const Core& core, const Decided& decided) {
  const decision::Decision& decision = decided.decision;
  return decision::names_of(core.deps.state.view(decision.revision), decision, decided.claims());
}

Journalist::Draft decision_entry(Core& core, const Decided& decided) {
  const decision::Decision& decision = decided.decision;
  const TokenClaims* claims = decided.claims();
  const decision::Names names = names_of(core, decided);
  const std::optional<Error>& refusal = decision.refusal;
  std::string text;
  text.reserve(kUsualEntryBytes);
  json::ObjectText entry(text);
  entry.text("action", decided.request.action);
  if (claims) {
    entry.begin_array("actors");
    for (const PrincipalId& actor : claims->actors) entry.add_item(actor.text());
    entry.end_array();
  }
  if (decided.shadowed) entry.text("answered", "permit");
  entry.text("authority", name(decision.authority));
  entry.text("by", decided.asked_by);
  if (decided.request.client_address) {
    entry.text("client_address", decided.request.client_address->text());
  }
  if (claims) entry.text("client_id", claims->client_id.text());
  entry.text("decision", decision.permitted() ? "permit" : "deny");
  entry.texts("delegations", names.delegations);
  if (refusal) entry.text("detail", refusal->detail);
  if (decided.enforcement == Enforcement::kShadow) entry.text("enforcement", "shadow");
  if (!names.entitlement.empty()) entry.text("entitlement", names.entitlement);
  if (decided.request.identifier) entry.text("identifier", decided.request.identifier->text());
  entry.raw("inputs", bounded(decided.inputs));
  if (claims) entry.text("jti", claims->jti);
  entry.text("nonce", core.journalist.nonce());
  if (claims) {
    const auto before = core.journalist.predecessor(claims->jti, "access_token");
    entry.value("predecessors", before ? json::Array{*before} : json::Array());
  }
  if (refusal) entry.text("reason", name(refusal->reason));
  entry.text("resource", decided.request.location.text());
  entry.text("resource_type", decided.request.type);
  entry.texts("rests_on", names.rests_on);
  entry.number("revision", static_cast<std::int64_t>(decision.revision));
  if (claims) {
    entry.text("sub", claims->subject.text());
  } else if (decided.subject) {
    entry.text("sub", *decided.subject);
  }
  entry.text("time", format_rfc3339(decided.instant));
  entry.text("time_zones", core.deps.zones.version());
  if (claims) entry.text("txn", claims->transaction);
  entry.text("type", "decided");
  entry.value("uses", decided.uses);
  entry.end();
  return core.journalist.seal("decided", refusal ? name(refusal->reason) : "permit",
                              std::move(text));
}

void journal_and_answer(Core& core, Decided decided, Answered answer) {
  Journalist::Draft draft = decision_entry(core, decided);
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
