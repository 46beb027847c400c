#include "mandate/http/tls/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <utility>

#include "mandate/base/limits.h"
#include "mandate/crypto/hash.h"
#include "mandate/crypto/openssl.h"

namespace mandate::http {
namespace {

using crypto::FreeWith;
using Bio = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;
using PrivateKey = crypto::Pkey;
using Names = std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>>;
using ContextPointer = std::unique_ptr<SSL_CTX, FreeWith<SSL_CTX_free>>;

// With forward secrecy and authenticated encryption only; those of TLS 1.3 all are.
constexpr const char* kCiphersOfTls12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr std::size_t kCertificatesMax = 100;
constexpr std::size_t kNamesMax = 64;

// OpenSSL's queue of errors is the thread's: nobody after us may find ours.
struct NoErrorsLeft {
  NoErrorsLeft() = default;
  NoErrorsLeft(const NoErrorsLeft&) = delete;
  NoErrorsLeft& operator=(const NoErrorsLeft&) = delete;
  ~NoErrorsLeft() { ERR_clear_error(); }
};

tl::unexpected<Error> wrong(std::string detail) {
  return fail(Reason::kBadRequest, std::move(detail));
}

// Nobody is asked for a passphrase: the terminal is not ours.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

Result<std::vector<Certificate>> read_certificates(std::string_view pem, std::string_view what) {
  if (pem.size() > limits::kPemBytesMax) {
    return fail(Reason::kLimitExceeded, std::string(what) + ": expected at most " +
                                            std::to_string(limits::kPemBytesMax) + " bytes");
  }
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::vector<Certificate> found;
  while (Certificate next{PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)}) {
    if (found.size() == kCertificatesMax) {
      return fail(Reason::kLimitExceeded, std::string(what) + ": expected at most " +
                                              std::to_string(kCertificatesMax) + " certificates");
    }
    found.push_back(std::move(next));
  }
  // The end of the text is the one error that is none.
  const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (found.empty() || !ended) return wrong(std::string(what) + ": expected certificates in PEM");
  return found;
}

Result<Instant> instant_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return wrong("a certificate's time cannot be read");
  const std::chrono::year_month_day day{std::chrono::year(parts.tm_year + 1900),
                                        std::chrono::month(static_cast<unsigned>(parts.tm_mon + 1)),
                                        std::chrono::day(static_cast<unsigned>(parts.tm_mday))};
  return Instant(std::chrono::sys_days(day)) + std::chrono::hours(parts.tm_hour) +
         std::chrono::minutes(parts.tm_min) + Seconds(parts.tm_sec);
}

// HTTP/1.1 is all we speak. Who offers other protocols and not that one is told so (RFC 7301
// section 3.2).
int choose_protocol(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_length,
                    const unsigned char* in, unsigned in_length, void* /*argument*/) {
  static constexpr std::array<unsigned char, 9> kOurs = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  const int found =
      SSL_select_next_proto(&chosen, out_length, kOurs.data(), kOurs.size(), in, in_length);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

Result<ContextPointer> make_context(const SSL_METHOD* method) {
  ContextPointer context(SSL_CTX_new(method));
  const bool made = context && SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) == 1 &&
                    SSL_CTX_set_cipher_list(context.get(), kCiphersOfTls12) == 1 &&
                    SSL_CTX_set1_groups_list(context.get(), kGroups) == 1 &&
                    SSL_CTX_set_num_tickets(context.get(), 0) == 1;
  if (!made) return fail(Reason::kRecordUnavailable, "OpenSSL cannot be set up for TLS");
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  // The authorities of others are not our chain.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  return context;
}

Result<void> use_authorities(SSL_CTX* context, std::string_view pem, std::string_view what) {
  Result<std::vector<Certificate>> authorities = read_certificates(pem, what);
  if (!authorities) return fail(authorities.error());
  for (const Certificate& authority : *authorities) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) != 1) {
      return wrong(std::string(what) + ": a certificate cannot be used");
    }
  }
  return {};
}

// The names are sent to clients, so that they know which of their certificates to show.
Result<void> ask_for_clients(SSL_CTX* context, std::string_view pem) {
  Result<void> used = use_authorities(context, pem, "client_ca");
  Result<std::vector<Certificate>> authorities = read_certificates(pem, "client_ca");
  if (!used) return used;
  for (const Certificate& authority : *authorities) {
    (void)SSL_CTX_add_client_CA(context, authority.get());
  }
  // The purpose (extended key usage) is checked by default.
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  return {};
}

