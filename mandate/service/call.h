// What came in, as HTTP hands it to a use case: plain values, nothing verified yet.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mandate/base/peer.h"
#include "mandate/json/value.h"

namespace mandate::service {

// A form post to /token, /introspect or /revoke.
struct OAuthCall {
  std::string path;  // "/token": the proof's htu is the issuer and this
  std::vector<std::pair<std::string, std::string>>
      parameters;                                   // decoded, in order, duplicates kept
  std::vector<std::string> dpop;                    // every DPoP header
  std::vector<std::string> authorization;           // every Authorization header
  std::optional<PeerCertificate> certificate = {};  // of the connection
};

// A call to the AuthZEN or management API, or for a tile, with an access token of ours.
struct ApiCall {
  std::string method;
  std::string path;  // without query
  std::vector<std::string> dpop;
  std::vector<std::string> authorization;
  std::optional<PeerCertificate> certificate = {};  // of the connection
};

// A question from a proxy: GET /forward-auth/{resource}.
struct ForwardAuthCall {
  std::string resource;  // the decoded segment
  Peer peer;
  std::vector<std::string> dpop;
  std::vector<std::string> authorization;
  // Every value of each header of the two families, by lower-case name: x-original-method,
  // x-original-uri, x-real-ip, x-forwarded-method, x-forwarded-uri, x-forwarded-for.
  std::vector<std::pair<std::string, std::string>> headers;
};

}  // namespace mandate::service
