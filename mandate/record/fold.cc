// The fold: what each event does to the state. An event is checked before anything is written, so a
// refused one leaves no trace.
#include <algorithm>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/record/state_impl.h"

namespace mandate::record {
namespace {

Error not_ours(std::string detail) {
  return {Reason::kBadRequest, Place::kConflict, std::move(detail)};
}

template <class T>
Result<std::uint32_t> known(const Table<T>& table, NodeKind kind, std::string_view id) {
  if (std::optional<std::uint32_t> index = table.find(id)) return *index;
  return fail(not_ours(std::string(name(kind)) + " " + quoted(id) + " is not on record"));
}

Result<void> alive(Status status, NodeKind kind, std::string_view id) {
  if (status != Status::kEnded) return {};
  return fail(Reason::kIdIsDead, Place::kConflict,
              std::string(name(kind)) + " " + quoted(id) + " has ended and never comes back");
}

// A new node, or the next version of a live one.
template <class T>
Result<void> put_node(Table<T>& table, NodeKind kind, std::string_view id, Revision revision,
                      const T& value) {
  std::optional<std::uint32_t> index = table.find(id);
  if (!index) {
    table.add(id, revision, value);
    return {};
  }
  if (auto ok = alive(table.newest(*index).status, kind, id); !ok) return ok;
  table.put(*index, revision, value);
  return {};
}

// A node has room for what a document may say, and for nothing beyond.
Result<void> check_room(const DelegationDefinition& definition) {
  const auto fits = [](std::optional<Instant> instant) {
    return !instant || *instant == kEndOfTime || *instant == kBeginningOfTime ||
           (instant->time_since_epoch().count() >= 0 &&
            instant->time_since_epoch().count() <= kInstantMsMax);
  };
  const std::optional<Seconds> lifetime = definition.max_token_lifetime;
  const bool good = fits(definition.not_before) && fits(definition.not_after) &&
                    definition.max_depth >= 0 &&
                    definition.max_depth <= static_cast<int>(limits::kLineageDepthMax) &&
                    (!lifetime || (*lifetime >= Seconds(0) && *lifetime <= PackedLifetime::kMax));
  if (good) return {};
  return fail(not_ours("delegation " + quoted(definition.id.text()) +
                       " has a time, depth or lifetime that no document can have"));
}

bool stands(const AuthenticatorRecord& record, const Authenticator& definition) {
  return record.status == Status::kActive && record.definition->proof == definition.proof &&
         record.definition->not_after == definition.not_after;
}

}  // namespace

Result<void> State::Impl::fold(const TeamDefinition& team, Revision revision) {
  std::vector<PrincipalHandle> members;
  for (const PrincipalId& member : team.members) {
    Result<std::uint32_t> index = known(principals, NodeKind::kPrincipal, member.text());
    if (!index) return fail(index.error());
    members.push_back({*index});
  }
  return put_node(teams, NodeKind::kTeam, team.id.text(), revision,
                  Team{Status::kActive, arena.copy(members)});
}

// Each authenticator listed becomes active, each no longer listed ends. All is checked before
// anything is written, so that a refused event leaves no trace.
Result<std::vector<AuthenticatorHandle>> State::Impl::fold_authenticators(
    PrincipalHandle principal, const std::vector<Authenticator>& definitions,
    const std::vector<std::string>& ids, Revision revision) {
  if (definitions.size() != ids.size()) {
    return fail(not_ours("a principal's event names each of its authenticators once"));
  }
  std::unordered_set<std::string_view> once;
  for (const std::string& id : ids) {
    if (!once.insert(id).second) {
      return fail(not_ours("authenticator " + quoted(id) + " stands twice"));
    }
    if (id.empty() || id.size() > limits::kIdBytesMax) {
      return fail(not_ours("authenticator id " + quoted(id) + " is empty or too long"));
    }
    std::optional<std::uint32_t> index = authenticators.find(id);
    if (!index) continue;
    const AuthenticatorRecord& before = authenticators.newest(*index);
    if (before.principal != principal) {
      return fail(not_ours("authenticator " + quoted(id) + " is another principal's"));
    }
    if (auto ok =
            alive(before.revoked ? Status::kEnded : Status::kActive, NodeKind::kAuthenticator, id);
        !ok) {
      return fail(ok.error());
    }
  }
  std::vector<AuthenticatorHandle> handles;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const Authenticator& definition = definitions[i];
    std::optional<std::uint32_t> index = authenticators.find(ids[i]);
    if (index && stands(authenticators.newest(*index), definition)) {
      handles.push_back({*index});
      continue;
    }
    const AuthenticatorRecord record{Status::kActive, false, principal,
                                     &authenticator_definitions.emplace_back(definition),
                                     definition.not_after.value_or(kEndOfTime)};
    if (index) {
      authenticators.put(*index, revision, record);
    } else {
      index = authenticators.add(ids[i], revision, record);
    }
    handles.push_back({*index});
  }
  return handles;
}

