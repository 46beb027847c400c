#include "mandate/http/server/server.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <deque>
#include <iterator>
#include <list>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "mandate/base/bytes.h"
#include "mandate/http/server/open_connections.h"
#include "mandate/http/server/refusal.h"
#include "mandate/http/server/response_text.h"
#include "mandate/http/server/wire.h"
#include "mandate/http/tls/tls.h"

namespace mandate::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using asio::ip::tcp;
// TCP and Unix sockets alike; TLS lies over it.
using Protocol = asio::generic::stream_protocol;
using Socket = asio::basic_stream_socket<Protocol>;
using Acceptor = asio::basic_socket_acceptor<Protocol>;
using Plain = beast::basic_stream<Protocol>;
using Encrypted = beast::ssl_stream<Plain>;
using Parser = bhttp::request_parser<bhttp::string_body>;
constexpr std::chrono::seconds kDrainTimeout{1};
constexpr std::size_t kReadBytesMin = 4096;
constexpr std::size_t kDrainBytesMax = 8 << 20;

auto into(beast::error_code& code) { return asio::redirect_error(asio::use_awaitable, code); }

// A connection, in TLS or not: what is over it compiles once, and does not know. Its time runs out
// by the lowest layer's clock.
class Stream {
 public:
  explicit Stream(Socket socket) : plain_(std::move(socket)) {}

  Plain& lowest() { return encrypted_ ? beast::get_lowest_layer(*encrypted_) : plain_; }
  asio::awaitable<void> encrypt(ssl_ctx_st* context, beast::error_code& code) {
    tls_.emplace(context);
    encrypted_.emplace(std::move(plain_), *tls_);
    return encrypted_->async_handshake(asio::ssl::stream_base::server, into(code));
  }
  // Whatever is there, and no more than fits; 0 with an error.
  asio::awaitable<std::size_t> read_some(asio::mutable_buffer room, beast::error_code& code) {
    return encrypted_ ? encrypted_->async_read_some(room, into(code))
                      : plain_.async_read_some(room, into(code));
  }
  // All of it. `text` outlives the call.
  asio::awaitable<std::size_t> write(asio::const_buffer text, beast::error_code& code) {
    return encrypted_ ? asio::async_write(*encrypted_, text, into(code))
                      : asio::async_write(plain_, text, into(code));
  }
  // After `encrypt` only.
  asio::awaitable<void> shut_down(beast::error_code& code) {
    return encrypted_->async_shutdown(into(code));
  }
  ssl_st* tls() { return encrypted_->native_handle(); }

 private:
  Plain plain_;  // moved from once encrypted
  std::optional<asio::ssl::context> tls_;
  std::optional<Encrypted> encrypted_;
};

// What a failed read means to the peer; nothing where it is simply gone.
std::optional<Refusal> read_failure(const beast::error_code& code) {
  if (code == bhttp::error::header_limit) {
    return Refusal{431, Reason::kLimitExceeded, "the request head is too large"};
  }
  if (code == bhttp::error::body_limit) {
    return Refusal{413, Reason::kLimitExceeded, "the request body is too large"};
  }
  if (code == beast::error::timeout) {
    return Refusal{408, Reason::kLimitExceeded, "the request took too long to arrive"};
  }
  const bool malformed = code.category() == make_error_code(bhttp::error::bad_method).category() &&
                         code != bhttp::error::end_of_stream &&
                         code != bhttp::error::partial_message;
  if (malformed) return Refusal{400, Reason::kBadRequest, "the request is not HTTP/1.1"};
  return std::nullopt;
}

std::size_t count_fields(const bhttp::fields& head) {
  return static_cast<std::size_t>(std::distance(head.begin(), head.end()));
}

