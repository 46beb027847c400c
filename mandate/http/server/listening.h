// Sockets that listen, over TCP and over Unix sockets, and who is at the other end of what they
// accept; plain descriptors, so that nothing here knows an HTTP library.
//
//   Result<ListenAddress> address = ListenAddress::parse("unix:/run/mandate/socket");
//   Result<int> descriptor = open_listening(*address);   // the caller closes it
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mandate/base/peer.h"
#include "mandate/base/result.h"

namespace mandate::http {

// An IP address, or a Unix socket: a file that its owner and group may use (mode 0660), made at
// start and removed at the end; one that nobody listens on any more is replaced.
struct ListenAddress {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;      // 0: any free one
  std::string unix_path = {};  // then the two above do not count

  // `127.0.0.1:8181`, `[::1]:8181`, `unix:/run/mandate/socket`; a port alone is one of loopback.
  static Result<ListenAddress> parse(std::string_view text);
  bool is_unix() const { return !unix_path.empty(); }
  // Nobody beyond this machine can connect.
  bool is_local() const;
  std::string text() const;
};

// Bound and listening; closed on exec. `record_unavailable` with the system's word where it cannot.
Result<int> open_listening(const ListenAddress& address);
// The port that it got; 0 for a Unix socket.
std::uint16_t port_of(int listening);
// The other end of an accepted connection.
Peer peer_of(int connection);

}  // namespace mandate::http
