#include "mandate/token/certificate.h"

#include <utility>

namespace mandate::token {

Binding CertificateVerifier::binding_of(const PeerCertificate& certificate) {
  return {.jkt = {}, .certificate = encode_base64url(view(certificate.sha256))};
}

Result<ProvenPossession> CertificateVerifier::verify(const VerifiedToken& token,
                                                     const PeerCertificate& certificate) {
  Binding binding = binding_of(certificate);
  if (!binding.is_of(token.claims())) {
    return fail(Reason::kProofOfPossession, Place::kAccessToken,
                token.claims().certificate
                    ? "the connection's certificate is another than the token's cnf.x5t#S256"
                    : "the token is bound to a key; expected the scheme DPoP and its proof");
  }
  return ProvenPossession(std::move(binding), token.hash());
}

}  // namespace mandate::token
