// What a use case answers, before HTTP gives it a status. Every use case takes a `Done` and calls
// it once, maybe on another thread, when the answer may be given (Law 8: after the entry is
// durable).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mandate/base/result.h"
#include "mandate/json/value.h"

namespace mandate::service {

struct Reply {
  std::optional<Error> error;  // nothing: done, with `body`
  json::Value body;
  std::string receipt;                    // of the journal entry; empty before authentication
  std::optional<std::string> dpop_nonce;  // for the DPoP-Nonce header
  std::vector<std::pair<std::string, std::string>> headers;  // forward-auth's Mandate-...
};

// What may be told outside of a refusal: why we cannot write is for our own log.
inline std::string outside_detail(const Error& error) {
  return error.reason == Reason::kRecordUnavailable ? "the server cannot record this now; try again"
                                                    : error.detail;
}

using Done = std::function<void(Reply)>;

}  // namespace mandate::service
