// Evidence: what was verified before a decision. Only the verifier named as friend can make one, so
// holding it is proof (STYLE rule 2). `decide` takes evidence, never strings.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mandate/authority/authority.h"
#include "mandate/base/bytes.h"

namespace mandate {

namespace token {
class AccessTokenVerifier;
class ProofVerifier;
class CertificateVerifier;
}  // namespace token
namespace testing {
class EvidenceMaker;
}  // namespace testing

// The claims of an access token of ours (RFC 9068) whose signature, type, issuer and time were
// good.
struct TokenClaims {
  PrincipalId subject;              // on whose behalf: the root delegator, or the caller itself
  PrincipalId client_id;            // the outermost actor
  std::vector<PrincipalId> actors;  // act chain, outermost (newest) first; empty: own right
  ResourceId audience;
  Authority authority;             // upper bound, never a source (Law 2)
  std::optional<std::string> jkt;  // cnf.jkt, RFC 9449 section 6.1
  std::string transaction;         // txn
  std::string jti;                 // also the leaf hash of its journal entry, base64url
  Instant issued_at;
  Instant expires_at;
  std::vector<DelegationId> lineage;  // leaf first
  std::vector<std::string> rests_on;  // short ids (mandate/record/node.h)
  std::uint64_t revision = 0;
  // cnf.x5t#S256, RFC 8705 section 3.1: in place of `jkt`, never beside it.
  std::optional<std::string> certificate = {};
};

// What is proven of who presents a token, or asks for one: a key or a certificate, never both.
struct Binding {
  std::optional<std::string> jkt = {};          // SHA-256 of the key, base64url
  std::optional<std::string> certificate = {};  // SHA-256 of the DER, base64url
  // The token is bound, and to this.
  bool is_of(const TokenClaims& claims) const {
    return (jkt || certificate) && jkt == claims.jkt && certificate == claims.certificate;
  }
};

// A copy shares the claims: they never change.
class VerifiedToken {
 public:
  const TokenClaims& claims() const { return *claims_; }
  const Digest& hash() const { return hash_; }  // SHA-256 of the token's text (`ath`)

 private:
  friend class token::AccessTokenVerifier;
  friend class testing::EvidenceMaker;  // defined in testing/, never linked into the program
  VerifiedToken(TokenClaims claims, Digest hash)
      : claims_(std::make_shared<const TokenClaims>(std::move(claims))), hash_(hash) {}
  std::shared_ptr<const TokenClaims> claims_;
  Digest hash_;
};

// A DPoP proof (RFC 9449) whose signature, method, URI, time and one use were good, by this key,
// for this token (`ath`) where one was presented; or the certificate of the connection over which
// it was presented (RFC 8705).
class ProvenPossession {
 public:
  const Binding& binding() const { return binding_; }
  const std::optional<Digest>& token_hash() const { return token_hash_; }

 private:
  friend class token::ProofVerifier;
  friend class token::CertificateVerifier;
  friend class testing::EvidenceMaker;
  ProvenPossession(std::string jkt, std::optional<Digest> token_hash)
      : binding_{.jkt = std::move(jkt)}, token_hash_(token_hash) {}
  ProvenPossession(Binding binding, std::optional<Digest> token_hash)
      : binding_(std::move(binding)), token_hash_(token_hash) {}
  Binding binding_;
  std::optional<Digest> token_hash_;
};

}  // namespace mandate
