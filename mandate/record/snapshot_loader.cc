// Snapshots back into a state. Whatever the bytes are, they are refused or give a state that holds
// together: every handle leads somewhere, every id and authority is in its normal form.
#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "mandate/record/snapshot_bytes.h"
#include "mandate/record/state_impl.h"

namespace mandate::record {
namespace {

constexpr std::uint64_t kRevisionMax = std::uint64_t{1} << 53;
constexpr std::uint64_t kCountMax = std::numeric_limits<std::uint32_t>::max() - 1024;
constexpr std::size_t kJsonMax = limits::kLogEntryBytesMax;  // each came in an entry of the record
constexpr std::uint64_t kSecondsMax = PackedLifetime::kMax.count();
constexpr std::uint64_t kNodeBytesMin = 4;  // an id, a revision, and what it says
constexpr std::uint32_t kTogether = 64;     // nodes that are entered into the indices in one go

}  // namespace

// Reads what `State::snapshot` wrote, into an empty state. Handles may point forward
// between principals, teams and authenticators; those are checked at the end.
class SnapshotLoader {
 public:
  SnapshotLoader(State::Impl& state, SnapshotSource& source) : state_(state), in_(source) {}

  Result<void> run() {
    in_.magic(kSnapshotMagic);
    revision_ = in_.number(kRevisionMax);
    state_.last_time = in_.instant();
    terms();
    authorities();
    table<TrustedIssuerId>(state_.trusted_issuers);
    table<PrincipalId>(state_.principals);
    table<TeamId>(state_.teams);
    table<void>(state_.authenticators);
    table<ResourceId>(state_.resources);
    table<EntitlementId>(state_.entitlements);
    table<DelegationId>(state_.delegations);
    ended(state_.tokens);
    ended(state_.transactions);
    guardrails();
    if (in_.ok()) check_handles();
    if (Result<void> ok = in_.finished(); !ok) return ok;
    state_.published_time.store(state_.last_time, std::memory_order_relaxed);
    state_.applied.store(revision_, std::memory_order_relaxed);
    state_.earliest.store(revision_, std::memory_order_relaxed);
    state_.published.store(revision_, std::memory_order_release);
    return {};
  }

 private:
  template <class Definition>
  std::optional<Definition> definition() {
    json::Bounds bounds;
    bounds.bytes_max = kJsonMax;
    Result<json::Value> value = json::parse(in_.text(kJsonMax), bounds);
    if (value) {
      if (Result<Definition> parsed = Definition::parse(*value)) return *std::move(parsed);
    }
    in_.refuse("a definition cannot be read");
    return std::nullopt;
  }

  void terms() {
    const std::uint64_t count = in_.number(kCountMax);
    for (std::uint64_t i = 0; i < count && in_.ok(); ++i) {
      in_.item();
      const std::optional<Authority> read = definition<Authority>();
      if (!read) return;
      if (read->permissions().size() != 1 || read->permissions()[0].identifier) {
        return in_.refuse("terms are those of one permission, without its identifier");
      }
      state_.intern_terms(read->permissions()[0]);
      if (state_.terms.size() != i + 1) in_.refuse("terms stand twice");
    }
  }

  void authorities() {
    const std::uint64_t count = in_.number(kCountMax);
    state_.authorities_by_hash.reserve(std::min(count, in_.remaining() / 3));  // parts, terms, text
    for (std::uint64_t i = 0; i < count && in_.ok(); ++i) {
      in_.item();
      parts_.resize(in_.number(limits::kPermissionsMax));
      for (StoredAuthority::Part& part : parts_) part = this->part();
      if (!in_.ok()) return;
      const StoredAuthority* authority = state_.intern(parts_);
      if (state_.authorities.size() != i + 1) in_.refuse("an authority stands twice");
      // One permission is an authority; several stand in their order, none within another.
      if (parts_.size() > 1 && !(*authority == authority->whole())) {
        in_.refuse("an authority's permissions are not in order");
      }
    }
  }
  StoredAuthority::Part part() {
    if (state_.terms.empty()) in_.refuse("terms are missing");
    const std::uint64_t number = in_.number(state_.terms.size() - 1);
    const std::string_view text = in_.text(limits::kIdentifierBytesMax);
    if (!in_.ok()) return {};
    if (text.empty()) return {&state_.terms[number], std::nullopt};
    const Result<Pattern> pattern = Pattern::parse(text);
    if (!pattern || pattern->text() != text) in_.refuse("an identifier is no pattern");
    return {&state_.terms[number], text};
  }

