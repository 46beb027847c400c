// The excerpt of DOCUMENT.md with what it leaves out filled in and what is not enforced yet taken
// away, and one door through which tests change one thing in it.
//
//   check({"a title", "max_depth: 2\n", "max_depth: 17\n", "expected a whole number"});
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mandate::test {

inline constexpr std::string_view kExcerpt = R"(apiVersion: mandate/v1

teams:                                     # own and approve; never act
  - {id: "team:support", members: ["human:maria@acme.example", "human:kim@acme.example"]}

principals:
  - id: "human:maria@acme.example"
    authenticators: [{issuer: acme-idp, claims: {email: "maria@acme.example"}}]
  - id: "agent:triage"
    owner: "team:support"                  # every non-human has one
    environment: prod
    not_after: "2027-12-31T00:00:00Z"
    authenticators:
      - jwk: {kty: EC, crv: P-256, x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
              y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
        not_after: "2027-03-31T00:00:00Z"  # rotation is visible, and enforced
  - id: "pipeline:web-release"
    owner: "human:maria@acme.example"
    environment: prod
    authenticators: []
  - {id: "service:tickets-api", owner: "team:support", environment: prod,
     authenticators:
       [{jwk: {kty: OKP, crv: Ed25519, x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}]}

resources:
  - id: "https://tickets.acme.example"
    type: tickets
    actions: [read, comment, close]
    resource_server: "service:tickets-api"
    environment: prod
    enforcement: enforce
    accept_asserted: false
    origin: "https://tickets.acme.example"
    enforcement_points: [{address: "10.0.0.7", headers: original}]
    signing_algorithm: ES256
    permits: listed
    cache_when_down: 0s
    routes:
      - {methods: [GET], path: "/queue/{queue}/{ticket}", action: read,
         identifier: "queue/{queue}/{ticket}"}

entitlements:
  - id: support-tickets
    principal: "human:maria@acme.example"
    authority: [{type: tickets, locations: ["https://tickets.acme.example"],
                 actions: [read, comment, close]}]
    max_depth: 2                           # how many delegations may stand below

delegations:
  - id: triage-reads
    delegator: "human:maria@acme.example"
    delegate: "agent:triage"
    authority:
      - {type: tickets, locations: ["https://tickets.acme.example"], actions: [read, comment],
         identifier: "queue/eu/*",
         constraints: {environments: [prod], networks: ["10.0.0.0/8"],
                       hours: {days: [mon, tue, wed, thu, fri], from: "08:00", to: "18:00",
                               zone: Europe/Berlin},
                       any_of: {resource.properties.severity: [low, medium]},
                       max: {context.amount: 500}}}
    not_before: "2026-12-01T00:00:00Z"
    not_after: "2027-03-31T00:00:00Z"
    max_depth: 1
    max_token_lifetime: 5m
    purpose: "first-line triage"

guardrails:
  - {select: {kind: agent}, max_token_lifetime: 10m, max_depth: 2}

exceptions: []

trusted_issuers:
  - id: github
    issuer: "https://token.actions.githubusercontent.com"
    audience: "https://mandate.acme.example"
    jwks_file: "github.jwks.json"
    algorithms: [RS256]
    max_token_age: 10m
    may_assert: []
)";

// One change to the excerpt: `from`, which stands in it once, becomes `to`. Where `says` is empty
// the document is accepted still; else it is refused at the line of `from` plus `lines_below`.
struct Change {
  std::string_view title;
  std::string_view from;
  std::string to;
  std::string_view says = {};
  int lines_below = 0;
};
void check(const Change& change);
void check_all(const std::vector<Change>& changes);

}  // namespace mandate::test
