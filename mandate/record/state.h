// State: a fold over the record's events, insert-only, with one writer and any number of readers.
// Nodes lie in chunked arrays with stable addresses; ids are interned; each node has a short list
// of versions, newest first. A reader holds a revision and passes over what is newer: no lock, no
// copy, and time travel is the same read at an older revision (DESIGN section 5).
//
//   State state;  state.apply(event);  state.publish();          // the writer
//   View now = state.view();  const Delegation* d = now.delegation(*now.find_delegation("x"));
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/authority/definition.h"
#include "mandate/authority/stored_authority.h"
#include "mandate/base/limits.h"
#include "mandate/record/compact.h"
#include "mandate/record/event.h"
#include "mandate/record/node.h"
#include "mandate/record/ports.h"

namespace mandate::record {

enum class Status : std::uint8_t {
  kActive,
  kSuspended,   // principals only; can be resumed
  kEnded,       // revoked, or retired: for ever
  kDiscovered,  // principals only: seen somewhere, and inert until a document lists it
};

// A text of a node: an environment, a purpose. View::text reads it.
struct TextHandle {
  std::uint32_t place = 0;
};

// What one version of a node says. Handles and views stay valid as long as the State lives. Who
// delegates to whom, from which parent, whose entitlement it is and whose authenticator never
// changes: an id once used is never used for another.
struct Principal {
  Status status = Status::kActive;
  PrincipalKind kind = PrincipalKind::kHuman;
  Compact<TeamHandle> owner_team;
  Compact<PrincipalHandle> owner;
  TextHandle environment;
  Instant not_after = kEndOfTime;
  std::span<const AuthenticatorHandle> authenticators;
};
struct Team {
  Status status = Status::kActive;
  std::span<const PrincipalHandle> members;
};
struct Resource {
  Status status = Status::kActive;
  const ResourceDefinition* definition = nullptr;
  Compact<PrincipalHandle> resource_server;
};
struct Entitlement {
  Status status = Status::kActive;
  PrincipalHandle principal;
  const StoredAuthority* authority = nullptr;
  int max_depth = 0;
};
struct Delegation {
  const StoredAuthority* authority = nullptr;  // interned: equal authorities are one object
  PrincipalHandle delegator;                   // for one cut from a parent: the parent's delegate
  PrincipalHandle delegate;
  Compact<DelegationHandle> parent;  // nothing: its root is an entitlement of the delegator
  TextHandle purpose;
  PackedInstant not_before = kBeginningOfTime;
  PackedInstant not_after = kEndOfTime;
  PackedLifetime max_token_lifetime;
  Status status : 2 = Status::kActive;
  std::uint8_t max_depth : 6 = 0;
  static constexpr unsigned kDepthMask = 63;
  static_assert(limits::kLineageDepthMax <= kDepthMask);
};
struct AuthenticatorRecord {
  Status status = Status::kActive;  // ended also when its principal no longer lists it
  bool revoked = false;             // explicitly: it never comes back
  PrincipalHandle principal;
  const Authenticator* definition = nullptr;
  Instant not_after = kEndOfTime;
};
struct TrustedIssuer {
  Status status = Status::kActive;
  const TrustedIssuerDefinition* definition = nullptr;
};

class State;

// The state as it was at one revision. Cheap to copy; must not outlive its State.
class View {
 public:
  Revision revision() const { return revision_; }

  std::optional<PrincipalHandle> find_principal(std::string_view id) const;
  std::optional<TeamHandle> find_team(std::string_view id) const;
  std::optional<ResourceHandle> find_resource(std::string_view id) const;
  std::optional<EntitlementHandle> find_entitlement(std::string_view id) const;
  std::optional<DelegationHandle> find_delegation(std::string_view id) const;
  std::optional<AuthenticatorHandle> find_authenticator(std::string_view id) const;
  std::optional<TrustedIssuerHandle> find_trusted_issuer(std::string_view id) const;

  // nullptr where the node did not exist at this revision (or the handle is unknown).
  const Principal* principal(PrincipalHandle handle) const;
  const Team* team(TeamHandle handle) const;
  const Resource* resource(ResourceHandle handle) const;
  const Entitlement* entitlement(EntitlementHandle handle) const;
  const Delegation* delegation(DelegationHandle handle) const;
  const AuthenticatorRecord* authenticator(AuthenticatorHandle handle) const;
  const TrustedIssuer* trusted_issuer(TrustedIssuerHandle handle) const;

