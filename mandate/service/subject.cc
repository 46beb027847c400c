#include "mandate/service/subject.h"
#include "mandate/record/command.h"

#include <algorithm>

#include "mandate/base/bytes.h"
#include "mandate/crypto/hash.h"

namespace mandate::service {
namespace {

constexpr std::string_view kAccessTokenType = "urn:ietf:params:oauth:token-type:access_token";
constexpr std::string_view kJwtType = "urn:ietf:params:oauth:token-type:jwt";
constexpr std::string_view kIdTokenType = "urn:ietf:params:oauth:token-type:id_token";
// So many claims of a person's token are looked at: the authenticators that it could fit are looked
// up, one for each small set of claims, instead of searched.
constexpr std::size_t kClaimsReadMax = 32;

Error at(Error error, Place place) {
  error.place = place;
  return error;
}

Result<void> add_predecessor(Core& core, Subject& subject, std::string_view jti,
                             std::string_view as) {
  std::optional<json::Value> entry = core.journalist.predecessor(jti, as);
  if (!entry) {
    return fail(Reason::kRecordUnavailable, "the journal entry of the " + std::string(as) +
                                                " is not to be found; expected a token whose issue "
                                                "is on record");
  }
  subject.predecessors.push_back(*std::move(entry));
  return {};
}

// Whether the caller is the resource server that the token was issued for.
bool is_audience_of(const record::View& view, const Client& client, const ResourceId& audience) {
  const auto handle = view.find_resource(audience.text());
  const record::Resource* resource = handle ? view.resource(*handle) : nullptr;
  return resource != nullptr && resource->status == record::Status::kActive &&
         resource->resource_server == client.handle;
}

// How a bound token may come to this caller (Law 4); the binding moves, it never disappears.
Result<void> check_binding(Core& core, const record::View& view, const Client& client,
                           const Form& form, const Binding& binding, const VerifiedToken& verified,
                           Instant now, Subject& subject) {
  const TokenClaims& claims = verified.claims();
  const auto hop_grant = form.find("hop_grant");
  if (claims.client_id == client.id) {
    if (hop_grant) {
      return fail(Reason::kBadRequest, Place::kHopGrant, "a hop grant for the caller's own token");
    }
    if (!binding.is_of(claims)) {
      return fail(
          Reason::kProofOfPossession, Place::kSubjectToken,
          "what the caller proves is another key or certificate than the subject token's cnf");
    }
    subject.narrowing = true;
    return {};
  }
  if (hop_grant) {
    Result<token::HopGrant> hop = token::verify_hop_grant(
        *hop_grant, claims.jkt.value_or(std::string()), core.deps.issuer, now);
    if (!hop) return fail(hop.error());
    const bool fits = hop->holder == claims.client_id && hop->token_hash == verified.hash() &&
                      hop->delegate == client.id && hop->expires_at <= claims.expires_at;
    if (!fits) {
      return fail(Reason::kHopGrantRequired, Place::kHopGrant,
                  "the hop grant is not by the token's holder, for this token, to this caller, "
                  "ending with it");
    }
    if (hop->delegate_jkt != binding.jkt) {
      return fail(Reason::kProofOfPossession, Place::kHopGrant,
                  "the proof is by another key than the hop grant's cnf.jkt");
    }
    subject.uses.push_back({hop->use.use_key, hop->use.until, Place::kHopGrant});
    subject.hop_grant = *std::move(hop);
    subject.handover = "hop_grant";
    return {};
  }
  if (is_audience_of(view, client, claims.audience)) {
    subject.handover = "audience";
    return {};
  }
  return fail(Reason::kHopGrantRequired, Place::kSubjectToken,
              "the subject token is bound to another holder and its audience is " +
                  quoted(claims.audience.text()) + "; expected a hop grant by its holder");
}

Result<Subject> subject_of_token(Core& core, const record::View& view, const Client& client,
                                 const Form& form, const Binding& binding, const token::Jws& jws,
                                 Instant now) {
  Result<VerifiedToken> verified = core.issuer_keys(now).verifier.verify(jws, now);
  if (!verified) return fail(at(verified.error(), Place::kSubjectToken));
  const TokenClaims& claims = verified->claims();
  const auto principal = view.find_principal(claims.subject.text());
  if (!principal) {
    return fail(Reason::kTokenMalformed, Place::kSubjectToken, "the token's subject is unknown");
  }
  Subject subject(claims.subject, *principal);
  Result<void> bound = check_binding(core, view, client, form, binding, *verified, now, subject);
  if (!bound) return fail(bound.error());
  auto lineage = live_lineage(view, claims, now);
  if (!lineage) return fail(at(lineage.error(), Place::kSubjectToken));
  if (*lineage) {
    subject.chain = (*lineage)->delegations;
    subject.entitlement = (*lineage)->entitlement;
  }
  subject.actors = claims.actors;
  subject.rests_on = claims.rests_on;
  subject.rests_on.push_back(record::short_id({record::NodeKind::kToken, 0, claims.jti}));
  subject.expires_at = claims.expires_at;
  subject.claims = claims;
  Result<void> linked = add_predecessor(core, subject, claims.jti, "subject_token");
  if (!linked) return fail(at(linked.error(), Place::kSubjectToken));
  return subject;
}

Result<Subject> subject_of_statement(Core& core, const record::View& view, const Client& client,
                                     const token::Jws& jws, Instant now) {
  Result<token::Statement> statement =
      token::verify_statement(jws, core.issuer_keys(now).public_keys, core.deps.issuer, now);
  if (!statement) return fail(at(statement.error(), Place::kSubjectToken));
  if (statement->delegate != client.id) {
    return fail(Reason::kActorMismatch, Place::kSubjectToken,
                "the statement's may_act names " + quoted(statement->delegate.text()) +
                    ", the caller is " + quoted(client.id.text()));
  }
  const auto handle = view.find_delegation(statement->delegation.text());
  const record::Delegation* delegation = handle ? view.delegation(*handle) : nullptr;
  if (delegation == nullptr || delegation->delegate != client.handle ||
      record::is_hop_grant(statement->delegation.text()) ||
      view.id(delegation->delegator) != statement->delegator.text()) {
    return fail(Reason::kNoDelegation, Place::kSubjectToken,
                "delegation " + quoted(statement->delegation.text()) +
                    " is not on record as the statement has it");
  }
  Result<std::vector<record::DelegationHandle>> chain = decision::chain_of(view, *handle);
  if (!chain) return fail(at(chain.error(), Place::kSubjectToken));
  const record::PrincipalHandle root = view.delegation(chain->back())->delegator;
  Subject subject(PrincipalId::parse(view.id(root)).value(), root);
  subject.named_delegation = *handle;
  subject.expires_at = statement->expires_at;
  return subject;
}

// Every set of one to `limits::kClaimConditionsMax` of `count` claims, by their positions.
std::vector<std::vector<std::size_t>> claim_sets(std::size_t count) {
  std::vector<std::vector<std::size_t>> sets = {{}};
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t s = 0, known = sets.size(); s < known; ++s) {
      if (sets[s].size() == limits::kClaimConditionsMax) continue;
      std::vector<std::size_t> more = sets[s];
      more.push_back(i);
      sets.push_back(std::move(more));
    }
  }
  sets.erase(sets.begin());
  return sets;
}

