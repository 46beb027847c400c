// Snapshots: the newest version of every node, by handle. Layout: magic, revision, last time, how
// many of each kind, the authorities in use, then each kind's nodes; every authority stands once.
#include <algorithm>
#include <limits>
#include <utility>

#include "mandate/record/snapshot_bytes.h"
#include "mandate/record/state_impl.h"

namespace mandate::record {
namespace {

constexpr std::string_view kMagic = "mandate state 1\n";
constexpr std::uint64_t kRevisionMax = std::uint64_t{1} << 53;
constexpr std::uint64_t kCountMax = std::numeric_limits<std::uint32_t>::max() - 1024;
constexpr std::size_t kJsonMax = limits::kLogEntryBytesMax;  // each came in an entry of the record
constexpr std::uint64_t kSecondsMax = std::numeric_limits<std::uint32_t>::max() - 1;
constexpr int kDepthMax = std::numeric_limits<int>::max();
// A token that has ended is refused for that; it is forgotten only well after, since clocks differ.
constexpr Milliseconds kForgetAfter = std::chrono::hours(1);

json::Value to_json(const Guardrails& guardrails) {
  json::Value all = json::Value::array({});
  for (const GuardrailDefinition& guardrail : guardrails) all.push_back(guardrail.to_json());
  return all;
}

class Writer {
 public:
  Writer(Revision revision, Instant last_time) : revision_(revision), last_time_(last_time) {}

  template <class T>
  void table(const Table<T>& table) {
    const std::uint32_t count = table.count(revision_);
    body_.number(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      const Version<T>& version =
          *version_at(table.nodes[i].newest.load(std::memory_order_acquire), revision_);
      body_.text(table.id(i));
      body_.number(version.revision);
      body_.number(static_cast<std::uint64_t>(version.value.status));
      write(version.value);
    }
  }

  void ended(const Table<Ended>& table) {
    std::vector<std::uint32_t> kept;
    for (std::uint32_t i = 0; i < table.count(revision_); ++i) {
      const Instant until = table.at(i, revision_)->until;
      const bool over = until < kEndOfTime - kForgetAfter && until + kForgetAfter < last_time_;
      if (!over) kept.push_back(i);
    }
    body_.number(kept.size());
    for (std::uint32_t i : kept) {
      body_.text(table.id(i));
      body_.number(table.nodes[i].first.revision);
      body_.instant(table.at(i, revision_)->until);
    }
  }

  void guardrails(const Version<Guardrails>* newest) {
    newest = version_at(newest, revision_);
    body_.number(newest ? newest->revision : 0);
    body_.text(newest ? json::canonical(to_json(newest->value)) : "[]");
  }

  std::string finish() {
    SnapshotWriter out;
    out.raw(kMagic);
    out.number(revision_);
    out.instant(last_time_);
    out.number(authorities_.size());
    for (const Authority* authority : authorities_) out.text(json::canonical(authority->to_json()));
    out.raw(body_.bytes());
    return out.take();
  }

 private:
  template <class H>
  void write(Compact<H> handle) {
    body_.number(handle ? std::uint64_t{(*handle).index} + 1 : 0);
  }
  template <class H>
  void write(std::span<const H> handles) {
    body_.number(handles.size());
    for (H handle : handles) body_.number(handle.index);
  }
  void write(const Authority* authority) {
    auto [found, is_new] = numbers_.emplace(authority, authorities_.size());
    if (is_new) authorities_.push_back(authority);
    body_.number(found->second);
  }

  void write(const Principal& principal) {
    write(principal.owner_team);
    write(principal.owner);
    body_.text(principal.environment);
    body_.instant(principal.not_after);
    write(principal.authenticators);
  }
  void write(const Team& team) { write(team.members); }
  void write(const Resource& resource) {
    body_.text(json::canonical(resource.definition->to_json()));
  }
  void write(const Entitlement& entitlement) {
    body_.number(entitlement.principal.index);
    write(entitlement.authority);
    body_.number(static_cast<std::uint64_t>(entitlement.max_depth));
  }
  void write(const Delegation& delegation) {
    write(delegation.parent);
    if (!delegation.parent) body_.number(delegation.delegator.index);
    body_.number(delegation.delegate.index);
    write(delegation.authority);
    body_.instant(delegation.not_before);
    body_.instant(delegation.not_after);
    body_.number(static_cast<std::uint64_t>(delegation.max_depth));
    const std::optional<Seconds> lifetime = delegation.max_token_lifetime;
    body_.number(lifetime ? static_cast<std::uint64_t>(lifetime->count()) + 1 : 0);
    body_.text(delegation.purpose);
  }
  void write(const AuthenticatorRecord& record) {
    body_.number(record.revoked ? 1 : 0);
    body_.number(record.principal.index);
    body_.instant(record.not_after);
    const auto* issued = std::get_if<Authenticator::Issued>(&record.definition->proof);
    body_.number(issued ? 1 : 0);
    if (!issued) {
      body_.text(json::canonical(std::get<json::Value>(record.definition->proof)));
      return;
    }
    body_.text(issued->issuer.text());
    body_.number(issued->claims.size());
    for (const auto& [claim, value] : issued->claims) {
      body_.text(claim);
      body_.text(value);
    }
  }
  void write(const TrustedIssuer& issuer) {
    body_.text(json::canonical(issuer.definition->to_json()));
  }

