#include "apps/mandate/session.h"

#include "mandate/base/bytes.h"

namespace mandate::app {

std::string text_at(const json::Value& value, std::string_view key) {
  const json::Value* found = value.find(key);
  return found != nullptr && found->is_string() ? found->as_string() : std::string();
}

tl::expected<std::unique_ptr<Session>, int> connect(const Connection& connection) {
  if (connection.identity.empty()) {
    note(
        "no identity; expected --identity FILE or MANDATE_IDENTITY (the first start of a server "
        "makes DIR/operator.json)");
    return tl::unexpected(kExitUsage);
  }
  Result<Identity> identity = read_identity(connection.identity);
  if (!identity) return tl::unexpected(report(identity.error(), connection.format));
  std::string authorities;
  if (!connection.ca.empty()) {
    Result<std::string> text = read_file(connection.ca, limits::kPemBytesMax);
    if (!text) return tl::unexpected(report(text.error(), connection.format));
    authorities = *std::move(text);
  }
  auto session = std::make_unique<Session>();
  session->api.emplace(connection.server, connection.issuer, std::move(authorities),
                       *std::move(identity), session->clock, session->random);
  return session;
}

int refused(const Session& session, const Error& error, Format format) {
  if (session.api->refused() && format == Format::kJson) {
    print_json(session.api->refused()->body);
    return report(error, Format::kText);
  }
  const int code = report(error, format);
  if (error.reason == Reason::kClientAuthenticationFailed) {
    note("is " + mandate::quoted(session.api->identity().client_id.text()) +
         " on record with this identity's key? (`mandate identity` prints it for a document)");
  }
  if (session.api->refused()) {
    const std::string receipt = text_at(session.api->refused()->body, "receipt");
    if (!receipt.empty()) note("receipt " + receipt);
  }
  return code;
}

}  // namespace mandate::app
