#include "mandate/http/client/client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "mandate/base/bytes.h"
#include "mandate/http/tls/tls.h"

namespace mandate::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

struct Endpoint {
  std::string host;
  std::string port;
  std::string authority;  // for the Host header
  bool is_https = false;
};

Result<Endpoint> parse_origin(std::string_view origin) {
  const auto url = boost::urls::parse_uri({origin.data(), origin.size()});
  if (!url || url->host().empty()) {
    return fail(Reason::kBadRequest,
                "server " + quoted(origin) + "; expected http(s)://host[:port]");
  }
  const bool is_https = std::string_view(url->scheme()) == "https";
  if (!is_https && std::string_view(url->scheme()) != "http") {
    return fail(Reason::kBadRequest, "server " + quoted(origin) + "; expected an http(s) URL");
  }
  std::string port(std::string_view(url->port()));
  if (port.empty()) port = is_https ? "443" : "80";
  return Endpoint{url->host_address(), port,
                  std::string(std::string_view(url->encoded_host_and_port())), is_https};
}

tl::unexpected<Error> unreachable(std::string_view origin, const beast::error_code& code) {
  return fail(Reason::kRecordUnavailable, "cannot reach " + std::string(origin) + ": " +
                                              code.message() + "; is the server running?");
}

using Message = bhttp::request<bhttp::string_body>;
using Parser = bhttp::response_parser<bhttp::string_body>;

Message to_beast(const Request& request, const Endpoint& endpoint) {
  Message message;
  message.method_string(request.method);
  message.target(request.target);
  message.version(11);
  message.set(bhttp::field::host, endpoint.authority);
  for (const auto& [name, value] : request.headers) message.insert(name, value);
  message.body() = request.body;
  message.prepare_payload();
  message.keep_alive(false);
  return message;
}

Response to_response(Parser& parser) {
  Response response;
  response.status = static_cast<int>(parser.get().result_int());
  for (const auto& field : parser.get().base()) {
    response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  response.body = std::move(parser.get().body());
  return response;
}

// One request over a stream that stands; `code` says how it went. The rest runs with the context.
template <class Stream>
struct Conversation {
  Stream& stream;
  const Message& message;
  Parser& parser;
  beast::error_code& code;
  beast::flat_buffer buffer = {};

  void start() {
    bhttp::async_write(stream, message, [this](beast::error_code written, std::size_t) {
      code = written;
      if (code) return;
      bhttp::async_read(stream, buffer, parser,
                        [this](beast::error_code read, std::size_t) { code = read; });
    });
  }
};

}  // namespace

Result<Response> fetch(std::string_view origin, const Request& request,
                       const FetchOptions& options) {
  Result<Endpoint> endpoint = parse_origin(origin);
  if (!endpoint) return fail(endpoint.error());
  asio::io_context context;
  // Without https, the one is made and not used: reading the system's authorities takes its time.
  Result<ssl_ctx_st*> verifying =
      endpoint->is_https ? make_client_context(options.authorities) : Result<ssl_ctx_st*>(nullptr);
  if (!verifying) return fail(verifying.error());
  asio::ssl::context tls = endpoint->is_https ? asio::ssl::context(*verifying)
                                              : asio::ssl::context(asio::ssl::context::tls_client);
  beast::ssl_stream<beast::tcp_stream> encrypted(context, tls);
  if (Result<void> set = expect_host(encrypted.native_handle(), endpoint->host); !set) {
    return fail(set.error());
  }
  beast::tcp_stream& plain = encrypted.next_layer();
  const Message message = to_beast(request, *endpoint);
  beast::error_code code;
  asio::ip::tcp::resolver resolver(context);
  const auto addresses = resolver.resolve(endpoint->host, endpoint->port, code);
  if (code) return unreachable(origin, code);
  Parser parser;
  parser.body_limit(options.body_bytes_max);
  Conversation<beast::tcp_stream> over_tcp{plain, message, parser, code};
  Conversation<beast::ssl_stream<beast::tcp_stream>> over_tls{encrypted, message, parser, code};
  // Asynchronous only so that one deadline bounds it all.
  plain.expires_after(options.timeout);
  plain.async_connect(addresses, [&](beast::error_code connected, const auto&) {
    code = connected;
    if (code) return;
    if (!endpoint->is_https) return over_tcp.start();
    encrypted.async_handshake(asio::ssl::stream_base::client, [&](beast::error_code shaken) {
      code = shaken;
      if (!code) over_tls.start();
    });
  });
  context.run();
  const std::string unproven = verification_failure(encrypted.native_handle());
  if (endpoint->is_https && code && !unproven.empty()) {
    return fail(Reason::kRecordUnavailable,
                std::string(origin) + " is not proven by its certificate: " + unproven +
                    "; expected one by an authority that is trusted here (--ca FILE)");
  }
  if (code) return unreachable(origin, code);
  return to_response(parser);
}

}  // namespace mandate::http
