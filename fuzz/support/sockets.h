// One connection of the loopback, bounded in time: bytes out, an end, and all that comes back.
//
//   std::optional<std::string> answer = exchange(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mandate::fuzz {

// Nothing where the peer does not end the connection in time.
std::optional<std::string> exchange(std::uint16_t port, std::string_view bytes);

}  // namespace mandate::fuzz
