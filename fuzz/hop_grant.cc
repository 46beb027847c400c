// A hop grant: whatever is accepted is by the holder, bounded, and says what it hands on.
#include "fuzz/signed_input.h"
#include "mandate/base/limits.h"
#include "mandate/token/grants.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mandate;
  using fuzz::require;
  const std::string text = fuzz::signed_input({reinterpret_cast<const char*>(data), size});
  const std::string holder = fuzz::key().public_key().thumbprint_base64url();
  const Result<token::HopGrant> grant =
      token::verify_hop_grant(text, holder, fuzz::kIssuer, fuzz::kNow);
  if (!grant) {
    require(grant.error().place == Place::kHopGrant);
    return 0;
  }
  require(!grant->authority.empty() && grant->authority.size() <= limits::kPermissionsMax);
  require(grant->max_depth >= 0 &&
          static_cast<std::size_t>(grant->max_depth) <= limits::kLineageDepthMax);
  require(grant->expires_at > fuzz::kNow && grant->use.until == grant->expires_at);
  require(grant->delegate_jkt.size() == 43);
  // The same bytes are no grant by another holder.
  std::string other = holder;
  other[0] = other[0] == 'A' ? 'B' : 'A';
  require(!token::verify_hop_grant(text, other, fuzz::kIssuer, fuzz::kNow));
  return 0;
}
