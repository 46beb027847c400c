// Who is at the other end of a connection, as far as the transport proves it. What is proven
// differs by transport; nothing here comes from bytes that the peer chose.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mandate/base/bytes.h"
#include "mandate/base/cidr.h"

namespace mandate {

// A client certificate that our own authorities issued and that is valid now.
struct PeerCertificate {
  Digest sha256{};                 // of its DER: `x5t#S256` (RFC 8705 section 3.1)
  std::vector<std::string> names;  // subjectAltName: DNS names in lower case, URIs as they are
};

struct Peer {
  std::optional<IpAddress> address = {};            // over TCP
  std::optional<std::uint32_t> user_id = {};        // over a Unix socket (SO_PEERCRED)
  std::optional<PeerCertificate> certificate = {};  // over TLS, where one was shown
};

}  // namespace mandate
