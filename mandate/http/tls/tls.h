// TLS for the server and for the command line, on OpenSSL: version 1.2 with forward secrecy and
// authenticated encryption, or 1.3; HTTP/1.1 by ALPN; no renegotiation, no compression, and no
// resumption: each connection shows its certificates and has them checked as they are now.
//
//   Result<std::unique_ptr<TlsServer>> tls = TlsServer::load({certificate, key, client_ca}, now);
//   (*tls)->reload(newer, now);   // what is refused leaves the old in force
//   SSL* ssl = SSL_new(context);  // by the listener, of (*tls)->context()
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "mandate/base/instant.h"
#include "mandate/base/peer.h"
#include "mandate/base/result.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX
struct ssl_st;      // and SSL

namespace mandate::http {

// PEM texts, at most limits::kPemBytesMax each.
struct TlsMaterial {
  std::string certificate;  // the server's own first, then the chain to a root
  std::string key;          // without a passphrase; fits the certificate
  std::string client_ca;    // authorities of client certificates; empty: none is asked for
};

// Threads may share one.
class TlsServer {
 public:
  // `bad_request` saying which text is wrong and how: not PEM, a key of another certificate, a
  // certificate that is over or has not begun.
  static Result<std::unique_ptr<TlsServer>> load(const TlsMaterial& material, Instant now);
  // For connections that come from now on; those that stand keep what they have.
  Result<void> reload(const TlsMaterial& material, Instant now);

  // A reference of the caller's own (SSL_CTX_free).
  ssl_ctx_st* context() const;
  // When the certificate ends.
  Instant not_after() const;

 private:
  using Context = std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)>;
  TlsServer(Context context, Instant not_after);

  mutable std::mutex mutex_;
  Context context_;
  Instant not_after_;
};

// What the peer of a finished handshake proved; nothing where it showed no certificate.
std::optional<PeerCertificate> peer_certificate(ssl_st* ssl);

// For a client: verifies the server against these authorities (PEM), or the system's where empty.
// The caller owns what it gets (SSL_CTX_free).
Result<ssl_ctx_st*> make_client_context(std::string_view authorities);
// Before the handshake: the host, a name or an address, that the certificate must be for.
Result<void> expect_host(ssl_st* ssl, const std::string& host);
// After a failed one: why, in a person's words; empty where it was not the certificate.
std::string verification_failure(ssl_st* ssl);

}  // namespace mandate::http
