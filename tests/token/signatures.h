// Other forms of keys, signatures and JWTs than the right one, for rows of refusals.
//
//   to_der(std::string(64, '\x01')) is the ASN.1 form of that r||s
#pragma once

#include <string>

#include "mandate/crypto/key.h"

namespace mandate::test {

std::string p256_order();
// SubjectPublicKeyInfo. Precondition: a P-256 key.
std::string p256_der(const crypto::PublicKey& key);
std::string p256_pem(const crypto::PublicKey& key);
// The order of Ed25519's group added to S: the same signature, not in its canonical form.
std::string ed25519_with_order_added(std::string signature);
// r||s of P-256 as ASN.1 DER.
std::string to_der(const std::string& rs);
// The last character's unused bits are not zero: the same bytes, another text.
std::string with_trailing_bit(std::string compact);
// RFC 7515 section 7.2.2, flattened.
std::string to_json_serialization(const std::string& compact);

}  // namespace mandate::test
