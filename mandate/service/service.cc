#include "mandate/service/service.h"

#include <utility>

#include "mandate/service/core.h"
#include "mandate/service/decision_point.h"
#include "mandate/service/management.h"
#include "mandate/service/token_endpoint.h"

namespace mandate::service {

struct Service::Impl {
  explicit Impl(const Dependencies& dependencies) : core(dependencies) {}
  Core core;
};

Service::Service(const Dependencies& dependencies) : impl_(std::make_unique<Impl>(dependencies)) {}
Service::~Service() = default;

void Service::token(const OAuthCall& call, Done done) {
  token_endpoint(impl_->core, call, std::move(done));
}
void Service::introspect(const OAuthCall& call, Done done) {
  introspection_endpoint(impl_->core, call, std::move(done));
}
void Service::revoke_token(const OAuthCall& call, Done done) {
  revocation_endpoint(impl_->core, call, std::move(done));
}

json::Value Service::metadata() const {
  const std::string& issuer = impl_->core.deps.issuer;
  const json::Array methods = {"private_key_jwt"};
  const json::Array algorithms = {"ES256", "ES384", "EdDSA", "RS256", "PS256"};
  return json::Value::object(
      {{"issuer", issuer},
       {"token_endpoint", issuer + "/token"},
       {"jwks_uri", issuer + "/jwks"},
       {"introspection_endpoint", issuer + "/introspect"},
       {"revocation_endpoint", issuer + "/revoke"},
       {"response_types_supported", json::Array{}},
       {"grant_types_supported",
        json::Array{"client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"}},
       {"token_endpoint_auth_methods_supported", methods},
       {"token_endpoint_auth_signing_alg_values_supported", algorithms},
       {"introspection_endpoint_auth_methods_supported", methods},
       {"introspection_endpoint_auth_signing_alg_values_supported", algorithms},
       {"revocation_endpoint_auth_methods_supported", methods},
       {"revocation_endpoint_auth_signing_alg_values_supported", algorithms},
       {"dpop_signing_alg_values_supported", algorithms},
       {"tls_client_certificate_bound_access_tokens", true}});
}

json::Value Service::jwks() const {
  json::Array keys;
  for (const crypto::PublicKey& key : impl_->core.issuer_keys(impl_->core.now()).public_keys) {
    json::Value jwk = key.to_jwk();
    jwk.set("kid", key.thumbprint_base64url());
    jwk.set("use", "sig");
    jwk.set("alg", key.type() == crypto::KeyType::kRsa ? "RS256" : "ES256");
    keys.push_back(std::move(jwk));
  }
  return json::Value::object({{"keys", std::move(keys)}});
}

void Service::evaluation(const ApiCall& call, const json::Value& body, Done done) {
  evaluation_endpoint(impl_->core, call, body, std::move(done));
}
void Service::evaluations(const ApiCall& call, const json::Value& body, Done done) {
  evaluations_endpoint(impl_->core, call, body, std::move(done));
}
json::Value Service::authzen_metadata() const {
  const std::string& issuer = impl_->core.deps.issuer;
  return json::Value::object({{"policy_decision_point", issuer},
                              {"access_evaluation_endpoint", issuer + "/access/v1/evaluation"},
                              {"access_evaluations_endpoint", issuer + "/access/v1/evaluations"}});
}
void Service::forward_auth(const ForwardAuthCall& call, Done done) {
  forward_auth_endpoint(impl_->core, call, std::move(done));
}

void Service::apply(const ApiCall& call, const json::Value& document, bool dry_run, bool prune,
                    Done done) {
  apply_endpoint(impl_->core, call, document, dry_run, prune, std::move(done));
}
void Service::get(const ApiCall& call, std::string_view noun, std::string_view id, Done done) {
  get_endpoint(impl_->core, call, noun, id, std::move(done));
}
void Service::list(const ApiCall& call, std::string_view noun, Done done) {
  list_endpoint(impl_->core, call, noun, std::move(done));
}
void Service::statement(const ApiCall& call, std::string_view delegation, Done done) {
  statement_endpoint(impl_->core, call, delegation, std::move(done));
}
void Service::revoke(const ApiCall& call, const json::Value& body, Done done) {
  revoke_endpoint(impl_->core, call, body, std::move(done));
}
void Service::suspend(const ApiCall& call, const json::Value& body, Done done) {
  suspend_endpoint(impl_->core, call, body, std::move(done));
}
void Service::discover(const ApiCall& call, const json::Value& body, Done done) {
  discover_endpoint(impl_->core, call, body, std::move(done));
}
void Service::path(const ApiCall& call, const json::Value& body, Done done) {
  path_endpoint(impl_->core, call, body, std::move(done));
}
void Service::keys(const ApiCall& call, Done done) {
  keys_endpoint(impl_->core, call, std::move(done));
}
void Service::change_keys(const ApiCall& call, const json::Value& body, Done done) {
  change_keys_endpoint(impl_->core, call, body, std::move(done));
}
void Service::may_read_log(const ApiCall& call, Done done) {
  may_read_log_endpoint(impl_->core, call, std::move(done));
}

void Service::count_refusal(Reason reason) { impl_->core.journalist.count(reason); }
void Service::stop() { impl_->core.background.stop(); }

void Service::flush_counts() { impl_->core.journalist.flush_counts(); }

}  // namespace mandate::service