  const Revision revision_;
  const Instant last_time_;
  SnapshotWriter body_;
  std::vector<const Authority*> authorities_;
  std::unordered_map<const Authority*, std::uint64_t> numbers_;
};

}  // namespace

// Reads what Writer wrote, into an empty state. Handles may point forward between principals, teams
// and authenticators; those are checked at the end.
class SnapshotLoader {
 public:
  SnapshotLoader(State::Impl& state, std::string_view bytes) : state_(state), in_(bytes) {}

  Result<void> run() {
    in_.magic(kMagic);
    revision_ = in_.number(kRevisionMax);
    state_.last_time = in_.instant();
    const std::uint64_t authorities = in_.number(kCountMax);
    for (std::uint64_t i = 0; i < authorities && in_.ok(); ++i) {
      if (auto authority = definition<Authority>()) {
        authorities_.push_back(state_.intern(*authority));
      }
    }
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
    const std::uint64_t count = in_.number(kCountMax);
    for (std::uint64_t i = 0; i < count && in_.ok(); ++i) {
      const std::string_view id = in_.text(limits::kSpiffeIdBytesMax);
      if constexpr (std::is_void_v<IdType>) {
        if (id.empty() || id.size() > limits::kIdBytesMax) in_.refuse("an id is not one");
      } else {
        parsed<IdType>(id);
      }
      if (table.find(id)) in_.refuse("an id stands twice");
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
      if (in_.ok()) add(table, id, at, value);
    }
  }

  template <class T>
  void add(Table<T>& table, std::string_view id, Revision at, const T& value) {
    table.add(state_.arena, id, 0, at, value);
  }
  void add(Table<Entitlement>&, std::string_view id, Revision at, const Entitlement& value) {
    state_.add_entitlement(id, at, value);
  }
  void add(Table<Delegation>&, std::string_view id, Revision at, const Delegation& value) {
    state_.add_delegation(id, at, value);
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
  const Authority* authority() {
    if (authorities_.empty()) in_.refuse("an authority is missing");
    const std::uint64_t number = in_.number(authorities_.size() - 1);
    return in_.ok() ? authorities_[number] : nullptr;
  }
  int depth() { return static_cast<int>(in_.number(kDepthMax)); }

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
    entitlement.max_depth = depth();
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
    delegation.max_depth = depth();
    const std::uint64_t lifetime = in_.number(kSecondsMax + 1);
    if (lifetime > 0) delegation.max_token_lifetime = Seconds(lifetime - 1);
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
    const std::uint64_t count = in_.number(kCountMax);
    for (std::uint64_t i = 0; i < count && in_.ok(); ++i) {
      const std::string_view id = in_.text(limits::kJtiBytesMax);
      const Revision at = in_.number(revision_);
      const Instant until = in_.instant();
      if (id.empty() || table.find(id)) in_.refuse("an id is not one, or stands twice");
      if (in_.ok()) table.add(state_.arena, id, 0, at, Ended{until});
    }
  }

  void guardrails() {
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
  std::vector<const Authority*> authorities_;
};

std::string State::snapshot() const { return snapshot(applied()); }

std::string State::snapshot(Revision revision) const {
  // What is not published yet is the writer's alone.
  const bool is_published = revision <= impl_->published.load(std::memory_order_acquire);
  Writer out(revision, is_published ? impl_->published_time.load() : impl_->last_time);
  out.table(impl_->trusted_issuers);
  out.table(impl_->principals);
  out.table(impl_->teams);
  out.table(impl_->authenticators);
  out.table(impl_->resources);
  out.table(impl_->entitlements);
  out.table(impl_->delegations);
  out.ended(impl_->tokens);
  out.ended(impl_->transactions);
  out.guardrails(impl_->guardrails.load(std::memory_order_acquire));
  return out.finish();
}

Result<void> State::restore(std::string_view snapshot) {
  if (applied() != 0) {
    return fail(Reason::kBadRequest, "a snapshot is restored into an empty state only");
  }
  return SnapshotLoader(*impl_, snapshot).run();
}

Result<Revision> State::revision_of(std::string_view snapshot) {
  SnapshotReader in(snapshot);
  in.magic(kMagic);
  const Revision revision = in.number(kRevisionMax);
  if (in.ok()) return revision;
  return fail(in.finished().error());
}

}  // namespace mandate::record
