#include "bench/frame/organisation.h"

#include <algorithm>
#include <cstdio>

#include "bench/frame/figure.h"
#include "mandate/base/bytes.h"
#include "mandate/crypto/hash.h"
#include "testing/evidence.h"

namespace mandate::bench {
namespace {

constexpr std::uint32_t kResources = 20;
constexpr std::uint32_t kSharedAt = 100;  // authorities of a resource
constexpr std::uint32_t kNobody = UINT32_MAX;

std::string numbered(const char* prefix, int width, std::uint32_t number) {
  char text[64];
  std::snprintf(text, sizeof text, "%s%0*u", prefix, width, number);
  return text;
}

ResourceId resource_id(std::uint32_t index) {
  return *must(ResourceId::parse("https://tickets-" + std::to_string(index) + ".acme.example"));
}

Authority authority(std::uint32_t resource, std::vector<std::string> actions,
                    const std::string& pattern) {
  Permission permission{"tickets", {resource_id(resource)}, std::move(actions), std::nullopt, {}};
  if (!pattern.empty()) permission.identifier = *must(Pattern::parse(pattern));
  return *must(Authority::of({std::move(permission)}));
}

std::string queue(std::uint32_t index) { return "queue-" + std::to_string(index); }

}  // namespace

const Instant kNow = parse_rfc3339("2027-01-15T12:00:00Z").value();

std::string Organisation::principal_id(std::uint32_t index) {
  return numbered(index % 5 == 0 ? "human:" : "agent:", 24, index);
}
std::string Organisation::delegation_id(std::uint32_t index) {
  return numbered("delegation-", 19, index);
}

Organisation::Organisation(Sink sink) : sink_(std::move(sink)) {
  for (std::uint32_t i = 0; i < kResources; ++i) {
    of_people_.push_back(authority(i, {"close", "comment", "read"}, ""));
    for (std::uint32_t j = 0; j < kSharedAt; ++j) {
      shared_.push_back(authority(i, {"comment", "read"}, queue(j) + "/**"));
    }
    put({ResourceDefinition{.id = resource_id(i),
                            .type = "tickets",
                            .actions = {"close", "comment", "read"},
                            .resource_server = std::nullopt,
                            .environment = "prod",
                            .origin = resource_id(i).text(),
                            .enforcement_points = {},
                            .routes = {}},
         {}});
  }
}

void Organisation::put(record::Put put) { sink_({kNow, "bootstrap", std::move(put)}); }

void Organisation::put_principal(std::uint32_t index) {
  const PrincipalId id = *must(PrincipalId::parse(principal_id(index)));
  const std::uint32_t person = index - index % 5;
  std::optional<Owner> owner;
  if (index != person) owner = *must(PrincipalId::parse(principal_id(person)));
  put({PrincipalDefinition{.id = id,
                           .owner = owner,
                           .environment = "prod",
                           .not_after = std::nullopt,
                           .authenticators = {}},
       {}});
  if (index != person) return;
  put({EntitlementDefinition{
           .id = *must(EntitlementId::parse(numbered("entitlement-", 18, index / 5))),
           .principal = id,
           .authority = of_people_[index / 5 % kResources],
           .max_depth = 16},
       {}});
}

void Organisation::put_delegation(std::uint32_t parent, std::uint32_t root, std::uint32_t delegate,
                                  const Authority& limit, int max_depth) {
  DelegationDefinition definition{
      .id = *must(DelegationId::parse(delegation_id(size_.delegations))),
      .delegator = std::nullopt,
      .parent = std::nullopt,
      .delegate = *must(PrincipalId::parse(principal_id(delegate))),
      .authority = limit,
      .not_before = std::nullopt,
      .not_after = kNow + std::chrono::days(90),
      .max_depth = max_depth,
      .max_token_lifetime = Seconds(300),
      .purpose = "tickets"};
  if (parent == kNobody) {
    definition.delegator = *must(PrincipalId::parse(principal_id(root)));
  } else {
    definition.parent = *must(DelegationId::parse(delegation_id(parent)));
  }
  put({std::move(definition), {}});
  ++size_.delegations;
}

// Spread over all software, so that neighbours in the list are none in memory.
std::uint32_t Organisation::software(std::uint32_t seed) const {
  const std::uint32_t count = size_.principals / 5 * 4;
  const auto at = static_cast<std::uint32_t>((seed * std::uint64_t{2'654'435'761}) % count);
  return at / 4 * 5 + 1 + at % 4;
}

std::uint32_t Organisation::add_chain(int depth, bool own_identifier, int below) {
  const std::uint32_t people = size_.principals / 5;
  const std::uint32_t person = chains_ % people;
  const std::uint32_t resource = person % kResources;
  const std::uint32_t at = chains_ / people % kSharedAt;
  std::vector<std::uint32_t> actors;
  for (std::uint32_t seed = chains_ * 17; actors.size() < static_cast<std::size_t>(depth); ++seed) {
    const std::uint32_t actor = software(seed);
    if (std::find(actors.begin(), actors.end(), actor) == actors.end()) actors.push_back(actor);
  }
  std::uint32_t parent = kNobody;
  for (int level = 0; level < depth; ++level) {
    const bool own = own_identifier && level + 1 == depth;
    put_delegation(parent, person * 5, actors[static_cast<std::size_t>(level)],
                   own ? authority(resource, {"read"}, queue(at) + "/" + std::to_string(chains_))
                       : shared_[resource * kSharedAt + at],
                   depth - level - 1 + below);
    parent = size_.delegations - 1;
  }
  ++chains_;
  return parent;
}

std::uint32_t Organisation::add_hub(std::uint32_t children) {
  const std::uint32_t hub = add_chain(1, false, 1);
  const std::uint32_t people = size_.principals / 5;
  const std::uint32_t chain = chains_ - 1;
  const Authority& limit =
      shared_[chain % people % kResources * kSharedAt + chain / people % kSharedAt];
  for (std::uint32_t i = 0; i < children; ++i) {
    put_delegation(hub, 0, software(chain * 17 + 1 + i), limit, 0);
  }
  return hub;
}

// Of every 15 delegations, 3 are leaves with an identifier of their own.
void Organisation::grow_to(Size size) {
  while (size_.principals < size.principals) put_principal(size_.principals++);
  while (size_.delegations + 5 <= size.delegations) {
    const int depth = 1 + static_cast<int>(chains_ % 5);
    add_chain(depth, depth % 2 == 1);
  }
}

TokenClaims claims_of(const record::View& view, std::uint32_t leaf) {
  std::vector<DelegationId> lineage;
  std::vector<PrincipalId> actors;
  std::vector<std::string> rests_on;
  std::optional<record::DelegationHandle> next = record::DelegationHandle{leaf};
  record::PrincipalHandle root;
  while (next) {
    const record::Delegation& hop = *view.delegation(*next);
    lineage.push_back(*must(DelegationId::parse(view.id(*next))));
    actors.push_back(*must(PrincipalId::parse(view.id(hop.delegate))));
    rests_on.push_back(record::short_id({record::NodeKind::kPrincipal, hop.delegate.index, {}}));
    root = hop.delegator;
    next = hop.parent;
  }
  rests_on.push_back(record::short_id({record::NodeKind::kPrincipal, root.index, {}}));
  rests_on.push_back(record::short_id(
      {record::NodeKind::kEntitlement, view.entitlements_of(root).front().index, {}}));
  const Authority authority = view.delegation({leaf})->authority->whole();
  const Digest jti = crypto::sha256("jti " + std::to_string(leaf));
  return TokenClaims{.subject = *must(PrincipalId::parse(view.id(root))),
                     .client_id = actors.front(),
                     .actors = actors,
                     .audience = authority.permissions().front().locations.front(),
                     .authority = authority,
                     .jkt = encode_base64url(mandate::view(crypto::sha256(actors.front().text()))),
                     .transaction = encode_base64url(mandate::view(jti)).substr(0, 22),
                     .jti = encode_base64url(mandate::view(jti)),
                     .issued_at = kNow,
                     .expires_at = kNow + Seconds(300),
                     .lineage = std::move(lineage),
                     .rests_on = std::move(rests_on),
                     .revision = view.revision()};
}

AccessRequest request_of(const record::View& view, std::uint32_t leaf) {
  const Authority authority = view.delegation({leaf})->authority->whole();
  const Permission& permission = authority.permissions().front();
  const std::string& pattern = permission.identifier->text();
  const std::string identifier =
      pattern.ends_with("/**") ? pattern.substr(0, pattern.size() - 2) + "17" : pattern;
  return AccessRequest{.type = "tickets",
                       .location = permission.locations.front(),
                       .action = "read",
                       .identifier = *must(Identifier::parse(identifier)),
                       .facts = {},
                       .client_address = std::nullopt};
}

ProvenPossession possession_of(const VerifiedToken& token) {
  return testing::EvidenceMaker::possession(*token.claims().jkt, token.hash());
}

Asked asked_of(const record::View& view, std::uint32_t leaf) {
  VerifiedToken token = testing::EvidenceMaker::token(
      claims_of(view, leaf), crypto::sha256("token " + std::to_string(leaf)));
  ProvenPossession possession = possession_of(token);
  decision::Standing standing = *must(decision::standing_of(view, token.claims()));
  return {std::move(token), std::move(possession), request_of(view, leaf), std::move(standing)};
}

}  // namespace mandate::bench
