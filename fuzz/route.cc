// A route's path, its identifier's template and a request target, one a line: what is accepted has
// one reading, and encoding it again in full gives the same segments.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mandate/authority/route.h"
#include "mandate/base/bytes.h"

namespace {

using namespace mandate;

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

void check_segments(const std::vector<std::string>& segments) {
  std::string encoded;
  for (const std::string& segment : segments) {
    require(is_utf8(segment) && segment != "." && segment != "..");
    require(segment.find_first_of("/\\;") == std::string::npos);
    require(!segment.empty() || &segment == &segments.back());
    encoded += '/';
    const std::string hex = encode_hex(segment);
    for (std::size_t i = 0; i < hex.size(); i += 2) {
      encoded += '%' + hex.substr(i, 2);
    }
  }
  const Result<std::vector<std::string>> again = normalise_target(encoded + "?query");
  // Encoding makes it longer; nothing else may refuse it.
  require(again ? *again == segments : again.error().reason == Reason::kLimitExceeded);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view path = take_line(text);
  const std::string_view identifier = take_line(text);
  const std::string_view target = text;
  if (const Result<std::vector<std::string>> segments = normalise_target(target)) {
    check_segments(*segments);
  }
  static const ResourceDefinition kBase = *ResourceDefinition::parse(
      *json::parse(R"({"id": "https://a.example", "type": "t", "actions": ["read"]})"));
  ResourceDefinition resource = kBase;
  resource.routes.push_back({{}, "/queue/{queue}/{ticket}", "read", "queue/{queue}/{ticket}"});
  if (check_route_path(path) && check_route_identifier(path, identifier)) {
    resource.routes.push_back({{"GET"}, std::string(path), "read", std::string(identifier)});
  }
  if (const Result<RouteMatch> match = match_route(resource, "GET", target)) {
    require(Identifier::parse(match->identifier.text()) == match->identifier);
  }
  match_route(resource, target, "/queue/eu/7");
  return 0;
}
