// The other side of `path`: checks what a server answered instead of believing it. Every entry must
// hash to its leaf, lie in a log whose checkpoint is signed by a known key, and name predecessors
// that are there too: a path with a missing hop does not verify.
//
//   json::Value path = verify_path(question, response, verifiers);   // {"verified": true, ...}
#pragma once

#include <string>
#include <vector>

#include "mandate/json/value.h"
#include "mandate/ledger/note.h"

namespace mandate::service {

// `question` is what the server was asked: {"receipt"}, {"token"}, {"jti"} or {"txn"}. The answer
// must begin with that receipt's or token's entry, or hold entries of that transaction, and go on
// with their predecessors only: true entries about something else are no answer. Gives {"verified",
// "problems": [text], "subject", "actor", "entries": [{"leaf", "origin", "index", "entry": object,
// "verified", "problem"?}], "delegations"}; entries from the last hop back to the first;
// delegations as the server tells them, which no proof covers. `bad_request` for a response of
// another shape, `token_malformed` for a receipt that no known key signed.
Result<json::Value> verify_path(const json::Value& question, const json::Value& response,
                                const std::vector<ledger::NoteVerifier>& verifiers);
// Some proof is not there yet: the checkpoint comes within a second.
bool awaits_checkpoint(const json::Value& response);

}  // namespace mandate::service
