// The inside of State; only the sources of this room that fold, read and snapshot include it.
//
// Memory order: the writer fills a node, then publishes it in an index slot, a list head or a
// `newest` pointer (release); at the end of a batch it publishes the revision (release). A reader
// starts from the revision (acquire), so all that is at or below it is visible; what is newer it
// may meet, and passes over by the version's revision.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "mandate/record/arena.h"
#include "mandate/record/chunked_array.h"
#include "mandate/record/hash_index.h"
#include "mandate/record/state.h"

namespace mandate::record {

inline std::uint64_t hash_of_text(std::string_view text) {
  return std::hash<std::string_view>{}(text);
}

// What a node says from a later revision on; in the arena.
template <class T>
struct Version {
  Revision revision;
  Arena::Place older;  // 0: the node's first
  T value;
};

constexpr std::size_t kLineBytes = 64;

// In one line of the cache: most nodes have no second version.
template <class T>
struct alignas(kLineBytes) Node {
  Node(Arena::Place id_at, Revision revision, const T& value)
      : id(id_at), first_revision(revision), first(value) {}
  Arena::Place id;
  std::uint32_t next = 0;               // the handle + 1 of the next in its list; 0: the last
  std::atomic<Arena::Place> newest{0};  // a Version; 0: the first
  Revision first_revision;
  T first;
};

// The nodes of one kind, by handle and by id.
template <class T>
struct Table {
  explicit Table(Arena& of_texts) : arena(of_texts) {}
  Arena& arena;
  ChunkedArray<Node<T>> nodes;
  HashIndex ids;

  std::string_view id(std::uint32_t index) const { return arena.text_at(nodes[index].id); }

