// A real `mandate serve` on the first core, with an organisation of so many clients on record and
// in being without a single request: its keys are known here, so tokens are made as it makes them.
//
//   people: human:person-k --triage-k--> agent:triage-k --helps-k--> agent:helper-k
//                                          --onward-k--> service:tickets-k
// service:tickets-k is the resource server of https://tickets-k.acme.example, receives helper-k's
// token there, and exchanges it for one at https://archive.acme.example: a lineage of three.
// Where descendants are asked for: human:hub --hub--> agent:hub --below-i--> agent:helper-...
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/frame/process.h"
#include "mandate/crypto/key.h"

namespace mandate::bench {

struct SignatureCounts {
  std::uint64_t ecdsa_checked = 0;
  std::uint64_t ecdsa_made = 0;
  std::uint64_t eddsa_checked = 0;
  std::uint64_t eddsa_made = 0;
};

class Site {
 public:
  explicit Site(std::uint32_t clients, std::uint32_t descendants = 0);
  ~Site();
  std::uint16_t port() const;
  const std::string& issuer() const;
  SignatureCounts counted() const;  // since the server's start
  const Process& server() const;

  // Whole HTTP requests, each to be sent once and soon: proofs age.
  // POST /token: assertion, proof, a subject token never seen, and an actor token of one use.
  // By the first so many clients.
  std::vector<std::string> exchanges(std::size_t count, std::uint32_t clients = ~0U);
  // POST /token, client_credentials: assertion and proof.
  std::vector<std::string> client_credentials(std::size_t count);
  // GET /forward-auth: a token that was seen before, with a fresh proof.
  std::vector<std::string> forward_auths(std::size_t count);
  // The same of one token of helper-k, and tokens to ask with: helper-k's at tickets-k, and
  // helper-0's by a delegation below the hub.
  std::string forward_auth(std::uint32_t k, const std::string& token);
  std::string helpers_token(std::uint32_t k);
  std::string token_below_hub();
  // By the first operator: POST /revocations of helps-k or of the hub, POST /suspensions of its
  // delegate, or its end.
  std::string revocation(std::uint32_t k);
  std::string hub_revocation();
  std::string hub_suspension(bool suspended);
  // POST /access/v1/evaluation by the resource server: its own token and proof, and in the body
  // the actor's token and proof, or none (asserted).
  std::vector<std::string> evaluations(std::size_t count, bool proven);

  // For a peer that does the same: [{"client_id", "jwk"}], and POST /token at its issuer by these
  // clients: an exchange of its subject token, or client credentials where that is empty.
  std::string clients_json() const;
  std::vector<std::string> at_peer(std::size_t count, const std::string& peer_issuer,
                                   const std::string& subject_token);

 private:
  std::string by_operator(const std::string& path, const json::Value& body);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mandate::bench
