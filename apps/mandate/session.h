// A client of a server, with what it needs to live, for one command.
//
//   auto session = connect(connection);
//   Result<json::Value> answer = (*session)->api->call("GET", "/delegations", std::nullopt);
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "apps/mandate/api_client.h"
#include "apps/mandate/commands.h"
#include "mandate/base/system_clock.h"
#include "mandate/crypto/system_random.h"

namespace mandate::app {

struct Session {
  SystemClock clock;
  crypto::SystemRandom random;
  std::optional<ApiClient> api;
};

// Where there is none, it has been said why, and this is the exit code.
tl::expected<std::unique_ptr<Session>, int> connect(const Connection& connection);
// Says what the server refused, with its receipt; gives the exit code.
int refused(const Session& session, const Error& error, Format format);

// A member that is a string; empty for anything else.
std::string text_at(const json::Value& value, std::string_view key);

}  // namespace mandate::app
