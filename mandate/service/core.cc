#include "mandate/service/core.h"

#include "mandate/base/bytes.h"

namespace mandate::service {

Core::Core(const Dependencies& dependencies)
    : deps(dependencies),
      issuer_resource(ResourceId::parse(dependencies.issuer).value()),
      issuer_ring(dependencies.issuer, dependencies.keys.es256, dependencies.keys.rs256),
      nonces(dependencies.keys.nonce_run_key),
      journalist(dependencies.journal, dependencies.keys.receipt, dependencies.random,
                 dependencies.clock, dependencies.counters),
      rate({.per_second = dependencies.requests_per_second_max}),
      background(dependencies.begin_background) {}

Result<void> Core::check_rate(const PrincipalId& client) {
  if (rate.take(client.text(), now())) return {};
  return fail(Reason::kLimitExceeded, Place::kRate,
              quoted(client.text()) + " asks too often; expected at most " +
                  std::to_string(deps.requests_per_second_max) + " requests a second");
}

Result<void> Core::consume(const Digest& key, Instant until, Place place) {
  switch (deps.uses.consume(key, 1, until, now())) {
    case record::Consumed::kFirst: return {};
    case record::Consumed::kUsedBefore: break;
    case record::Consumed::kCannotRemember:
      return fail(Reason::kLimitExceeded, Place::kRate,
                  "no more one-use identifiers can be remembered now; expected another try later");
  }
  return fail(Reason::kProofReplayed, place,
              "this one-use identifier was used before; expected a new jti for each request");
}

std::string text_of(const record::View& view, record::PrincipalHandle principal) {
  return std::string(view.id(principal));
}

Reply refuse(Core& core, Error error, json::Value entry) {
  Reply reply;
  reply.receipt = core.journalist.refusal(error, std::move(entry));
  reply.error = std::move(error);
  return reply;
}

Reply refuse_unknown(Core& core, Error error) {
  core.journalist.count(error.reason);
  Reply reply;
  reply.error = std::move(error);
  return reply;
}

Result<std::optional<decision::Lineage>> live_lineage(const record::View& view,
                                                      const TokenClaims& claims, Instant now) {
  if (Result<void> live = decision::check_token(view, claims, now); !live) {
    return fail(live.error());
  }
  if (claims.authority.empty()) return std::nullopt;
  Result<decision::Lineage> lineage = decision::lineage_of(view, claims);
  if (!lineage) return fail(lineage.error());
  if (Result<void> live = decision::check_live(view, now, *lineage); !live) {
    return fail(live.error());
  }
  return *std::move(lineage);
}

json::Value use_entry(const Digest& key, Instant until) {
  return json::Value::object(
      {{"key", encode_base64url(view(key))}, {"until", format_rfc3339(until)}});
}

}  // namespace mandate::service