  // Asks the memory for a node that will be read soon; of an unknown handle nothing.
  void read_ahead(PrincipalHandle handle) const;
  void read_ahead(EntitlementHandle handle) const;
  void read_ahead(DelegationHandle handle) const;

  // The id of a node. Precondition: the handle came from this state.
  std::string_view id(PrincipalHandle handle) const;
  std::string_view id(TeamHandle handle) const;
  std::string_view id(ResourceHandle handle) const;
  std::string_view id(EntitlementHandle handle) const;
  std::string_view id(DelegationHandle handle) const;
  std::string_view id(AuthenticatorHandle handle) const;
  std::string_view id(TrustedIssuerHandle handle) const;

  // Of one of this state's nodes.
  std::string_view text(TextHandle handle) const;

  // How many of a kind there are at this revision: handles 0 to count - 1.
  std::uint32_t count(NodeKind kind) const;

  // Entitlements of a principal, in the order of their ids (Law 9).
  std::vector<EntitlementHandle> entitlements_of(PrincipalHandle principal) const;
  // Delegations to `delegate` that are cut from `parent`, or, without a parent, that `delegator`
  // gives from its own entitlements. All statuses, in the order of their ids.
  std::vector<DelegationHandle> delegations_from(DelegationHandle parent,
                                                 PrincipalHandle delegate) const;
  std::vector<DelegationHandle> delegations_by(PrincipalHandle delegator,
                                               PrincipalHandle delegate) const;

  // Hop grants cut from `parent`, or from `delegator`'s own entitlements, that have neither ended
  // nor been revoked. Precondition: the writer's thread, at its newest revision.
  std::size_t live_hop_grants(DelegationHandle parent, Instant now) const;
  std::size_t live_hop_grants(PrincipalHandle delegator, Instant now) const;

  bool token_revoked(std::string_view jti) const { return token_revoked(jti, hash_of(jti)); }
  bool transaction_revoked(std::string_view txn) const {
    return transaction_revoked(txn, hash_of(txn));
  }
  // The same with the text's hash, which whoever asks often keeps: then the text, which lies
  // somewhere else, is hardly ever read. Of this process only.
  static std::uint64_t hash_of(std::string_view text);
  bool token_revoked(std::string_view jti, std::uint64_t hash) const;
  bool transaction_revoked(std::string_view txn, std::uint64_t hash) const;
  const std::vector<GuardrailDefinition>& guardrails() const;

  // Of a node with a handle; nothing: not there at this revision.
  std::optional<Status> status(NodeKind kind, std::string_view id) const;
  // The definition as it stands on record, as `get` shows it. nothing: not there at this revision.
  std::optional<json::Value> definition(NodeKind kind, std::string_view id) const;

 private:
  friend class State;
  View(const State& state, Revision revision) : state_(&state), revision_(revision) {}
  const State* state_;
  Revision revision_;
};

class State {
 public:
  State();
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // The writer's two calls, from one thread. `apply` folds the next event in; what the record holds
  // was checked by a command, so a refusal means a record that is not ours. Readers see nothing of
  // it before `publish`.
  Result<void> apply(const Event& event);
  void publish();

  // Events applied, published or not.
  Revision applied() const;
  // Principals that were discovered, and neither adopted nor dismissed. From any thread.
  std::uint32_t discovered() const;
  View view() const;  // at the published revision
  // Precondition: earliest() <= revision, and revision <= the published one, or the writer's
  // thread.
  View view(Revision revision) const;
  Revision earliest() const;  // 0, or the revision of the restored snapshot

  // A binary snapshot of the state at its applied revision, and back: only into an empty state.
  // Older versions of nodes are left out: time travel before a snapshot reads the record. So are
  // revoked tokens and transactions that have ended anyway. A state that refused one is empty, and
  // no view of it from before may be used.
  std::string snapshot() const;
  // The same at a revision that is published, from any thread, while the writer goes on.
  std::string snapshot(Revision revision) const;
  Result<void> restore(SnapshotSource& snapshot);
  Result<void> restore(std::string_view snapshot);
  static Result<Revision> revision_of(std::string_view snapshot);

 private:
  friend class View;
  friend class SnapshotLoader;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mandate::record
