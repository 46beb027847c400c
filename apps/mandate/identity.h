// An identity file: who a command acts as, and its key. {"client_id": "...", "jwk": {private JWK}},
// mode 0600; one that others could read is refused.
#pragma once

#include <string>

#include "mandate/authority/ids.h"
#include "mandate/crypto/key.h"

namespace mandate::app {

struct Identity {
  PrincipalId client_id;
  crypto::PrivateKey key;
};

Result<Identity> read_identity(const std::string& file);
// Refuses to overwrite.
Result<void> write_identity(const std::string& file, const Identity& identity);

// ES256 for P-256, EdDSA for Ed25519, and so on.
crypto::Algorithm algorithm_for(crypto::KeyType type);

// A whole file, bounded; `-` is standard input.
Result<std::string> read_file(const std::string& file, std::size_t bytes_max);
// What is given on the command line as it is, or as the name of a file that holds it.
Result<std::string> read_given(const std::string& text_or_file, std::size_t bytes_max);

}  // namespace mandate::app