// The authenticator whose conditions these claims meet, a live one where several do. Claims that
// speak of two people speak of none.
Result<record::AuthenticatorHandle> find_person(
    const record::View& view, const TrustedIssuerId& issuer,
    const std::vector<std::pair<std::string, std::string>>& claims) {
  if (claims.size() > kClaimsReadMax) {
    return fail(Reason::kLimitExceeded, Place::kSubjectToken,
                "the token has more than " + std::to_string(kClaimsReadMax) + " claims of text");
  }
  std::optional<record::AuthenticatorHandle> best;
  for (const std::vector<std::size_t>& set : claim_sets(claims.size())) {
    Authenticator::Issued issued{issuer, {}};
    for (std::size_t i : set) issued.claims.push_back(claims[i]);
    std::sort(issued.claims.begin(), issued.claims.end());
    Result<std::string> id = authenticator_id({std::move(issued), std::nullopt});
    const auto found = id ? view.find_authenticator(*id) : std::nullopt;
    const record::AuthenticatorRecord* record = found ? view.authenticator(*found) : nullptr;
    if (record == nullptr) continue;
    if (best && view.authenticator(*best)->principal != record->principal) {
      return fail(Reason::kNoDelegation, Place::kSubjectToken,
                  "two people on record sign in with these claims; expected one");
    }
    if (!best || record->status == record::Status::kActive) best = found;
  }
  if (!best) {
    return fail(Reason::kNoDelegation, Place::kSubjectToken,
                "no person on record signs in with these claims");
  }
  return *best;
}