Result<void> State::Impl::fold(const PrincipalDefinition& definition,
                               const std::vector<std::string>& authenticator_ids,
                               Revision revision) {
  Principal value;
  value.kind = kind_of(definition.id);
  value.environment = intern(definition.environment);
  value.not_after = definition.not_after.value_or(kEndOfTime);
  if (definition.owner) {
    if (const TeamId* team = std::get_if<TeamId>(&*definition.owner)) {
      Result<std::uint32_t> index = known(teams, NodeKind::kTeam, team->text());
      if (!index) return fail(index.error());
      value.owner_team = TeamHandle{*index};
    } else {
      const PrincipalId& human = std::get<PrincipalId>(*definition.owner);
      Result<std::uint32_t> index = known(principals, NodeKind::kPrincipal, human.text());
      if (!index) return fail(index.error());
      value.owner = PrincipalHandle{*index};
    }
  }
  const std::string& id = definition.id.text();
  std::optional<std::uint32_t> index = principals.find(id);
  std::span<const AuthenticatorHandle> listed_before;
  if (index) {
    const Principal& before = principals.newest(*index);
    if (auto ok = alive(before.status, NodeKind::kPrincipal, id); !ok) return ok;
    // A suspended principal stays suspended; one that was discovered is one like any other now.
    if (before.status == Status::kSuspended) value.status = before.status;
    listed_before = before.authenticators;
  }
  const PrincipalHandle handle{index.value_or(principals.nodes.size())};
  Result<std::vector<AuthenticatorHandle>> listed =
      fold_authenticators(handle, definition.authenticators, authenticator_ids, revision);
  if (!listed) return fail(listed.error());
  for (AuthenticatorHandle former : listed_before) {
    AuthenticatorRecord record = authenticators.newest(former.index);
    if (record.status == Status::kEnded) continue;
    if (std::find(listed->begin(), listed->end(), former) != listed->end()) continue;
    record.status = Status::kEnded;
    authenticators.put(former.index, revision, record);
  }
  value.authenticators = arena.copy(*listed);
  if (index) forget_discovered(principals.newest(*index).status);
  return put_node(principals, NodeKind::kPrincipal, id, revision, value);
}

Result<void> State::Impl::fold(const ResourceDefinition& resource, Revision revision) {
  Resource value;
  if (resource.resource_server) {
    Result<std::uint32_t> index =
        known(principals, NodeKind::kPrincipal, resource.resource_server->text());
    if (!index) return fail(index.error());
    value.resource_server = PrincipalHandle{*index};
  }
  value.definition = &resource_definitions.emplace_back(resource);
  return put_node(resources, NodeKind::kResource, resource.id.text(), revision, value);
}

Result<void> State::Impl::fold(const TrustedIssuerDefinition& issuer, Revision revision) {
  return put_node(trusted_issuers, NodeKind::kTrustedIssuer, issuer.id.text(), revision,
                  TrustedIssuer{Status::kActive, &trusted_issuer_definitions.emplace_back(issuer)});
}

Result<void> State::Impl::fold(const EntitlementDefinition& entitlement, Revision revision) {
  Result<std::uint32_t> principal =
      known(principals, NodeKind::kPrincipal, entitlement.principal.text());
  if (!principal) return fail(principal.error());
  const std::string& id = entitlement.id.text();
  const Entitlement value{
      Status::kActive, {*principal}, intern(entitlement.authority), entitlement.max_depth};
  std::optional<std::uint32_t> index = entitlements.find(id);
  if (!index) {
    add_entitlement(id, revision, value);
    return {};
  }
  const Entitlement& before = entitlements.newest(*index);
  if (before.principal != value.principal) {
    return fail(not_ours("entitlement " + quoted(id) + " is another principal's"));
  }
  return put_node(entitlements, NodeKind::kEntitlement, id, revision, value);
}

