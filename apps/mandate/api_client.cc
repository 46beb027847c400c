#include "apps/mandate/api_client.h"

#include <chrono>

#include "mandate/base/bytes.h"
#include "mandate/http/client/client.h"
#include "mandate/http/form_decoding.h"
#include "mandate/token/dpop.h"
#include "mandate/token/jws.h"

namespace mandate::app {
namespace {

constexpr Seconds kAssertionLifetime{60};

std::string text_at(const json::Value& value, std::string_view key) {
  const json::Value* found = value.find(key);
  return found != nullptr && found->is_string() ? found->as_string() : std::string();
}

}  // namespace

ApiClient::ApiClient(std::string server, std::string issuer, std::string authorities,
                     Identity identity, const Clock& clock, Random& random)
    : server_(std::move(server)),
      issuer_(std::move(issuer)),
      authorities_(std::move(authorities)),
      identity_(std::move(identity)),
      clock_(clock),
      random_(random) {
  while (server_.ends_with('/')) server_.pop_back();
  if (issuer_.empty()) issuer_ = server_;
}

std::string ApiClient::assertion(std::string_view type) const {
  const Instant now = clock_.now();
  const std::string& client = identity_.client_id.text();
  const json::Value claims =
      json::Value::object({{"iss", client},
                           {"sub", client},
                           {"aud", issuer_},
                           {"jti", encode_base64url(random_.bytes(16))},
                           {"iat", to_numeric_date(now)},
                           {"exp", to_numeric_date(now + kAssertionLifetime)}});
  const crypto::PublicKey& key = identity_.key.public_key();
  return token::sign_jws(identity_.key, algorithm_for(key.type()), type, key.thumbprint_base64url(),
                         claims);
}

std::string ApiClient::client_assertion() const { return assertion("client-authentication+jwt"); }
std::string ApiClient::actor_token() const { return assertion("actor+jwt"); }

std::string ApiClient::proof(const std::string& method, const std::string& uri,
                             const std::string& nonce, const std::string& access_token) const {
  return token::make_proof(identity_.key, {.method = method,
                                           .uri = uri,
                                           .nonce = nonce,
                                           .access_token = access_token,
                                           .jti = encode_base64url(random_.bytes(16)),
                                           .now = clock_.now()});
}

Result<http::Response> ApiClient::send(const http::Request& request) {
  Result<http::Response> response = http::fetch(server_, request, {.authorities = authorities_});
  if (!response) return response;
  if (auto nonce = http::header_value(response->headers, "DPoP-Nonce")) nonce_ = *nonce;
  return response;
}

Result<json::Value> ApiClient::read(const http::Response& response) {
  json::Value body;
  if (!response.body.empty()) {
    Result<json::Value> parsed =
        json::parse(response.body, {.bytes_max = limits::kDocumentBytesMax,
                                    .depth_max = limits::kJsonDepthMax,
                                    .values_max = limits::kDocumentValuesMax});
    if (!parsed) {
      return fail(Reason::kRecordUnavailable,
                  "the server's answer is not JSON: " + parsed.error().detail);
    }
    body = *std::move(parsed);
  }
  if (response.status == 200) return body;
  const Reason reason = parse_reason(text_at(body, "reason")).value_or(Reason::kRecordUnavailable);
  std::string detail = text_at(body, "error_description");
  if (detail.empty()) detail = "the server answered " + std::to_string(response.status);
  refused_ = Refused{response.status, std::move(body)};
  return fail(reason, std::move(detail));
}

Result<void> ApiClient::check_metadata() {
  if (metadata_checked_) return {};
  Result<std::string> text = get_public("/.well-known/oauth-authorization-server");
  if (!text) return fail(text.error());
  Result<json::Value> metadata = json::parse(*text);
  if (!metadata || text_at(*metadata, "issuer") != issuer_ ||
      text_at(*metadata, "token_endpoint") != issuer_ + "/token") {
    return fail(Reason::kUntrustedIssuer,
                "the server's metadata names issuer " +
                    quoted(metadata ? text_at(*metadata, "issuer") : "") + ", expected " +
                    quoted(issuer_) + "; give --expect-issuer where it is behind another address");
  }
  metadata_checked_ = true;
  return {};
}

void ApiClient::authenticate(Form& parameters) const {
  parameters.emplace_back("client_assertion_type",
                          "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  parameters.emplace_back("client_assertion", client_assertion());
}

Result<json::Value> ApiClient::token(const Form& parameters) {
  if (Result<void> known = check_metadata(); !known) return fail(known.error());
  // Once more where the server asks for its nonce (RFC 9449 section 8).
  for (int attempt = 0;; ++attempt) {
    Form form = parameters;
    authenticate(form);
    http::Request request{.method = "POST",
                          .target = "/token",
                          .headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                                      {"DPoP", proof("POST", issuer_ + "/token", nonce_, "")}},
                          .body = http::encode_form(form),
                          .peer = {}};
    Result<http::Response> response = send(request);
    if (!response) return fail(response.error());
    Result<json::Value> body = read(*response);
    const bool again = !body && body.error().reason == Reason::kNonceRequired && attempt == 0;
    if (!again) return body;
  }
}

Result<json::Value> ApiClient::post_form(const std::string& path, Form parameters) {
  if (Result<void> known = check_metadata(); !known) return fail(known.error());
  authenticate(parameters);
  Result<http::Response> response =
      send({.method = "POST",
            .target = path,
            .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
            .body = http::encode_form(parameters),
            .peer = {}});
  if (!response) return fail(response.error());
  return read(*response);
}

// An answer of 200, with a token and a proof, once more where the server asks for its nonce.
Result<http::Response> ApiClient::answer_to(const std::string& method, const std::string& target,
                                            const std::optional<json::Value>& body) {
  if (access_token_.empty()) {
    Result<json::Value> answer =
        token({{"grant_type", "client_credentials"}, {"resource", issuer_}});
    if (!answer) return fail(answer.error());
    access_token_ = text_at(*answer, "access_token");
  }
  for (int attempt = 0;; ++attempt) {
    const std::string path = target.substr(0, target.find('?'));
    http::Request request{
        .method = method,
        .target = target,
        .headers = {{"Authorization", "DPoP " + access_token_},
                    {"DPoP", proof(method, issuer_ + path, nonce_, access_token_)}},
        .body = body ? json::canonical(*body) : std::string(),
        .peer = {}};
    if (body) request.headers.emplace_back("Content-Type", "application/json");
    Result<http::Response> response = send(request);
    if (!response || response->status == 200) return response;
    const Result<json::Value> answer = read(*response);
    const bool again = answer.error().reason == Reason::kNonceRequired && attempt == 0;
    if (!again) return fail(answer.error());
  }
}

Result<json::Value> ApiClient::call(const std::string& method, const std::string& target,
                                    const std::optional<json::Value>& body) {
  return answer_to(method, target, body).and_then([this](const http::Response& response) {
    return read(response);
  });
}

Result<std::string> ApiClient::download(const std::string& target) {
  return answer_to("GET", target, std::nullopt).map([](http::Response response) {
    return std::move(response.body);
  });
}

Result<std::string> ApiClient::get_public(const std::string& target) {
  Result<http::Response> response =
      send({.method = "GET", .target = target, .headers = {}, .body = {}, .peer = {}});
  if (!response) return fail(response.error());
  if (response->status == 200) return std::move(response->body);
  return fail(Reason::kRecordUnavailable,
              "the server answered " + std::to_string(response->status) + " for " + target);
}

}  // namespace mandate::app
