#include "mandate/http/server/routes.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <memory>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/http/form_decoding.h"
#include "mandate/http/server/wire.h"

namespace mandate::http {

// A target, taken apart: decoded segments and query parameters.
struct Routes::Path {
  std::string text;  // without query, as it came
  std::vector<std::string> segments;
  std::vector<std::pair<std::string, std::string>> query;

  // Compared as it came: an encoded name is no endpoint's, since a filter before us would miss it.
  std::string_view root() const { return std::string_view(text).substr(0, text.find('/', 1)); }
  Result<bool> flag(std::string_view name) const {
    std::optional<bool> found;
    for (const auto& [key, value] : query) {
      if (key != name) continue;
      if (found || (value != "true" && value != "false")) {
        return fail(Reason::kBadRequest,
                    "query parameter " + quoted(name) + "; expected it once, 'true' or 'false'");
      }
      found = value == "true";
    }
    return found.value_or(false);
  }
  // Nothing is accepted and ignored.
  Result<void> takes(std::initializer_list<std::string_view> names) const {
    for (const auto& parameter : query) {
      if (std::find(names.begin(), names.end(), parameter.first) == names.end()) {
        return fail(Reason::kBadRequest, "query parameter " + quoted(parameter.first) +
                                             "; expected " +
                                             (names.size() == 0 ? "none" : "another"));
      }
    }
    return {};
  }
  // A route's method, and the query that it takes.
  Result<void> expects(const Request& request, std::string_view method) const {
    if (request.method != method) {
      return fail(Reason::kBadRequest, Place::kMethod,
                  "method " + quoted(request.method) + "; expected " + std::string(method));
    }
    return text == "/apply" ? takes({"dry_run", "prune"}) : takes({});
  }
};

namespace {

constexpr std::size_t kSegmentsMax = 16;

std::string media_type(const Request& request) {
  std::string type = header_value(request.headers, "Content-Type").value_or("");
  type = type.substr(0, type.find(';'));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  for (char& c : type) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return type;
}

Result<json::Value> read_json(const Request& request, const json::Bounds& bounds = {}) {
  if (media_type(request) != "application/json") {
    return fail(Reason::kBadRequest, Place::kMediaType,
                "Content-Type " + quoted(media_type(request)) + "; expected application/json");
  }
  return json::parse(request.body, bounds);
}

service::ApiCall api_call(const Request& request, std::string_view path) {
  return {.method = request.method,
          .path = std::string(path),
          .dpop = header_values(request.headers, "DPoP"),
          .authorization = header_values(request.headers, "Authorization"),
          .certificate = request.peer.certificate};
}

// The scheme that an Authorization header begins with, of those that clients have for a token
// endpoint: a closed list, since what a peer wrote is not sent back.
std::string_view scheme_tried(const std::vector<std::string>& authorization) {
  if (authorization.empty()) return {};
  const std::string_view tried = authorization.front();
  for (const std::string_view scheme : {"Bearer", "DPoP", "Basic"}) {
    if (same_name(tried.substr(0, tried.find(' ')), scheme)) return scheme;
  }
  return "Basic";
}

// Checkpoints and the keys they verify under are public.
bool is_public(std::string_view path) { return path == "keys" || path.ends_with("/checkpoint"); }

}  // namespace

std::size_t body_bytes_max(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (path == "/apply" || path == "/discoveries" || path.starts_with("/access/")) {
    return limits::kRequestBodyBytesMax;
  }
  if (path == "/token" || path == "/introspect" || path == "/revoke") return limits::kFormBytesMax;
  return limits::kSmallBodyBytesMax;
}

bool is_decision(std::string_view target) {
  return target.starts_with("/access/") || target.starts_with("/forward-auth/");
}

bool may_wait(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  const bool ends_something = path == "/revocations" || path == "/suspensions" || path == "/revoke";
  return !is_decision(path) && !ends_something && path != "/healthz" && path != "/readyz" &&
         path != "/metrics" && path != "/jwks" && !path.starts_with("/.well-known/");
}

Routes::Routes(service::Service& service, RoutesOptions options)
    : service_(service), options_(std::move(options)) {}

Response Routes::refuse(Error error) const {
  service::Reply reply;
  service_.count_refusal(error.reason);
  const bool wrong_method = error.place == Place::kMethod;
  const std::string expected = error.detail.substr(error.detail.rfind(' ') + 1);
  reply.error = std::move(error);
  Response response = resource_refusal(reply, options_.issuer);
  if (wrong_method) response.headers.emplace_back("Allow", expected);
  return response;
}

service::Done Routes::api_done(Respond respond) const {
  return [respond = std::move(respond), realm = options_.issuer](const service::Reply& reply) {
    if (reply.error) return respond(resource_refusal(reply, realm));
    Response response = json_response(200, reply.body);
    if (!reply.receipt.empty()) response.headers.emplace_back("Mandate-Receipt", reply.receipt);
    respond(std::move(response));
  };
}

bool Routes::well_known(const Request& request, const Path& path, const Respond& respond) {
  std::optional<json::Value> body;
  if (path.text == "/.well-known/oauth-authorization-server") body = service_.metadata();
  if (path.text == "/.well-known/authzen-configuration") body = service_.authzen_metadata();
  if (path.text == "/jwks") body = service_.jwks();
  if (path.text == "/healthz") {
    if (Result<void> taken = path.takes({}); !taken) {
      respond(refuse(taken.error()));
      return true;
    }
    const std::string wrong = options_.health ? options_.health() : std::string();
    respond(json_response(wrong.empty() ? 200 : 503,
                          json::Value::object({{"status", wrong.empty() ? "ok" : wrong}})));
    return true;
  }
  if (!body) return false;
  Result<void> expected = path.expects(request, "GET");
  if (!expected) {
    respond(refuse(expected.error()));
    return true;
  }
  Response response = json_response(200, *body);
  response.headers[1].second = "public, max-age=60";
  respond(std::move(response));
  return true;
}

void Routes::oauth(const Request& request, const Path& path, Respond respond) {
  Result<void> ok = path.expects(request, "POST");
  if (ok && media_type(request) != "application/x-www-form-urlencoded") {
    ok = fail(Reason::kBadRequest, Place::kMediaType,
              "Content-Type " + quoted(media_type(request)) +
                  "; expected application/x-www-form-urlencoded");
  }
  Result<std::vector<std::pair<std::string, std::string>>> form = decode_form(request.body);
  if (ok && !form) ok = fail(form.error());
  if (!ok) return respond(refuse(ok.error()));
  const service::OAuthCall call{.path = path.text,
                                .parameters = *std::move(form),
                                .dpop = header_values(request.headers, "DPoP"),
                                .authorization = header_values(request.headers, "Authorization"),
                                .certificate = request.peer.certificate};
  service::Done done = [respond = std::move(respond), scheme = scheme_tried(call.authorization),
                        realm = options_.issuer](service::Reply reply) {
    if (reply.error) {
      Response refusal = oauth_refusal(reply);
      // RFC 6749 section 5.2: to a client that tried with the Authorization header, its own scheme.
      if (refusal.status == 401 && !scheme.empty()) {
        refusal.headers.emplace_back("WWW-Authenticate",
                                     std::string(scheme) + " realm=\"" + realm + "\"");
      }
      return respond(std::move(refusal));
    }
    Response response = json_response(200, reply.body);
    if (reply.body.is_null()) response.body.clear();
    response.headers.emplace_back("Pragma", "no-cache");
    if (reply.dpop_nonce) response.headers.emplace_back("DPoP-Nonce", *reply.dpop_nonce);
    respond(std::move(response));
  };
  if (path.text == "/token") return service_.token(call, std::move(done));
  if (path.text == "/introspect") return service_.introspect(call, std::move(done));
  if (path.text == "/revoke") return service_.revoke_token(call, std::move(done));
}

void Routes::authzen(const Request& request, const Path& path, Respond respond) {
  Result<void> expected = path.expects(request, "POST");
  if (!expected) return respond(refuse(expected.error()));
  Result<json::Value> body = read_json(request);
  if (!body) return respond(refuse(body.error()));
  // AuthZEN 1.0 section 10.1.3: the caller's request id comes back.
  const std::string request_id =
      header_value(request.headers, "X-Request-ID").value_or("").substr(0, 128);
  Respond with_id = [respond = std::move(respond), request_id](Response response) {
    if (!request_id.empty()) response.headers.emplace_back("X-Request-ID", request_id);
    respond(std::move(response));
  };
  const service::ApiCall call = api_call(request, path.text);
  if (path.text == "/access/v1/evaluation") {
    return service_.evaluation(call, *body, api_done(std::move(with_id)));
  }
  service_.evaluations(call, *body, api_done(std::move(with_id)));
}

void Routes::forward_auth(const Request& request, const Path& path, Respond respond) {
  service::ForwardAuthCall call{.resource = path.segments[1],
                                .peer = request.peer,
                                .dpop = header_values(request.headers, "DPoP"),
                                .authorization = header_values(request.headers, "Authorization"),
                                .headers = {}};
  constexpr std::array<std::string_view, 6> kRead = {"x-original-method", "x-original-uri",
                                                     "x-real-ip",         "x-forwarded-method",
                                                     "x-forwarded-uri",   "x-forwarded-for"};
  for (std::string_view name : kRead) {
    for (std::string& value : header_values(request.headers, name)) {
      call.headers.emplace_back(std::string(name), std::move(value));
    }
  }
  service_.forward_auth(
      call, [respond = std::move(respond), realm = path.segments[1]](service::Reply reply) {
        if (reply.error) return respond(forward_auth_refusal(reply, encode_segment(realm)));
        Response response{200, std::move(reply.headers), {}};
        response.headers.emplace_back("Cache-Control", "no-store");
        respond(std::move(response));
      });
}

void Routes::log_file(const Request& request, const Path& path, const Respond& respond) {
  Result<void> expected = path.expects(request, "GET");
  if (!expected) return respond(refuse(expected.error()));
  const std::string file = path.text.substr(std::string_view("/log/").size());
  auto answer = [this, file, respond] {
    std::optional<std::string> bytes = options_.read_log ? options_.read_log(file) : std::nullopt;
    if (!bytes) {
      return respond(refuse({Reason::kBadRequest, Place::kPath, "there is no " + quoted(file)}));
    }
    const bool text = is_public(file);
    respond(
        Response{200,
                 {{"Content-Type", text ? "text/plain; charset=utf-8" : "application/octet-stream"},
                  {"Cache-Control", text ? "no-cache" : "private, immutable"}},
                 *std::move(bytes)});
  };
  // Checkpoints are public: whoever holds one can show a fork. What the entries say is not.
  if (is_public(file)) return answer();
  service_.may_read_log(api_call(request, path.text),
                        [answer, respond, realm = options_.issuer](const service::Reply& reply) {
                          if (reply.error) return respond(resource_refusal(reply, realm));
                          answer();
                        });
}

void Routes::management_read(const Request& request, const Path& path, const Respond& respond) {
  Result<void> expected = path.expects(request, "GET");
  if (!expected) return respond(refuse(expected.error()));
  const service::ApiCall call = api_call(request, path.text);
  service::Done done = api_done(respond);
  if (path.segments.size() == 1) return service_.list(call, path.segments[0], std::move(done));
  if (path.segments.size() == 2) {
    return service_.get(call, path.segments[0], path.segments[1], std::move(done));
  }
  if (path.segments.size() == 3 && path.root() == "/delegations" &&
      path.text.ends_with("/statement")) {
    return service_.statement(call, path.segments[1], std::move(done));
  }
  respond(refuse({Reason::kBadRequest, Place::kPath, "there is nothing at " + quoted(path.text)}));
}

void Routes::management(const Request& request, const Path& path, Respond respond) {
  if (path.text == "/keys" && request.method == "GET") {
    return service_.keys(api_call(request, path.text), api_done(std::move(respond)));
  }
  Result<void> expected = path.expects(request, "POST");
  if (!expected) return respond(refuse(expected.error()));
  const service::ApiCall call = api_call(request, path.text);
  // A document has many small values; the listener bounds its bytes.
  json::Bounds bounds;
  if (path.text == "/apply") bounds.values_max = limits::kDocumentValuesMax;
  Result<json::Value> body = read_json(request, bounds);
  if (!body) return respond(refuse(body.error()));
  const Result<bool> dry_run = path.flag("dry_run");
  if (!dry_run) return respond(refuse(dry_run.error()));
  const Result<bool> prune = path.flag("prune");
  if (!prune) return respond(refuse(prune.error()));
  service::Done done = api_done(std::move(respond));
  if (path.text == "/apply") return service_.apply(call, *body, *dry_run, *prune, std::move(done));
  if (path.text == "/revocations") return service_.revoke(call, *body, std::move(done));
  if (path.text == "/suspensions") return service_.suspend(call, *body, std::move(done));
  if (path.text == "/discoveries") return service_.discover(call, *body, std::move(done));
  if (path.text == "/keys") return service_.change_keys(call, *body, std::move(done));
  if (path.text == "/path") return service_.path(call, *body, std::move(done));
}

namespace {

constexpr std::array<std::string_view, 3> kOAuth = {"/token", "/introspect", "/revoke"};
constexpr std::array<std::string_view, 2> kAuthzen = {"/access/v1/evaluation",
                                                      "/access/v1/evaluations"};
constexpr std::array<std::string_view, 6> kManagement = {
    "/apply", "/revocations", "/suspensions", "/discoveries", "/keys", "/path"};
constexpr std::array<std::string_view, 6> kLists = {
    "/principals", "/teams", "/resources", "/entitlements", "/delegations", "/trusted_issuers"};

template <std::size_t kCount>
bool is_among(const std::array<std::string_view, kCount>& paths, std::string_view path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

}  // namespace

void Routes::handle(const Request& request, Respond respond) {
  Path path;
  const std::string_view target = request.target;
  path.text = target.substr(0, target.find('?'));
  for (std::size_t at = 1; at <= path.text.size() && path.text != "/";) {
    const std::size_t end = std::min(path.text.find('/', at), path.text.size());
    Result<std::string> segment = decode_segment(std::string_view(path.text).substr(at, end - at));
    if (segment && path.segments.size() == kSegmentsMax) {
      segment = fail(Reason::kLimitExceeded, "the path has too many segments");
    }
    if (!segment) return respond(refuse(segment.error()));
    path.segments.push_back(*std::move(segment));
    at = end + 1;
  }
  // Caddy leaves the client's own query on this target; it is read in X-Forwarded-Uri alone. Nor
  // does it keep an encoded slash in a target of its configuration: the id is all that follows.
  if (path.segments.size() >= 2 && path.root() == "/forward-auth") {
    while (path.segments.size() > 2) {
      path.segments[1] += '/' + path.segments[2];
      path.segments.erase(path.segments.begin() + 2);
    }
    return forward_auth(request, path, std::move(respond));
  }
  if (const std::size_t question = target.find('?'); question != std::string_view::npos) {
    auto query = decode_form(target.substr(question + 1));
    if (!query) return respond(refuse(query.error()));
    path.query = *std::move(query);
  }
  if (well_known(request, path, respond)) return;
  if (is_among(kOAuth, path.text)) return oauth(request, path, std::move(respond));
  if (is_among(kAuthzen, path.text)) return authzen(request, path, std::move(respond));
  if (is_among(kManagement, path.text)) return management(request, path, std::move(respond));
  if (is_among(kLists, path.root())) return management_read(request, path, respond);
  if (path.text.starts_with("/log/")) return log_file(request, path, respond);
  respond(refuse({Reason::kBadRequest, Place::kPath, "there is nothing at " + quoted(path.text)}));
}

}  // namespace mandate::http
