// The table from reasons to the wire: every reason of the enum has its row here, written from
// REASONS.md and not from the code.
#include "mandate/http/server/wire.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "mandate/json/value.h"
#include "mandate/service/decision_point.h"
#include "testing/shared_data.h"

namespace mandate::http {
namespace {

// `token`: status and error; "place": as the place says. `resource`: status and challenge.
struct Row {
  int token_status;
  std::string_view token;
  int resource;
  std::string_view challenge;
};

const std::map<std::string_view, Row>& table() {
  constexpr std::string_view kRequest = "invalid_request";
  constexpr std::string_view kToken = "invalid_token";
  static const std::map<std::string_view, Row> rows = {
      {"bad_request", {400, kRequest, 400, ""}},
      {"limit_exceeded", {400, kRequest, 413, ""}},
      {"client_unknown", {401, "invalid_client", 401, kToken}},
      {"client_authentication_failed", {401, "invalid_client", 401, kToken}},
      {"credential_expired", {400, kRequest, 401, kToken}},
      {"principal_discovered", {400, kRequest, 401, kToken}},
      {"principal_suspended", {400, kRequest, 401, kToken}},
      {"principal_retired", {400, kRequest, 401, kToken}},
      {"owner_inactive", {400, kRequest, 401, kToken}},
      {"token_malformed", {400, kRequest, 401, kToken}},
      {"token_expired", {400, kRequest, 401, kToken}},
      {"token_revoked", {400, kRequest, 401, kToken}},
      {"token_type_mismatch", {400, kRequest, 401, kToken}},
      {"untrusted_issuer", {400, kRequest, 401, kToken}},
      {"audience_mismatch", {400, kRequest, 401, kToken}},
      {"proof_of_possession", {400, kRequest, 401, kToken}},
      {"proof_replayed", {400, kRequest, 401, kToken}},
      {"nonce_required", {400, "use_dpop_nonce", 401, "use_dpop_nonce"}},
      {"attestation_mismatch", {400, kRequest, 403, ""}},
      {"actor_token_required", {400, kRequest, 403, ""}},
      {"actor_mismatch", {400, kRequest, 403, ""}},
      {"borrowed_credential", {400, kRequest, 401, kToken}},
      {"no_delegation", {400, kRequest, 403, ""}},
      {"ambiguous_delegation", {400, kRequest, 403, ""}},
      {"depth_exceeded", {400, kRequest, 403, ""}},
      {"hop_grant_required", {400, kRequest, 403, ""}},
      {"outside_authority", {400, "invalid_scope", 403, "insufficient_scope"}},
      {"outside_window", {400, kRequest, 403, ""}},
      {"constraint_not_met", {400, kRequest, 403, ""}},
      {"uses_exhausted", {400, kRequest, 403, ""}},
      {"guardrail", {400, kRequest, 403, ""}},
      {"delegation_revoked", {400, kRequest, 401, kToken}},
      {"ancestor_revoked", {400, kRequest, 401, kToken}},
      {"not_approved", {400, kRequest, 403, ""}},
      {"review_overdue", {400, kRequest, 403, ""}},
      {"workflow_ended", {400, kRequest, 403, ""}},
      {"approval_required", {400, kRequest, 403, ""}},
      {"same_control_plane", {400, kRequest, 403, ""}},
      {"step_up_required", {400, kRequest, 401, "insufficient_user_authentication"}},
      {"provenance_required", {400, kRequest, 403, ""}},
      {"consent_missing", {400, kRequest, 403, ""}},
      {"consent_withdrawn", {400, kRequest, 403, ""}},
      {"unusual_path", {400, kRequest, 403, ""}},
      {"online_required", {400, kRequest, 403, ""}},
      {"state_too_old", {503, "temporarily_unavailable", 503, ""}},
      {"record_unavailable", {503, "temporarily_unavailable", 503, ""}},
      {"entitlement_unknown", {503, "temporarily_unavailable", 503, ""}},
      {"id_is_dead", {400, kRequest, 409, ""}},
  };
  return rows;
}

// The words of the table's first column: the first `code` spans of each row.
std::set<std::string> reasons_of(const std::string& markdown) {
  std::set<std::string> words;
  std::size_t begin = 0;
  while (begin < markdown.size()) {
    const std::size_t end = std::min(markdown.find('\n', begin), markdown.size());
    const std::string line = markdown.substr(begin, end - begin);
    begin = end + 1;
    if (!line.starts_with("| `")) continue;
    const std::string cell = line.substr(1, line.find('|', 1) - 1);
    for (std::size_t at = cell.find('`'); at != std::string::npos; at = cell.find('`', at + 1)) {
      const std::size_t close = cell.find('`', at + 1);
      words.insert(cell.substr(at + 1, close - at - 1));
      at = close;
    }
  }
  return words;
}

TEST(Wire, EveryReasonHasItsRow) {
  EXPECT_EQ(table().size(), kReasonCount);
  for (Reason reason : all_reasons()) {
    SCOPED_TRACE(name(reason));
    const auto row = table().find(name(reason));
    ASSERT_NE(row, table().end());
    const Error error{reason, Place::kSubjectToken, ""};
    const OAuthError at_token = oauth_error(error);
    EXPECT_EQ(at_token.status, row->second.token_status);
    EXPECT_EQ(at_token.error, row->second.token);
    const ResourceError at_resource = resource_error({reason, Place::kAccessToken, ""});
    EXPECT_EQ(at_resource.status, row->second.resource);
    EXPECT_EQ(at_resource.error, row->second.challenge);
  }
}

TEST(Wire, TheReasonsAreThoseOfTheTable) {
  MANDATE_NEEDS_SHARED("REASONS.md");
  std::set<std::string> ours;
  for (Reason reason : all_reasons()) ours.emplace(name(reason));
  EXPECT_EQ(ours, reasons_of(test::read_file(test::shared_path("REASONS.md"))));
}

TEST(Wire, ThePlaceChoosesTheErrorWhereTheTableNamesSeveral) {
  struct Case {
    Reason reason;
    Place place;
    int status;
    std::string_view error;
  };
  const Case kCases[] = {
      {Reason::kBadRequest, Place::kGrantType, 400, "unsupported_grant_type"},
      {Reason::kBadRequest, Place::kScope, 400, "invalid_scope"},
      {Reason::kBadRequest, Place::kTarget, 400, "invalid_target"},
      {Reason::kBadRequest, Place::kAuthorizationDetails, 400, "invalid_authorization_details"},
      {Reason::kBadRequest, Place::kDpopProof, 400, "invalid_dpop_proof"},
      {Reason::kBadRequest, Place::kMethod, 405, "invalid_request"},
      {Reason::kBadRequest, Place::kMediaType, 415, "invalid_request"},
      {Reason::kOutsideAuthority, Place::kScope, 400, "invalid_scope"},
      {Reason::kOutsideAuthority, Place::kTarget, 400, "invalid_target"},
      {Reason::kOutsideAuthority, Place::kAuthorizationDetails, 400,
       "invalid_authorization_details"},
      {Reason::kAudienceMismatch, Place::kTarget, 400, "invalid_target"},
      {Reason::kAudienceMismatch, Place::kActorToken, 400, "invalid_request"},
      {Reason::kProofOfPossession, Place::kDpopProof, 400, "invalid_dpop_proof"},
      {Reason::kProofReplayed, Place::kDpopProof, 400, "invalid_dpop_proof"},
      {Reason::kProofReplayed, Place::kClient, 401, "invalid_client"},
      {Reason::kPrincipalSuspended, Place::kClient, 401, "invalid_client"},
      {Reason::kPrincipalRetired, Place::kClient, 401, "invalid_client"},
      {Reason::kOwnerInactive, Place::kClient, 401, "invalid_client"},
      {Reason::kBorrowedCredential, Place::kClient, 401, "invalid_client"},
      {Reason::kCredentialExpired, Place::kClient, 401, "invalid_client"},
      {Reason::kLimitExceeded, Place::kRate, 429, "invalid_request"},
  };
  for (const Case& row : kCases) {
    SCOPED_TRACE(name(row.reason));
    const OAuthError found = oauth_error({row.reason, row.place, ""});
    EXPECT_EQ(found.status, row.status) << static_cast<int>(row.place);
    EXPECT_EQ(found.error, row.error) << static_cast<int>(row.place);
  }
}

TEST(Wire, ThePlaceChoosesTheStatusOfABadRequestAtAResource) {
  const std::map<Place, int> kStatuses = {{Place::kRequest, 400},   {Place::kPath, 404},
                                          {Place::kMethod, 405},    {Place::kConflict, 409},
                                          {Place::kMediaType, 415}, {Place::kDpopProof, 401}};
  for (const auto& [place, status] : kStatuses) {
    EXPECT_EQ(resource_error({Reason::kBadRequest, place, ""}).status, status)
        << static_cast<int>(place);
  }
  EXPECT_EQ(resource_error({Reason::kLimitExceeded, Place::kRate, ""}).status, 429);
  EXPECT_EQ(resource_error({Reason::kProofOfPossession, Place::kDpopProof, ""}).error,
            "invalid_dpop_proof");
}

TEST(Wire, ForwardAuthSendsEveryStatusBut401As403) {
  for (Reason reason : all_reasons()) {
    SCOPED_TRACE(name(reason));
    service::Reply reply;
    reply.error = Error{reason, Place::kAccessToken, ""};
    const Response response = forward_auth_refusal(reply, "https://mandate.acme.example");
    EXPECT_EQ(response.status, table().at(name(reason)).resource == 401 ? 401 : 403);
    EXPECT_EQ(header_value(response.headers, "Mandate-Reason"), outside_name(reason));
    EXPECT_EQ(header_value(response.headers, "WWW-Authenticate").has_value(),
              !table().at(name(reason)).challenge.empty());
  }
}

TEST(Wire, ARefusalSaysItsReasonFirstInTheCharactersThatOAuthAllows) {
  service::Reply reply;
  reply.error = Error{Reason::kOutsideAuthority, Place::kScope,
                      "scope \"a\\b\" of \xC3\xA4; expected\ntype:action"};
  reply.receipt = "receipt";
  const Response response = oauth_refusal(reply);
  const Result<json::Value> body = json::parse(response.body);
  ASSERT_TRUE(body.has_value());
  EXPECT_EQ(json::canonical(*body),
            R"({"error":"invalid_scope","error_description":"outside_authority: scope 'a'b' of '';)"
            R"( expected'type:action","reason":"outside_authority","receipt":"receipt"})");
  EXPECT_EQ(header_value(response.headers, "Cache-Control"), "no-store");
}

TEST(Wire, WhatFailedInsideIsNotToldOutside) {
  const auto check = [](Reason reason, std::string_view expected) {
    service::Reply reply;
    reply.error = Error{reason, Place::kRequest, "cannot sync '/data/journal'"};
    const std::string description = std::string(name(reason)) + ": " + std::string(expected) + "\"";
    for (const Response& response :
         {oauth_refusal(reply), resource_refusal(reply, "i"), forward_auth_refusal(reply, "i")}) {
      EXPECT_THAT(response.body, ::testing::HasSubstr("\"error_description\":\"" + description));
    }
  };
  check(Reason::kRecordUnavailable, "the server cannot record this now; try again");
  check(Reason::kStateTooOld, "cannot sync '/data/journal'");
}

TEST(Wire, ForwardAuthSendsAReceiptOnlyWhereThereIsOne) {
  service::Reply reply;
  reply.error = Error{Reason::kTokenMalformed, Place::kAccessToken, ""};
  EXPECT_TRUE(header_values(forward_auth_refusal(reply, "i").headers, "Mandate-Receipt").empty());
  reply.receipt = "receipt";
  EXPECT_EQ(header_value(forward_auth_refusal(reply, "i").headers, "Mandate-Receipt"), "receipt");
}

// Shadow lets pass what lacks authority, which is 403 at a resource; 401 asks for who it is. Three
// are answers of the token endpoint alone.
TEST(Wire, ShadowPermitsWhatAResourceRefusesWith403) {
  const std::set<std::string_view> at_token = {"actor_token_required", "actor_mismatch",
                                               "hop_grant_required"};
  for (Reason reason : all_reasons()) {
    const bool forbidden = table().at(name(reason)).resource == 403;
    EXPECT_EQ(service::shadow_permits(reason, true), forbidden && !at_token.contains(name(reason)))
        << name(reason);
  }
  // A resource server's own word for who asks: what lacks is a token, or the principal.
  for (Reason reason : {Reason::kProofOfPossession, Reason::kPrincipalDiscovered}) {
    EXPECT_TRUE(service::shadow_permits(reason, false)) << name(reason);
    EXPECT_FALSE(service::shadow_permits(reason, true)) << name(reason);
  }
}

// B6: who is unknown and who cannot prove itself look the same.
TEST(Wire, AnUnknownClientLooksLikeAFailedAuthentication) {
  service::Reply unknown;
  unknown.error = Error{Reason::kClientUnknown, Place::kClient, "the signature is wrong"};
  service::Reply failed;
  failed.error =
      Error{Reason::kClientAuthenticationFailed, Place::kClient, "the signature is wrong"};
  EXPECT_EQ(oauth_refusal(unknown).body, oauth_refusal(failed).body);
  EXPECT_EQ(oauth_refusal(unknown).status, oauth_refusal(failed).status);
  EXPECT_EQ(resource_refusal(unknown, "i").headers, resource_refusal(failed, "i").headers);
}

}  // namespace
}  // namespace mandate::http