  std::optional<std::uint32_t> find(std::string_view text) const {
    return find(text, hash_of_text(text));
  }
  std::optional<std::uint32_t> find(std::string_view text, std::uint64_t hash) const {
    return ids.find(hash, [&](std::uint32_t index) { return id(index) == text; });
  }
  // `at`: where it says so, the revision from which on it holds.
  const T* at(std::uint32_t index, Revision revision, Revision* since = nullptr) const {
    if (index >= nodes.size()) return nullptr;
    const Node<T>& node = nodes[index];
    Arena::Place place = node.newest.load(std::memory_order_acquire);
    while (place != 0) {
      const auto& version = arena.made_at<Version<T>>(place);
      if (version.revision <= revision) {
        if (since) *since = version.revision;
        return &version.value;
      }
      place = version.older;
    }
    if (node.first_revision > revision) return nullptr;
    if (since) *since = node.first_revision;
    return &node.first;
  }
  void read_ahead(std::uint32_t index) const {
    static_assert(sizeof(Node<T>) == kLineBytes);
    if (index < nodes.size()) __builtin_prefetch(&nodes[index]);
  }
  std::optional<std::uint32_t> find_at(std::string_view text, std::uint64_t hash,
                                       Revision revision) const {
    std::optional<std::uint32_t> index = find(text, hash);
    return index && at(*index, revision) ? index : std::nullopt;
  }
  // Handles count up with revisions, so those of a revision are a prefix.
  std::uint32_t count(Revision revision) const {
    std::uint32_t low = 0;
    std::uint32_t high = nodes.size();
    while (low < high) {
      const std::uint32_t middle = low + (high - low) / 2;
      if (nodes[middle].first_revision <= revision) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  // The writer's. Precondition: the id is not there.
  std::uint32_t add(std::string_view text, Revision revision, const T& value) {
    const std::uint32_t index = append(text, revision, value);
    enter(index, hash_of_text(text));
    return index;
  }
  void put(std::uint32_t index, Revision revision, const T& value) {
    std::atomic<Arena::Place>& newest = nodes[index].newest;
    newest.store(
        arena.template make<Version<T>>(revision, newest.load(std::memory_order_relaxed), value),
        std::memory_order_release);
  }
  // Precondition: the writer's thread, or an index below the published count.
  const T& newest(std::uint32_t index) const {
    const Node<T>& node = nodes[index];
    const Arena::Place place = node.newest.load(std::memory_order_acquire);
    return place == 0 ? node.first : arena.made_at<Version<T>>(place).value;
  }

  // The two halves of `add`. A node that was not entered is not found by its id; false where its
  // id is there already.
  std::uint32_t append(std::string_view text, Revision revision, const T& value) {
    const std::uint32_t index = nodes.size();
    nodes.emplace(arena.text(text), revision, value);
    return index;
  }
  bool enter(std::uint32_t index, std::uint64_t hash) {
    const std::string_view text = id(index);
    return ids.insert(
        hash, index, [&](std::uint32_t i) { return id(i) == text; },
        [&](std::uint32_t i) { return hash_of_text(id(i)); });
  }
};

// A revoked token or transaction.
struct Ended {
  Instant until = kEndOfTime;  // when it would have ended anyway
};
using Guardrails = std::vector<GuardrailDefinition>;
struct GuardrailsVersion {
  Revision revision;
  const GuardrailsVersion* older;
  Guardrails all;
};
inline const GuardrailsVersion* version_at(const GuardrailsVersion* newest, Revision revision) {
  while (newest && newest->revision > revision) newest = newest->older;
  return newest;
}

// What a list of delegations or entitlements is found by.
struct Edge {
  bool from_parent;
  std::uint32_t from;  // the parent, or the delegator or principal
  std::uint32_t to;    // the delegate; of an entitlement 0
  friend bool operator==(const Edge&, const Edge&) = default;
  std::uint64_t hash() const {
    return mix(mix((std::uint64_t{from} << 32) | to) + (from_parent ? 1 : 0));
  }
};
inline Edge edge_of(const Delegation& delegation) {
  return delegation.parent ? Edge{true, (*delegation.parent).index, delegation.delegate.index}
                           : Edge{false, delegation.delegator.index, delegation.delegate.index};
}
inline std::uint64_t hop_grants_key(bool from_parent, std::uint32_t from) {
  return (std::uint64_t{from} << 1) | (from_parent ? 1 : 0);
}
inline Edge edge_of(const Entitlement& entitlement) {
  return {false, entitlement.principal.index, 0};
}

struct State::Impl {
  // Read by all.
  Arena arena;
  Table<Principal> principals{arena};
  Table<Team> teams{arena};
  Table<Resource> resources{arena};
  Table<Entitlement> entitlements{arena};
  Table<Delegation> delegations{arena};
  Table<AuthenticatorRecord> authenticators{arena};
  Table<TrustedIssuer> trusted_issuers{arena};
  Table<Ended> tokens{arena};
  Table<Ended> transactions{arena};
  HashIndex delegation_edges;  // heads of lists through Node::next, newest first
  HashIndex entitlement_edges;
  std::atomic<const GuardrailsVersion*> guardrails{nullptr};
  std::atomic<Revision> published{0};
  std::atomic<Instant> published_time{kBeginningOfTime};  // of the last event by then, or later
  std::atomic<Revision> applied{0};
  std::atomic<Revision> earliest{0};
  std::atomic<std::uint32_t> discovered{0};  // applied

  // The writer's.
  std::deque<GuardrailsVersion> guardrail_versions;
  std::deque<ResourceDefinition> resource_definitions;
  std::deque<TrustedIssuerDefinition> trusted_issuer_definitions;
  std::deque<Permission> terms;  // of authorities: without identifier
  HashIndex terms_by_hash;
  ChunkedArray<const StoredAuthority*> authorities;
  HashIndex authorities_by_hash;
  std::deque<Authenticator> authenticator_definitions;
  std::unordered_map<std::string_view, TextHandle> texts;  // into the arena
  Instant last_time = kBeginningOfTime;                    // of the last event
  // By what they are cut from (`hop_grants_key`): those that were live when the last was added.
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> hop_grants;

  // Equal values become one object.
  TextHandle intern(std::string_view text);
  const StoredAuthority* intern(const Authority& authority);
  const Permission* intern_terms(const Permission& permission);
  // Precondition: as StoredAuthority::make; the terms came from `intern_terms`.
  const StoredAuthority* intern(std::span<const StoredAuthority::Part> parts);

  bool is_live(std::uint32_t delegation, Instant now) const {
    const Delegation& value = delegations.newest(delegation);
    return value.status == Status::kActive && value.not_after > now;
  }
  std::size_t live_hop_grants(std::uint64_t key, Instant now) const;

  // Nodes with lists. Precondition: the id is not there.
  void add_delegation(std::string_view id, Revision revision, const Delegation& delegation);
  void add_entitlement(std::string_view id, Revision revision, const Entitlement& entitlement);
  // Enters a node that was appended into the list of its edge.
  void link_delegation(std::uint32_t index, const Edge& edge);
  void link_entitlement(std::uint32_t index, const Edge& edge);
  void put_guardrails(Revision revision, Guardrails all);

  // The fold; `revision` is the event's.
  Result<void> fold(const Put& put, Revision revision);
  Result<void> fold(const TeamDefinition& team, Revision revision);
  Result<void> fold(const PrincipalDefinition& principal,
                    const std::vector<std::string>& authenticator_ids, Revision revision);
  Result<void> fold(const ResourceDefinition& resource, Revision revision);
  Result<void> fold(const EntitlementDefinition& entitlement, Revision revision);
  Result<void> fold(const DelegationDefinition& delegation, Revision revision);
  Result<void> fold(const TrustedIssuerDefinition& issuer, Revision revision);
  Result<void> fold(const Revoked& revoked, Revision revision);
  Result<void> fold(const Discovered& event, Revision revision);
  void forget_discovered(Status before);
  Result<void> fold_status(const PrincipalId& principal, Status from, Status to, Revision revision);
  Result<std::vector<AuthenticatorHandle>> fold_authenticators(
      PrincipalHandle principal, const std::vector<Authenticator>& definitions,
      const std::vector<std::string>& ids, Revision revision);

  // Where a node's kind is data. `Function`: R(table), for the kinds that have a status.
  template <class Function>
  auto with_table(NodeKind kind, const Function& function) {
    switch (kind) {
      case NodeKind::kPrincipal: return function(principals);
      case NodeKind::kTeam: return function(teams);
      case NodeKind::kResource: return function(resources);
      case NodeKind::kEntitlement: return function(entitlements);
      case NodeKind::kDelegation: return function(delegations);
      case NodeKind::kAuthenticator: return function(authenticators);
      case NodeKind::kTrustedIssuer:
      case NodeKind::kToken:
      case NodeKind::kTransaction: break;
    }
    return function(trusted_issuers);
  }
};

}  // namespace mandate::record