  // In its normal form.
  template <class IdType>
  std::optional<IdType> parsed(std::string_view text) {
    Result<IdType> id = IdType::parse(text);
    if (id && id->text() == text) return *std::move(id);
    in_.refuse("an id is not one");
    return std::nullopt;
  }

  template <class IdType, class T>
  void table(Table<T>& table) {
    const std::uint64_t count = room_for(table.ids);
    reserve_edges(table, count);
    std::uint32_t entered = 0;
    for (std::uint64_t i = 0; i < count && in_.ok(); ++i) {
      in_.item();
      const std::string_view id = in_.text(limits::kSpiffeIdBytesMax);
      if constexpr (std::is_void_v<IdType>) {
        if (id.empty() || id.size() > limits::kIdBytesMax) in_.refuse("an id is not one");
      } else {
        parsed<IdType>(id);
      }
      const Revision at = in_.number(revision_);
      T value;
      value.status =
          static_cast<Status>(in_.number(static_cast<std::uint64_t>(Status::kDiscovered)));
      const bool is_of_principals =
          value.status == Status::kSuspended || value.status == Status::kDiscovered;
      if (is_of_principals && !std::is_same_v<T, Principal>) {
        in_.refuse("something is suspended or discovered that is no principal");
      }
      read(id, value);
      if (in_.ok()) table.append(id, at, value);
      if (table.nodes.size() - entered == kTogether) entered = enter(table, entered);
    }
    enter(table, entered);
  }

  // What is told of the number of nodes is believed as far as the bytes allow.
  std::uint64_t room_for(HashIndex& index) {
    const std::uint64_t count = in_.number(kCountMax);
    if (count > in_.remaining() / kNodeBytesMin) in_.refuse("it is too short for its nodes");
    if (in_.ok()) index.reserve(count);
    return in_.ok() ? count : 0;
  }
  template <class T>
  void reserve_edges(const Table<T>&, std::uint64_t) {}
  void reserve_edges(const Table<Entitlement>&, std::uint64_t count) {
    state_.entitlement_edges.reserve(count);
  }
  void reserve_edges(const Table<Delegation>&, std::uint64_t count) {
    state_.delegation_edges.reserve(count);
  }

  // The nodes from `first` on into the indices: each lies somewhere else in memory, so all are
  // asked for before the first is looked at. How many are entered now.
  template <class T>
  std::uint32_t enter(Table<T>& table, std::uint32_t first) {
    const std::uint32_t end = in_.ok() ? table.nodes.size() : first;
    std::array<std::uint64_t, kTogether> hashes{};
    for (std::uint32_t i = first; i < end; ++i) {
      hashes[i - first] = hash_of_text(table.id(i));
      table.ids.read_ahead(hashes[i - first]);
    }
    for (std::uint32_t i = first; i < end; ++i) {
      if (!table.enter(i, hashes[i - first])) in_.refuse("an id stands twice");
    }
    if (in_.ok()) link(table, first, end);
    return end;
  }
  template <class T>
  void link(const Table<T>&, std::uint32_t, std::uint32_t) {}
  void link(const Table<Entitlement>& table, std::uint32_t first, std::uint32_t end) {
    for (std::uint32_t i = first; i < end; ++i) {
      state_.link_entitlement(i, edge_of(table.nodes[i].first));
    }
  }
  void link(const Table<Delegation>& table, std::uint32_t first, std::uint32_t end) {
    for (std::uint32_t i = first; i < end; ++i) {
      state_.delegation_edges.read_ahead(edge_of(table.nodes[i].first).hash());
    }
    for (std::uint32_t i = first; i < end; ++i) {
      state_.link_delegation(i, edge_of(table.nodes[i].first));
    }
  }

