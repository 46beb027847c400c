// Who calls: clients by private_key_jwt, callers of the API by a token of ours with its proof.
#include <algorithm>

#include "mandate/base/bytes.h"
#include "mandate/service/core.h"
#include "mandate/service/form.h"
#include "mandate/token/certificate.h"

namespace mandate::service {
namespace {

constexpr std::string_view kJwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

// An unknown client costs what a known one with a wrong key costs, and hears the same (ATTACKS B6).
Error refuse_in_vain(Core& core, const token::Jws& jws, Instant now) {
  Result<token::OneUse> use = token::verify_client_assertion(
      jws, {core.issuer_keys(now).es256.public_key()}, core.deps.issuer, now);
  Error error = use ? Error{Reason::kClientUnknown, Place::kClient, "the signature is by no client"}
                    : use.error();
  if (error.reason == Reason::kClientAuthenticationFailed) error.reason = Reason::kClientUnknown;
  return error;
}

Result<token::Jws> parse_assertion(const Form& form, const OAuthCall& call) {
  const auto type = form.find("client_assertion_type");
  const auto assertion = form.find("client_assertion");
  if (!call.authorization.empty() && assertion) {
    return fail(Reason::kBadRequest,
                "an Authorization header stands beside the form; expected private_key_jwt alone "
                "(RFC 6749 section 2.3: one authentication method)");
  }
  if (!assertion || !type) {
    return fail(Reason::kClientAuthenticationFailed, Place::kClient,
                "no client authentication; expected client_assertion and client_assertion_type "
                "(private_key_jwt)");
  }
  if (*type != kJwtBearer) {
    return fail(Reason::kBadRequest,
                "client_assertion_type " + quoted(*type) + "; expected " + std::string(kJwtBearer));
  }
  return token::Jws::parse(*assertion, Place::kClient);
}

Error at(Error error, Place place) {
  error.place = place;
  return error;
}

}  // namespace

// Keys past their date are told apart after the signature, so that the refusal can say
// `credential_expired`.
std::vector<RegisteredKey> registered_keys(Core& core, const record::View& view,
                                           const record::Principal& principal) {
  std::vector<RegisteredKey> keys;
  for (record::AuthenticatorHandle handle : principal.authenticators) {
    const record::AuthenticatorRecord* record = view.authenticator(handle);
    if (record == nullptr || record->status != record::Status::kActive) continue;
    const auto* jwk = std::get_if<json::Value>(&record->definition->proof);
    if (jwk == nullptr) continue;
    Result<crypto::PublicKey> key = core.keys.get(view.id(handle), *jwk);
    if (key) keys.push_back({handle, *std::move(key)});
  }
  return keys;
}

std::vector<crypto::PublicKey> plain(const std::vector<RegisteredKey>& keys) {
  std::vector<crypto::PublicKey> bare;
  bare.reserve(keys.size());
  for (const RegisteredKey& key : keys) bare.push_back(key.key);
  return bare;
}

bool is_persons_token(const Core& core, const record::View& view, const token::Jws& jws) {
  const std::optional<std::string> issuer = token::claimed_issuer(jws);
  if (!issuer || *issuer == core.deps.issuer) return false;
  for (std::uint32_t i = 0; i < view.count(record::NodeKind::kTrustedIssuer); ++i) {
    const record::TrustedIssuer* trusted = view.trusted_issuer(record::TrustedIssuerHandle{i});
    if (trusted != nullptr && trusted->definition->issuer == *issuer) return true;
  }
  return false;
}

Result<Client> authenticate_client(Core& core, const Form& form, const OAuthCall& call,
                                   const record::View& view, Instant now) {
  Result<token::Jws> jws = parse_assertion(form, call);
  if (!jws) return fail(jws.error());
  if (is_persons_token(core, view, *jws)) {
    return fail(Reason::kBorrowedCredential, Place::kClient,
                "a trusted issuer's token about a person is no client authentication; expected an "
                "assertion by the client's own key");
  }
  Result<PrincipalId> id = token::claimed_client(*jws);
  if (!id) return fail(id.error());
  if (const auto named = form.find("client_id"); named && *named != id->text()) {
    return fail(Reason::kClientAuthenticationFailed, Place::kClient,
                "client_id " + quoted(*named) + " is not the assertion's subject");
  }
  // By the id alone: whether that person stands on record is nobody's to ask.
  if (!is_software(kind_of(*id))) {
    return fail(Reason::kBorrowedCredential, Place::kClient,
                quoted(id->text()) +
                    " is not software; a person's credential never authenticates "
                    "software");
  }
  const auto handle = view.find_principal(id->text());
  const record::Principal* principal = handle ? view.principal(*handle) : nullptr;
  if (principal == nullptr) return fail(refuse_in_vain(core, *jws, now));
  const std::vector<RegisteredKey> keys = registered_keys(core, view, *principal);
  if (keys.empty()) return fail(refuse_in_vain(core, *jws, now));
  Result<token::OneUse> use =
      token::verify_client_assertion(*jws, plain(keys), core.deps.issuer, now);
  if (!use) return fail(use.error());
  const record::AuthenticatorHandle authenticator = keys[use->key_index].authenticator;
  if (view.authenticator(authenticator)->not_after <= now) {
    return fail(
        Reason::kCredentialExpired, Place::kClient,
        "the key of " + quoted(id->text()) + " is past its not_after; expected a newer one");
  }
  if (Result<void> live = decision::check_principal(view, *handle, now); !live) {
    return fail(at(live.error(), Place::kClient));
  }
  if (Result<void> room = core.check_rate(*id); !room) return fail(room.error());
  return Client{*handle, *id, authenticator, use->use_key, use->until};
}

namespace {

Result<VerifiedToken> verify_own(Core& core, std::string_view token, Instant now) {
  Result<token::Jws> jws = token::Jws::parse(token, Place::kAccessToken);
  if (!jws) return fail(jws.error());
  if (is_persons_token(core, core.view(), *jws)) {
    return fail(Reason::kBorrowedCredential, Place::kAccessToken,
                "a trusted issuer's token about a person was presented raw; expected a token of "
                "ours, exchanged for it");
  }
  return core.issuer_keys(now).verifier.verify(*jws, now);
}

// RFC 8705 section 3: the scheme is Bearer, the proof is the connection.
tl::expected<Presented, CallerFailure> verify_held(Core& core, std::string_view token,
                                                   const PeerCertificate& certificate,
                                                   Instant now) {
  auto failure = [](Error error) {
    return tl::unexpected<CallerFailure>(CallerFailure{std::move(error), std::nullopt});
  };
  Result<VerifiedToken> verified = verify_own(core, token, now);
  if (!verified) return failure(verified.error());
  Result<ProvenPossession> held = token::CertificateVerifier::verify(*verified, certificate);
  if (!held) return failure(held.error());
  return Presented{*verified, *held, {}};
}

// Schemes are compared without case (RFC 9110 section 11.1).
bool is_scheme(std::string_view scheme, std::string_view lower) {
  return std::equal(scheme.begin(), scheme.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a | 0x20) == b; });
}

}  // namespace

