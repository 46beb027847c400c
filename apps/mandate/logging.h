// The `Log` port over spdlog, on stderr: one JSON object a line (`time` in RFC 3339, UTC; `level`;
// `event`; the fields), or text for a terminal. Field values are escaped; nothing that is secret is
// ever given to it. Lines are written by a thread of their own: a slow reader of stderr holds up
// nobody; where it is so slow that the queue is full, the oldest lines go, and are counted.
//
//   auto log = make_log("info", "auto");
//   log->write(LogLevel::kInfo, "started", {{"issuer", issuer}});
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "mandate/base/ports.h"

namespace mandate::app {

class ServerLog : public Log {
 public:
  // "debug", "info", "warning" or "error".
  virtual void set_level(std::string_view level) = 0;
  virtual std::uint64_t lines_lost() const = 0;
};

// `format`: "json", "text", or "auto", which is text on a terminal.
std::unique_ptr<ServerLog> make_log(std::string_view level, std::string_view format);

}  // namespace mandate::app