  // A handle among the first `count`, or none.
  template <class H>
  Compact<H> maybe(std::uint64_t count) {
    const std::uint32_t word = in_.word(count);
    return word == 0 ? Compact<H>() : Compact<H>(H{word - 1});
  }
  PrincipalHandle principal() {
    if (state_.principals.nodes.size() == 0) in_.refuse("a principal is missing");
    return {in_.word(state_.principals.nodes.size() - std::uint64_t{1})};
  }
  template <class H>
  std::span<const H> handles(std::size_t max) {
    std::vector<H> all(in_.number(max));
    for (H& handle : all) handle = H{in_.word(kCountMax)};
    return in_.ok() ? state_.arena.copy(all) : std::span<const H>();
  }
  const StoredAuthority* authority() {
    if (state_.authorities.size() == 0) in_.refuse("an authority is missing");
    const std::uint32_t number = in_.word(state_.authorities.size() - std::uint64_t{1});
    return in_.ok() ? state_.authorities[number] : nullptr;
  }

  void read(std::string_view id, Principal& principal) {
    if (in_.ok()) principal.kind = kind_of(*PrincipalId::parse(id));
    if (principal.status == Status::kDiscovered) {
      state_.discovered.fetch_add(1, std::memory_order_relaxed);
    }
    principal.owner_team = maybe<TeamHandle>(kCountMax);
    principal.owner = maybe<PrincipalHandle>(kCountMax);
    principal.environment = state_.intern(in_.text(limits::kIdBytesMax));
    principal.not_after = in_.instant();
    principal.authenticators = handles<AuthenticatorHandle>(limits::kAuthenticatorsMax);
  }
  void read(std::string_view, Team& team) {
    team.members = handles<PrincipalHandle>(limits::kTeamMembersMax);
  }
  void read(std::string_view id, Resource& resource) {
    std::optional<ResourceDefinition> read = definition<ResourceDefinition>();
    if (!read) return;
    if (read->id.text() != id) return in_.refuse("a definition is another's");
    if (read->resource_server) {
      std::optional<std::uint32_t> server = state_.principals.find(read->resource_server->text());
      if (!server) return in_.refuse("a resource server is missing");
      resource.resource_server = PrincipalHandle{*server};
    }
    resource.definition = &state_.resource_definitions.emplace_back(*std::move(read));
  }
  void read(std::string_view id, TrustedIssuer& issuer) {
    std::optional<TrustedIssuerDefinition> read = definition<TrustedIssuerDefinition>();
    if (!read) return;
    if (read->id.text() != id) return in_.refuse("a definition is another's");
    issuer.definition = &state_.trusted_issuer_definitions.emplace_back(*std::move(read));
  }
  void read(std::string_view, Entitlement& entitlement) {
    entitlement.principal = principal();
    entitlement.authority = authority();
    entitlement.max_depth = static_cast<int>(in_.number(limits::kLineageDepthMax));
  }
  void read(std::string_view, Delegation& delegation) {
    // A parent stands before its children, so there are no circles.
    delegation.parent = maybe<DelegationHandle>(state_.delegations.nodes.size());
    delegation.delegator = delegation.parent
                               ? state_.delegations.newest((*delegation.parent).index).delegate
                               : principal();
    delegation.delegate = principal();
    delegation.authority = authority();
    delegation.not_before = in_.instant();
    delegation.not_after = in_.instant();
    delegation.max_depth = in_.word(limits::kLineageDepthMax) & Delegation::kDepthMask;
    const std::uint64_t lifetime = in_.number(kSecondsMax + 1);
    if (lifetime > 0) delegation.max_token_lifetime = std::optional(Seconds(lifetime - 1));
    delegation.purpose = state_.intern(in_.text(limits::kPurposeBytesMax));
  }
  void read(std::string_view, AuthenticatorRecord& record) {
    record.revoked = in_.number(1) == 1;
    record.principal = principal();
    record.not_after = in_.instant();
    Authenticator definition;
    if (record.not_after != kEndOfTime) definition.not_after = record.not_after;
    if (in_.number(1) == 1) {
      std::optional<TrustedIssuerId> issuer =
          parsed<TrustedIssuerId>(in_.text(limits::kIdBytesMax));
      std::vector<std::pair<std::string, std::string>> claims(
          in_.number(limits::kClaimConditionsMax));
      for (auto& [claim, value] : claims) {
        claim = in_.text(kJsonMax);
        value = in_.text(kJsonMax);
      }
      if (!issuer) return;
      definition.proof = Authenticator::Issued{*std::move(issuer), std::move(claims)};
    } else {
      Result<json::Value> jwk = json::parse(in_.text(kJsonMax));
      if (!jwk || !jwk->is_object()) return in_.refuse("a key cannot be read");
      definition.proof = *std::move(jwk);
    }
    record.definition = &state_.authenticator_definitions.emplace_back(std::move(definition));
  }

