#include "apps/mandate/finding_sink.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "apps/mandate/output.h"
#include "mandate/base/bytes.h"
#include "mandate/http/client/client.h"

namespace mandate::app {
namespace {

constexpr std::chrono::seconds kTimeout{5};
constexpr std::size_t kLookedAtMax = 64 << 20;  // of the end of a file that findings go to

class StandardOutput final : public FindingSink {
 public:
  // What is there before the first finding: only a file can be looked at.
  StandardOutput() {
    struct stat info = {};
    if (::fstat(STDOUT_FILENO, &info) != 0 || !S_ISREG(info.st_mode)) return;
    const int fd = ::open("/proc/self/fd/1", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    const auto size = static_cast<std::size_t>(info.st_size);
    const std::size_t count = std::min(size, kLookedAtMax);
    before_.resize(count);
    const ssize_t got = ::pread(fd, before_.data(), count, static_cast<off_t>(size - count));
    before_.resize(static_cast<std::size_t>(std::max<ssize_t>(0, got)));
    ::close(fd);
  }

  bool has(const Outgoing& finding) override {
    return before_.find(finding.text) != std::string::npos;
  }

  Sent send(const Outgoing& finding, std::string& why) override {
    std::string_view rest = finding.text;
    // A run that was killed while it wrote leaves the beginning of a line.
    rest.remove_prefix(begun(rest));
    before_.clear();
    while (!rest.empty()) {
      const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        why = std::strerror(errno);
        return Sent::kLater;
      }
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    return Sent::kDone;
  }

 private:
  std::size_t begun(std::string_view text) const {
    if (before_.empty() || before_.ends_with('\n')) return 0;
    const std::size_t line = before_.rfind('\n');
    const std::string_view last =
        std::string_view(before_).substr(line == std::string::npos ? 0 : line + 1);
    return text.starts_with(last) ? last.size() : 0;
  }

  std::string before_;
};

class Webhook final : public FindingSink {
 public:
  Webhook(std::string origin, std::string target, std::string authorities)
      : origin_(std::move(origin)),
        target_(std::move(target)),
        authorities_(std::move(authorities)) {}

  Sent send(const Outgoing& finding, std::string& why) override {
    const http::Request request{.method = "POST",
                                .target = target_,
                                .headers = {{"Content-Type", "application/json"},
                                            // The same for the same finding, however often it
                                            // comes.
                                            {"Idempotency-Key", finding.id}},
                                .body = finding.text,
                                .peer = {}};
    const Result<http::Response> response =
        http::fetch(origin_, request,
                    {.timeout = kTimeout, .body_bytes_max = 1 << 16, .authorities = authorities_});
    if (!response) {
      why = response.error().detail;
      return Sent::kLater;
    }
    const int status = response->status;
    if (status >= 200 && status < 300) return Sent::kDone;
    why = origin_ + target_ + " answered " + std::to_string(status);
    constexpr int kTimedOut = 408;
    constexpr int kTooMany = 429;
    const bool is_refusal =
        status >= 400 && status < 500 && status != kTimedOut && status != kTooMany;
    return is_refusal ? Sent::kRefused : Sent::kLater;
  }

 private:
  std::string origin_;
  std::string target_;
  std::string authorities_;
};

// A connection that is made when it is needed, and again where it broke.
class Syslog final : public FindingSink {
 public:
  Syslog(std::string path, std::string host, std::string port, const Clock& clock)
      : path_(std::move(path)), host_(std::move(host)), port_(std::move(port)), clock_(clock) {
    char name[256] = {};
    if (::gethostname(name, sizeof name - 1) == 0) own_name_ = name;
  }
  ~Syslog() override { close(); }

  Sent send(const Outgoing& finding, std::string& why) override {
    if (fd_ >= 0 && is_closed()) close();
    if (fd_ < 0 && !connect(why)) return Sent::kLater;
    const std::string message =
        syslog_message(finding, clock_.now(), own_name_, std::to_string(::getpid()));
    const std::string framed =
        path_.empty() ? std::to_string(message.size()) + " " + message : message;
    std::string_view rest = framed;
    while (!rest.empty()) {
      const ssize_t sent = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) {
        why = "syslog: " + std::string(std::strerror(errno));
        const bool is_too_long = errno == EMSGSIZE;
        close();
        return is_too_long ? Sent::kRefused : Sent::kLater;
      }
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    return Sent::kDone;
  }

 private:
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  // The other side says nothing; what can be read is its end.
  bool is_closed() const {
    pollfd ready{fd_, POLLIN, 0};
    if (::poll(&ready, 1, 0) <= 0) return false;
    char byte = 0;
    return ::recv(fd_, &byte, 1, MSG_DONTWAIT | MSG_PEEK) <= 0;
  }

