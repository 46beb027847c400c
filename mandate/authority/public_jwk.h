// The shape of public keys as a document writes them (RFC 7517, 7518 section 6, 8037). Whether a
// key is on its curve and long enough is checked where keys are used; this room knows no
// cryptography.
//
//   Result<json::Value> key = parse_public_jwk(value);   // {"kty","crv","x","y"}, nothing else
#pragma once

#include "mandate/json/value.h"

namespace mandate {

// Members kty and its own (crv, x, y; n, e), and kid, alg, use, which must agree; others are
// refused. A private member is refused without being quoted. Returns kty and its members only.
Result<json::Value> parse_public_jwk(const json::Value& jwk);

// A foreign key set: `{"keys": [...]}` of at most limits::kJwksKeysMax. Keys that nothing here
// could verify with (another curve, algorithm or use) and members that we do not know are left out,
// as RFC 7517 section 5 asks; private and symmetric keys are refused, and so is a set without a
// usable key. Keeps kid and alg.
Result<json::Value> parse_public_jwks(const json::Value& set);

}  // namespace mandate
