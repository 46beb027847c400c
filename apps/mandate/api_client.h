// The command line's side of the API: authenticates with an identity (private_key_jwt, DPoP with
// the server's nonce), gets a token of the issuer's, and calls with it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/mandate/identity.h"
#include "mandate/base/ports.h"
#include "mandate/http/message.h"
#include "mandate/json/value.h"

namespace mandate::app {

// What the server refused: its own words, for the exit code and the message.
struct Refused {
  int status = 0;
  json::Value body;
};

class ApiClient {
 public:
  // `server` is where to connect; its metadata must name `issuer` (RFC 8414 section 3.3), which is
  // the server's URL unless it is given.
  // `authorities`: PEM, of an https server; empty: the system's.
  ApiClient(std::string server, std::string issuer, std::string authorities, Identity identity,
            const Clock& clock, Random& random);

  using Form = std::vector<std::pair<std::string, std::string>>;
  // A request to the token endpoint with client authentication and proof; the body of the answer.
  Result<json::Value> token(const Form& parameters);
  // A form post without a proof: /introspect, /revoke.
  Result<json::Value> post_form(const std::string& path, Form parameters);
  // A call of the API, with a token of the issuer's that is fetched first.
  Result<json::Value> call(const std::string& method, const std::string& target,
                           const std::optional<json::Value>& body);
  // A GET of the API whose answer is not JSON: a tile.
  Result<std::string> download(const std::string& target);
  // An unauthenticated GET.
  Result<std::string> get_public(const std::string& target);

  // What the server said last where it refused.
  const std::optional<Refused>& refused() const { return refused_; }
  const Identity& identity() const { return identity_; }
  // The server's last one; empty before the first answer of the token endpoint.
  const std::string& nonce() const { return nonce_; }
  const std::string& issuer() const { return issuer_; }
  // A proof by the identity's key.
  std::string proof(const std::string& method, const std::string& uri, const std::string& nonce,
                    const std::string& access_token) const;
  std::string client_assertion() const;
  std::string actor_token() const;

 private:
  Result<void> check_metadata();
  Result<http::Response> send(const http::Request& request);
  Result<json::Value> read(const http::Response& response);
  Result<http::Response> answer_to(const std::string& method, const std::string& target,
                                   const std::optional<json::Value>& body);
  void authenticate(Form& parameters) const;
  std::string assertion(std::string_view type) const;

  std::string server_;
  std::string issuer_;
  std::string authorities_;
  Identity identity_;
  const Clock& clock_;
  Random& random_;
  std::string access_token_;
  std::string nonce_;
  std::optional<Refused> refused_;
  bool metadata_checked_ = false;
};

}  // namespace mandate::app
