// What is on record about each noun, as DOCUMENT.md writes it: typed definitions, read strictly
// from JSON or YAML and written back in canonical order. One reader serves documents, the
// management API and the record's events, so they cannot drift. A field that exists and is not
// enforced yet is refused with its line; nothing is accepted and ignored.
//
//   Result<DelegationDefinition> d = DelegationDefinition::parse(value);
//   json::canonical(d->to_json())  // the digest of this is the delegation's
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "mandate/authority/authority.h"
#include "mandate/authority/ids.h"
#include "mandate/base/instant.h"
#include "mandate/json/value.h"

namespace mandate {

struct TeamDefinition {
  TeamId id;
  std::vector<PrincipalId> members;  // humans
  static Result<TeamDefinition> parse(const json::Value& value);
  json::Value to_json() const;
  friend bool operator==(const TeamDefinition&, const TeamDefinition&) = default;
};

// How a principal proves itself: a public key, or for a human a trusted issuer with claim
// conditions.
struct Authenticator {
  struct Issued {
    TrustedIssuerId issuer;
    std::vector<std::pair<std::string, std::string>> claims;  // sorted by name, at least one
    friend bool operator==(const Issued&, const Issued&) = default;
  };
  std::variant<json::Value, Issued> proof;  // a public JWK's members, or an issuer's claims
  std::optional<Instant> not_after;
  friend bool operator==(const Authenticator&, const Authenticator&) = default;
};

using Owner = std::variant<TeamId, PrincipalId>;  // a principal that owns is a human

struct PrincipalDefinition {
  PrincipalId id;
  std::optional<Owner> owner;  // every non-human has one
  std::string environment;     // empty: none
  std::optional<Instant> not_after;
  std::vector<Authenticator> authenticators;
  static Result<PrincipalDefinition> parse(const json::Value& value);
  json::Value to_json() const;
  friend bool operator==(const PrincipalDefinition&, const PrincipalDefinition&) = default;
};

enum class HeaderFamily : std::uint8_t { kOriginal, kForwarded };
// Who may ask, by what its connection proves: exactly one of the three.
struct EnforcementPoint {
  std::optional<IpAddress> address;      // over TCP
  std::string certificate;               // a DNS name or URI of its client certificate; or empty
  std::optional<std::uint32_t> user_id;  // of its process, over a Unix socket
  HeaderFamily headers;
  std::string text() const;  // "10.0.0.7", "proxy.acme.example", "user 33"
  friend bool operator==(const EnforcementPoint&, const EnforcementPoint&) = default;
};
struct Route {
  std::vector<std::string> methods;  // sorted; empty: every method
  std::string path;                  // as mandate/authority/route.h reads it
  std::string action;
  std::string identifier;  // template over captures: "queue/{queue}/{ticket}"
  friend bool operator==(const Route&, const Route&) = default;
};
enum class SigningAlgorithm : std::uint8_t { kEs256, kRs256 };
enum class PermitJournal : std::uint8_t { kListed, kDurable };
enum class Enforcement : std::uint8_t {
  kEnforce,
  kShadow,  // decide and journal, and permit what only lacks authority
};
// How long an enforcement point may keep a permit at the most while nobody answers it.
inline constexpr Seconds kCacheWhenDownMax{300};

struct ResourceDefinition {
  ResourceId id;
  std::string type;
  std::vector<std::string> actions;
  std::optional<PrincipalId> resource_server;
  std::string environment;
  bool accept_asserted = false;
  std::string origin;  // scheme://host[:port]; default: the id's own
  std::vector<EnforcementPoint> enforcement_points;
  SigningAlgorithm signing_algorithm = SigningAlgorithm::kEs256;
  PermitJournal permits = PermitJournal::kListed;
  Enforcement enforcement = Enforcement::kEnforce;
  Seconds cache_when_down{0};  // 0: a permit is for one request
  std::vector<Route> routes;   // first match decides; none: denied
  static Result<ResourceDefinition> parse(const json::Value& value);
  json::Value to_json() const;
  friend bool operator==(const ResourceDefinition&, const ResourceDefinition&) = default;
};

struct EntitlementDefinition {
  EntitlementId id;
  PrincipalId principal;
  Authority authority;
  int max_depth = 0;  // delegations that may stand below; 0: not delegable
  static Result<EntitlementDefinition> parse(const json::Value& value);
  json::Value to_json() const;
  friend bool operator==(const EntitlementDefinition&, const EntitlementDefinition&) = default;
};

struct DelegationDefinition {
  DelegationId id;
  // Exactly one of the two is written: who delegates, or what this is cut from.
  std::optional<PrincipalId> delegator;
  std::optional<DelegationId> parent;
  PrincipalId delegate;
  Authority authority;
  std::optional<Instant> not_before;
  std::optional<Instant> not_after;
  int max_depth = 0;  // further delegations allowed below this one
  std::optional<Seconds> max_token_lifetime;
  std::string purpose;
  static Result<DelegationDefinition> parse(const json::Value& value);
  json::Value to_json() const;
  friend bool operator==(const DelegationDefinition&, const DelegationDefinition&) = default;
};

struct GuardrailDefinition {
  std::optional<PrincipalKind> kind;     // select: {kind: agent}
  std::optional<PrincipalId> principal;  // or {principal: "agent:triage"}; both: both must hold
  std::optional<Seconds> max_token_lifetime;
  std::optional<int> max_depth;
  static Result<GuardrailDefinition> parse(const json::Value& value);
  json::Value to_json() const;
  bool selects(const PrincipalId& id) const;
  friend bool operator==(const GuardrailDefinition&, const GuardrailDefinition&) = default;
};

struct TrustedIssuerDefinition {
  TrustedIssuerId id;
  std::string issuer;  // compared as an exact string
  std::string audience;
  json::Value jwks;  // the keys' public members; a document names a file, the record holds this
  std::optional<std::string> jwks_file;  // in documents only; `apply` reads it and clears it
  std::vector<std::string> algorithms;   // of ES256, ES384, EdDSA, RS256, PS256
  Seconds max_token_age{600};
  static Result<TrustedIssuerDefinition> parse(const json::Value& value);
  json::Value to_json() const;
  friend bool operator==(const TrustedIssuerDefinition&, const TrustedIssuerDefinition&) = default;
};

// `apiVersion: mandate/v1` and the lists; ids are unique within each.
struct Document {
  std::vector<TeamDefinition> teams;
  std::vector<PrincipalDefinition> principals;
  std::vector<ResourceDefinition> resources;
  std::vector<EntitlementDefinition> entitlements;
  std::vector<DelegationDefinition> delegations;
  std::optional<std::vector<GuardrailDefinition>> guardrails;  // the whole list, or not spoken of
  std::vector<TrustedIssuerDefinition> trusted_issuers;
  static Result<Document> parse(const json::Value& value);
  json::Value to_json() const;
  friend bool operator==(const Document&, const Document&) = default;
};

}  // namespace mandate
