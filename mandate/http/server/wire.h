// The one table from Reason to the wire (REASONS.md): the OAuth error at the token endpoint, the
// status and WWW-Authenticate error at a resource, and the two ways that differ from them.
#pragma once

#include <string>
#include <string_view>

#include "mandate/base/result.h"
#include "mandate/http/message.h"
#include "mandate/service/reply.h"

namespace mandate::http {

// How one refusal looks at the token endpoint: RFC 6749 section 5.2, 8693 section 2.2.2, 9449.
struct OAuthError {
  int status = 400;
  std::string_view error;
};
OAuthError oauth_error(const Error& error);

// How it looks at a resource: RFC 6750 section 3, 9449 section 7.1, 9470. `error` is empty where no
// WWW-Authenticate challenge goes with the status.
struct ResourceError {
  int status = 403;
  std::string_view error;
};
ResourceError resource_error(const Error& error);

// The word outside: an unknown client reads like a failed authentication.
std::string_view outside_name(Reason reason);

// JSON with `error`, `error_description` that begins with the reason, `reason`, `receipt`.
Response oauth_refusal(const service::Reply& reply);
// The same body with a resource's status and challenge, for the API.
Response resource_refusal(const service::Reply& reply, std::string_view realm);
// What is heard where nothing answered in time.
Response no_answer();
// A proxy's answer: 401 with its challenge, or 403 for every other status, with Mandate-Reason.
Response forward_auth_refusal(const service::Reply& reply, std::string_view realm);

// A body of JSON that no cache keeps.
Response json_response(int status, const json::Value& body);

}  // namespace mandate::http
