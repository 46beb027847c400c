// A request to any route, behind a real service in memory: forms of /token, /introspect and
// /revoke, AuthZEN's bodies, documents, forward-auth's headers, query strings, paths. Without the
// right gaps filled nothing is issued, permitted or told; every refusal keeps the one table.
#include <algorithm>
#include <cstdint>
#include <memory>

#include "fuzz/support/finding.h"
#include "fuzz/support/whole_service.h"
#include "mandate/base/bytes.h"
#include "mandate/base/reason.h"

namespace {

using namespace mandate;
using fuzz::Asked;

void require(bool holds, std::string_view what, const Asked& asked) {
  if (holds) return;
  fuzz::found(what, asked.request.method + " " + asked.request.target + ": " +
                        std::to_string(asked.response.status) + " " + asked.response.body);
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

void check_refusal(const Asked& asked) {
  const http::Response& response = asked.response;
  const Result<json::Value> body = json::parse(response.body);
  require(body && body->find("error") && body->find("reason"), "a refusal of another shape", asked);
  const std::string& reason = body->find("reason")->as_string();
  const auto reasons = all_reasons();
  require(std::any_of(reasons.begin(), reasons.end(),
                      [&](Reason each) { return name(each) == reason; }),
          "a reason of no table", asked);
  require(body->find("error_description")->as_string().starts_with(reason + ": "),
          "a description that does not begin with its reason", asked);
  const auto header = [&](std::string_view name) {
    return http::header_value(response.headers, name);
  };
  require(header("Cache-Control") == "no-store", "a refusal that may be kept", asked);
  require(response.status != 405 || header("Allow"), "405 without Allow", asked);
  const bool is_nonce = body->find("error")->as_string() == "use_dpop_nonce";
  require(!is_nonce || header("DPoP-Nonce"), "no nonce where one is asked for", asked);
  if (asked.request.target.starts_with("/forward-auth/") && header("Mandate-Reason")) {
    require(response.status == 401 || response.status == 403, "no status for a proxy", asked);
    require(header("Mandate-Reason") == reason, "two reasons", asked);
  }
}

// What went out was asked for by somebody who proved who that is.
void check_granted(const Asked& asked, std::string_view text) {
  const std::string path = asked.request.target.substr(0, asked.request.target.find('?'));
  if (path == "/token" || path == "/introspect" || path == "/revoke") {
    require(has(text, "<assertion:"), "served without an assertion", asked);
    require(path != "/token" || has(text, "<proof:"), "a token without a proof", asked);
    return;
  }
  if (path.starts_with("/forward-auth/")) {
    require(has(text, "<token>") && has(text, "<use>"), "permitted without a token", asked);
    require(
        http::header_value(asked.response.headers, "Mandate-Subject") == "human:maria@acme.example",
        "permitted as somebody else", asked);
    return;
  }
  if (path.starts_with("/.well-known/") || path == "/jwks" || path == "/healthz" ||
      path.starts_with("/log/")) {
    return;
  }
  require(has(text, "<api:") && has(text, "<proof:"), "served without a token", asked);
  const Result<json::Value> body = json::parse(asked.response.body);
  require(body.has_value(), "an answer that is not JSON", asked);
  const json::Value* decision = body->find("decision");
  const bool is_permit = decision != nullptr && decision->as_bool();
  if (is_permit && !has(text, "files")) {
    require(has(text, "<token>") && has(text, "<use>"), "permitted without the token", asked);
  }
}

void check(const Asked& asked, std::string_view text) {
  const http::Response& response = asked.response;
  constexpr int kStatuses[] = {200, 400, 401, 403, 404, 405, 409, 413, 415};
  require(std::count(std::begin(kStatuses), std::end(kStatuses), response.status) == 1,
          "a status of no table", asked);
  for (const auto& [name, value] : response.headers) {
    const bool is_clean = std::none_of(value.begin(), value.end(), [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
    require(is_clean, "a header with a control character", asked);
  }
  if (response.status == 200) return check_granted(asked, text);
  check_refusal(asked);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Never destroyed: at exit OpenSSL is gone before the sequencer's thread is.
  static auto& whole = *new std::unique_ptr<fuzz::WholeService>;
  if (!whole || !whole->is_fresh()) whole = std::make_unique<fuzz::WholeService>();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const std::optional<Asked> asked = whole->ask(text)) check(*asked, text);
  return 0;
}
