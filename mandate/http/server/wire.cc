#include "mandate/http/server/wire.h"

namespace mandate::http {
namespace {

constexpr std::string_view kInvalidRequest = "invalid_request";
constexpr std::string_view kUnavailableDetail = "the server cannot record this now; try again";

// `invalid_scope`, `invalid_target`, ...: by the place that the refusal speaks of.
std::string_view by_place(Place place) {
  switch (place) {
    case Place::kGrantType: return "unsupported_grant_type";
    case Place::kScope: return "invalid_scope";
    case Place::kTarget: return "invalid_target";
    case Place::kAuthorizationDetails: return "invalid_authorization_details";
    case Place::kDpopProof: return "invalid_dpop_proof";
    case Place::kClient: return "invalid_client";
    case Place::kRequest:
    case Place::kSubjectToken:
    case Place::kActorToken:
    case Place::kHopGrant:
    case Place::kAccessToken:
    case Place::kPath:
    case Place::kMethod:
    case Place::kMediaType:
    case Place::kConflict:
    case Place::kRate: return kInvalidRequest;
  }
  return kInvalidRequest;
}

int status_by_place(Place place) {
  switch (place) {
    case Place::kPath: return 404;
    case Place::kMethod: return 405;
    case Place::kMediaType: return 415;
    case Place::kConflict: return 409;
    case Place::kRate: return 429;
    case Place::kDpopProof: return 401;
    case Place::kRequest:
    case Place::kClient:
    case Place::kGrantType:
    case Place::kScope:
    case Place::kTarget:
    case Place::kAuthorizationDetails:
    case Place::kSubjectToken:
    case Place::kActorToken:
    case Place::kHopGrant:
    case Place::kAccessToken: return 400;
  }
  return 400;
}

// One row of REASONS.md: `token` is empty where the place decides; `resource` likewise 0.
struct Row {
  std::string_view token;
  int resource;
  std::string_view challenge;
};

Row row(Reason reason) {
  switch (reason) {
    case Reason::kBadRequest: return {"", 0, ""};
    case Reason::kLimitExceeded: return {kInvalidRequest, 0, ""};
    case Reason::kClientUnknown:
    case Reason::kClientAuthenticationFailed: return {"invalid_client", 401, "invalid_token"};
    case Reason::kCredentialExpired: return {"invalid_client", 401, "invalid_token"};
    case Reason::kPrincipalDiscovered:
    case Reason::kPrincipalSuspended:
    case Reason::kPrincipalRetired:
    case Reason::kOwnerInactive: return {"", 401, "invalid_token"};
    case Reason::kTokenMalformed:
    case Reason::kTokenExpired:
    case Reason::kTokenRevoked:
    case Reason::kTokenTypeMismatch:
    case Reason::kUntrustedIssuer: return {"", 401, "invalid_token"};
    case Reason::kAudienceMismatch: return {"", 401, "invalid_token"};
    case Reason::kProofOfPossession: return {"", 401, "invalid_token"};
    case Reason::kProofReplayed: return {"", 401, "invalid_token"};
    case Reason::kNonceRequired: return {"use_dpop_nonce", 401, "use_dpop_nonce"};
    case Reason::kAttestationMismatch: return {kInvalidRequest, 403, ""};
    case Reason::kActorTokenRequired:
    case Reason::kActorMismatch: return {kInvalidRequest, 403, ""};
    case Reason::kBorrowedCredential: return {"", 401, "invalid_token"};
    case Reason::kNoDelegation:
    case Reason::kAmbiguousDelegation:
    case Reason::kDepthExceeded: return {kInvalidRequest, 403, ""};
    case Reason::kHopGrantRequired: return {kInvalidRequest, 403, ""};
    case Reason::kOutsideAuthority: return {"", 403, "insufficient_scope"};
    case Reason::kOutsideWindow:
    case Reason::kConstraintNotMet:
    case Reason::kUsesExhausted:
    case Reason::kGuardrail: return {kInvalidRequest, 403, ""};
    case Reason::kDelegationRevoked:
    case Reason::kAncestorRevoked: return {kInvalidRequest, 401, "invalid_token"};
    case Reason::kNotApproved:
    case Reason::kReviewOverdue:
    case Reason::kWorkflowEnded:
    case Reason::kApprovalRequired:
    case Reason::kSameControlPlane: return {kInvalidRequest, 403, ""};
    case Reason::kStepUpRequired: return {kInvalidRequest, 401, "insufficient_user_authentication"};
    case Reason::kProvenanceRequired:
    case Reason::kConsentMissing:
    case Reason::kConsentWithdrawn:
    case Reason::kUnusualPath:
    case Reason::kOnlineRequired: return {kInvalidRequest, 403, ""};
    case Reason::kStateTooOld:
    case Reason::kRecordUnavailable:
    case Reason::kEntitlementUnknown: return {"temporarily_unavailable", 503, ""};
    case Reason::kIdIsDead: return {kInvalidRequest, 409, ""};
  }
  return {kInvalidRequest, 403, ""};
}

json::Value error_body(std::string_view error, const service::Reply& reply) {
  const Error& refusal = *reply.error;
  const std::string_view reason = outside_name(refusal.reason);
  json::Value body = json::Value::object({{"error", error}});
  // RFC 6749 section 5.2 allows only some characters: no '"', no '\'.
  std::string description = std::string(reason) + ": ";
  // What failed inside names files and storage: that is for the server's own log.
  const bool inside = refusal.reason == Reason::kRecordUnavailable;
  for (char c : inside ? kUnavailableDetail : std::string_view(refusal.detail)) {
    const bool allowed = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
    description += allowed ? c : '\'';
  }
  body.set("error_description", std::move(description));
  body.set("reason", reason);
  if (!reply.receipt.empty()) body.set("receipt", reply.receipt);
  return body;
}

void add_nonce(const service::Reply& reply, Response& response) {
  if (reply.dpop_nonce) response.headers.emplace_back("DPoP-Nonce", *reply.dpop_nonce);
}

void add_challenge(std::string_view error, const service::Reply& reply, std::string_view realm,
                   Response& response) {
  if (error.empty()) return;
  std::string challenge = "DPoP realm=\"" + std::string(realm) + "\", error=\"" +
                          std::string(error) + "\", error_description=\"" +
                          std::string(outside_name(reply.error->reason)) +
                          "\", algs=\"ES256 ES384 EdDSA RS256 PS256\"";
  response.headers.emplace_back("WWW-Authenticate", std::move(challenge));
}

}  // namespace

std::string_view outside_name(Reason reason) {
  return name(reason == Reason::kClientUnknown ? Reason::kClientAuthenticationFailed : reason);
}

OAuthError oauth_error(const Error& error) {
  const std::string_view fixed = row(error.reason).token;
  if (fixed == "temporarily_unavailable") return {503, fixed};
  if (error.reason == Reason::kLimitExceeded && error.place == Place::kRate) return {429, fixed};
  if (!fixed.empty()) {
    // A subject's or actor's own expired key is not the client's authentication.
    const bool others = fixed == "invalid_client" && error.reason == Reason::kCredentialExpired &&
                        error.place != Place::kClient;
    if (others) return {400, kInvalidRequest};
    return {fixed == "invalid_client" ? 401 : 400, fixed};
  }
  const std::string_view found = by_place(error.place);
  if (error.reason == Reason::kOutsideAuthority && found == kInvalidRequest) {
    return {400, "invalid_scope"};
  }
  if (error.reason == Reason::kBadRequest && found == kInvalidRequest) {
    return {status_by_place(error.place), found};
  }
  return {found == "invalid_client" ? 401 : 400, found};
}

ResourceError resource_error(const Error& error) {
  const Row found = row(error.reason);
  if (error.reason == Reason::kLimitExceeded) {
    return {error.place == Place::kRate ? 429 : 413, ""};
  }
  const bool about_proof =
      error.place == Place::kDpopProof && error.reason != Reason::kNonceRequired;
  if (about_proof) return {401, "invalid_dpop_proof"};
  if (found.resource == 0) return {status_by_place(error.place), ""};
  return {found.resource, found.challenge};
}

Response json_response(int status, const json::Value& body) {
  return Response{status,
                  {{"Content-Type", "application/json"},
                   {"Cache-Control", "no-store"},
                   {"X-Content-Type-Options", "nosniff"}},
                  json::canonical(body)};
}

Response oauth_refusal(const service::Reply& reply) {
  const OAuthError wire = oauth_error(*reply.error);
  Response response = json_response(wire.status, error_body(wire.error, reply));
  response.reason = reply.error->reason;
  add_nonce(reply, response);
  if (wire.status == 503 || wire.status == 429) response.headers.emplace_back("Retry-After", "1");
  return response;
}

Response resource_refusal(const service::Reply& reply, std::string_view realm) {
  const ResourceError wire = resource_error(*reply.error);
  const std::string_view word = wire.error.empty() ? oauth_error(*reply.error).error : wire.error;
  Response response = json_response(wire.status, error_body(word, reply));
  response.reason = reply.error->reason;
  add_challenge(wire.error, reply, realm, response);
  add_nonce(reply, response);
  if (wire.status == 503 || wire.status == 429) response.headers.emplace_back("Retry-After", "1");
  return response;
}

Response no_answer() {
  service::Reply reply;
  reply.error = Error{Reason::kRecordUnavailable, Place::kRequest, "no answer in time"};
  return resource_refusal(reply, "");
}

Response forward_auth_refusal(const service::Reply& reply, std::string_view realm) {
  const ResourceError wire = resource_error(*reply.error);
  const int status = wire.status == 401 ? 401 : 403;
  Response response =
      json_response(status, error_body(wire.error.empty() ? "access_denied" : wire.error, reply));
  response.reason = reply.error->reason;
  response.headers.emplace_back("Mandate-Reason", outside_name(reply.error->reason));
  if (!reply.receipt.empty()) response.headers.emplace_back("Mandate-Receipt", reply.receipt);
  add_challenge(wire.error, reply, realm, response);
  add_nonce(reply, response);
  return response;
}

}  // namespace mandate::http
