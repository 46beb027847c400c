// A DPoP proof, with and without nonces; and the bytes as an `htu` and as a nonce. A normal form is
// its own normal form; an accepted proof is by the key it names and is remembered long enough.
#include "mandate/token/dpop.h"
#include "fuzz/signed_input.h"

namespace {

using namespace mandate;
using fuzz::kNow;
using fuzz::require;

void check_proof(const std::string& text, token::NoncePolicy policy,
                 const token::NonceIssuer* nonces) {
  const auto proof = token::ProofVerifier().verify(text, {.method = "POST",
                                                          .uri = "https://as.example/token",
                                                          .token_hash = std::nullopt,
                                                          .nonce_policy = policy,
                                                          .nonces = nonces,
                                                          .run_started = kNow - Seconds{10},
                                                          .now = kNow});
  if (!proof) {
    const Reason reason = proof.error().reason;
    require(proof.error().place == Place::kDpopProof);
    require(reason == Reason::kBadRequest || reason == Reason::kLimitExceeded ||
            reason == Reason::kNonceRequired);
    return;
  }
  require(proof->use_until > kNow);
  require(proof->possession.binding().jkt->size() == 43 && !proof->possession.token_hash());
  require(policy == token::NoncePolicy::kWhenNotFresh);  // nobody can guess a nonce
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  static const token::NonceIssuer nonces(std::string(32, 'n'));
  const std::string text = fuzz::signed_input(input);
  check_proof(text, token::NoncePolicy::kAlways, &nonces);
  check_proof(text, token::NoncePolicy::kWhenNotFresh, &nonces);
  check_proof(text, token::NoncePolicy::kWhenNotFresh, nullptr);
  if (const Result<std::string> normal = token::normalise_htu(input)) {
    require(token::normalise_htu(*normal).value() == *normal);
  }
  require(!nonces.accepts(input, kNow));
  return 0;
}