Result<Instant> use_certificate(SSL_CTX* context, const TlsMaterial& material, Instant now) {
  Result<std::vector<Certificate>> chain = read_certificates(material.certificate, "certificate");
  if (!chain) return fail(chain.error());
  const Bio bio(BIO_new_mem_buf(material.key.data(), static_cast<int>(material.key.size())));
  const PrivateKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key) return wrong("key: expected a private key in PEM, without a passphrase");
  X509* own = chain->front().get();
  if (SSL_CTX_use_certificate(context, own) != 1) return wrong("certificate: it cannot be used");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return wrong("key: it is not the certificate's; expected the two that belong together");
  }
  for (std::size_t i = 1; i < chain->size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) != 1) {
      return wrong("certificate: its chain cannot be used");
    }
  }
  Result<Instant> from = instant_of(X509_get0_notBefore(own));
  Result<Instant> until = instant_of(X509_get0_notAfter(own));
  if (!from || !until) return wrong("certificate: its time cannot be read");
  if (*until <= now || *from > now) {
    return wrong("certificate: it is valid from " + format_rfc3339(*from) + " to " +
                 format_rfc3339(*until) + "; expected one that is valid now");
  }
  return until;
}

struct Made {
  ContextPointer context;
  Instant not_after;
};
Result<Made> make_server_context(const TlsMaterial& material, Instant now) {
  const NoErrorsLeft clear;
  Result<ContextPointer> context = make_context(TLS_server_method());
  if (!context) return fail(context.error());
  Result<Instant> until = use_certificate(context->get(), material, now);
  if (!until) return fail(until.error());
  SSL_CTX_set_alpn_select_cb(context->get(), choose_protocol, nullptr);
  if (!material.client_ca.empty()) {
    if (Result<void> asked = ask_for_clients(context->get(), material.client_ca); !asked) {
      return fail(asked.error());
    }
  }
  return Made{*std::move(context), *until};
}

std::string text_of(const ASN1_IA5STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::vector<std::string> names_of(X509* certificate) {
  const Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> found;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (found.size() == kNamesMax) break;
    if (name->type == GEN_URI) found.push_back(text_of(name->d.uniformResourceIdentifier));
    if (name->type != GEN_DNS) continue;
    std::string dns = text_of(name->d.dNSName);
    for (char& c : dns) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    found.push_back(std::move(dns));
  }
  return found;
}

}  // namespace

TlsServer::TlsServer(Context context, Instant not_after)
    : context_(std::move(context)), not_after_(not_after) {}

Result<std::unique_ptr<TlsServer>> TlsServer::load(const TlsMaterial& material, Instant now) {
  Result<Made> made = make_server_context(material, now);
  if (!made) return fail(made.error());
  return std::unique_ptr<TlsServer>(
      new TlsServer(Context(made->context.release(), SSL_CTX_free), made->not_after));
}

Result<void> TlsServer::reload(const TlsMaterial& material, Instant now) {
  Result<Made> made = make_server_context(material, now);
  if (!made) return fail(made.error());
  const std::lock_guard lock(mutex_);
  context_ = Context(made->context.release(), SSL_CTX_free);
  not_after_ = made->not_after;
  return {};
}

ssl_ctx_st* TlsServer::context() const {
  const std::lock_guard lock(mutex_);
  SSL_CTX_up_ref(context_.get());
  return context_.get();
}

Instant TlsServer::not_after() const {
  const std::lock_guard lock(mutex_);
  return not_after_;
}

std::optional<PeerCertificate> peer_certificate(ssl_st* ssl) {
  const Certificate shown(SSL_get1_peer_certificate(ssl));
  if (!shown || SSL_get_verify_result(ssl) != X509_V_OK) return std::nullopt;
  unsigned char* der = nullptr;
  const int length = i2d_X509(shown.get(), &der);
  if (length <= 0) return std::nullopt;
  PeerCertificate found;
  found.sha256 = crypto::sha256({reinterpret_cast<char*>(der), static_cast<std::size_t>(length)});
  OPENSSL_free(der);
  found.names = names_of(shown.get());
  return found;
}

Result<ssl_ctx_st*> make_client_context(std::string_view authorities) {
  const NoErrorsLeft clear;
  Result<ContextPointer> context = make_context(TLS_client_method());
  if (!context) return fail(context.error());
  if (!authorities.empty()) {
    Result<void> used = use_authorities(context->get(), authorities, "authorities");
    if (!used) return fail(used.error());
  } else if (SSL_CTX_set_default_verify_paths(context->get()) != 1) {
    return fail(Reason::kRecordUnavailable, "the system's certificate authorities cannot be read");
  }
  SSL_CTX_set_verify(context->get(), SSL_VERIFY_PEER, nullptr);
  return context->release();
}

Result<void> expect_host(ssl_st* ssl, const std::string& host) {
  X509_VERIFY_PARAM* expected = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool is_address = IpAddress::parse(host).has_value();
  const bool set = is_address ? X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1
                              : SSL_set1_host(ssl, host.c_str()) == 1 &&
                                    SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
  if (!set) return wrong("host " + quoted(host) + "; expected a name or an address");
  return {};
}

std::string verification_failure(ssl_st* ssl) {
  const long result = SSL_get_verify_result(ssl);
  return result == X509_V_OK ? std::string() : X509_verify_cert_error_string(result);
}

}  // namespace mandate::http
