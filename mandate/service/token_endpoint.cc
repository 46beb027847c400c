#include "mandate/service/token_endpoint.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/json/object_text.h"
#include "mandate/record/command.h"
#include "mandate/service/exchange.h"
#include "mandate/service/form.h"
#include "mandate/service/refused_subject.h"
#include "mandate/service/sequencer.h"
#include "mandate/token/certificate.h"

namespace mandate::service {
namespace {

constexpr Seconds kTokenLifetimeDefault{300};
constexpr std::size_t kUsualEntryBytes = 2 << 10;
constexpr std::string_view kExchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr std::string_view kAccessTokenType = "urn:ietf:params:oauth:token-type:access_token";

// A request whose caller is proven, on its way to a token.
struct Request {
  OAuthCall call;  // owns what `form` points into
  Form form;
  Client client;
  Binding binding;  // of the token
  json::Array uses;
  Done done;
};

json::Value refusal_entry(std::string_view path, const PrincipalId& client,
                          std::string_view grant) {
  json::Value entry = json::Value::object({{"at", path}, {"client_id", client.text()}});
  // Of ours or not, as it came; only the beginning of what no grant type is as long as.
  const bool is_short = grant.size() <= limits::kIdBytesMax;
  if (!grant.empty()) entry.set("grant_type", is_short ? std::string(grant) : quoted(grant));
  return entry;
}

void refuse_request(Core& core, Request& request, Error error) {
  json::Value entry = refusal_entry(request.call.path, request.client.id,
                                    request.form.find("grant_type").value_or(""));
  entry.set("uses", request.uses);
  if (const auto resource = request.form.find("resource")) entry.set("resource", quoted(*resource));
  if (const auto scope = request.form.find("scope")) entry.set("scope", quoted(*scope));
  tell_subject(core, core.view(), request.client, request.form, core.now(), entry);
  request.done(refuse(core, std::move(error), std::move(entry)));
}

// When the token ends: the least of its own lifetime and every end that it rests on.
Instant end_of(const record::View& view, const Request& request, const Grant& grant, Instant now) {
  Seconds lifetime = kTokenLifetimeDefault;
  Instant end = grant.not_after;
  if (const auto bound = decision::max_token_lifetime_of(view, request.client.handle)) {
    lifetime = std::min(lifetime, *bound);
  }
  if (grant.lineage) {
    const decision::Lifetime bounds = decision::lifetime_of(view, *grant.lineage);
    if (bounds.max_token_lifetime) lifetime = std::min(lifetime, *bounds.max_token_lifetime);
    end = std::min(end, bounds.not_after);
  }
  end = std::min(end, view.principal(request.client.handle)->not_after);
  end = std::min(end, view.authenticator(request.client.authenticator)->not_after);
  end = std::min(end, now + lifetime);
  return std::chrono::floor<Seconds>(end);
}

TokenClaims make_claims(Core& core, const record::View& view, const Request& request, Grant& grant,
                        Instant now) {
  std::vector<DelegationId> lineage;
  if (grant.lineage) {
    for (record::DelegationHandle delegation : grant.lineage->delegations) {
      lineage.push_back(DelegationId::parse(view.id(delegation)).value());
    }
  }
  grant.rests_on.push_back(
      record::short_id({record::NodeKind::kAuthenticator, request.client.authenticator.index, {}}));
  std::sort(grant.rests_on.begin(), grant.rests_on.end());
  grant.rests_on.erase(std::unique(grant.rests_on.begin(), grant.rests_on.end()),
                       grant.rests_on.end());
  if (grant.transaction.empty()) {
    grant.transaction = encode_base64url(core.deps.random.bytes(kTransactionBytes));
  }
  return TokenClaims{.subject = grant.subject,
                     .client_id = request.client.id,
                     .actors = grant.actors,
                     .audience = grant.audience,
                     .authority = grant.authority,
                     .jkt = request.binding.jkt,
                     .transaction = grant.transaction,
                     .jti = {},
                     .issued_at = std::chrono::floor<Seconds>(now),
                     .expires_at = end_of(view, request, grant, now),
                     .lineage = std::move(lineage),
                     .rests_on = grant.rests_on,
                     .revision = view.revision(),
                     .certificate = request.binding.certificate};
}

// The entry of an issue: the token's claims but its jti, which is this entry's leaf hash; how the
// binding came here; the entries it follows; what was used once.
Journalist::Draft issue_draft(Core& core, const Request& request, const Grant& grant,
                              const TokenClaims& claims, Instant now) {
  std::string text;
  text.reserve(kUsualEntryBytes);
  json::ObjectText entry(text);
  entry.text("grant_type", *request.form.find("grant_type"));
  if (!grant.handover.empty()) entry.text("handover", grant.handover);
  entry.text("nonce", core.journalist.nonce());
  entry.value("predecessors", grant.predecessors);
  entry.text("time", format_rfc3339(now));
  entry.raw("token", token::claims_text(claims, core.deps.issuer));
  entry.text("type", "issued");
  entry.value("uses", request.uses);
  entry.end();
  return core.journalist.seal("issued", "done", std::move(text));
}

const crypto::PrivateKey& signing_key(Core& core, const record::View& view,
                                      const ResourceId& audience, crypto::Algorithm& algorithm,
                                      Instant now) {
  const auto handle = view.find_resource(audience.text());
  const record::Resource* resource = handle ? view.resource(*handle) : nullptr;
  const bool rsa =
      resource != nullptr && resource->definition->signing_algorithm == SigningAlgorithm::kRs256;
  algorithm = rsa ? crypto::Algorithm::kRs256 : crypto::Algorithm::kEs256;
  const IssuerKeys& keys = core.issuer_keys(now);
  return rsa ? keys.rs256 : keys.es256;
}

json::Value token_body(const Request& request, const TokenClaims& claims, std::string token,
                       Instant now, std::string_view receipt) {
  json::Value body = json::Value::object(
      {{"access_token", std::move(token)},
       {"token_type", claims.certificate ? "Bearer" : "DPoP"},  // RFC 8705 section 3
       {"expires_in", to_numeric_date(claims.expires_at) - to_numeric_date(now)},
       {"authorization_details", claims.authority.to_json()},
       {"receipt", receipt}});
  if (const std::string scope = to_scope(claims.authority); !scope.empty()) {
    body.set("scope", scope);
  }
  if (*request.form.find("grant_type") == kExchangeGrant) {
    body.set("issued_token_type", kAccessTokenType);
  }
  return body;
}

Result<void> consume_uses(Core& core, Request& request, const Grant& grant) {
  for (const PendingUse& use : grant.uses) {
    if (Result<void> once = core.consume(use.key, use.until, use.place); !once) return once;
    request.uses.push_back(use_entry(use.key, use.until));
  }
  return {};
}

void issue(Core& core, const record::View& view, const std::shared_ptr<Request>& request,
           Grant grant, Instant now) {
  TokenClaims claims = make_claims(core, view, *request, grant, now);
  if (claims.expires_at <= now) {
    return refuse_request(core, *request,
                          {Reason::kOutsideWindow, Place::kRequest,
                           "what the token would rest on ends within the second"});
  }
  const auto audience = view.find_resource(claims.audience.text());
  if (!audience || view.resource(*audience)->status != record::Status::kActive) {
    return refuse_request(core, *request,
                          {Reason::kBadRequest, Place::kTarget,
                           quoted(claims.audience.text()) + " is not a resource on record"});
  }
  Journalist::Draft draft = issue_draft(core, *request, grant, claims, now);
  claims.jti = draft.id();
  crypto::Algorithm algorithm{};
  const crypto::PrivateKey& key = signing_key(core, view, claims.audience, algorithm, now);
  std::string token = token::sign_access_token(claims, core.deps.issuer, key, algorithm);
  if (token.size() > limits::kJwtBytesMax) {
    return refuse_request(core, *request,
                          {Reason::kLimitExceeded, Place::kRequest,
                           "the token would be " + std::to_string(token.size()) +
                               " bytes; expected a narrower authority or a shorter lineage"});
  }
  // The receipt is known before durability and the answer is not given before it: both meet here.
  auto reply = std::make_shared<Reply>();
  auto written = core.journalist.write(
      std::move(draft),
      [request, reply](Result<void> durable) {
        if (!durable)
          *reply = Reply{
              .error = durable.error(), .body = {}, .receipt = {}, .dpop_nonce = {}, .headers = {}};
        request->done(std::move(*reply));
      },
      [&](const std::string& receipt) {
        reply->body = token_body(*request, claims, std::move(token), now, receipt);
        reply->receipt = receipt;
        reply->dpop_nonce = core.nonces.issue(now);
      });
  if (!written) refuse_request(core, *request, written.error());
}

Result<Grant> find_grant(Core& core, const record::View& view, const Request& request,
                         Instant now) {
  if (*request.form.find("grant_type") == kExchangeGrant) {
    return exchange_grant(core, view, request.client, request.form, request.binding, now);
  }
  for (std::string_view name :
       {"subject_token", "subject_token_type", "actor_token", "actor_token_type",
        "requested_token_type", "hop_grant", "delegation_id"}) {
    if (!request.form.find(name)) continue;
    return fail(Reason::kBadRequest, std::string(name) +
                                         " has no meaning for client_credentials; "
                                         "expected it with " +
                                         std::string(kExchangeGrant));
  }
  Result<Wanted> wanted = parse_wanted(request.form);
  if (!wanted) return fail(wanted.error());
  return own_right_grant(core, view, request.client, *wanted, now);
}

void grant_and_issue(Core& core, const std::shared_ptr<Request>& request) {
  const Instant now = core.now();
  const record::View view = core.view();
  Result<Grant> grant = find_grant(core, view, *request, now);
  if (!grant) return refuse_request(core, *request, grant.error());
  if (Result<void> once = consume_uses(core, *request, *grant); !once) {
    return refuse_request(core, *request, once.error());
  }
  if (!grant->hop_delegation) return issue(core, view, request, *std::move(grant), now);
  // A hop grant is a delegation: on record before anything rests on it.
  auto definition = std::make_shared<DelegationDefinition>(*std::move(grant->hop_delegation));
  core.deps.sequencer.submit(
      request->client.id.text(),
      [definition](const record::View& at, Instant when) {
        return record::plan_hop_grant(at, *definition, when);
      },
      [&core, request](Result<Committed> committed) {
        if (!committed) return refuse_request(core, *request, committed.error());
        const Instant then = core.now();
        const record::View fresh = core.view();
        Result<Grant> again = find_grant(core, fresh, *request, then);
        if (!again) return refuse_request(core, *request, again.error());
        issue(core, fresh, request, *std::move(again), then);
      });
}

Result<void> check_grant_type(const Form& form) {
  Result<std::string_view> grant = form.required("grant_type");
  if (!grant) return fail(grant.error());
  if (*grant == "client_credentials" || *grant == kExchangeGrant) return {};
  return fail(Reason::kBadRequest, Place::kGrantType,
              "grant_type " + quoted(*grant) + "; expected client_credentials or " +
                  std::string(kExchangeGrant));
}

// What the token is to be bound to: the key of a DPoP proof, or without one the certificate of the
// connection (RFC 8705 section 3), which needs no identifier of its own: TLS proves it anew.
struct Bound {
  Binding binding;
  std::optional<PendingUse> use;
};

// A nonce is asked for before anything is spent, since some clients retry with the same assertion
// (ATTACKS C7).
Result<Bound> find_binding(Core& core, const OAuthCall& call, Instant now) {
  if (call.dpop.empty() && call.certificate) {
    return Bound{token::CertificateVerifier::binding_of(*call.certificate), std::nullopt};
  }
  if (call.dpop.size() != 1) {
    return fail(Reason::kBadRequest, Place::kDpopProof,
                call.dpop.empty() ? "no DPoP header; expected a proof or a client certificate, "
                                    "since every token is bound to one"
                                  : "more than one DPoP header; expected one proof");
  }
  const std::string uri = core.deps.issuer + call.path;
  auto proof = core.proofs.verify(call.dpop.front(), {.method = "POST",
                                                      .uri = uri,
                                                      .token_hash = std::nullopt,
                                                      .nonce_policy = token::NoncePolicy::kAlways,
                                                      .nonces = &core.nonces,
                                                      .run_started = core.deps.run_started,
                                                      .now = now});
  if (!proof) return fail(proof.error());
  return Bound{proof->possession.binding(),
               PendingUse{proof->use_key, proof->use_until, Place::kDpopProof}};
}

}  // namespace

void token_endpoint(Core& core, const OAuthCall& call, Done done) {
  const Instant now = core.now();
  const record::View view = core.view();
  OAuthCall owned = call;
  Result<Form> form = Form::parse(
      owned.parameters,
      {"grant_type", "client_id", "client_assertion", "client_assertion_type", "resource",
       "audience", "scope", "authorization_details", "subject_token", "subject_token_type",
       "actor_token", "actor_token_type", "requested_token_type", "hop_grant", "delegation_id"});
  if (!form) return done(refuse_unknown(core, form.error()));
  Result<Client> client = authenticate_client(core, *form, call, view, now);
  if (!client) return done(refuse_unknown(core, client.error()));
  auto request = std::make_shared<Request>(
      Request{std::move(owned), *std::move(form), *std::move(client), {}, {}, std::move(done)});
  Result<Bound> bound = find_binding(core, request->call, now);
  if (!bound && bound.error().reason == Reason::kNonceRequired) {
    Reply reply;
    reply.error = bound.error();
    reply.dpop_nonce = core.nonces.issue(now);
    return request->done(std::move(reply));
  }
  // Whatever comes of the request, its assertion is spent now.
  const Client& caller = request->client;
  Result<void> once = core.consume(caller.use_key, caller.use_until, Place::kClient);
  if (once) {
    request->uses = {use_entry(caller.use_key, caller.use_until)};
    once = check_grant_type(request->form);
  }
  if (once && !bound) once = fail(bound.error());
  if (once && bound->use) {
    once = core.consume(bound->use->key, bound->use->until, bound->use->place);
    if (once) request->uses.push_back(use_entry(bound->use->key, bound->use->until));
  }
  if (!once) return refuse_request(core, *request, once.error());
  request->binding = bound->binding;
  grant_and_issue(core, request);
}

}  // namespace mandate::service
