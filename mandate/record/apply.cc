// Applying a document: its definitions, checked against each other and the record, become the puts
// that change something, in an order in which each refers only to what stands already.
#include <algorithm>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/record/definitions.h"
#include "mandate/record/proposal.h"

namespace mandate::record {
namespace {

std::string text_of(const Owner& owner) {
  return std::visit([](const auto& id) { return id.text(); }, owner);
}

json::Value to_json(const std::vector<GuardrailDefinition>& guardrails) {
  json::Value all = json::Value::array({});
  for (const GuardrailDefinition& guardrail : guardrails) all.push_back(guardrail.to_json());
  return all;
}

class Application {
 public:
  Application(const View& view, const Document& document, const ApplyOptions& options, Instant now)
      : view_(view),
        document_(document),
        options_(options),
        now_(now),
        proposal_(view, document, options) {}

  Result<Plan> run() {
    Result<void> ok = check_keys();
    auto then = [&](auto&& step) {
      if (ok) ok = step();
    };
    for (const auto& issuer : document_.trusted_issuers) then([&] { return write(issuer); });
    for (const auto& human : document_.principals) {
      if (!human.owner) then([&] { return write(human); });
    }
    for (const auto& team : document_.teams) then([&] { return write(team); });
    for (const auto& owned : document_.principals) {
      if (owned.owner) then([&] { return write(owned); });
    }
    for (const auto& resource : document_.resources) then([&] { return write(resource); });
    for (const auto& entitlement : document_.entitlements) then([&] { return write(entitlement); });
    then([&] { return write_delegations(); });
    then([&] { return write_guardrails(); });
    if (!ok) return fail(ok.error());
    if (options_.prune) prune();
    return std::move(plan_);
  }

 private:
  // A key proves one principal, now and for ever: an id once used is never used for another.
  Result<void> check_keys() {
    std::unordered_map<std::string, std::string_view> holders;
    for (const PrincipalDefinition& principal : document_.principals) {
      const std::string& holder = principal.id.text();
      std::vector<std::string>& ids = authenticator_ids_[holder];
      for (const Authenticator& authenticator : principal.authenticators) {
        Result<std::string> id = options_.name_authenticator(authenticator);
        if (!id) return fail(id.error());
        std::string_view other = holders.emplace(*id, holder).first->second;
        if (auto handle = view_.find_authenticator(*id); handle && other == holder) {
          const AuthenticatorRecord& record = *view_.authenticator(*handle);
          other = view_.id(record.principal);
          if (record.revoked) {
            return fail(Reason::kIdIsDead, Place::kConflict,
                        "authenticator " + quoted(*id) + " of " + quoted(holder) +
                            " was revoked and never comes back");
          }
        }
        if (other != holder) {
          return fail(Reason::kBadRequest, Place::kConflict,
                      "authenticator " + quoted(*id) + " of " + quoted(holder) + " stands under " +
                          quoted(other) + "; expected a key of its own");
        }
        if (std::find(ids.begin(), ids.end(), *id) != ids.end()) {
          return fail(Reason::kBadRequest,
                      "authenticator " + quoted(*id) + " of " + quoted(holder) + " stands twice");
        }
        ids.push_back(*std::move(id));
      }
    }
    return {};
  }

  Result<void> check(const TrustedIssuerDefinition& issuer) {
    if (!issuer.jwks_file) return {};
    return fail(Reason::kBadRequest, "trusted issuer " + quoted(issuer.id.text()) + ": jwks_file " +
                                         quoted(*issuer.jwks_file) +
                                         " was not read; expected its content as jwks");
  }

  Result<void> check(const TeamDefinition& team) {
    for (const PrincipalId& member : team.members) {
      auto ok = proposal_.check_stands(NodeKind::kPrincipal, member.text(),
                                       "member of team " + quoted(team.id.text()));
      if (!ok) return ok;
    }
    return {};
  }

  Result<void> check(const PrincipalDefinition& principal) {
    const std::string& id = principal.id.text();
    if (principal.owner) {
      const bool team = std::holds_alternative<TeamId>(*principal.owner);
      auto ok = proposal_.check_stands(team ? NodeKind::kTeam : NodeKind::kPrincipal,
                                       text_of(*principal.owner), "owner of " + quoted(id));
      if (!ok) return ok;
    }
    for (const Authenticator& authenticator : principal.authenticators) {
      const auto* issued = std::get_if<Authenticator::Issued>(&authenticator.proof);
      if (!issued) continue;
      auto ok = proposal_.check_stands(NodeKind::kTrustedIssuer, issued->issuer.text(),
                                       "authenticator of " + quoted(id));
      if (!ok) return ok;
    }
    return {};
  }

