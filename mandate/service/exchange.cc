#include "mandate/service/exchange.h"

#include <algorithm>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/crypto/hash.h"
#include "mandate/record/command.h"
#include "mandate/service/subject.h"

namespace mandate::service {
namespace {

constexpr std::string_view kAccessTokenType = "urn:ietf:params:oauth:token-type:access_token";
constexpr std::string_view kJwtType = "urn:ietf:params:oauth:token-type:jwt";

// Of several refusals, the one that tells the caller most: a live lineage that is too narrow says
// more than a dead one.
int weight(Reason reason) {
  if (reason == Reason::kOutsideAuthority) return 3;  // it reaches that audience, at least
  if (reason == Reason::kAudienceMismatch) return 2;
  if (reason == Reason::kDelegationRevoked || reason == Reason::kAncestorRevoked) return 0;
  return 1;
}

void keep_better(std::optional<Error>& kept, Error error) {
  if (!kept || weight(error.reason) > weight(kept->reason)) kept = std::move(error);
}

struct Chosen {
  decision::Lineage lineage;
  Selected selected;
};

// One lineage on its own: live, and, within the subject token's bound, wide enough.
Result<Chosen> try_lineage(const record::View& view, const decision::Lineage& lineage,
                           const Authority* bound, const Wanted& wanted, Instant now) {
  if (Result<void> live = decision::check_live(view, now, lineage); !live)
    return fail(live.error());
  Result<Authority> authority = decision::authority_of(view, lineage);
  if (authority && bound != nullptr) authority = authority->attenuated_by(*bound);
  if (!authority) return fail(authority.error());
  Result<Selected> selected = select_wanted(*authority, wanted);
  if (!selected) return fail(selected.error());
  return Chosen{lineage, *std::move(selected)};
}

// A chain of delegations under each entitlement its root may rest on; the first that does, in the
// order of ids.
Result<Chosen> try_chain(const record::View& view, const Subject& subject,
                         std::vector<record::DelegationHandle> chain, const Wanted& wanted,
                         Instant now) {
  std::vector<record::EntitlementHandle> roots;
  if (subject.entitlement) {
    roots = {*subject.entitlement};
  } else {
    roots = view.entitlements_of(view.delegation(chain.back())->delegator);
  }
  std::optional<Error> refusal;
  const Authority* bound = subject.claims ? &subject.claims->authority : nullptr;
  for (record::EntitlementHandle root : roots) {
    Result<Chosen> chosen = try_lineage(view, {root, chain}, bound, wanted, now);
    if (chosen) return chosen;
    keep_better(refusal, chosen.error());
  }
  if (refusal) return fail(*std::move(refusal));
  return fail(Reason::kOutsideAuthority, Place::kSubjectToken,
              "the root delegator holds no entitlement");
}

// The delegations that could carry the caller further from this subject. A hop grant on record
// carries on only who shows it again, with its token: it ends with that token.
std::vector<record::DelegationHandle> next_delegations(const record::View& view,
                                                       const Subject& subject,
                                                       record::PrincipalHandle caller) {
  if (subject.named_delegation) return {*subject.named_delegation};
  std::vector<record::DelegationHandle> next =
      subject.chain.empty() ? view.delegations_by(subject.principal, caller)
                            : view.delegations_from(subject.chain.front(), caller);
  std::erase_if(next,
                [&](record::DelegationHandle at) { return record::is_hop_grant(view.id(at)); });
  return next;
}

Result<Chosen> choose_extension(const record::View& view, const Subject& subject,
                                const Client& client, const Form& form, const Wanted& wanted,
                                Instant now) {
  const auto named = form.find("delegation_id");
  std::vector<Chosen> good;
  std::optional<Error> refusal;
  for (record::DelegationHandle next : next_delegations(view, subject, client.handle)) {
    if (named && *named != view.id(next)) continue;
    Result<std::vector<record::DelegationHandle>> chain = decision::chain_of(view, next);
    if (!chain) {
      keep_better(refusal, chain.error());
      continue;
    }
    Result<Chosen> chosen = try_chain(view, subject, *chain, wanted, now);
    if (chosen) {
      good.push_back(*std::move(chosen));
    } else {
      keep_better(refusal, chosen.error());
    }
  }
  if (good.size() == 1) return std::move(good.front());
  if (good.size() > 1) {
    return fail(Reason::kAmbiguousDelegation, Place::kSubjectToken,
                std::to_string(good.size()) + " delegations would do, among them " +
                    quoted(view.id(good.front().lineage.delegations.front())) +
                    "; expected delegation_id to name one");
  }
  if (refusal) return fail(*std::move(refusal));
  return fail(Reason::kNoDelegation, Place::kSubjectToken,
              "no delegation to " + quoted(client.id.text()) +
                  (named ? " named " + quoted(*named) : std::string()) +
                  " continues the subject token's lineage");
}

Grant make_grant(const record::View& view, const Subject& subject, Chosen chosen) {
  Grant grant{.subject = subject.id,
              .actors = subject.actors,
              .audience = chosen.selected.audience,
              .authority = std::move(chosen.selected.authority),
              .transaction = subject.claims ? subject.claims->transaction : std::string(),
              .lineage = std::move(chosen.lineage),
              .rests_on = subject.rests_on,
              .not_after = subject.expires_at,
              .predecessors = subject.predecessors,
              .handover = subject.handover,
              .uses = subject.uses,
              .hop_delegation = std::nullopt};
  for (std::string& node : decision::rests_on(view, *grant.lineage)) {
    grant.rests_on.push_back(std::move(node));
  }
  return grant;
}

Result<void> check_types(const Form& form) {
  const auto wanted = form.find("requested_token_type");
  if (wanted && *wanted != kAccessTokenType && *wanted != kJwtType) {
    return fail(Reason::kBadRequest, "requested_token_type " + quoted(*wanted) + "; expected " +
                                         std::string(kAccessTokenType));
  }
  if (form.find("actor_token").has_value() != form.find("actor_token_type").has_value()) {
    return fail(Reason::kBadRequest, Place::kActorToken,
                "actor_token and actor_token_type stand together or not at all");
  }
  return {};
}

// A hop grant as the delegation that it is: below the token's leaf, or by the token's own subject.
Result<DelegationDefinition> hop_delegation(const record::View& view, const Subject& subject,
                                            const Client& client) {
  const token::HopGrant& hop = *subject.hop_grant;
  Result<Authority> authority = select(subject.claims->authority, hop.authority, Place::kHopGrant);
  if (!authority) return fail(authority.error());
  const std::string id =
      "hop-" + encode_base64url(view_of_prefix(crypto::sha256(hop.holder.text(), "\n", hop.jti)));
  Result<DelegationId> delegation_id = DelegationId::parse(id);
  if (!delegation_id) return fail(delegation_id.error());
  DelegationDefinition definition{.id = *delegation_id,
                                  .delegator = std::nullopt,
                                  .parent = std::nullopt,
                                  .delegate = client.id,
                                  .authority = *std::move(authority),
                                  .not_before = std::nullopt,
                                  .not_after = hop.expires_at,
                                  .max_depth = hop.max_depth,
                                  .max_token_lifetime = std::nullopt,
                                  .purpose = "hop grant"};
  if (subject.chain.empty()) {
    definition.delegator = subject.id;
  } else {
    definition.parent = DelegationId::parse(view.id(subject.chain.front())).value();
  }
  return definition;
}

}  // namespace

Result<Grant> own_right_grant(Core& core, const record::View& view, const Client& client,
                              const Wanted& wanted, Instant now) {
  std::vector<Chosen> good;
  std::optional<Error> refusal;
  for (record::EntitlementHandle root : view.entitlements_of(client.handle)) {
    Result<Chosen> chosen = try_lineage(view, {root, {}}, nullptr, wanted, now);
    if (chosen) {
      good.push_back(*std::move(chosen));
    } else {
      keep_better(refusal, chosen.error());
    }
  }
  Subject subject(client.id, client.handle);
  if (good.empty()) {
    const bool statements_only = wanted.audience == core.issuer_resource && !wanted.permissions;
    if (statements_only) {
      return Grant{
          .subject = client.id,
          .actors = {},
          .audience = core.issuer_resource,
          .authority = {},
          .transaction = {},
          .lineage = std::nullopt,
          .rests_on = {record::short_id({record::NodeKind::kPrincipal, client.handle.index, {}})},
          .not_after = kEndOfTime,
          .predecessors = {},
          .handover = {},
          .uses = {},
          .hop_delegation = std::nullopt};
    }
    if (refusal) return fail(*std::move(refusal));
    return fail(Reason::kOutsideAuthority, wanted.place,
                quoted(client.id.text()) +
                    " holds no entitlement; expected one, or a token "
                    "exchange to act for another");
  }
  if (good.size() > 1 && !wanted.permissions) {
    return fail(Reason::kAmbiguousDelegation, wanted.place,
                std::to_string(good.size()) + " entitlements would do; expected a scope");
  }
  return make_grant(view, subject, std::move(good.front()));
}

Result<Grant> exchange_grant(Core& core, const record::View& view, const Client& client,
                             const Form& form, const Binding& binding, Instant now) {
  if (Result<void> types = check_types(form); !types) return fail(types.error());
  Result<Wanted> wanted = parse_wanted(form);
  if (!wanted) return fail(wanted.error());
  Result<Subject> subject = read_subject(core, view, client, form, binding, now);
  if (!subject) return fail(subject.error());
  Result<void> actor = read_actor(core, view, client, form, binding, now, *subject);
  if (!actor) return fail(actor.error());
  if (subject->narrowing) {
    if (!subject->entitlement) {
      return fail(Reason::kOutsideAuthority, Place::kSubjectToken,
                  "the subject token carries no authority");
    }
    const auto named = form.find("delegation_id");
    if (named && (subject->chain.empty() || *named != view.id(subject->chain.front()))) {
      return fail(Reason::kNoDelegation, Place::kSubjectToken,
                  "the caller narrows its own token, which does not rest on delegation " +
                      quoted(*named) + " last");
    }
    Result<Chosen> chosen = try_lineage(view, {*subject->entitlement, subject->chain},
                                        &subject->claims->authority, *wanted, now);
    if (!chosen) return fail(chosen.error());
    return make_grant(view, *subject, *std::move(chosen));
  }
  if (subject->took_part(client.id)) {
    return fail(Reason::kBadRequest, Place::kSubjectToken,
                quoted(client.id.text()) + " took part in this chain already; expected no cycle");
  }
  subject->actors.insert(subject->actors.begin(), client.id);
  if (subject->hop_grant) {
    Result<DelegationDefinition> definition = hop_delegation(view, *subject, client);
    if (!definition) return fail(definition.error());
    subject->named_delegation = view.find_delegation(definition->id.text());
    if (!subject->named_delegation) {
      // Before it is spent and on record for ever: whether it could carry this request at all.
      if (Result<Selected> would = select_wanted(definition->authority, *wanted); !would) {
        return fail(would.error());
      }
      // Goes on record first; the caller comes back with a view that has it.
      Grant grant{.subject = subject->id,
                  .actors = {},
                  .audience = core.issuer_resource,
                  .authority = {},
                  .transaction = {},
                  .lineage = std::nullopt,
                  .rests_on = {},
                  .not_after = kEndOfTime,
                  .predecessors = {},
                  .handover = {},
                  .uses = subject->uses,
                  .hop_delegation = *std::move(definition)};
      return grant;
    }
  }
  Result<Chosen> chosen = choose_extension(view, *subject, client, form, *wanted, now);
  if (!chosen) return fail(chosen.error());
  return make_grant(view, *subject, *std::move(chosen));
}

}  // namespace mandate::service
