// HTTP requests and responses as plain values, so that routes, tests and the client know no HTTP
// library. Header names are compared without case; values are as they came.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mandate/base/peer.h"
#include "mandate/base/reason.h"

namespace mandate::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

// Whether two names are one: only the letters of ASCII are alike in both cases.
bool same_name(std::string_view a, std::string_view b);
// Every value of a header, in order.
std::vector<std::string> header_values(const Headers& headers, std::string_view name);
// The only value; nothing where there is none or more than one.
std::optional<std::string> header_value(const Headers& headers, std::string_view name);

struct Request {
  std::string method;
  std::string target;  // origin-form: path and query, as they came
  Headers headers;
  std::string body;
  Peer peer;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  std::optional<Reason> reason = {};  // of a refusal, as the body tells it; for logs and counters
};

}  // namespace mandate::http
