// The PEM texts of a TLS server: certificates, key and client authorities, apart at lines of
// `====`. Whatever they hold, they are used or refused as what they are.
#include <array>
#include <cstdint>
#include <cstdlib>

#include "mandate/http/tls/tls.h"

namespace {

using namespace mandate;

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

std::string take_part(std::string_view& text) {
  constexpr std::string_view kBorder = "====\n";
  const std::size_t end = text.find(kBorder);
  std::string part(text.substr(0, end));
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + kBorder.size());
  return part;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  http::TlsMaterial material;
  material.certificate = take_part(input);
  material.key = take_part(input);
  material.client_ca = take_part(input);
  // Within the time of the seeds' certificates.
  const Instant now = parse_rfc3339("2027-01-01T00:00:00Z").value();
  const auto server = http::TlsServer::load(material, now);
  if (!server) {
    const Reason reason = server.error().reason;
    require(reason == Reason::kBadRequest || reason == Reason::kLimitExceeded);
    return 0;
  }
  require((*server)->not_after() > now);
  require((*server)->reload(material, now).has_value());
  return 0;
}
