// JWTs made by hand for tests: any header, any payload and any signature, good or bad, with the
// fixed keys of tests/vectors/keys.json (server, client, other: P-256; p384; ed25519; rsa).
//
//   Forge jwt = client_assertion("agent:triage", issuer, now, "jti-1");
//   jwt.header.set("crit", json::Value::array({"x"}));
//   std::string text = jwt.signed_by(test_key("client"));
#pragma once

#include <string>
#include <string_view>

#include "mandate/base/instant.h"
#include "mandate/crypto/key.h"
#include "mandate/json/value.h"

namespace mandate::test {

// Precondition: the file holds a key of this name.
const crypto::PrivateKey& test_key(std::string_view name);
// ES256, ES384, EdDSA or RS256: what a key of this type signs with where nothing else is said.
crypto::Algorithm algorithm_of(const crypto::PrivateKey& key);

struct Forge {
  json::Value header;  // no member is added: `alg` too is as it stands here
  json::Value claims;
  // Where not empty, these bytes stand instead of the canonical JSON: for duplicate members and for
  // what is no JSON.
  std::string raw_header = {};
  std::string raw_claims = {};

  std::string header_text() const;
  std::string claims_text() const;
  std::string signing_input() const;
  std::string signed_by(const crypto::PrivateKey& key) const;
  std::string signed_by(const crypto::PrivateKey& key, crypto::Algorithm algorithm) const;
  std::string with_signature(std::string_view bytes) const;
  std::string with_hs256(std::string_view secret) const;
};

// {"alg", "kid"} of the key, and `typ` where not empty.
json::Value header_for(const crypto::PrivateKey& key, std::string_view type);

// Valid ones, to be changed in one thing. `kid` and `alg` are the named key's.
Forge client_assertion(std::string_view client, std::string_view issuer, Instant now,
                       std::string_view jti, const crypto::PrivateKey& key = test_key("client"));
Forge actor_token(std::string_view actor, std::string_view issuer, Instant now,
                  std::string_view jti, const crypto::PrivateKey& key = test_key("client"));
Forge dpop_proof(std::string_view method, std::string_view uri, Instant now, std::string_view jti,
                 const crypto::PrivateKey& key = test_key("client"));

}  // namespace mandate::test