  Result<void> check(const ResourceDefinition& resource) {
    if (!resource.resource_server) return {};
    return proposal_.check_stands(NodeKind::kPrincipal, resource.resource_server->text(),
                                  "resource_server of " + quoted(resource.id.text()));
  }

  Result<void> check(const EntitlementDefinition& entitlement) {
    const std::string what = "entitlement " + quoted(entitlement.id.text());
    auto ok = proposal_.check_stands(NodeKind::kPrincipal, entitlement.principal.text(), what);
    if (!ok) return ok;
    auto handle = view_.find_entitlement(entitlement.id.text());
    if (handle && view_.id(view_.entitlement(*handle)->principal) != entitlement.principal.text()) {
      return refuse_other_use(what);
    }
    return {};
  }

  Result<void> check(const DelegationDefinition& delegation) {
    const std::string what = "delegation " + quoted(delegation.id.text());
    // A hop grant carries its own token's holder on and nobody else: nothing is cut from it.
    const bool from_hop_grant = delegation.parent && is_hop_grant(delegation.parent->text());
    if (is_hop_grant(delegation.id.text()) || from_hop_grant) {
      return fail(Reason::kBadRequest, what + (from_hop_grant ? ", its parent" : "") +
                                           ": ids beginning with " + std::string(kHopGrantPrefix) +
                                           " are hop grants'");
    }
    auto ok = proposal_.check_stands(NodeKind::kPrincipal, delegation.delegate.text(), what);
    if (ok && delegation.delegator) {
      ok = proposal_.check_stands(NodeKind::kPrincipal, delegation.delegator->text(), what);
    }
    if (!ok) return ok;
    auto handle = view_.find_delegation(delegation.id.text());
    if (!handle) return {};
    const DelegationDefinition before = delegation_on_record(view_, *handle);
    const bool same = before.delegator == delegation.delegator &&
                      before.parent == delegation.parent && before.delegate == delegation.delegate;
    return same ? Result<void>() : refuse_other_use(what);
  }

  Result<void> refuse_other_use(const std::string& what) {
    return fail(Reason::kBadRequest, Place::kConflict,
                what +
                    " stands on record between others; an id once used is never used for "
                    "another, so expected a new one");
  }

  // What a changed definition must also keep. Rights on record are not checked again, so that
  // taking some away is never refused for what was given before.
  Result<void> check_changed(const EntitlementDefinition& entitlement) {
    return proposal_.check_resources(entitlement.authority,
                                     "entitlement " + quoted(entitlement.id.text()));
  }
  Result<void> check_changed(const DelegationDefinition& delegation) {
    auto ok = proposal_.check_resources(delegation.authority,
                                        "delegation " + quoted(delegation.id.text()));
    if (!ok) return ok;
    Result<std::vector<DelegationDefinition>> parents = proposal_.parents_of(delegation);
    if (!parents) return fail(parents.error());
    const DelegationDefinition& top = parents->empty() ? delegation : parents->back();
    if (!top.delegator) return check_bounds(delegation, *parents, {});  // too deep to have a root
    return check_bounds(delegation, *parents, proposal_.roots_of(*top.delegator));
  }
  template <class Definition>
  Result<void> check_changed(const Definition&) {
    return {};
  }

  template <class Definition>
  Result<void> write(const Definition& definition) {
    constexpr NodeKind kKind = kind_of_definition<Definition>;
    const std::string& id = definition.id.text();
    if (view_.status(kKind, id) == Status::kEnded) {
      return fail(Reason::kIdIsDead, Place::kConflict,
                  std::string(name(kKind)) + " " + quoted(id) + " has ended and never comes back");
    }
    if (auto ok = check(definition); !ok) return ok;
    std::optional<json::Value> before = view_.definition(kKind, id);
    json::Value after = definition.to_json();
    if (before == after) return {};
    if (auto ok = check_changed(definition); !ok) return ok;
    Put put{definition, {}};
    if constexpr (kKind == NodeKind::kPrincipal) put.authenticator_ids = authenticator_ids_[id];
    plan_.changes.emplace_back(std::move(put));
    plan_.differences.push_back({before ? DifferenceKind::kChanged : DifferenceKind::kAdded,
                                 std::string(name(kKind)), id, std::move(before),
                                 std::move(after)});
    return {};
  }