  void ended(Table<Ended>& table) {
    const std::uint64_t count = room_for(table.ids);
    for (std::uint64_t i = 0; i < count && in_.ok(); ++i) {
      in_.item();
      const std::string_view id = in_.text(limits::kJtiBytesMax);
      const Revision at = in_.number(revision_);
      const Instant until = in_.instant();
      if (id.empty() || table.find(id)) in_.refuse("an id is not one, or stands twice");
      if (in_.ok()) table.add(id, at, Ended{until});
    }
  }

  void guardrails() {
    in_.item();
    const Revision at = in_.number(revision_);
    Result<json::Value> list = json::parse(in_.text(kJsonMax));
    if (!list || !list->is_array()) return in_.refuse("the guardrails cannot be read");
    Guardrails all;
    for (const json::Value& item : list->as_array()) {
      Result<GuardrailDefinition> guardrail = GuardrailDefinition::parse(item);
      if (!guardrail) return in_.refuse("a guardrail cannot be read");
      all.push_back(*std::move(guardrail));
    }
    if (at > 0) state_.put_guardrails(at, std::move(all));
  }

  void check_handles() {
    const std::uint32_t principals = state_.principals.nodes.size();
    bool good = true;
    for (std::uint32_t i = 0; i < principals; ++i) {
      const Principal& principal = state_.principals.newest(i);
      good = good && (!principal.owner || (*principal.owner).index < principals);
      good = good &&
             (!principal.owner_team || (*principal.owner_team).index < state_.teams.nodes.size());
      for (AuthenticatorHandle handle : principal.authenticators) {
        good = good && handle.index < state_.authenticators.nodes.size() &&
               state_.authenticators.newest(handle.index).principal.index == i;
      }
    }
    for (std::uint32_t i = 0; i < state_.teams.nodes.size(); ++i) {
      for (PrincipalHandle member : state_.teams.newest(i).members) {
        good = good && member.index < principals;
      }
    }
    if (!good) in_.refuse("something refers to what is missing");
  }

  State::Impl& state_;
  SnapshotReader in_;
  Revision revision_ = 0;
  std::vector<StoredAuthority::Part> parts_;
};

Result<void> State::restore(SnapshotSource& source) {
  if (applied() != 0) {
    return fail(Reason::kBadRequest, "a snapshot is restored into an empty state only");
  }
  Result<void> done = SnapshotLoader(*impl_, source).run();
  if (!done) impl_ = std::make_unique<Impl>();
  return done;
}

Result<void> State::restore(std::string_view snapshot) {
  SnapshotBytes source(snapshot);
  return restore(source);
}

Result<Revision> State::revision_of(std::string_view snapshot) {
  SnapshotBytes source(snapshot);
  SnapshotReader in(source);
  in.magic(kSnapshotMagic);
  const Revision revision = in.number(kRevisionMax);
  if (in.ok()) return revision;
  return fail(in.finished().error());
}

}  // namespace mandate::record
