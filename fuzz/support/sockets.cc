#include "fuzz/support/sockets.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

namespace mandate::fuzz {
namespace {

constexpr int kTimeoutSeconds = 10;

sockaddr_in loopback(std::uint32_t host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + host);
  return address;
}

// From another address of the loopback each time: who ends a connection keeps its port for a
// minute.
int connected(std::uint16_t port) {
  static std::uint32_t next = 0;
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) std::abort();
  const timeval timeout{kTimeoutSeconds, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  const sockaddr_in from = loopback(++next % 60'000, 0);
  const sockaddr_in to = loopback(0, port);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) std::abort();
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) std::abort();
  return socket;
}

}  // namespace

std::optional<std::string> exchange(std::uint16_t port, std::string_view bytes) {
  const int socket = connected(port);
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) break;  // refused already: the answer tells
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  ::shutdown(socket, SHUT_WR);
  std::string answer;
  std::array<char, 65536> buffer{};
  ssize_t got = 0;
  while (true) {  // the fuzzer's own timer interrupts, and what has a timeout is not restarted
    got = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const bool is_late = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  ::close(socket);
  if (is_late) return std::nullopt;
  return answer;
}

}  // namespace mandate::fuzz
