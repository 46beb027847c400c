// Files that a person wrote or copied: organisation documents and verifier keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mandate/json/value.h"
#include "mandate/ledger/note.h"

namespace mandate::app {

// A document in YAML or JSON (by its first character), checked as a whole so that errors have their
// lines, with each trusted issuer's jwks_file (relative to the document) read into it.
Result<json::Value> read_document(const std::string& file);

// Verifier keys as `mandate audit key` prints them, one a line; '#' begins a comment.
Result<std::vector<ledger::NoteVerifier>> parse_keys(std::string_view text);

}  // namespace mandate::app
