// Snapshots: bytes are refused, or give a state that can be read throughout and written again.
#include <cstdint>
#include <cstdlib>
#include <string>
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

// As a file would give them: pieces that end anywhere.
class InPieces final : public SnapshotSource {
 public:
  explicit InPieces(std::string_view bytes) : bytes_(bytes), rest_(bytes) {}
  const Digest& digest() const override { return digest_; }
  std::uint64_t size() const override { return bytes_.size(); }
  std::string_view head() const override { return bytes_.substr(0, kHeadBytes); }
  Result<std::string_view> next() override {
    piece_ = rest_.substr(0, 1 + rest_.size() / 3);
    rest_.remove_prefix(piece_.size());
    return piece_;
  }

 private:
  const std::string_view bytes_;
  std::string_view rest_;
  std::string piece_;
  const Digest digest_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  State state;
  const bool good = state.restore(bytes).has_value();
  InPieces pieces(bytes);
  State in_pieces;
  if (in_pieces.restore(pieces).has_value() != good) std::abort();
  if (!good) return 0;
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
  if (in_pieces.snapshot() != again.snapshot()) std::abort();
  return 0;
}