Result<void> State::Impl::fold(const DelegationDefinition& definition, Revision revision) {
  const std::string& id = definition.id.text();
  if (Result<void> ok = check_room(definition); !ok) return ok;
  Result<std::uint32_t> delegate =
      known(principals, NodeKind::kPrincipal, definition.delegate.text());
  if (!delegate) return fail(delegate.error());
  Delegation value;
  value.delegate = {*delegate};
  if (definition.parent) {
    Result<std::uint32_t> parent =
        known(delegations, NodeKind::kDelegation, definition.parent->text());
    if (!parent) return fail(parent.error());
    value.parent = DelegationHandle{*parent};
    value.delegator = delegations.newest(*parent).delegate;
  } else {
    Result<std::uint32_t> delegator =
        !definition.delegator
            ? fail(not_ours("delegation " + quoted(id) + " has no delegator and no parent"))
            : known(principals, NodeKind::kPrincipal, definition.delegator->text());
    if (!delegator) return fail(delegator.error());
    value.delegator = {*delegator};
  }
  value.authority = intern(definition.authority);
  value.not_before = definition.not_before.value_or(kBeginningOfTime);
  value.not_after = definition.not_after.value_or(kEndOfTime);
  value.max_depth = static_cast<unsigned>(definition.max_depth) & Delegation::kDepthMask;
  value.max_token_lifetime = definition.max_token_lifetime;
  value.purpose = intern(definition.purpose);
  std::optional<std::uint32_t> index = delegations.find(id);
  if (!index) {
    add_delegation(id, revision, value);
    return {};
  }
  if (edge_of(delegations.newest(*index)) != edge_of(value)) {
    return fail(not_ours("delegation " + quoted(id) + " is between others"));
  }
  return put_node(delegations, NodeKind::kDelegation, id, revision, value);
}

Result<void> State::Impl::fold(const Discovered& event, Revision revision) {
  const std::string& id = event.principal.text();
  if (principals.find(id)) {
    return fail(not_ours("principal " + quoted(id) + " is on record, and not discovered"));
  }
  Principal value;
  value.status = Status::kDiscovered;
  value.kind = kind_of(event.principal);
  principals.add(id, revision, value);
  discovered.fetch_add(1, std::memory_order_relaxed);
  return {};
}

void State::Impl::forget_discovered(Status before) {
  if (before == Status::kDiscovered) discovered.fetch_sub(1, std::memory_order_relaxed);
}

Result<void> State::Impl::fold(const Put& put, Revision revision) {
  return std::visit(
      [&](const auto& definition) -> Result<void> {
        using Definition = std::decay_t<decltype(definition)>;
        if constexpr (std::is_same_v<Definition, PrincipalDefinition>) {
          return fold(definition, put.authenticator_ids, revision);
        } else if constexpr (std::is_same_v<Definition, Guardrails>) {
          put_guardrails(revision, definition);
          return {};
        } else {
          return fold(definition, revision);
        }
      },
      put.definition);
}

Result<void> State::Impl::fold(const Revoked& revoked, Revision revision) {
  if (!has_handle(revoked.kind)) {
    if (revoked.id.empty() || revoked.id.size() > limits::kJtiBytesMax) {
      return fail(not_ours(quoted(revoked.id) + " is empty or too long for an id"));
    }
    Table<Ended>& table = revoked.kind == NodeKind::kToken ? tokens : transactions;
    if (!table.find(revoked.id)) {
      table.add(revoked.id, revision, Ended{revoked.until.value_or(kEndOfTime)});
    }
    return {};
  }
  return with_table(revoked.kind, [&](auto& table) -> Result<void> {
    Result<std::uint32_t> index = known(table, revoked.kind, revoked.id);
    if (!index) return fail(index.error());
    auto value = table.newest(*index);
    forget_discovered(value.status);
    value.status = Status::kEnded;
    if constexpr (requires { value.revoked; }) value.revoked = true;
    table.put(*index, revision, value);
    return {};
  });
}

Result<void> State::Impl::fold_status(const PrincipalId& principal, Status from, Status to,
                                      Revision revision) {
  Result<std::uint32_t> index = known(principals, NodeKind::kPrincipal, principal.text());
  if (!index) return fail(index.error());
  Principal value = principals.newest(*index);
  if (auto ok = alive(value.status, NodeKind::kPrincipal, principal.text()); !ok) return ok;
  if (value.status != from) return {};
  value.status = to;
  principals.put(*index, revision, value);
  return {};
}

}  // namespace mandate::record
