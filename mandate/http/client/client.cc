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
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "mandate/base/bytes.h"

namespace mandate::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

struct Endpoint {
  std::string host;
  std::string port;
  std::string authority;  // for the Host header
};

Result<Endpoint> parse_origin(std::string_view origin) {
  const auto url = boost::urls::parse_uri({origin.data(), origin.size()});
  if (!url || url->host().empty()) {
    return fail(Reason::kBadRequest, "server " + quoted(origin) + "; expected http://host[:port]");
  }
  if (std::string_view(url->scheme()) != "http") {
    return fail(Reason::kBadRequest, "server " + quoted(origin) + "; expected an http URL");
  }
  std::string port(std::string_view(url->port()));
  if (port.empty()) port = "80";
  return Endpoint{url->host_address(), port,
                  std::string(std::string_view(url->encoded_host_and_port()))};
}

tl::unexpected<Error> unreachable(std::string_view origin, const beast::error_code& code) {
  return fail(Reason::kRecordUnavailable, "cannot reach " + std::string(origin) + ": " +
                                              code.message() + "; is the server running?");
}

}  // namespace

Result<Response> fetch(std::string_view origin, const Request& request,
                       const FetchOptions& options) {
  Result<Endpoint> endpoint = parse_origin(origin);
  if (!endpoint) return fail(endpoint.error());
  asio::io_context context;
  beast::tcp_stream stream(context);
  bhttp::request<bhttp::string_body> message;
  message.method_string(request.method);
  message.target(request.target);
  message.version(11);
  message.set(bhttp::field::host, endpoint->authority);
  for (const auto& [name, value] : request.headers) message.insert(name, value);
  message.body() = request.body;
  message.prepare_payload();
  message.keep_alive(false);
  beast::error_code code;
  asio::ip::tcp::resolver resolver(context);
  const auto addresses = resolver.resolve(endpoint->host, endpoint->port, code);
  if (code) return unreachable(origin, code);
  beast::flat_buffer buffer;
  bhttp::response_parser<bhttp::string_body> parser;
  parser.body_limit(options.body_bytes_max);
  // Asynchronous only so that one deadline bounds it all.
  stream.expires_after(options.timeout);
  stream.async_connect(addresses, [&](beast::error_code connected, const auto&) {
    code = connected;
    if (code) return;
    bhttp::async_write(stream, message, [&](beast::error_code written, std::size_t) {
      code = written;
      if (code) return;
      bhttp::async_read(stream, buffer, parser,
                        [&](beast::error_code read, std::size_t) { code = read; });
    });
  });
  context.run();
  if (code) return unreachable(origin, code);
  Response response;
  response.status = static_cast<int>(parser.get().result_int());
  for (const auto& field : parser.get().base()) {
    response.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  response.body = std::move(parser.get().body());
  return response;
}

}  // namespace mandate::http
