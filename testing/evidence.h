// Evidence that nobody verified, for tests of what rests on evidence. The program never links it.
//
//   VerifiedToken token = testing::EvidenceMaker::token(claims);
//   ProvenPossession proof = testing::EvidenceMaker::possession("thumbprint", token.hash());
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "mandate/authority/evidence.h"

namespace mandate::testing {

class EvidenceMaker {
 public:
  static VerifiedToken token(TokenClaims claims, Digest hash = {}) {
    return {std::move(claims), hash};
  }
  static ProvenPossession possession(std::string jkt, std::optional<Digest> token_hash) {
    return {std::move(jkt), token_hash};
  }
};

}  // namespace mandate::testing
