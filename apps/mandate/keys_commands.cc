// The issuer's signing keys: list, rotate, retire, compromise.
#include "apps/mandate/session.h"

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
  if (!session) return report(session.error(), connection.format);
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

}  // namespace mandate::app