tl::expected<Presented, CallerFailure> verify_pair(Core& core, std::string_view token,
                                                   std::string_view proof, std::string_view method,
                                                   std::string_view uri, Instant now) {
  auto failure = [](Error error) {
    return tl::unexpected<CallerFailure>(CallerFailure{std::move(error), std::nullopt});
  };
  Result<VerifiedToken> verified = verify_own(core, token, now);
  if (!verified) return failure(verified.error());
  Result<token::ProofVerifier::Proof> possession =
      core.proofs.verify(proof, {.method = method,
                                 .uri = uri,
                                 .token_hash = verified->hash(),
                                 .nonce_policy = token::NoncePolicy::kWhenNotFresh,
                                 .nonces = &core.nonces,
                                 .run_started = core.deps.run_started,
                                 .now = now});
  if (!possession) {
    CallerFailure refused{possession.error(), std::nullopt};
    if (refused.error.reason == Reason::kNonceRequired) refused.dpop_nonce = core.nonces.issue(now);
    return tl::unexpected<CallerFailure>(std::move(refused));
  }
  if (!possession->possession.binding().is_of(verified->claims())) {
    return failure({Reason::kProofOfPossession, Place::kAccessToken,
                    "the proof is by another key than the token's cnf.jkt"});
  }
  if (Result<void> once =
          core.consume(possession->use_key, possession->use_until, Place::kDpopProof);
      !once) {
    return failure(once.error());
  }
  return Presented{*verified, possession->possession,
                   use_entry(possession->use_key, possession->use_until)};
}

