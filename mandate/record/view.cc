// What readers see: versions at or below their revision. No lock is taken here.
#include <algorithm>
#include <cassert>
#include <utility>

#include "mandate/record/definitions.h"
#include "mandate/record/state_impl.h"

namespace mandate::record {
namespace {

template <class H>
std::optional<H> handle(std::optional<std::uint32_t> index) {
  return index ? std::optional(H{*index}) : std::nullopt;
}

// The list under an edge, as it was at the revision, in the order of ids.
template <class H, class T>
std::vector<H> list(const Table<T>& table, const HashIndex& edges, const Edge& edge,
                    Revision revision) {
  std::vector<H> found;
  std::optional<std::uint32_t> head = edges.find(
      edge.hash(), [&](std::uint32_t index) { return edge_of(table.nodes[index].first) == edge; });
  for (std::uint32_t next = head ? *head + 1 : 0; next != 0; next = table.nodes[next - 1].next) {
    if (table.at(next - 1, revision)) found.push_back({next - 1});
  }
  std::sort(found.begin(), found.end(),
            [&](H a, H b) { return table.id(a.index) < table.id(b.index); });
  return found;
}

}  // namespace

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): the names of seven pairs of functions differ
#define MANDATE_VIEW_OF(Noun, noun, plural)                                                      \
  std::optional<Noun##Handle> View::find_##noun(std::string_view id) const {                     \
    return handle<Noun##Handle>(state_->impl_->plural.find_at(id, hash_of_text(id), revision_)); \
  }                                                                                              \
  std::string_view View::id(Noun##Handle at) const { return state_->impl_->plural.id(at.index); }

MANDATE_VIEW_OF(Principal, principal, principals)
MANDATE_VIEW_OF(Team, team, teams)
MANDATE_VIEW_OF(Resource, resource, resources)
MANDATE_VIEW_OF(Entitlement, entitlement, entitlements)
MANDATE_VIEW_OF(Delegation, delegation, delegations)
MANDATE_VIEW_OF(Authenticator, authenticator, authenticators)
MANDATE_VIEW_OF(TrustedIssuer, trusted_issuer, trusted_issuers)
#undef MANDATE_VIEW_OF

const Principal* View::principal(PrincipalHandle at) const {
  return state_->impl_->principals.at(at.index, revision_);
}
const Team* View::team(TeamHandle at) const { return state_->impl_->teams.at(at.index, revision_); }
const Resource* View::resource(ResourceHandle at) const {
  return state_->impl_->resources.at(at.index, revision_);
}
const Entitlement* View::entitlement(EntitlementHandle at) const {
  return state_->impl_->entitlements.at(at.index, revision_);
}
const Delegation* View::delegation(DelegationHandle at) const {
  return state_->impl_->delegations.at(at.index, revision_);
}
const AuthenticatorRecord* View::authenticator(AuthenticatorHandle at) const {
  return state_->impl_->authenticators.at(at.index, revision_);
}
const TrustedIssuer* View::trusted_issuer(TrustedIssuerHandle at) const {
  return state_->impl_->trusted_issuers.at(at.index, revision_);
}

void View::read_ahead(PrincipalHandle at) const { state_->impl_->principals.read_ahead(at.index); }
void View::read_ahead(EntitlementHandle at) const {
  state_->impl_->entitlements.read_ahead(at.index);
}
void View::read_ahead(DelegationHandle at) const {
  state_->impl_->delegations.read_ahead(at.index);
}

std::string_view View::text(TextHandle handle) const {
  return state_->impl_->arena.text_at(handle.place);
}

std::uint32_t View::count(NodeKind kind) const {
  if (kind == NodeKind::kToken) return state_->impl_->tokens.count(revision_);
  if (kind == NodeKind::kTransaction) return state_->impl_->transactions.count(revision_);
  return state_->impl_->with_table(kind, [&](const auto& table) { return table.count(revision_); });
}

std::vector<EntitlementHandle> View::entitlements_of(PrincipalHandle principal) const {
  return list<EntitlementHandle>(state_->impl_->entitlements, state_->impl_->entitlement_edges,
                                 Edge{false, principal.index, 0}, revision_);
}

std::vector<DelegationHandle> View::delegations_from(DelegationHandle parent,
                                                     PrincipalHandle delegate) const {
  return list<DelegationHandle>(state_->impl_->delegations, state_->impl_->delegation_edges,
                                Edge{true, parent.index, delegate.index}, revision_);
}

std::vector<DelegationHandle> View::delegations_by(PrincipalHandle delegator,
                                                   PrincipalHandle delegate) const {
  return list<DelegationHandle>(state_->impl_->delegations, state_->impl_->delegation_edges,
                                Edge{false, delegator.index, delegate.index}, revision_);
}

std::size_t View::live_hop_grants(DelegationHandle parent, Instant now) const {
  return state_->impl_->live_hop_grants(hop_grants_key(true, parent.index), now);
}

std::size_t View::live_hop_grants(PrincipalHandle delegator, Instant now) const {
  return state_->impl_->live_hop_grants(hop_grants_key(false, delegator.index), now);
}

std::uint64_t View::hash_of(std::string_view text) { return hash_of_text(text); }

bool View::token_revoked(std::string_view jti, std::uint64_t hash) const {
  return state_->impl_->tokens.find_at(jti, hash, revision_).has_value();
}

bool View::transaction_revoked(std::string_view txn, std::uint64_t hash) const {
  return state_->impl_->transactions.find_at(txn, hash, revision_).has_value();
}

const std::vector<GuardrailDefinition>& View::guardrails() const {
  static const std::vector<GuardrailDefinition> none;
  const auto* newest = state_->impl_->guardrails.load(std::memory_order_acquire);
  const GuardrailsVersion* version = version_at(newest, revision_);
  return version ? version->all : none;
}

std::optional<json::Value> View::definition(NodeKind kind, std::string_view id) const {
  if (!has_handle(kind)) return std::nullopt;
  return state_->impl_->with_table(kind, [&](const auto& table) -> std::optional<json::Value> {
    std::optional<std::uint32_t> index = table.find(id);
    const auto* value = index ? table.at(*index, revision_) : nullptr;
    if (!value) return std::nullopt;
    return definition_of(*this, *value, id);
  });
}

std::optional<Status> View::status(NodeKind kind, std::string_view id) const {
  if (!has_handle(kind)) return std::nullopt;
  return state_->impl_->with_table(kind, [&](const auto& table) -> std::optional<Status> {
    std::optional<std::uint32_t> index = table.find(id);
    const auto* value = index ? table.at(*index, revision_) : nullptr;
    return value ? std::optional(value->status) : std::nullopt;
  });
}

}  // namespace mandate::record
