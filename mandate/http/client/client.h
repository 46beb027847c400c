// A small blocking HTTP/1.1 client for the command line: one request, bounded in time and size,
// over TLS where the URL says https; then the server's certificate is verified, always. Redirects
// are never followed.
//
//   Result<Response> response = fetch("http://127.0.0.1:8181", {.method = "GET", .target =
//   "/jwks"});
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "mandate/base/result.h"
#include "mandate/http/message.h"

namespace mandate::http {

struct FetchOptions {
  std::chrono::seconds timeout{30};
  std::size_t body_bytes_max = 64 << 20;
  std::string authorities = {};  // PEM, of https servers; empty: the system's
};

// `origin`: http(s)://host[:port]. `record_unavailable` where the server cannot be reached, is not
// proven by its certificate, or answers with what is not HTTP.
Result<Response> fetch(std::string_view origin, const Request& request,
                       const FetchOptions& options = {});

}  // namespace mandate::http
