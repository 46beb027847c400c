#include "mandate/decision/decision.h"

#include "mandate/base/bytes.h"
#include "mandate/decision/chain.h"

namespace mandate::decision {

using record::NodeKind;
using record::Status;
using record::View;

namespace {

std::string describe(const AccessRequest& request) {
  return quoted(request.type + ':' + request.action) + " at " + quoted(request.location.text()) +
         (request.identifier ? " on " + quoted(request.identifier->text()) : std::string());
}

// `who()` names whose authority it is; called only on refusal.
template <class Any, class Who>  // Any: Authority or StoredAuthority
Result<void> check_authority(const Any& authority, const AccessRequest& request,
                             const ConstraintInputs& inputs, const Who& who) {
  const Coverage coverage = authority.permits(request, inputs);
  switch (coverage.miss) {
    case Miss::kNone: return {};
    case Miss::kAuthority:
      return fail(Reason::kOutsideAuthority, who() + " does not allow " + describe(request));
    case Miss::kWindow:
      return fail(Reason::kOutsideWindow,
                  who() + " does not allow it at this hour (constraint hours)");
    case Miss::kConstraint: break;
  }
  return fail(Reason::kConstraintNotMet,
              "constraint " + coverage.constraint + " of " + who() + " is not met");
}

// `known`: its handle, where that was found before.
Result<const record::Resource*> find_target(
    const View& view, const AccessRequest& request,
    std::optional<record::ResourceHandle> known = std::nullopt) {
  const std::optional<record::ResourceHandle> handle =
      known ? known : view.find_resource(request.location.text());
  const record::Resource* resource = handle ? view.resource(*handle) : nullptr;
  if (resource == nullptr || resource->status == Status::kEnded) {
    return fail(Reason::kAudienceMismatch, Place::kTarget,
                "resource " + quoted(request.location.text()) + " is not on record");
  }
  return resource;
}

ConstraintInputs inputs_of(const record::Resource& resource, const AccessRequest& request,
                           Instant now, const TimeZones& zones) {
  ConstraintInputs inputs;
  if (!resource.definition->environment.empty()) {
    inputs.environment = resource.definition->environment;
  }
  inputs.client_address = request.client_address ? &*request.client_address : nullptr;
  inputs.facts = &request.facts;
  inputs.now = now;
  inputs.zones = &zones;
  return inputs;
}

Result<void> check_hops(const View& view, const Lineage& lineage, const Chain& chain,
                        const AccessRequest& request, const ConstraintInputs& inputs) {
  for (std::size_t i = 0; i < chain.size; ++i) {
    Result<void> permitted = check_authority(*chain.hops[i]->authority, request, inputs, [&] {
      return "delegation " + quoted(view.id(lineage.delegations[i]));
    });
    if (!permitted) {
      return permitted;
    }
  }
  return check_authority(*chain.root->authority, request, inputs,
                         [&] { return "entitlement " + quoted(view.id(lineage.entitlement)); });
}

Result<void> check_possession(const VerifiedToken& token, const ProvenPossession* possession) {
  const auto refuse = [](std::string_view detail) {
    return fail(Reason::kProofOfPossession, Place::kAccessToken, std::string(detail));
  };
  if (!token.claims().jkt && !token.claims().certificate) {
    return refuse("the token is bound to no key; expected a bound one");
  }
  if (possession == nullptr) {
    return refuse("no proof of the token's key");
  }
  if (!possession->binding().is_of(token.claims())) {
    return refuse("the proof is by another key than the token's");
  }
  if (possession->token_hash() != token.hash()) {
    return refuse("the proof is not for this token");
  }
  return {};
}

// The root's holder is the subject, the leaf's delegate the outermost actor.
Result<void> check_parties(const Chain& chain, const Standing& standing) {
  if (chain.holder(chain.size) == standing.subject && chain.holder(0) == standing.client) return {};
  return fail(Reason::kActorMismatch, Place::kAccessToken,
              "the token's parties are not those of its lineage");
}

Result<void> check_presented(const View& view, Instant now, const AccessRequest& request,
                             const Evidence& evidence) {
  const TokenClaims& claims = evidence.token->claims();
  if (Result<void> known = check_revision(view, claims); !known) return known;
  if (now >= claims.expires_at) {
    return fail(Reason::kTokenExpired, Place::kAccessToken,
                "the token ended at " + format_rfc3339(claims.expires_at));
  }
  // What many tokens are for is in the cache; a token's own text is not.
  const bool is_known = evidence.standing != nullptr && evidence.standing->audience;
  const std::string_view audience =
      is_known ? view.id(*evidence.standing->audience) : claims.audience.text();
  if (audience != request.location.text()) {
    return fail(
        Reason::kAudienceMismatch, Place::kAccessToken,
        "the token is for " + quoted(audience) + ", not " + quoted(request.location.text()));
  }
  if (evidence.subject && *evidence.subject != claims.subject) {
    return fail(Reason::kBadRequest, "subject " + quoted(evidence.subject->text()) +
                                         " is not the token's sub " +
                                         quoted(claims.subject.text()));
  }
  return check_possession(*evidence.token, evidence.possession);
}

Result<void> decide_proven(Decision& decision, const View& view, Instant now,
                           const TimeZones& zones, const AccessRequest& request,
                           const Evidence& evidence) {
  if (evidence.standing != nullptr) read_ahead(view, *evidence.standing);
  if (Result<void> good = check_presented(view, now, request, evidence); !good) {
    return good;
  }
  decision.authority = AuthorityKind::kProven;
  const TokenClaims& claims = evidence.token->claims();
  Result<Standing> found;
  if (evidence.standing == nullptr) found = standing_of(view, claims);
  if (!found) {
    return fail(found.error());
  }
  const Standing& standing = evidence.standing == nullptr ? *found : *evidence.standing;
  const Lineage* const lineage = &standing.lineage;
  const Result<Chain> chain = resolve(view, *lineage);
  if (!chain) {
    return fail(chain.error());
  }
  read_ahead(view, *chain);
  decision.lineage = *lineage;
  return check_not_revoked(view, claims, standing.jti_hash, standing.transaction_hash)
      .and_then([&] { return check_live(view, now, *lineage, *chain); })
      .and_then([&] { return check_rests_on(view, standing.besides, now); })
      .and_then([&] { return check_parties(*chain, standing); })
      .and_then([&] { return find_target(view, request, standing.audience); })
      .and_then([&](const record::Resource* resource) {
        const ConstraintInputs inputs = inputs_of(*resource, request, now, zones);
        const auto the_token = [] { return std::string("the token"); };
        return (standing.authority
                    ? check_authority(*standing.authority, request, inputs, the_token)
                    : check_authority(claims.authority, request, inputs, the_token))
            .and_then([&] { return check_hops(view, *lineage, *chain, request, inputs); });
      });
}

// Of the refusals of several roots, the one that came nearest to a permit is told.
int nearness(Reason reason) {
  const bool is_dead = reason == Reason::kAncestorRevoked;
  const bool is_elsewhere = reason == Reason::kOutsideAuthority;
  return is_dead ? 0 : is_elsewhere ? 1 : 2;
}

Result<void> decide_asserted(Decision& decision, const View& view, Instant now,
                             const TimeZones& zones, const AccessRequest& request,
                             const std::optional<PrincipalId>& subject) {
  const Result<const record::Resource*> resource = find_target(view, request);
  if (!resource) {
    return fail(resource.error());
  }
  if (!(*resource)->definition->accept_asserted) {
    return fail(Reason::kProofOfPossession, Place::kAccessToken,
                "no token, and the resource does not accept asserted decisions");
  }
  if (!subject) {
    return fail(Reason::kBadRequest, "neither a token nor a subject");
  }
  const std::optional<record::PrincipalHandle> handle = view.find_principal(subject->text());
  if (!handle) {
    return fail(Reason::kPrincipalDiscovered,
                "principal " + quoted(subject->text()) + " is not on record");
  }
  if (Result<void> active = check_principal(view, *handle, now); !active) {
    return active;
  }
  const ConstraintInputs inputs = inputs_of(**resource, request, now, zones);
  std::optional<Error> nearest;
  for (const record::EntitlementHandle entitlement : view.entitlements_of(*handle)) {
    const Lineage lineage{entitlement, {}};
    const Result<void> permitted = resolve(view, lineage).and_then([&](const Chain& chain) {
      return check_live(view, now, lineage, chain).and_then([&] {
        return check_hops(view, lineage, chain, request, inputs);
      });
    });
    if (permitted) {
      decision.lineage = lineage;
      return {};
    }
    if (!nearest || nearness(permitted.error().reason) > nearness(nearest->reason)) {
      nearest = permitted.error();
    }
  }
  return fail(
      nearest.value_or(Error{Reason::kOutsideAuthority, Place::kRequest,
                             "principal " + quoted(subject->text()) + " holds no entitlement"}));
}

}  // namespace

std::string_view name(AuthorityKind kind) {
  return kind == AuthorityKind::kProven ? "proven" : "asserted";
}

Names names_of(const View& view, const Decision& decision, const TokenClaims* claims) {
  Names names;
  const bool is_proven = decision.authority == AuthorityKind::kProven && claims != nullptr;
  if (is_proven) {
    names.rests_on = claims->rests_on;
    names.rests_on.push_back(record::short_id({NodeKind::kToken, 0, claims->jti}));
    names.rests_on.push_back(record::short_id({NodeKind::kTransaction, 0, claims->transaction}));
  }
  if (!decision.lineage) return names;
  names.entitlement = view.id(decision.lineage->entitlement);
  if (!is_proven) names.rests_on = rests_on(view, *decision.lineage);
  for (const record::DelegationHandle handle : decision.lineage->delegations) {
    names.delegations.emplace_back(view.id(handle));
    names.rests_on.push_back(record::short_id({NodeKind::kDelegation, handle.index, {}}));
  }
  return names;
}

Result<void> check_permits(const View& view, Instant now, const TimeZones& zones,
                           const Lineage& lineage, const AccessRequest& request) {
  const Result<Chain> chain = resolve(view, lineage);
  if (!chain) {
    return fail(chain.error());
  }
  return find_target(view, request).and_then([&](const record::Resource* resource) {
    return check_hops(view, lineage, *chain, request, inputs_of(*resource, request, now, zones));
  });
}

Decision decide(const View& view, Instant now, const TimeZones& zones, const AccessRequest& request,
                const Evidence& evidence) {
  Decision decision;
  decision.revision = view.revision();
  const Result<void> permitted =
      evidence.token == nullptr
          ? decide_asserted(decision, view, now, zones, request, evidence.subject)
          : decide_proven(decision, view, now, zones, request, evidence);
  if (!permitted) {
    decision.refusal = permitted.error();
  }
  return decision;
}

}  // namespace mandate::decision
