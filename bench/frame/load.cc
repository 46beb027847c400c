#include "bench/frame/load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <functional>
#include <thread>

namespace mandate::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kPatienceMs = 10'000;

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    give_up("no server at port " + std::to_string(port));
  }
  const int one = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return socket;
}

void send_whole(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) give_up("the server closed a connection");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// How long the answer is that the buffer begins with; 0: its head is not whole yet.
std::size_t answer_size(std::string_view buffer) {
  const std::size_t end = buffer.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  for (const std::string_view name : {"Content-Length: ", "content-length: "}) {
    const std::size_t at = buffer.substr(0, end).find(name);
    if (at == std::string_view::npos) continue;
    std::size_t length = 0;
    std::from_chars(buffer.data() + at + name.size(), buffer.data() + end, length);
    return end + 4 + length;
  }
  return end + 4;  // a 204
}

struct Connection {
  int socket = -1;
  std::string buffer;
  Clock::time_point sent;
};

// `request(n)` is the nth of `count`; so many a second, 0: as fast as they are answered.
Load send(std::uint16_t port, int connections, std::size_t count, int good, double per_second,
          const std::function<const std::string&(std::size_t)>& request) {
  const std::string expected = "HTTP/1.1 " + std::to_string(good);
  Load load;
  load.milliseconds.reserve(count);
  const int poll = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<Connection> all(static_cast<std::size_t>(connections));
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].socket = connect_to(port);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
    ::epoll_ctl(poll, EPOLL_CTL_ADD, all[i].socket, &event);
  }
  std::size_t next = 0;
  const Clock::time_point begin = Clock::now();
  std::vector<Connection*> idle;
  const auto is_due = [&] {
    const double passed = std::chrono::duration<double>(Clock::now() - begin).count();
    return per_second == 0 || static_cast<double>(next) <= passed * per_second;
  };
  const auto ask = [&](Connection& connection) {
    if (next == count) return;
    if (!is_due()) return idle.push_back(&connection);
    connection.sent = Clock::now();
    send_whole(connection.socket, request(next++));
  };
  const double taken = seconds([&] {
    for (Connection& connection : all) ask(connection);
    std::vector<epoll_event> events(all.size());
    std::vector<char> bytes(64 << 10);
    for (std::size_t answered = 0; answered < count;) {
      const int patience = idle.empty() ? kPatienceMs : 1;
      const int ready =
          ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), patience);
      while (!idle.empty() && next < count && is_due()) {
        Connection& connection = *idle.back();
        idle.pop_back();
        ask(connection);
      }
      if (next == count) idle.clear();
      if (ready <= 0 && patience == kPatienceMs)
        give_up("no answer within " + std::to_string(kPatienceMs) + " ms");
      for (int i = 0; i < ready; ++i) {
        Connection& from = all[events[static_cast<std::size_t>(i)].data.u64];
        const ssize_t got = ::recv(from.socket, bytes.data(), bytes.size(), 0);
        if (got <= 0) give_up("the server closed a connection after: " + load.first_bad);
        from.buffer.append(bytes.data(), static_cast<std::size_t>(got));
        const std::size_t size = answer_size(from.buffer);
        if (size == 0 || from.buffer.size() < size) continue;
        load.milliseconds.push_back(
            std::chrono::duration<double, std::milli>(Clock::now() - from.sent).count());
        if (!from.buffer.starts_with(expected) && load.bad++ == 0) load.first_bad = from.buffer;
        from.buffer.clear();
        ++answered;
        ask(from);
      }
    }
  });
  for (const Connection& connection : all) ::close(connection.socket);
  ::close(poll);
  load.per_second = static_cast<double>(count) / taken;
  return load;
}

void pin_to(unsigned core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

}  // namespace

Load send_all(std::uint16_t port, int connections, const std::vector<std::string>& requests,
              int good) {
  return send(port, connections, requests.size(), good, 0,
              [&](std::size_t n) -> const std::string& { return requests[n]; });
}

Load send_same(std::uint16_t port, int connections, const std::string& request, std::size_t count,
               int good) {
  return send(port, connections, count, good, 0,
              [&](std::size_t) -> const std::string& { return request; });
}

std::string send_one(std::uint16_t port, const std::string& request) {
  // Every answer is bad by this status, and so kept.
  return send(port, 1, 1, 0, 0, [&](std::size_t) -> const std::string& { return request; })
      .first_bad;
}

Load send_paced(std::uint16_t port, int connections, const std::vector<std::string>& requests,
                double per_second, int good) {
  return send(port, connections, requests.size(), good, per_second,
              [&](std::size_t n) -> const std::string& { return requests[n]; });
}

Line::Line(std::uint16_t port) : socket_(connect_to(port)) {}
Line::~Line() { ::close(socket_); }

void Line::send(const std::string& request) {
  buffer_.clear();
  send_whole(socket_, request);
}

bool Line::read(int timeout_ms) {
  pollfd waiting{.fd = socket_, .events = POLLIN, .revents = 0};
  if (::poll(&waiting, 1, timeout_ms) <= 0) return false;
  char bytes[16 << 10];
  const ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
  if (got <= 0) give_up("the server closed a connection");
  buffer_.append(bytes, static_cast<std::size_t>(got));
  return true;
}

bool Line::is_answered() {
  for (;;) {
    const std::size_t size = answer_size(buffer_);
    if (size != 0 && buffer_.size() >= size) return true;
    if (!read(0)) return false;
  }
}

std::string Line::answer() {
  while (!is_answered()) {
    if (!read(kPatienceMs)) give_up("no answer within " + std::to_string(kPatienceMs) + " ms");
  }
  return buffer_;
}

void pin_to_server_core() { pin_to(0); }
void pin_to_client_core() { pin_to(std::max(1U, std::thread::hardware_concurrency()) - 1); }

}  // namespace mandate::bench
