// Receipts: of whatever the receipt key could sign, only what `sign_receipt` gives is accepted.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mandate/base/bytes.h"
#include "mandate/ledger/receipt.h"

namespace {

using namespace mandate;

void require(bool condition) {
  if (!condition) std::abort();
}

const crypto::PrivateKey& key() {
  static const crypto::PrivateKey made =
      *crypto::PrivateKey::from_ed25519_seed(std::string(32, 'f'));
  return made;
}

const ledger::NoteSigner& signer() {
  static const ledger::NoteSigner made = ledger::NoteSigner::make("log.example/r", key()).value();
  return made;
}

void check(std::string_view text) {
  const Result<ledger::Receipt> receipt = ledger::open_receipt(text, signer().verifier());
  if (receipt) require(ledger::sign_receipt(*receipt, signer()) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string made = ledger::sign_receipt({"log.example/r", "run", {}, {}}, signer());
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  const std::string input = made.substr(0, made.find('.') + 1) + encode_base64url(bytes);
  check(input + "." + encode_base64url(key().sign(crypto::Algorithm::kEdDsa, input)));
  return 0;
}