  bool take(int fd, const sockaddr* address, socklen_t size, std::string& why) {
    const timeval timeout{kTimeout.count(), 0};
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    if (fd >= 0 && ::connect(fd, address, size) == 0) {
      fd_ = fd;
      return true;
    }
    why = "syslog: " + std::string(std::strerror(errno));
    if (fd >= 0) ::close(fd);
    return false;
  }

  bool connect(std::string& why) {
    if (!path_.empty()) {
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      path_.copy(address.sun_path, sizeof address.sun_path - 1);
      const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      return take(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address, why);
    }
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int code = ::getaddrinfo(host_.c_str(), port_.c_str(), &hints, &found); code != 0) {
      why = "syslog: " + std::string(::gai_strerror(code));
      return false;
    }
    bool done = false;
    for (const addrinfo* at = found; at != nullptr && !done; at = at->ai_next) {
      const int fd = ::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
      done = take(fd, at->ai_addr, at->ai_addrlen, why);
    }
    ::freeaddrinfo(found);
    return done;
  }

  std::string path_;  // of a datagram socket; empty: TCP
  std::string host_;
  std::string port_;
  const Clock& clock_;
  std::string own_name_ = "-";
  int fd_ = -1;
};

// Of http(s)://host[:port][/path].
std::optional<std::pair<std::string, std::string>> origin_and_target(const std::string& url) {
  const bool is_http = url.starts_with("http://") || url.starts_with("https://");
  const std::size_t host = url.find("://") + 3;
  if (!is_http || host >= url.size() || url[host] == '/') return std::nullopt;
  const std::size_t path = url.find('/', host);
  if (path == std::string::npos) return {{url, "/"}};
  return {{url.substr(0, path), url.substr(path, url.find('#', path) - path)}};
}

Result<std::unique_ptr<FindingSink>> make_syslog(const std::string& where, const Clock& clock) {
  const bool is_unix = where == "unix" || where.starts_with("unix:");
  const std::string path = where == "unix" ? "/dev/log" : is_unix ? where.substr(5) : "";
  const std::size_t colon = where.rfind(':');
  const bool has_port = colon != std::string::npos && colon > 0 && colon + 1 < where.size() &&
                        where.find_first_not_of("0123456789", colon + 1) == std::string::npos;
  const bool fits = path.size() < sizeof(sockaddr_un::sun_path);
  if (is_unix ? path.empty() || !fits : !has_port) {
    return fail(Reason::kBadRequest,
                "syslog " + mandate::quoted(where) + "; expected HOST:PORT, unix, or unix:PATH");
  }
  if (is_unix) return std::make_unique<Syslog>(path, "", "", clock);
  std::string host = where.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::make_unique<Syslog>("", host, where.substr(colon + 1), clock);
}

// RFC 5424 section 6: names are printable ASCII without a space.
std::string header_name(std::string_view text, std::size_t bytes_max) {
  std::string name;
  for (const char c : text.substr(0, bytes_max)) name += c > 0x20 && c < 0x7f ? c : '_';
  return name.empty() ? "-" : name;
}

int severity_code(std::string_view severity) {
  if (severity == "critical") return 2;
  if (severity == "high") return 3;
  return severity == "medium" ? 4 : 5;
}

}  // namespace

std::string syslog_message(const Outgoing& finding, Instant now, std::string_view host,
                           std::string_view process) {
  constexpr int kLocal0 = 16 * 8;
  std::string text = finding.text;
  while (text.ends_with('\n')) text.pop_back();
  return "<" + std::to_string(kLocal0 + severity_code(finding.severity)) + ">1 " +
         format_rfc3339(now) + " " + header_name(host, 255) + " mandate " +
         header_name(process, 128) + " " + header_name(finding.rule, 32) + " - " + text;
}

Result<std::unique_ptr<FindingSink>> make_sink(const SinkOptions& options, const Clock& clock) {
  if (!options.webhook.empty() && !options.syslog.empty()) {
    return fail(Reason::kBadRequest, "both --webhook and --syslog; expected one of them");
  }
  if (!options.syslog.empty()) return make_syslog(options.syslog, clock);
  if (options.webhook.empty()) return std::make_unique<StandardOutput>();
  auto address = origin_and_target(options.webhook);
  if (!address) {
    return fail(Reason::kBadRequest, "webhook " + mandate::quoted(options.webhook) +
                                         "; expected http(s)://host[:port][/path]");
  }
  return std::make_unique<Webhook>(address->first, address->second, options.authorities);
}

}  // namespace mandate::app
