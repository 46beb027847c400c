// What the server answers by itself, before any handler sees the request.
//
//   to_response({413, Reason::kLimitExceeded, "the request body is too large"})
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "mandate/base/reason.h"
#include "mandate/http/message.h"

namespace mandate::http {

// Said to a connection that is one too many, without reading from it.
inline constexpr std::string_view kTurnedAway =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
    "Connection: close\r\n\r\n";

// RFC 9110 section 10.1.1: to who waits before sending the body.
inline constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";

// What there was too much of.
enum class Excess : std::uint8_t {
  kConnections,  // a connection was turned away
  kWaiting,      // a request that may wait was shed
  kRate,         // of requests from one address, or by one client
};

struct Refusal {
  int status;
  Reason reason;
  std::string_view detail;
  std::optional<Excess> excess = {};
};

Response to_response(const Refusal& refusal);

// Of a request whose head has been read: what the HTTP library lets pass and we do not. No or
// several Host headers, a target that is no path, too many fields, and whatever lets two readers
// disagree on where the body ends (RFC 9112 section 6.3). `version` is 10 or 11.
std::optional<Refusal> refuse_head(const Request& head, unsigned version);

// RFC 9112 section 5.2. Beast joins folded lines, so they are looked for before it parses.
bool is_folded(std::string_view head);

}  // namespace mandate::http
