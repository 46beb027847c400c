// Small commands about the server itself: its signing keys, and its health.
#include <chrono>

#include "apps/mandate/identity.h"
#include "apps/mandate/session.h"
#include "mandate/base/limits.h"
#include "mandate/http/client/client.h"

namespace mandate::app {
namespace {

void print_keys(const json::Value& answer) {
  const json::Value* keys = answer.find("keys");
  std::string text;
  for (std::size_t i = 0; keys != nullptr && keys->is_array() && i < keys->as_array().size(); ++i) {
    const json::Value& key = keys->as_array()[i];
    text += text_at(key, "kid") + "  " + text_at(key, "algorithm") + "  " + text_at(key, "status");
    const std::string end = text_at(key, "not_after");
    text += end.empty() ? "\n" : " until " + end + "\n";
  }
  print(printable(text));
}

}  // namespace

int keys(const Connection& connection, const KeysOptions& options) {
  auto session = connect(connection);
  if (!session) return session.error();
  std::optional<json::Value> body;
  if (!options.action.empty()) {
    body = json::Value::object({{"action", options.action}});
    if (options.action == "rotate") {
      body->set("algorithm", options.algorithm);
      if (!options.overlap.empty()) body->set("overlap", options.overlap);
    } else {
      body->set("kid", options.kid);
    }
  }
  Result<json::Value> answer = (*session)->api->call(body ? "POST" : "GET", "/keys", body);
  if (!answer) return refused(**session, answer.error(), connection.format);
  if (connection.format == Format::kJson) {
    print_json(*answer);
  } else {
    print_keys(*answer);
  }
  return kExitDone;
}

int health(const Connection& connection) {
  http::FetchOptions options{.timeout = std::chrono::seconds(3)};
  if (!connection.ca.empty()) {
    Result<std::string> authorities = read_file(connection.ca, limits::kPemBytesMax);
    if (!authorities) return report(authorities.error(), connection.format);
    options.authorities = *std::move(authorities);
  }
  http::Request request;
  request.method = "GET";
  request.target = "/healthz";
  Result<http::Response> answer = http::fetch(connection.server, request, options);
  if (!answer) return report(answer.error(), connection.format);
  const std::string status = text_at(json::parse(answer->body).value_or(json::Value()), "status");
  print(printable(status.empty() ? "no answer of ours" : status) + "\n");
  return answer->status == 200 ? kExitDone : kExitRefused;
}

}  // namespace mandate::app