struct Issuer {
  record::TrustedIssuerHandle handle;
  const record::TrustedIssuer* record = nullptr;
};
Result<Issuer> find_issuer(const record::View& view, const token::Jws& jws) {
  Error refusal{Reason::kUntrustedIssuer, Place::kSubjectToken,
                "the token's issuer is not on record; expected ours or a trusted one"};
  const std::optional<std::string> claimed = token::claimed_issuer(jws);
  for (std::uint32_t i = 0; claimed && i < view.count(record::NodeKind::kTrustedIssuer); ++i) {
    const record::TrustedIssuerHandle handle{i};
    const record::TrustedIssuer* issuer = view.trusted_issuer(handle);
    if (issuer == nullptr || issuer->definition->issuer != *claimed) continue;
    if (issuer->status == record::Status::kActive) return Issuer{handle, issuer};
    refusal = {Reason::kAncestorRevoked, Place::kSubjectToken,
               "trusted issuer " + quoted(view.id(handle)) + " was revoked"};
  }
  return fail(std::move(refusal));
}

Result<Subject> subject_of_person(const record::View& view, const token::Jws& jws, Instant now) {
  Result<Issuer> issuer = find_issuer(view, jws);
  if (!issuer) return fail(issuer.error());
  const TrustedIssuerDefinition& trusted = *issuer->record->definition;
  Result<std::vector<crypto::KeySetEntry>> keys = crypto::parse_jwks(trusted.jwks);
  if (!keys) return fail(at(keys.error(), Place::kSubjectToken));
  Result<token::PersonClaims> person = token::verify_person_token(
      jws, *keys, trusted.algorithms, trusted.issuer, trusted.audience, trusted.max_token_age, now);
  if (!person) return fail(at(person.error(), Place::kSubjectToken));
  Result<record::AuthenticatorHandle> found = find_person(view, trusted.id, person->claims);
  if (!found) return fail(found.error());
  const record::AuthenticatorRecord* record = view.authenticator(*found);
  if (record->status != record::Status::kActive) {
    return fail(Reason::kAncestorRevoked, Place::kSubjectToken,
                "authenticator " + quoted(view.id(*found)) + " was revoked");
  }
  if (record->not_after <= now) {
    return fail(Reason::kCredentialExpired, Place::kSubjectToken,
                "the person's authenticator is past its not_after");
  }
  if (Result<void> live = decision::check_principal(view, record->principal, now); !live) {
    return fail(at(live.error(), Place::kSubjectToken));
  }
  Subject subject(PrincipalId::parse(view.id(record->principal)).value(), record->principal);
  subject.expires_at = std::min(person->expires_at, record->not_after);
  subject.rests_on = {
      record::short_id({record::NodeKind::kTrustedIssuer, issuer->handle.index, {}}),
      record::short_id({record::NodeKind::kAuthenticator, found->index, {}})};
  return subject;
}

Result<void> check_actor_assertion(Core& core, const record::View& view, const Client& client,
                                   const token::Jws& jws, Instant now, Subject& subject) {
  if (is_persons_token(core, view, jws)) {
    return fail(Reason::kBorrowedCredential, Place::kActorToken,
                "a person's token is no actor token; expected the caller's own");
  }
  Result<PrincipalId> who = token::claimed_client(jws);
  if (!who) return fail(at(who.error(), Place::kActorToken));
  if (*who != client.id) {
    return fail(Reason::kActorMismatch, Place::kActorToken,
                "the actor token is about " + quoted(who->text()) + ", the caller is " +
                    quoted(client.id.text()));
  }
  const std::vector<RegisteredKey> keys =
      registered_keys(core, view, *view.principal(client.handle));
  Result<token::OneUse> use = token::verify_actor_token(jws, plain(keys), core.deps.issuer, now);
  if (!use) return fail(at(use.error(), Place::kActorToken));
  if (view.authenticator(keys[use->key_index].authenticator)->not_after <= now) {
    return fail(Reason::kCredentialExpired, Place::kActorToken,
                "the actor token's key is past its not_after");
  }
  subject.uses.push_back({use->use_key, use->until, Place::kActorToken});
  return {};
}