tl::expected<Presented, CallerFailure> verify_presented(Core& core, const PresentedHeaders& headers,
                                                        Instant now) {
  auto failure = [](Reason reason, Place place, std::string detail) {
    return tl::unexpected<CallerFailure>(
        CallerFailure{Error{reason, place, std::move(detail)}, std::nullopt});
  };
  if (headers.authorization.size() != 1) {
    return failure(Reason::kTokenMalformed, Place::kAccessToken,
                   headers.authorization.empty()
                       ? "no Authorization header; expected \"DPoP\" and an access token"
                       : "more than one Authorization header; expected one");
  }
  const std::string& value = headers.authorization.front();
  const std::size_t space = value.find(' ');
  const std::string scheme = value.substr(0, space);
  if (is_scheme(scheme, "bearer") && space != std::string::npos && headers.certificate) {
    return verify_held(core, std::string_view(value).substr(space + 1), *headers.certificate, now);
  }
  if (!is_scheme(scheme, "dpop") || space == std::string::npos) {
    return failure(Reason::kProofOfPossession, Place::kAccessToken,
                   "the authentication scheme is not DPoP; expected a token bound to a key, with "
                   "its proof (RFC 9449 section 7.1)");
  }
  if (headers.dpop.size() != 1) {
    return failure(Reason::kBadRequest, Place::kDpopProof,
                   headers.dpop.empty() ? "no DPoP header; expected one proof"
                                        : "more than one DPoP header; expected one proof");
  }
  return verify_pair(core, std::string_view(value).substr(space + 1), headers.dpop.front(),
                     headers.method, headers.uri, now);
}

tl::expected<Caller, CallerFailure> authenticate_caller(Core& core, const ApiCall& call,
                                                        const record::View& view, Instant now) {
  auto failure = [](Error error) {
    return tl::unexpected<CallerFailure>(CallerFailure{std::move(error), std::nullopt});
  };
  const std::string uri = core.deps.issuer + call.path;
  auto presented = verify_presented(
      core, {call.authorization, call.dpop, call.method, uri, call.certificate}, now);
  if (!presented) return tl::unexpected<CallerFailure>(presented.error());
  const TokenClaims& claims = presented->token.claims();
  if (claims.audience != core.issuer_resource) {
    return failure({Reason::kAudienceMismatch, Place::kAccessToken,
                    "the token's audience is " + quoted(claims.audience.text()) + "; expected " +
                        quoted(core.issuer_resource.text())});
  }
  const auto handle = view.find_principal(claims.client_id.text());
  if (!handle) {
    return failure({Reason::kTokenMalformed, Place::kAccessToken, "the token's client is unknown"});
  }
  Result<void> live = decision::check_principal(view, *handle, now);
  if (!live) return failure(at(live.error(), Place::kAccessToken));
  auto lineage = live_lineage(view, claims, now);
  if (!lineage) return failure(at(lineage.error(), Place::kAccessToken));
  // An enforcement point speaks for many: what it asks is bounded by the server's load alone.
  if (!call.path.starts_with("/access/")) {
    if (Result<void> room = core.check_rate(claims.client_id); !room) return failure(room.error());
  }
  return Caller{*handle, presented->token, presented->possession};
}

}  // namespace mandate::service
