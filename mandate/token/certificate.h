// Tokens bound to a client certificate (RFC 8705 section 3): who presents one shows the certificate
// in the handshake of the very connection, so each use is proven without a proof of its own.
//
//   Result<ProvenPossession> held = CertificateVerifier::verify(token, *peer.certificate);
#pragma once

#include "mandate/authority/evidence.h"
#include "mandate/base/peer.h"
#include "mandate/base/result.h"

namespace mandate::token {

class CertificateVerifier {
 public:
  static Binding binding_of(const PeerCertificate& certificate);
  // `proof_of_possession` at Place::kAccessToken: the token is bound to a key, or to another
  // certificate.
  static Result<ProvenPossession> verify(const VerifiedToken& token,
                                         const PeerCertificate& certificate);
};

}  // namespace mandate::token
