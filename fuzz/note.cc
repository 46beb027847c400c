// Notes, checkpoints and verifier keys: each accepted text is the only one for its value.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mandate/ledger/note.h"

namespace mandate::ledger {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

const NoteSigner& signer() {
  static const NoteSigner made =
      NoteSigner::make("log.example/fuzz",
                       *crypto::PrivateKey::from_ed25519_seed(std::string(32, 'f')))
          .value();
  return made;
}

}  // namespace
}  // namespace mandate::ledger

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mandate;
  using namespace mandate::ledger;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto verifier = NoteVerifier::parse(bytes)) require(verifier->text() == bytes);
  // Nobody but the signer makes a note that opens; those of the corpus are its own.
  const NoteVerifier& verifier = signer().verifier();
  if (const auto text = open_note(bytes, verifier)) {
    require(open_note(signer().sign(*text), verifier).value() == *text);
  }
  if (const auto checkpoint = open_checkpoint(bytes, verifier)) {
    require(checkpoint->origin == verifier.name());
  }
  if (const auto checkpoint = Checkpoint::parse(bytes)) {
    require(bytes.starts_with(checkpoint->text()));
    require(Checkpoint::parse(checkpoint->text()).has_value());
    const std::string note = signer().sign(checkpoint->text());
    require(open_checkpoint(note, verifier).has_value() == (checkpoint->origin == verifier.name()));
  }
  return 0;
}
