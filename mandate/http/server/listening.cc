#include "mandate/http/server/listening.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>
#include <utility>

namespace mandate::http {
namespace {

constexpr ::mode_t kSocketMode = 0660;
constexpr std::string_view kUnix = "unix:";

// A socket address of any family, as the system takes it.
struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&bytes); }
};

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }
  int release() { return std::exchange(value_, -1); }

 private:
  int value_;
};

tl::unexpected<Error> cannot(const ListenAddress& address, int error) {
  return fail(Reason::kRecordUnavailable,
              "cannot listen on " + address.text() + ": " + std::generic_category().message(error) +
                  (address.is_unix() ? "; expected a path for a new socket"
                                     : "; expected an address of this machine and a free port"));
}

SocketAddress tcp_address(const IpAddress& ip, std::uint16_t port) {
  SocketAddress made;
  if (ip.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, ip.bytes().data() + 12, sizeof(v4.sin_addr));
    std::memcpy(&made.bytes, &v4, sizeof(v4));
    made.size = sizeof(v4);
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, ip.bytes().data(), sizeof(v6.sin6_addr));
    std::memcpy(&made.bytes, &v6, sizeof(v6));
    made.size = sizeof(v6);
  }
  return made;
}

SocketAddress unix_address(const std::string& path) {
  SocketAddress made;
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  std::memcpy(un.sun_path, path.data(), path.size());
  std::memcpy(&made.bytes, &un, sizeof(un));
  made.size = sizeof(un);
  return made;
}

// A socket that an ended server left behind; one that answers, and every other file, stays.
void remove_left_behind(const std::string& path, const SocketAddress& address) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode)) return;
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(probe.get(), address.get(), address.size) != 0 && errno == ECONNREFUSED) {
    ::unlink(path.c_str());
  }
}

Result<int> start_listening(const ListenAddress& address, const SocketAddress& at) {
  const bool is_unix = address.is_unix();
  Descriptor made(::socket(at.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (made.get() < 0) return cannot(address, errno);
  const int on = 1;
  if (!is_unix && ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) {
    return cannot(address, errno);
  }
  // The file is made with what the umask leaves of this, and never with more, not for a moment.
  if (is_unix && ::fchmod(made.get(), kSocketMode) != 0) return cannot(address, errno);
  if (::bind(made.get(), at.get(), at.size) != 0) return cannot(address, errno);
  if (is_unix && ::chmod(address.unix_path.c_str(), kSocketMode) != 0) {
    return cannot(address, errno);
  }
  if (::listen(made.get(), SOMAXCONN) != 0) return cannot(address, errno);
  return made.release();
}

Result<IpAddress> ip_of(const SocketAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (address.bytes.ss_family == AF_INET) {
    bytes = &reinterpret_cast<const sockaddr_in*>(&address.bytes)->sin_addr;
  } else if (address.bytes.ss_family == AF_INET6) {
    bytes = &reinterpret_cast<const sockaddr_in6*>(&address.bytes)->sin6_addr;
  }
  if (bytes == nullptr ||
      ::inet_ntop(address.bytes.ss_family, bytes, text.data(), text.size()) == nullptr) {
    return fail(Reason::kBadRequest, "no IP address");
  }
  return IpAddress::parse(text.data());
}

}  // namespace

Result<ListenAddress> ListenAddress::parse(std::string_view text) {
  ListenAddress address;
  if (text.starts_with(kUnix)) {
    address.unix_path = text.substr(kUnix.size());
    if (!address.unix_path.starts_with('/') ||
        address.unix_path.size() >= sizeof(sockaddr_un::sun_path)) {
      return fail(Reason::kBadRequest,
                  quoted(text) + "; expected unix: and an absolute path of at most " +
                      std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes");
    }
    return address;
  }
  const std::size_t colon = text.rfind(':');
  const std::string_view port = colon == std::string_view::npos ? text : text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  bool good = error == std::errc{} && end == port.data() + port.size();
  if (colon != std::string_view::npos) {
    std::string_view host = text.substr(0, colon);
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    if (bracketed) host = host.substr(1, host.size() - 2);
    const Result<IpAddress> ip = IpAddress::parse(host);
    good = good && ip && (bracketed || host.find(':') == std::string_view::npos);
    address.host = host;
  }
  if (good) return address;
  return fail(Reason::kBadRequest,
              quoted(text) +
                  "; expected ADDRESS:PORT, like 127.0.0.1:8181 or [::1]:8181, or "
                  "unix:/PATH");
}

bool ListenAddress::is_local() const {
  if (is_unix()) return true;
  const Result<IpAddress> ip = IpAddress::parse(host);
  return ip && (Cidr::parse("127.0.0.0/8")->contains(*ip) || Cidr::parse("::1")->contains(*ip));
}

std::string ListenAddress::text() const {
  if (is_unix()) return std::string(kUnix) + unix_path;
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<int> open_listening(const ListenAddress& address) {
  if (address.is_unix()) {
    const SocketAddress at = unix_address(address.unix_path);
    remove_left_behind(address.unix_path, at);
    return start_listening(address, at);
  }
  const Result<IpAddress> ip = IpAddress::parse(address.host);
  if (!ip) return fail(ip.error());
  return start_listening(address, tcp_address(*ip, address.port));
}

std::uint16_t port_of(int listening) {
  SocketAddress at;
  at.size = sizeof(at.bytes);
  if (::getsockname(listening, at.get(), &at.size) != 0) return 0;
  if (at.bytes.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(&at.bytes)->sin_port);
  }
  if (at.bytes.ss_family != AF_INET6) return 0;
  return ntohs(reinterpret_cast<const sockaddr_in6*>(&at.bytes)->sin6_port);
}

Peer peer_of(int connection) {
  Peer peer;
  SocketAddress at;
  at.size = sizeof(at.bytes);
  if (::getpeername(connection, at.get(), &at.size) != 0) return peer;
  if (at.bytes.ss_family == AF_UNIX) {
    ucred credentials{};
    socklen_t size = sizeof(credentials);
    if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
      peer.user_id = credentials.uid;
    }
    return peer;
  }
  const int on = 1;
  (void)::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (Result<IpAddress> ip = ip_of(at)) peer.address = *ip;
  return peer;
}

}  // namespace mandate::http
