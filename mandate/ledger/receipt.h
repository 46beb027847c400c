// Receipts: a signed promise that an entry goes into a log, given before the entry is durable, so
// without an index. A compact JWS by the receipt key, which signs receipts only: header
// {"alg":"EdDSA","kid":8 hex digits of the note key's hash,"typ":"receipt+jwt"}, payload canonical.
//
//   std::string text = sign_receipt({log, run, leaf, now}, signer);
//   Result<Receipt> receipt = open_receipt(text, signer.verifier());
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "mandate/base/bytes.h"
#include "mandate/base/instant.h"
#include "mandate/base/limits.h"
#include "mandate/ledger/note.h"

namespace mandate::ledger {

inline constexpr std::size_t kReceiptBytesMax = 2048;

static_assert(2 * limits::kIdBytesMax + 512 < kReceiptBytesMax, "an origin and a run fit");

struct Receipt {
  std::string log;    // the origin of the log that will hold the entry; a key name
  std::string run;    // of the server's start that promised; base64url characters
  Digest leaf{};      // the entry's leaf hash
  Instant issued_at;  // whole seconds on the wire
};

// Precondition: `log` and `run` are as above, at most limits::kIdBytesMax each.
std::string sign_receipt(const Receipt& receipt, const NoteSigner& signer);

// `token_malformed` for any text but the one that `sign_receipt` gives for some receipt and this
// key.
Result<Receipt> open_receipt(std::string_view text, const NoteVerifier& verifier);

}  // namespace mandate::ledger
