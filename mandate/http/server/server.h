// An HTTP/1.1 server, over TCP with TLS or without, and over Unix sockets: bounded in connections,
// head, body and time; one io_context thread a core; a handler that answers now or later, from any
// thread. Beast is known to this source and to response_text.cc.
//
//   Result<std::unique_ptr<Server>> server = Server::start({.listen = {{"127.0.0.1", 8181}}},
//       [&](const Request& request, Respond respond) { routes.handle(request, respond); });
//   (*server)->stop();  // finishes what is being answered
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/base/limits.h"
#include "mandate/base/result.h"
#include "mandate/http/message.h"
#include "mandate/http/server/listening.h"
#include "mandate/http/server/refusal.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace mandate::http {

struct ServerOptions {
  std::vector<ListenAddress> listen = {{}};
  // A reference to the context that a new TCP connection begins TLS with (TlsServer::context);
  // empty: no TLS. Unix sockets have none.
  std::function<ssl_ctx_st*()> tls = {};
  int threads = 1;
  std::size_t connections_max = 4096;  // idle ones end to make room; past it, 503
  std::size_t connections_per_address_max = 1024;
  std::size_t requests_per_connection_max = 100'000;  // so that load spreads again
  std::size_t waiting_max = 512;                      // requests of `may_wait`, for each thread
  std::size_t head_bytes_max = limits::kHttpHeadBytesMax;
  std::size_t body_bytes_max = limits::kRequestBodyBytesMax;
  // Less, by target: strangers hold as much memory as the path needs. Default: body_bytes_max.
  std::function<std::size_t(std::string_view target)> body_bytes_max_at = {};
  std::chrono::seconds head_timeout{10};  // from the first byte of a request, or of a connection
  std::chrono::seconds body_timeout{30};
  std::chrono::seconds idle_timeout{75};
  std::chrono::seconds answer_timeout{30};  // for the handler (then 503), and for writing
  std::chrono::seconds stop_timeout{10};
  // Which requests wait while others are answered, in a queue of their own: one of them is taken
  // whenever nothing else is ready. A full queue sheds them (503). Default: none.
  std::function<bool(std::string_view target)> may_wait = {};
  // Asked for each request, once its head is read; false: 429. Default: all may come. Any thread.
  std::function<bool(const Peer& peer, std::string_view target)> admit = {};
  // Told of each request that is refused before the handler sees it; on any thread.
  std::function<void(Reason reason, std::optional<Excess> excess)> refused = {};
};

class Server {
 public:
  // The request lives as long as `respond`. An answer after `answer_timeout` is dropped.
  using Handler =
      std::function<void(const Request& request, std::function<void(Response)> respond)>;

  virtual ~Server() = default;
  // `record_unavailable` where the address cannot be listened on, saying why.
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, Handler handler);
  // Of the first TCP address; 0: there is none.
  virtual std::uint16_t port() const = 0;
  // Open now.
  virtual std::size_t connections() const = 0;
  // Stops accepting, lets requests that are being answered finish, then returns. Idempotent.
  virtual void stop() = 0;
};

}  // namespace mandate::http
