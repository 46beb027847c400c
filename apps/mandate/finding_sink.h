// Where findings go as they are made: standard output, a webhook, or syslog.
//
//   Result<std::unique_ptr<FindingSink>> sink = make_sink(options);
//   (*sink)->send(outgoing);   // kDone, kRefused: never again; kLater: try again
#pragma once

#include <memory>
#include <string>

#include "apps/mandate/follow_state.h"
#include "mandate/base/ports.h"

namespace mandate::app {

enum class Sent : std::uint8_t {
  kDone,
  kRefused,  // the other side will not take this one, however often it is tried
  kLater,    // nobody there, or busy
};

class FindingSink {
 public:
  virtual ~FindingSink() = default;
  // `why` is filled where it is not done. At most a few seconds.
  virtual Sent send(const Outgoing& finding, std::string& why) = 0;
  // Whether the finding lies there already, from a run that ended before it could say so.
  virtual bool has(const Outgoing&) { return false; }
};

struct SinkOptions {
  std::string webhook;      // http(s)://host[:port]/path; empty: none
  std::string syslog;       // HOST:PORT (TCP, RFC 6587 octet counting), or `unix` for /dev/log, or
                            // unix:PATH; empty: none
  std::string authorities;  // PEM, of an https webhook; empty: the system's
};

// `bad_request` where both are named or one is no such address.
Result<std::unique_ptr<FindingSink>> make_sink(const SinkOptions& options, const Clock& clock);

// One message (RFC 5424): facility local0, MSGID the rule, the finding as its text.
std::string syslog_message(const Outgoing& finding, Instant now, std::string_view host,
                           std::string_view process);

}  // namespace mandate::app