Result<void> check_actor_access_token(Core& core, const record::View& view, const Client& client,
                                      const token::Jws& jws, const Binding& binding, Instant now,
                                      Subject& subject) {
  Result<VerifiedToken> verified = core.issuer_keys(now).verifier.verify(jws, now);
  if (!verified) return fail(at(verified.error(), Place::kActorToken));
  const TokenClaims& claims = verified->claims();
  if (claims.client_id != client.id) {
    return fail(Reason::kActorMismatch, Place::kActorToken,
                "the actor token is about " + quoted(claims.client_id.text()) + ", the caller is " +
                    quoted(client.id.text()));
  }
  if (!binding.is_of(claims)) {
    return fail(Reason::kProofOfPossession, Place::kActorToken,
                "what the caller proves is another key or certificate than the actor token's cnf");
  }
  if (auto live = live_lineage(view, claims, now); !live) {
    return fail(at(live.error(), Place::kActorToken));
  }
  // What proved the actor must live on; its own entitlement is no root of this lineage.
  for (const std::string& node : claims.rests_on) {
    const Result<record::NodeRef> parsed = record::parse_short_id(node);
    if (parsed && parsed->kind != record::NodeKind::kEntitlement) subject.rests_on.push_back(node);
  }
  subject.rests_on.push_back(record::short_id({record::NodeKind::kToken, 0, claims.jti}));
  return add_predecessor(core, subject, claims.jti, "actor_token");
}

}  // namespace

bool Subject::took_part(const PrincipalId& principal_id) const {
  return id == principal_id ||
         std::find(actors.begin(), actors.end(), principal_id) != actors.end();
}

Result<Subject> read_subject(Core& core, const record::View& view, const Client& client,
                             const Form& form, const Binding& binding, Instant now) {
  Result<std::string_view> text = form.required("subject_token", Place::kSubjectToken);
  if (!text) return fail(text.error());
  Result<std::string_view> type = form.required("subject_token_type", Place::kSubjectToken);
  if (!type) return fail(type.error());
  if (*type != kAccessTokenType && *type != kJwtType && *type != kIdTokenType) {
    return fail(Reason::kBadRequest, Place::kSubjectToken,
                "subject_token_type " + quoted(*type) +
                    "; expected an access_token, a jwt or an "
                    "id_token type (RFC 8693 section 3)");
  }
  Result<token::Jws> jws = token::Jws::parse(*text, Place::kSubjectToken);
  if (!jws) return fail(jws.error());
  if (*type == kAccessTokenType) {
    return subject_of_token(core, view, client, form, binding, *jws, now);
  }
  if (form.find("hop_grant")) {
    return fail(Reason::kBadRequest, Place::kHopGrant,
                "a hop grant hands on an access token; the subject token is none");
  }
  if (*type == kJwtType && jws->type() == "delegation+jwt") {
    return subject_of_statement(core, view, client, *jws, now);
  }
  return subject_of_person(view, *jws, now);
}

Result<void> read_actor(Core& core, const record::View& view, const Client& client,
                        const Form& form, const Binding& binding, Instant now, Subject& subject) {
  const auto text = form.find("actor_token");
  if (!text) {
    if (subject.narrowing) return {};
    return fail(Reason::kActorTokenRequired, Place::kActorToken,
                "acting for another takes the caller's own actor_token");
  }
  const std::string_view type = form.find("actor_token_type").value_or("");
  if (type != kAccessTokenType && type != kJwtType) {
    return fail(Reason::kBadRequest, Place::kActorToken,
                "actor_token_type " + quoted(type) + "; expected an access_token or a jwt type");
  }
  Result<token::Jws> jws = token::Jws::parse(*text, Place::kActorToken);
  if (!jws) return fail(jws.error());
  if (type == kJwtType) return check_actor_assertion(core, view, client, *jws, now, subject);
  return check_actor_access_token(core, view, client, *jws, binding, now, subject);
}

}  // namespace mandate::service
