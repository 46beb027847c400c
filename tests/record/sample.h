// The organisation of the record's tests, and how a test says what it changes in it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "testing/matchers.h"
#include "testing/world.h"

namespace mandate::test {

inline constexpr std::string_view kSample = R"(
apiVersion: mandate/v1
teams:
  - {id: "team:support", members: ["human:maria@acme.example", "human:kim@acme.example"]}
principals:
  - id: "human:maria@acme.example"
    authenticators: [{issuer: idp, claims: {email: "maria@acme.example"}}]
  - {id: "human:kim@acme.example"}
  - id: "agent:triage"
    owner: "team:support"
    environment: prod
    not_after: "2027-12-31T00:00:00Z"
    authenticators: [{jwk: {kty: OKP, crv: Ed25519, x: triage01}}]
  - id: "agent:helper"
    owner: "human:maria@acme.example"
    authenticators: [{jwk: {kty: OKP, crv: Ed25519, x: helper01},
                      not_after: "2027-06-30T00:00:00Z"}]
  - {id: "service:tickets-api", owner: "team:support"}
resources:
  - id: "https://tickets.acme.example"
    type: tickets
    actions: [close, comment, read]
    resource_server: "service:tickets-api"
entitlements:
  - id: support-tickets
    principal: "human:maria@acme.example"
    authority: [{type: tickets, locations: ["https://tickets.acme.example"],
                 actions: [close, comment, read]}]
    max_depth: 2
delegations:
  - id: triage-reads
    delegator: "human:maria@acme.example"
    delegate: "agent:triage"
    authority: [{type: tickets, locations: ["https://tickets.acme.example"],
                 actions: [comment, read], identifier: "queue/**"}]
    not_after: "2027-03-31T00:00:00Z"
    max_depth: 1
    max_token_lifetime: 5m
    purpose: "first-line triage"
  - id: helper-reads
    parent: triage-reads
    delegate: "agent:helper"
    authority: [{type: tickets, locations: ["https://tickets.acme.example"],
                 actions: [read], identifier: "queue/eu/*"}]
guardrails:
  - {select: {kind: agent}, max_token_lifetime: 10m, max_depth: 2}
trusted_issuers:
  - id: idp
    issuer: "https://idp.acme.example"
    audience: "https://mandate.acme.example"
    jwks: {keys: [{kty: OKP, crv: Ed25519, x: idpkey01}]}
    algorithms: [EdDSA]
)";

// The sample with one text in place of another, which must be there.
inline std::string sample_with(std::string_view text, std::string_view replacement) {
  std::string out(kSample);
  const std::size_t at = out.find(text);
  EXPECT_NE(at, std::string::npos) << "the sample has no " << text;
  return out.replace(at, text.size(), replacement);
}

// Ids of a list of handles.
template <class Handles>
std::vector<std::string> ids(const record::View& view, const Handles& handles) {
  std::vector<std::string> out;
  for (auto handle : handles) out.emplace_back(view.id(handle));
  return out;
}

// Everything that a view shows, as text: what two equal states have in common.
inline std::string shown(const record::View& view) {
  std::string out;
  const auto add_all = [&](record::NodeKind kind, auto handle) {
    for (handle.index = 0; handle.index < view.count(kind); ++handle.index) {
      const std::string id(view.id(handle));
      out += record::short_id({kind, handle.index, {}}) + " " + id + " " +
             std::to_string(static_cast<int>(*view.status(kind, id))) + " " +
             json::canonical(*view.definition(kind, id)) + "\n";
    }
  };
  add_all(record::NodeKind::kPrincipal, record::PrincipalHandle{});
  add_all(record::NodeKind::kTeam, record::TeamHandle{});
  add_all(record::NodeKind::kResource, record::ResourceHandle{});
  add_all(record::NodeKind::kEntitlement, record::EntitlementHandle{});
  add_all(record::NodeKind::kDelegation, record::DelegationHandle{});
  add_all(record::NodeKind::kAuthenticator, record::AuthenticatorHandle{});
  add_all(record::NodeKind::kTrustedIssuer, record::TrustedIssuerHandle{});
  for (const GuardrailDefinition& guardrail : view.guardrails()) {
    out += json::canonical(guardrail.to_json()) + "\n";
  }
  return out;
}

}  // namespace mandate::test
