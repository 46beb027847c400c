// What a client asks for: authorization_details, a scope, identifier patterns (one a line).
// Whatever is granted lies within what was there to grant, and values keep their one written form.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mandate/authority/authority.h"

namespace {

using namespace mandate;

const Authority& granted() {
  static const Authority authority = *Authority::parse(*json::parse(R"([
    {"type": "tickets", "locations": ["https://a.example", "https://b.example"],
     "actions": ["read", "comment"], "identifier": "queue/eu/*",
     "constraints": {"environments": ["prod", "test"], "networks": ["10.0.0.0/8"],
                     "any_of": {"context.severity": ["low", 1, true]}, "max": {"context.n": 500}}},
    {"type": "files", "locations": ["https://a.example"], "actions": ["read"]}])"));
  return authority;
}

void require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void check_requested(const Result<std::vector<RequestedPermission>>& requested) {
  if (!requested) {
    return;
  }
  if (const Result<Authority> part = select(granted(), *requested, Place::kScope)) {
    require(part->within(granted()));
  }
}

void check_authority(const json::Value& value) {
  const Result<Authority> authority = Authority::parse(value);
  if (!authority) {
    return;
  }
  const Result<json::Value> written = json::parse(json::canonical(authority->to_json()));
  require(written.has_value());
  const Result<Authority> again = Authority::parse(*written);
  require(again && *again == *authority);
  require(authority->within(*authority));
  if (const Result<Authority> narrower = authority->attenuated_by(granted())) {
    require(narrower->within(granted()) && narrower->within(*authority));
  }
}

void check_patterns(std::string_view first, std::string_view second) {
  const Result<Pattern> a = Pattern::parse(first);
  if (!a) {
    return;
  }
  require(*Pattern::parse(a->text()) == *a && a->subsumes(*a) && a->meet(*a) == *a);
  if (const Result<Identifier> identifier = Identifier::parse(second)) {
    require(Identifier::parse(identifier->text()) == *identifier);
    require(a->matches(*identifier) == a->subsumes(*Pattern::parse(identifier->text())));
  }
  const Result<Pattern> b = Pattern::parse(second);
  if (!b) {
    return;
  }
  const std::optional<Pattern> both = a->meet(*b);
  require(both == b->meet(*a));
  require(!both || (a->subsumes(*both) && b->subsumes(*both)));
  require(a->subsumes(*b) == (both == *b));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const Result<json::Value> value = json::parse(text)) {
    check_requested(parse_authorization_details(*value));
    check_authority(*value);
  }
  check_requested(parse_scope(text));
  const std::size_t line = text.find('\n');
  check_patterns(text.substr(0, line), line == text.npos ? text : text.substr(line + 1));
  return 0;
}
