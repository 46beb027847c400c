// Entries of the record: whatever is read is written back to bytes that are read again to the same,
// and the fold takes it or refuses it without a trace.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mandate/record/state.h"

using namespace mandate;
using namespace mandate::record;

namespace {

constexpr std::string_view kBase[] = {
    R"({"authenticators":[],"by":"x","definition":{"id":"human:a"},"kind":"principal",)"
    R"("time":"2027-01-15T12:00:00Z","type":"put"})",
    R"({"by":"x","definition":{"id":"team:a","members":["human:a"]},"kind":"team",)"
    R"("time":"2027-01-15T12:00:00Z","type":"put"})",
    R"({"authenticators":["k"],"by":"x","definition":{"authenticators":[{"jwk":{"crv":"Ed25519",)"
    R"("kty":"OKP","x":"aaaa"}}],"id":"agent:a","owner":"team:a"},"kind":"principal",)"
    R"("time":"2027-01-15T12:00:00Z","type":"put"})",
    R"({"by":"x","definition":{"authority":[{"actions":["read"],"locations":["https://t.example"],)"
    R"("type":"t"}],"delegate":"agent:a","delegator":"human:a","id":"d"},"kind":"delegation",)"
    R"("time":"2027-01-15T12:00:00Z","type":"put"})"};

void fold(const Event& event) {
  State state;
  for (std::string_view entry : kBase) {
    if (!state.apply(parse_event(entry).value())) std::abort();
  }
  const Revision before = state.applied();
  const bool applied = state.apply(event).has_value();
  if (state.applied() != before + (applied ? 1 : 0)) std::abort();
  state.publish();
  State restored;
  const std::string snapshot = state.snapshot();
  if (!restored.restore(snapshot) || restored.snapshot() != snapshot) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Result<Event> event = parse_event({reinterpret_cast<const char*>(data), size});
  if (!event) return 0;
  const std::string written = serialise(*event);
  Result<Event> again = parse_event(written);
  if (!again || serialise(*again) != written) std::abort();
  fold(*event);
  return 0;
}