  // Parents first.
  Result<void> write_delegations() {
    std::vector<std::pair<std::size_t, const DelegationDefinition*>> by_depth;
    for (const DelegationDefinition& delegation : document_.delegations) {
      auto parents = proposal_.parents_of(delegation);
      if (!parents) return fail(parents.error());
      by_depth.emplace_back(parents->size(), &delegation);
    }
    std::stable_sort(by_depth.begin(), by_depth.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& entry : by_depth) {
      if (auto ok = write(*entry.second); !ok) return ok;
    }
    return {};
  }

  Result<void> write_guardrails() {
    if (!document_.guardrails && !options_.prune) return {};
    std::vector<GuardrailDefinition> all = document_.guardrails.value_or(Guardrails{});
    json::Value before = to_json(view_.guardrails());
    json::Value after = to_json(all);
    if (before == after) return {};
    plan_.changes.emplace_back(Put{std::move(all), {}});
    plan_.differences.push_back({DifferenceKind::kChanged, "guardrails", "guardrails",
                                 std::move(before), std::move(after)});
    return {};
  }

  // What rests on others ends first, so that no line of the preview speaks of what has gone.
  void prune() {
    prune_kind<DelegationHandle>(NodeKind::kDelegation, [&](DelegationHandle handle) {
      return view_.delegation(handle)->not_after <= now_;  // has ended by itself
    });
    const auto none = [](auto) { return false; };
    prune_kind<EntitlementHandle>(NodeKind::kEntitlement, none);
    prune_kind<ResourceHandle>(NodeKind::kResource, none);
    prune_kind<PrincipalHandle>(NodeKind::kPrincipal, [&](PrincipalHandle handle) {
      return view_.principal(handle)->status == Status::kDiscovered;  // no document lists those
    });
    prune_kind<TeamHandle>(NodeKind::kTeam, none);
    prune_kind<TrustedIssuerHandle>(NodeKind::kTrustedIssuer, none);
  }

  template <class H, class Skip>
  void prune_kind(NodeKind kind, const Skip& skip) {
    for (std::uint32_t index = 0; index < view_.count(kind); ++index) {
      const std::string id(view_.id(H{index}));
      if (!proposal_.pruned(kind, id) || skip(H{index})) continue;
      if (view_.status(kind, id) == Status::kEnded) continue;
      plan_.changes.emplace_back(Revoked{kind, id, std::nullopt});
      plan_.differences.push_back({DifferenceKind::kEnded, std::string(name(kind)), id,
                                   view_.definition(kind, id), std::nullopt});
    }
  }

  using Guardrails = std::vector<GuardrailDefinition>;
  const View& view_;
  const Document& document_;
  const ApplyOptions& options_;
  const Instant now_;
  const Proposal proposal_;
  std::unordered_map<std::string, std::vector<std::string>> authenticator_ids_;
  Plan plan_;
};

bool names_every_action(const Authority& authority) {
  return std::any_of(authority.permissions().begin(), authority.permissions().end(),
                     [](const Permission& permission) {
                       return !permission.actions.empty() && permission.actions[0] == kEveryAction;
                     });
}

// Every action is written as the actions that there are now, so that a new one never widens it.
Result<Document> with_actions_written(const View& view, const Document& document,
                                      const ApplyOptions& options) {
  Document written = document;
  const Proposal proposal(view, document, options);
  auto expand = [&](auto& list, const std::string& noun) -> Result<void> {
    for (auto& definition : list) {
      if (!names_every_action(definition.authority)) continue;
      Result<Authority> authority =
          proposal.expanded(definition.authority, noun + " " + quoted(definition.id.text()));
      if (!authority) return fail(authority.error());
      definition.authority = *std::move(authority);
    }
    return {};
  };
  auto ok = expand(written.entitlements, "entitlement");
  if (ok) ok = expand(written.delegations, "delegation");
  if (!ok) return fail(ok.error());
  return written;
}

}  // namespace

Result<Plan> plan_apply(const View& view, const Document& document, const ApplyOptions& options,
                        Instant now) {
  Result<Document> written = with_actions_written(view, document, options);
  if (!written) return fail(written.error());
  return Application(view, *written, options, now).run();
}

}  // namespace mandate::record
