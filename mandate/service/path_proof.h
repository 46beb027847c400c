// The other side of `path`: checks what a server answered instead of believing it. Every entry must
// hash to its leaf, lie in a log whose checkpoint is signed by a known key, and name predecessors
// that are there too: a path with a missing hop does not verify.
//
//   json::Value path = verify_path(response, verifiers);   // {"verified": true, "entries": [...]}
#pragma once

#include <string>
#include <vector>

#include "mandate/json/value.h"
#include "mandate/ledger/note.h"

namespace mandate::service {

// {"verified", "problems": [text], "subject", "actor", "entries": [{"leaf", "origin", "index",
// "entry": object, "verified", "problem"?}], "delegations"}; entries from the last hop back to the
// first. `bad_request` for a response of another shape.
Result<json::Value> verify_path(const json::Value& response,
                                const std::vector<ledger::NoteVerifier>& verifiers);
// Some proof is not there yet: the checkpoint comes within a second.
bool awaits_checkpoint(const json::Value& response);

}  // namespace mandate::service
