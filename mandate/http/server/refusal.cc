#include "mandate/http/server/refusal.h"

#include <string>
#include <vector>

namespace mandate::http {
namespace {

constexpr std::size_t kHeadersMax = 100;

}  // namespace

Response to_response(const Refusal& refusal) {
  const std::string reason(name(refusal.reason));
  Response response{refusal.status,
                    {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
                    "{\"error\":\"invalid_request\",\"error_description\":\"" + reason + ": " +
                        std::string(refusal.detail) + "\",\"reason\":\"" + reason + "\"}"};
  if (refusal.status == 429) response.headers.emplace_back("Retry-After", "1");
  return response;
}

std::optional<Refusal> refuse_head(const Request& head, unsigned version) {
  if (head.headers.size() > kHeadersMax) {
    return Refusal{431, Reason::kLimitExceeded, "too many header fields"};
  }
  if (version != 11 && version != 10) {
    return Refusal{400, Reason::kBadRequest, "expected HTTP/1.1"};
  }
  if (version == 11 && header_values(head.headers, "Host").size() != 1) {
    return Refusal{400, Reason::kBadRequest, "expected exactly one Host header"};
  }
  if (!head.target.starts_with('/')) {
    return Refusal{400, Reason::kBadRequest, "expected a target in origin-form"};
  }
  const std::vector<std::string> lengths = header_values(head.headers, "Content-Length");
  const std::vector<std::string> codings = header_values(head.headers, "Transfer-Encoding");
  const bool is_odd =
      !lengths.empty() && lengths.front().find_first_not_of("0123456789") != std::string::npos;
  if (lengths.size() + codings.size() > 1 || is_odd) {
    return Refusal{400, Reason::kBadRequest, "expected one Content-Length, or chunked alone"};
  }
  if (!codings.empty() && !same_name(codings.front(), "chunked")) {
    return Refusal{400, Reason::kBadRequest, "expected no transfer coding but chunked"};
  }
  return std::nullopt;
}

bool is_folded(std::string_view head) {
  return head.find("\n ") != std::string_view::npos || head.find("\n\t") != std::string_view::npos;
}

}  // namespace mandate::http
