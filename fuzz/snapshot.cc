// Snapshots: bytes are refused, or give a state that can be read throughout and written again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "mandate/record/state.h"

using namespace mandate;
using namespace mandate::record;

namespace {

template <class H>
void read_all(const View& view, NodeKind kind) {
  for (std::uint32_t index = 0; index < view.count(kind); ++index) {
    if (!view.definition(kind, view.id(H{index}))) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  State state;
  if (!state.restore({reinterpret_cast<const char*>(data), size})) return 0;
  const View view = state.view();
  read_all<PrincipalHandle>(view, NodeKind::kPrincipal);
  read_all<TeamHandle>(view, NodeKind::kTeam);
  read_all<ResourceHandle>(view, NodeKind::kResource);
  read_all<EntitlementHandle>(view, NodeKind::kEntitlement);
  read_all<DelegationHandle>(view, NodeKind::kDelegation);
  read_all<AuthenticatorHandle>(view, NodeKind::kAuthenticator);
  read_all<TrustedIssuerHandle>(view, NodeKind::kTrustedIssuer);
  State again;
  if (!again.restore(state.snapshot())) std::abort();
  return 0;
}
