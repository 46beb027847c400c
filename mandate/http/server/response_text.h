// A response as the bytes of HTTP/1.1: its length, and whether the connection stays, are added.
//
//   to_text({204, {}, ""}, 11, true)   // "HTTP/1.1 204 No Content\r\n\r\n"
#pragma once

#include <string>

#include "mandate/http/message.h"

namespace mandate::http {

// `version` is that of the request: 10 or 11. Without a body, and not 204 or 304, the length is 0.
std::string to_text(Response response, unsigned version, bool keep_alive);

}  // namespace mandate::http