Request to_request(const Parser::value_type& head, const Peer& peer) {
  Request request{std::string(head.method_string()), std::string(head.target()), {}, {}, peer};
  for (const auto& field : head.base()) {
    request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  return request;
}

// A request and the answer to it, which its handler gives on any thread, or never. It outlives the
// connection where the handler is late: nothing here but `mutex` is then touched.
struct Exchange {
  Exchange(Request asked, asio::steady_timer& timer) : request(std::move(asked)), waiting(&timer) {}
  const Request request;
  std::mutex mutex;
  asio::steady_timer* waiting;  // null: nobody waits any more
  bool asleep = false;          // who waits must be woken
  std::optional<Response> response = {};
};

// On any thread. Under the lock, whoever waits is still there, and so is its executor.
void give(const std::shared_ptr<Exchange>& exchange, Response response) {
  const std::scoped_lock lock(exchange->mutex);
  if (exchange->waiting == nullptr || exchange->response) return;
  exchange->response = std::move(response);
  if (!exchange->asleep) return;
  asio::post(exchange->waiting->get_executor(), [exchange] {
    const std::scoped_lock again(exchange->mutex);
    if (exchange->waiting != nullptr) exchange->waiting->cancel();
  });
}

// Whether the answer is still to come: then whoever gives it wakes the one that waits.
bool falls_asleep(Exchange& exchange) {
  const std::scoped_lock lock(exchange.mutex);
  exchange.asleep = !exchange.response;
  return exchange.asleep;
}

// Ends the waiting however the coroutine ends: with its answer, its time, or its io_context.
std::optional<Response> end_waiting(Exchange& exchange) {
  const std::scoped_lock lock(exchange.mutex);
  exchange.waiting = nullptr;
  return std::move(exchange.response);
}

// What waits for its turn on one thread; its first has been posted.
using Lane = std::deque<std::shared_ptr<Exchange>>;

class Listener final : public Server {
 public:
  Listener(const ServerOptions& options, Handler handler)
      : options_(options), handler_(std::move(handler)) {
    for (int i = 0; i < options.threads; ++i) {
      contexts_.push_back(std::make_unique<asio::io_context>(1));
    }
    idle_.resize(contexts_.size());
    lanes_.resize(contexts_.size());
  }
  ~Listener() override { stop(); }

  Result<void> listen() {
    for (const ListenAddress& address : options_.listen) {
      Result<int> descriptor = open_listening(address);
      if (!descriptor) return fail(descriptor.error());
      const bool is_v6 = address.host.find(':') != std::string::npos;
      const Protocol protocol = address.is_unix() ? Protocol(asio::local::stream_protocol())
                                                  : Protocol(is_v6 ? tcp::v6() : tcp::v4());
      listening_.push_back(
          {Acceptor(*contexts_.front(), protocol, *descriptor), !address.is_unix()});
      if (port_ == 0) port_ = port_of(*descriptor);
      if (address.is_unix()) made_.push_back(address.unix_path);
    }
    for (Listening& listening : listening_) {
      asio::co_spawn(*contexts_.front(), accept(listening), asio::detached);
    }
    for (auto& context : contexts_) {
      guards_.emplace_back(context->get_executor());
      threads_.emplace_back([&context] { context->run(); });
    }
    return {};
  }

  std::uint16_t port() const override { return port_; }
  std::size_t connections() const override { return open_.count(); }

  void stop() override {
    if (stopping_.exchange(true)) return;
    asio::post(*contexts_.front(), [this] {
      beast::error_code ignored;
      for (Listening& listening : listening_) listening.acceptor.close(ignored);
    });
    close_idle();  // those that are answering finish first
    const auto step = std::chrono::milliseconds(5);
    for (auto waited = std::chrono::milliseconds(0);
         open_.count() > 0 && waited < options_.stop_timeout; waited += step) {
      std::this_thread::sleep_for(step);
    }
    guards_.clear();
    for (auto& context : contexts_) context->stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    for (const std::string& path : made_) ::unlink(path.c_str());
  }

 private:
  struct Listening {
    Acceptor acceptor;
    bool is_tcp;
  };

  asio::awaitable<void> accept(Listening& listening) {
    for (std::size_t next = 0; !stopping_; next = (next + 1) % contexts_.size()) {
      beast::error_code code;
      Socket socket(*contexts_[next]);
      co_await listening.acceptor.async_accept(socket, into(code));
      if (stopping_) co_return;
      if (is_full()) close_idle();
      if (code || is_full()) {
        // Out of descriptors, or full: a moment, in which some connection may end.
        asio::steady_timer pause(*contexts_.front(), std::chrono::milliseconds(10));
        beast::error_code ignored;
        co_await pause.async_wait(into(ignored));
      }
      if (code) continue;
      Peer peer = peer_of(socket.native_handle());
      const std::string whose = peer.address ? peer.address->text() : "";
      if (is_full() || !open_.enter(whose)) {
        turn_away(socket);
        continue;
      }
      asio::co_spawn(*contexts_[next],
                     serve(std::move(socket), next, listening.is_tcp, std::move(peer)),
                     [this, whose](const std::exception_ptr&) { open_.leave(whose); });
    }
  }

  bool is_full() const { return open_.count() >= options_.connections_max; }
  void turn_away(Socket& socket) const {
    if (options_.refused) options_.refused(Reason::kLimitExceeded, Excess::kConnections);
    beast::error_code ignored;
    socket.non_blocking(true, ignored);
    if (!options_.tls) socket.write_some(asio::buffer(kTurnedAway), ignored);
    socket.shutdown(asio::socket_base::shutdown_send, ignored);
  }

  // Connections that wait for a request.
  void close_idle() {
    for (std::size_t i = 0; i < contexts_.size(); ++i) {
      asio::post(*contexts_[i], [this, i] {
        for (Plain* idle : idle_[i]) idle->cancel();
      });
    }
  }

  // One of those that wait, and then whatever has become ready meanwhile.
  void drain_lane(std::size_t context) {
    Lane& lane = lanes_[context];
    hand_over(lane.front());
    lane.pop_front();
    if (!lane.empty()) post_drain(context);
  }

  void post_drain(std::size_t context) {
    asio::post(*contexts_[context], [this, context] { drain_lane(context); });
  }

  void hand_over(const std::shared_ptr<Exchange>& exchange) {
    {
      const std::scoped_lock lock(exchange->mutex);
      if (exchange->waiting == nullptr) return;  // its time is over
    }
    handler_(exchange->request,
             [exchange](Response response) { give(exchange, std::move(response)); });
  }

  bool found_room(std::size_t context, const std::shared_ptr<Exchange>& exchange) {
    Lane& lane = lanes_[context];
    if (lane.size() >= options_.waiting_max) return false;
    lane.push_back(exchange);
    if (lane.size() == 1) post_drain(context);
    return true;
  }

  // The handler's answer, or a refusal where none came within `answer_timeout`.
  asio::awaitable<Response> answer(Request request, std::size_t context) {
    asio::steady_timer timer(co_await asio::this_coro::executor, options_.answer_timeout);
    auto exchange = std::make_shared<Exchange>(std::move(request), timer);
    const std::unique_ptr<Exchange, void (*)(Exchange*)> waiting(
        exchange.get(), [](Exchange* ended) { end_waiting(*ended); });
    const bool waits = options_.may_wait && options_.may_wait(exchange->request.target);
    if (waits && !found_room(context, exchange)) {
      if (options_.refused) options_.refused(Reason::kLimitExceeded, Excess::kWaiting);
      co_return no_answer();
    }
    if (!waits) hand_over(exchange);
    if (falls_asleep(*exchange)) {
      beast::error_code ignored;
      co_await timer.async_wait(into(ignored));
    }
    std::optional<Response> response = end_waiting(*exchange);
    co_return response ? *std::move(response) : no_answer();
  }

  asio::awaitable<bool> write(Stream& stream, Response response, unsigned version, bool keep) {
    const std::string text = to_text(std::move(response), version, keep);
    beast::error_code code;
    stream.lowest().expires_after(options_.answer_timeout);
    co_await stream.write(asio::buffer(text), code);
    co_return !code && keep;
  }

  // Where the next request would begin is unknown: the connection ends.
  asio::awaitable<bool> refuse(Stream& stream, Refusal refusal) {
    if (options_.refused) options_.refused(refusal.reason, refusal.excess);
    co_return co_await write(stream, to_response(refusal), 11, false);
  }

  asio::awaitable<void> read_more(Stream& stream, beast::flat_buffer& buffer,
                                  beast::error_code& code) {
    const std::size_t room = std::min(std::max(kReadBytesMin, buffer.capacity() - buffer.size()),
                                      buffer.max_size() - buffer.size());
    if (room == 0) code = bhttp::error::buffer_overflow;
    if (room > 0) buffer.commit(co_await stream.read_some(buffer.prepare(room), code));
  }

  // After a failed read: what a peer that is still there is told. The connection ends.
  asio::awaitable<bool> give_up(Stream& stream, beast::error_code code) {
    if (std::optional<Refusal> refused = read_failure(code)) co_await refuse(stream, *refused);
    co_return false;
  }

  // Reads until the buffer holds a whole head, or more than one may have; the head.
  asio::awaitable<std::string_view> read_head(Stream& stream, beast::flat_buffer& buffer,
                                              beast::error_code& code) {
    for (std::size_t seen = 0;;) {
      const std::string_view text(static_cast<const char*>(buffer.data().data()), buffer.size());
      const std::size_t end = text.find("\r\n\r\n", seen);
      if (end != std::string_view::npos || text.size() > options_.head_bytes_max)
        co_return text.substr(0, end);
      seen = text.size() < 3 ? 0 : text.size() - 3;
      co_await read_more(stream, buffer, code);
      if (code) co_return std::string_view();
    }
  }

  // The bound of this path, before any of the body is kept.
  std::optional<Refusal> bound_body(Parser& parser) const {
    const std::string_view target(parser.get().target());
    const std::size_t most =
        options_.body_bytes_max_at ? options_.body_bytes_max_at(target) : options_.body_bytes_max;
    if (parser.content_length().value_or(0) > most) {
      return Refusal{413, Reason::kLimitExceeded, "the request body is too large"};
    }
    parser.body_limit(most);
    return std::nullopt;
  }

  // Hands the parser what has come until `is_done`, and reads what it still lacks.
  asio::awaitable<void> parse(Stream& stream, beast::flat_buffer& buffer, Parser& parser,
                              bool (Parser::*is_done)() const, beast::error_code& code) {
    while (!code && !(parser.*is_done)()) {
      if (buffer.size() > 0) buffer.consume(parser.put(buffer.data(), code));
      const bool lacks = buffer.size() == 0 || code == bhttp::error::need_more;
      if (code == bhttp::error::need_more) code = {};
      if (!code && lacks && !(parser.*is_done)()) co_await read_more(stream, buffer, code);
    }
  }

  // Whether the first bytes of a request came before the connection was idle for too long.
  asio::awaitable<bool> begins(Stream& stream, beast::flat_buffer& buffer, std::size_t context,
                               Connection& connection) {
    if (buffer.size() > 0) co_return true;
    beast::error_code code;
    idle_[context].insert(&stream.lowest());
    stream.lowest().expires_after(options_.idle_timeout);
    co_await read_more(stream, buffer, code);
    idle_[context].erase(&stream.lowest());
    connection.is_silent = static_cast<bool>(code);
    co_return !code;
  }

  // One request of a connection; whether the next one may come.
  asio::awaitable<bool> serve_one(Stream& stream, beast::flat_buffer& buffer, std::size_t context,
                                  Connection& connection) {
    if (!co_await begins(stream, buffer, context, connection)) co_return false;
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(options_.head_bytes_max));
    parser.body_limit(options_.body_bytes_max);
    beast::error_code code;
    stream.lowest().expires_after(options_.head_timeout);
    if (is_folded(co_await read_head(stream, buffer, code))) {
      co_return co_await refuse(stream, {400, Reason::kBadRequest, "a header field is folded"});
    }
    if (!code) co_await parse(stream, buffer, parser, &Parser::is_header_done, code);
    if (code) co_return co_await give_up(stream, code);
    Request request = to_request(parser.get(), connection.peer);
    const unsigned version = parser.get().version();
    std::optional<Refusal> refused = refuse_head(request, version);
    if (!refused) refused = bound_body(parser);
    if (!refused && options_.admit && !options_.admit(connection.peer, request.target)) {
      refused = Refusal{429, Reason::kLimitExceeded, "too many requests from this address",
                        Excess::kRate};
    }
    if (refused) co_return co_await refuse(stream, *refused);
    if (beast::iequals(parser.get()[bhttp::field::expect], "100-continue")) {
      co_await stream.write(asio::buffer(kGoOn), code);
    }
    stream.lowest().expires_after(options_.body_timeout);
    co_await parse(stream, buffer, parser, &Parser::is_done, code);
    if (code) co_return co_await give_up(stream, code);
    // RFC 9110 section 6.5.1: merged by Beast, a trailer would pass for an unchecked header.
    if (count_fields(parser.get()) != request.headers.size()) {
      co_return co_await refuse(stream, {400, Reason::kBadRequest, "fields follow the body"});
    }
    const bool keep = parser.get().keep_alive() && !stopping_ && --connection.requests_left > 0;
    const bool head = parser.get().method() == bhttp::verb::head;
    request.body = std::move(parser.get().body());
    stream.lowest().expires_never();
    Response response = co_await answer(std::move(request), context);
    if (head) response.body.clear();
    co_return co_await write(stream, std::move(response), version, keep && !stopping_);
  }

  asio::awaitable<void> serve(Socket socket, std::size_t context, bool is_tcp, Peer peer) {
    Stream stream(std::move(socket));
    const bool in_tls = is_tcp && options_.tls;
    beast::error_code code;
    if (in_tls) {
      stream.lowest().expires_after(options_.head_timeout);
      co_await stream.encrypt(options_.tls(), code);
      if (!code) peer.certificate = peer_certificate(stream.tls());
    }
    const bool more = code || co_await converse(stream, context, peer);
    if (in_tls && !code) {
      stream.lowest().expires_after(kDrainTimeout);
      co_await stream.shut_down(code);
    }
    if (in_tls || more) co_await close(stream.lowest());
  }

  // Whether anything may be left to read.
  asio::awaitable<bool> converse(Stream& stream, std::size_t context, const Peer& peer) {
    beast::flat_buffer buffer(options_.head_bytes_max + options_.body_bytes_max);
    Connection connection{peer, options_.requests_per_connection_max};
    while (!stopping_ && co_await serve_one(stream, buffer, context, connection)) {
    }
    co_return !connection.is_silent;
  }

  // Closed with bytes unread, a connection is reset, and the reset can overtake the answer: what a
  // peer is still sending is read away, up to a bound.
  asio::awaitable<void> close(Plain& stream) {
    beast::error_code code;
    stream.socket().shutdown(asio::socket_base::shutdown_send, code);
    beast::flat_buffer buffer;
    stream.expires_after(kDrainTimeout);
    for (std::size_t read = 0; !code && !stopping_ && read < kDrainBytesMax;) {
      read += co_await stream.async_read_some(buffer.prepare(kReadBytesMin), into(code));
    }
  }

  using Guard = asio::executor_work_guard<asio::io_context::executor_type>;
  const ServerOptions options_;
  const Handler handler_;
  std::vector<std::unique_ptr<asio::io_context>> contexts_;
  std::vector<Guard> guards_;
  std::vector<std::set<Plain*>> idle_;  // each touched by its context's thread only
  std::vector<Lane> lanes_;             // likewise
  std::list<Listening> listening_;
  std::vector<std::string> made_;  // Unix sockets, which are files
  std::vector<std::thread> threads_;
  OpenConnections open_{options_.connections_per_address_max};
  std::atomic<bool> stopping_{false};
  std::uint16_t port_ = 0;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, Handler handler) {
  auto listener = std::make_unique<Listener>(options, std::move(handler));
  if (Result<void> listening = listener->listen(); !listening) return fail(listening.error());
  return std::unique_ptr<Server>(std::move(listener));
}

}  // namespace mandate::http
