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

template <class T>
struct Version {
  Revision revision;  // from which on it holds
  const Version* older;
  T value;
};

// The version that holds at a revision; nullptr: none yet.
template <class T>
const Version<T>* version_at(const Version<T>* newest, Revision revision) {
  while (newest && newest->revision > revision) newest = newest->older;
  return newest;
}
template <class T>
const T* value_at(const Version<T>* newest, Revision revision) {
  const Version<T>* version = version_at(newest, revision);
  return version ? &version->value : nullptr;
}

template <class T>
struct Node {
  Node(const char* id_at, std::uint32_t next_in_list, Revision revision, const T& value)
      : id(id_at), next(next_in_list), newest(&first), first{revision, nullptr, value} {}
  const char* id;
  std::uint32_t next;  // the handle + 1 of the next in its list; 0: the last
  std::atomic<const Version<T>*> newest;
  Version<T> first;
};

// The nodes of one kind, by handle and by id.
template <class T>
struct Table {
  ChunkedArray<Node<T>> nodes;
  HashIndex ids;

  std::string_view id(std::uint32_t index) const { return text_at(nodes[index].id); }

  std::optional<std::uint32_t> find(std::string_view text) const {
    return ids.find(hash_of_text(text), [&](std::uint32_t index) { return id(index) == text; });
  }
  const T* at(std::uint32_t index, Revision revision) const {
    if (index >= nodes.size()) return nullptr;
    return value_at(nodes[index].newest.load(std::memory_order_acquire), revision);
  }
  void read_ahead(std::uint32_t index) const {
    if (index >= nodes.size()) return;
    const char* node = reinterpret_cast<const char*>(&nodes[index]);
    constexpr std::size_t kLineBytes = 64;
    for (std::size_t at = 0; at < sizeof(Node<T>); at += kLineBytes) __builtin_prefetch(node + at);
  }
  std::optional<std::uint32_t> find_at(std::string_view text, Revision revision) const {
    std::optional<std::uint32_t> index = find(text);
    return index && at(*index, revision) ? index : std::nullopt;
  }
  // Handles count up with revisions, so those of a revision are a prefix.
  std::uint32_t count(Revision revision) const {
    std::uint32_t low = 0;
    std::uint32_t high = nodes.size();
    while (low < high) {
      const std::uint32_t middle = low + (high - low) / 2;
      if (nodes[middle].first.revision <= revision) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  // The writer's. Precondition: the id is not there.
  std::uint32_t add(Arena& arena, std::string_view text, std::uint32_t next, Revision revision,
                    const T& value) {
    const std::uint32_t index = nodes.size();
    nodes.emplace(arena.text(text), next, revision, value);
    ids.insert(hash_of_text(text), index, [&](std::uint32_t i) { return hash_of_text(id(i)); });
    return index;
  }
  void put(Arena& arena, std::uint32_t index, Revision revision, const T& value) {
    Node<T>& node = nodes[index];
    const Version<T>* older = node.newest.load(std::memory_order_relaxed);
    node.newest.store(arena.make<Version<T>>(revision, older, value), std::memory_order_release);
  }
  // Precondition: the writer's thread, or an index below the published count.
  const T& newest(std::uint32_t index) const {
    return nodes[index].newest.load(std::memory_order_acquire)->value;
  }
};

// A revoked token or transaction.
struct Ended {
  Instant until = kEndOfTime;  // when it would have ended anyway
};
using Guardrails = std::vector<GuardrailDefinition>;

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
  Table<Principal> principals;
  Table<Team> teams;
  Table<Resource> resources;
  Table<Entitlement> entitlements;
  Table<Delegation> delegations;
  Table<AuthenticatorRecord> authenticators;
  Table<TrustedIssuer> trusted_issuers;
  Table<Ended> tokens;
  Table<Ended> transactions;
  HashIndex delegation_edges;  // heads of lists through Node::next, newest first
  HashIndex entitlement_edges;
  std::atomic<const Version<Guardrails>*> guardrails{nullptr};
  std::atomic<Revision> published{0};
  std::atomic<Instant> published_time{kBeginningOfTime};  // of the last event by then, or later
  std::atomic<Revision> applied{0};
  std::atomic<Revision> earliest{0};
  std::atomic<std::uint32_t> discovered{0};  // applied

  // The writer's.
  Arena arena;
  std::deque<Version<Guardrails>> guardrail_versions;
  std::deque<ResourceDefinition> resource_definitions;
  std::deque<TrustedIssuerDefinition> trusted_issuer_definitions;
  std::deque<Authority> authorities;
  HashIndex authorities_by_hash;
  std::deque<Authenticator> authenticator_definitions;
  std::unordered_set<std::string_view> texts;  // into the arena
  Instant last_time = kBeginningOfTime;        // of the last event
  // By what they are cut from (`hop_grants_key`): those that were live when the last was added.
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> hop_grants;

  // Equal values become one object.
  std::string_view intern(std::string_view text);
  const Authority* intern(const Authority& authority);

  bool is_live(std::uint32_t delegation, Instant now) const {
    const Delegation& value = delegations.newest(delegation);
    return value.status == Status::kActive && value.not_after > now;
  }
  std::size_t live_hop_grants(std::uint64_t key, Instant now) const;

  // Nodes with lists. Precondition: the id is not there.
  void add_delegation(std::string_view id, Revision revision, const Delegation& delegation);
  void add_entitlement(std::string_view id, Revision revision, const Entitlement& entitlement);
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
