// What the server answers by itself, before any handler sees the request.
//
//   to_response({413, Reason::kLimitExceeded, "the request body is too large"})
#pragma once

#include <string>
#include <string_view>

#include "mandate/base/reason.h"
#include "mandate/http/message.h"

namespace mandate::http {

// Said to a connection that is one too many, without reading from it.
inline constexpr std::string_view kTurnedAway =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
    "Connection: close\r\n\r\n";

struct Refusal {
  int status;
  Reason reason;
  std::string_view detail;
};

inline Response to_response(const Refusal& refusal) {
  const std::string reason(name(refusal.reason));
  Response response{refusal.status,
                    {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
                    "{\"error\":\"invalid_request\",\"error_description\":\"" + reason + ": " +
                        std::string(refusal.detail) + "\",\"reason\":\"" + reason + "\"}"};
  if (refusal.status == 429) response.headers.emplace_back("Retry-After", "1");
  return response;
}

// RFC 9112 section 5.2. Beast joins folded lines, so they are looked for before it parses.
inline bool is_folded(std::string_view head) {
  return head.find("\n ") != std::string_view::npos || head.find("\n\t") != std::string_view::npos;
}

}  // namespace mandate::http
