#include "bench/frame/site.h"

#include "bench/frame/site_impl.h"

namespace mandate::bench {

Site::Site(std::uint32_t clients, std::uint32_t descendants)
    : impl_(std::make_unique<Impl>(clients, descendants)) {}
Site::~Site() = default;
std::uint16_t Site::port() const { return impl_->port; }
const std::string& Site::issuer() const { return impl_->issuer; }
const Process& Site::server() const { return *impl_->server; }
SignatureCounts Site::counted() const {
  SignatureCounts now;
  std::memcpy(&now, impl_->counts, sizeof now);
  return now;
}

std::vector<std::string> Site::exchanges(std::size_t count, std::uint32_t clients) {
  impl_->renew_nonce();
  std::vector<std::string> requests;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t k = i % std::min(clients, impl_->clients);
    requests.push_back(impl_->token_request(
        k,
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"
        "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token"
        "&actor_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt&subject_token=" +
            impl_->subject_token(k) + "&actor_token=" + impl_->own_jwt(k, "actor+jwt")));
  }
  return requests;
}

std::vector<std::string> Site::client_credentials(std::size_t count) {
  impl_->renew_nonce();
  std::vector<std::string> requests;
  for (std::uint32_t i = 0; i < count; ++i) {
    requests.push_back(impl_->token_request(i % impl_->clients, "grant_type=client_credentials"));
  }
  return requests;
}

std::vector<std::string> Site::forward_auths(std::size_t count) {
  std::vector<std::string> requests;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto k = static_cast<std::uint32_t>(i % impl_->seen_tokens.size());
    requests.push_back(forward_auth(k, impl_->seen_tokens[k]));
  }
  return requests;
}

std::string Site::forward_auth(std::uint32_t k, const std::string& token) {
  impl_->nonce.clear();
  return "GET /forward-auth/" + percent_encoded(tickets(k)) +
         " HTTP/1.1\r\nHost: bench\r\nX-Original-Method: GET\r\n"
         "X-Original-URI: /queue/eu/17\r\nX-Real-IP: 127.0.0.1\r\nAuthorization: DPoP " +
         token +
         "\r\nDPoP: " + impl_->proof(impl_->helpers[k], "GET", tickets(k) + "/queue/eu/17", token) +
         "\r\n\r\n";
}

std::string Site::helpers_token(std::uint32_t k) { return impl_->subject_token(k); }
std::string Site::token_below_hub() { return impl_->hub_token(); }

std::string Site::by_operator(const std::string& path, const json::Value& body) {
  impl_->nonce.clear();
  const std::string text = json::canonical(body);
  const std::string token = impl_->operator_token();
  return "POST " + path +
         " HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nAuthorization: DPoP " +
         token +
         "\r\nDPoP: " + impl_->proof(impl_->operators, "POST", impl_->issuer + path, token) +
         "\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text;
}

std::string Site::revocation(std::uint32_t k) {
  return by_operator("/revocations",
                     object({{"kind", "delegation"}, {"id", numbered("helps", k)}}));
}
std::string Site::hub_revocation() {
  return by_operator("/revocations", object({{"kind", "delegation"}, {"id", "hub"}}));
}
std::string Site::hub_suspension(bool suspended) {
  return by_operator("/suspensions",
                     object({{"principal", std::string(kHubAgent)}, {"suspended", suspended}}));
}

std::vector<std::string> Site::evaluations(std::size_t count, bool proven) {
  impl_->nonce.clear();
  std::vector<std::string> requests;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto k = static_cast<std::uint32_t>(i % impl_->seen_tokens.size());
    const std::string who = proven ? numbered("human:person", k) : numbered("human:person", k);
    json::Value body =
        object({{"subject", object({{"type", "user"}, {"id", who}})},
                {"action", object({{"name", "read"}})},
                {"resource", object({{"type", "tickets"},
                                     {"id", "queue/eu/17"},
                                     {"properties", object({{"location", tickets(k)}})}})}});
    if (proven) {
      const std::string url = tickets(k) + "/queue/eu/17";
      const std::string& token = impl_->seen_tokens[k];
      body.set(
          "context",
          object({{"access_token", token},
                  {"dpop", object({{"proof", impl_->proof(impl_->helpers[k], "GET", url, token)},
                                   {"htm", "GET"},
                                   {"htu", url}})}}));
    }
    const std::string text = json::canonical(body);
    const std::string& own = impl_->api_tokens[k];
    requests.push_back(
        "POST /access/v1/evaluation HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        "Authorization: DPoP " +
        own + "\r\nDPoP: " +
        impl_->proof(impl_->services[k], "POST", impl_->issuer + "/access/v1/evaluation", own) +
        "\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text);
  }
  return requests;
}

std::string Site::clients_json() const {
  json::Array clients;
  for (std::uint32_t k = 0; k < impl_->clients; ++k) {
    json::Value jwk = impl_->services[k].public_key().to_jwk();
    jwk.set("kid", impl_->services[k].public_key().thumbprint_base64url());
    clients.push_back(
        object({{"client_id", numbered("service:tickets", k)}, {"jwk", std::move(jwk)}}));
  }
  return json::canonical(json::Value(std::move(clients)));
}

std::vector<std::string> Site::at_peer(std::size_t count, const std::string& peer_issuer,
                                       const std::string& subject_token) {
  impl_->nonce.clear();
  const std::string parameters =
      subject_token.empty()
          ? "grant_type=client_credentials&scope=read"
          : "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"
            "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token"
            "&scope=read&subject_token=" +
                subject_token;
  std::vector<std::string> requests;
  for (std::uint32_t i = 0; i < count; ++i) {
    requests.push_back(impl_->token_request(i % impl_->clients, parameters, peer_issuer));
  }
  return requests;
}

}  // namespace mandate::bench
