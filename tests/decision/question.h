// A question over one small organisation that is permitted as it stands; a test changes one thing.
//
//   Question question;   question.action = "close";   question.decide().refusal->reason
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "mandate/base/time_zones.h"
#include "mandate/decision/decision.h"
#include "testing/evidence.h"
#include "testing/world.h"

namespace mandate::test {
using decision::Decision;
using record::NodeKind;

// maria holds support; kim's own tickets have a hop of their own. maria -> triage -> helper.
inline constexpr std::string_view kOrganisation = R"(
apiVersion: mandate/v1
teams:
  - {id: "team:support", members: ["human:kim@acme.example", "human:lee@acme.example"]}
principals:
  - {id: "human:maria@acme.example"}
  - {id: "human:kim@acme.example"}
  - {id: "human:lee@acme.example"}
  - {id: "organization:partner.example"}
  - {id: "agent:triage", owner: "team:support", not_after: "2027-06-01T00:00:00Z",
     authenticators: [{jwk: {kty: OKP, crv: Ed25519,
                             x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
                       not_after: "2027-05-01T00:00:00Z"}]}
  - {id: "service:helper", owner: "human:lee@acme.example"}
resources:
  - {id: "https://tickets.acme.example", type: tickets, actions: [read, comment, close],
     environment: prod}
  - {id: "https://open.acme.example", type: tickets, actions: [read, comment, close],
     accept_asserted: true}
entitlements:
  - id: support
    principal: "human:maria@acme.example"
    max_depth: 2
    authority: [{type: tickets, locations: ["https://tickets.acme.example",
                 "https://open.acme.example"], actions: [read, comment]}]
  - id: closing
    principal: "human:maria@acme.example"
    authority: [{type: tickets, locations: ["https://open.acme.example"], actions: [close],
                 constraints: {max: {context.amount: 5}}}]
  - id: kims
    principal: "human:kim@acme.example"
    max_depth: 1
    authority: [{type: tickets, locations: ["https://tickets.acme.example"], actions: [read]}]
delegations:
  - id: triage-reads
    delegator: "human:maria@acme.example"
    delegate: "agent:triage"
    not_before: "2027-01-01T00:00:00Z"
    not_after: "2027-03-01T00:00:00Z"
    max_depth: 1
    max_token_lifetime: 10m
    authority: [{type: tickets, locations: ["https://tickets.acme.example"],
                 actions: [read, comment], identifier: "queue/eu/*",
                 constraints: {environments: [prod]}}]
  - id: helper-reads
    parent: triage-reads
    delegate: "service:helper"
    max_token_lifetime: 5m
    authority: [{type: tickets, locations: ["https://tickets.acme.example"], actions: [read],
                 identifier: "queue/eu/*",
                 constraints: {environments: [prod],
                               hours: {days: [mon, tue, wed, thu, fri], from: "08:00",
                                       to: "18:00", zone: Europe/Berlin}}}]
  - id: kims-reads
    delegator: "human:kim@acme.example"
    delegate: "agent:triage"
    authority: [{type: tickets, locations: ["https://tickets.acme.example"], actions: [read]}]
)";

inline const SystemTimeZones& zones() {
  static const SystemTimeZones loaded = SystemTimeZones::load().value();
  return loaded;
}
inline Instant at(std::string_view text) { return parse_rfc3339(text).value(); }
inline PrincipalId principal(std::string_view id) { return PrincipalId::parse(id).value(); }

inline json::Value authority_json(std::string_view text) { return json::parse(text).value(); }

// A question that is permitted as it stands: helper reads for maria, through triage.
struct Question {
  World world{kOrganisation};
  Instant now = at("2027-01-15T12:00:00Z");  // a Friday
  std::string action = "read";
  std::string location = "https://tickets.acme.example";
  std::string identifier = "queue/eu/7";
  std::vector<std::string> lineage = {"helper-reads", "triage-reads"};
  std::string root = "support";
  std::string subject = "human:maria@acme.example";
  std::string actor = "service:helper";
  std::vector<std::string> more_rests_on = {"t:before"};

  decision::Lineage named_lineage() {
    const record::View view = world.view();
    decision::Lineage named{view.find_entitlement(root).value(), {}};
    for (const std::string& id : lineage) {
      named.delegations.push_back(view.find_delegation(id).value());
    }
    return named;
  }

  AccessRequest request() const {
    return {
        "tickets",
        ResourceId::parse(location).value(),
        action,
        identifier.empty() ? std::nullopt : std::optional(Identifier::parse(identifier).value()),
        {},
        {}};
  }

  TokenClaims claims() {
    const Authority authority =
        Authority::parse(authority_json(R"([{"type":"tickets","actions":["read","comment","close"],
            "locations":["https://tickets.acme.example","https://open.acme.example"]}])"))
            .value();
    TokenClaims claims{principal(subject),
                       principal(actor),
                       {},
                       ResourceId::parse(location).value(),
                       authority,
                       "key",
                       "transaction",
                       "this",
                       at("2027-01-15T11:59:00Z"),
                       at("2028-01-01T00:00:00Z"),
                       {},
                       decision::rests_on(world.view(), named_lineage()),
                       1};
    for (const std::string& id : lineage) {
      claims.lineage.push_back(DelegationId::parse(id).value());
    }
    claims.rests_on.insert(claims.rests_on.end(), more_rests_on.begin(), more_rests_on.end());
    return claims;
  }

  Decision decide() {
    const VerifiedToken token = testing::EvidenceMaker::token(claims());
    const ProvenPossession possession = testing::EvidenceMaker::possession("key", token.hash());
    Decision looked_up =
        decision::decide(world.view(), now, zones(), request(), {&token, &possession, {}});
    // A token seen before decides the same.
    const Result<decision::Standing> standing = decision::standing_of(world.view(), token.claims());
    if (standing) {
      const Decision known = decision::decide(world.view(), now, zones(), request(),
                                              {&token, &possession, {}, &*standing});
      EXPECT_EQ(known.refusal.has_value(), looked_up.refusal.has_value());
      if (known.refusal && looked_up.refusal) {
        EXPECT_EQ(known.refusal->reason, looked_up.refusal->reason);
        EXPECT_EQ(known.refusal->detail, looked_up.refusal->detail);
      }
      const decision::Names names = names_of(world.view(), known, &token.claims());
      const decision::Names before = names_of(world.view(), looked_up, &token.claims());
      EXPECT_EQ(names.delegations, before.delegations);
      EXPECT_EQ(names.entitlement, before.entitlement);
      EXPECT_EQ(names.rests_on, before.rests_on);
    }
    return looked_up;
  }

  // No token; over the subject's own entitlements.
  Decision decide_asserted() {
    return decision::decide(world.view(), now, zones(), request(),
                            {nullptr, nullptr, principal(subject)});
  }
};

}  // namespace mandate::test
