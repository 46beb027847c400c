// Bytes on a connection of the real server, with the bounds of a real one: what its handler is
// given, a reader that takes RFC 9112 to the letter reads alike, from the first request to the
// last. Whatever else is there is refused, and nothing is read behind a refusal (ATTACKS I1, I2).
#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/support/finding.h"
#include "fuzz/support/sockets.h"
#include "mandate/http/server/routes.h"
#include "mandate/http/server/server.h"

namespace {

using mandate::fuzz::found;
using mandate::http::header_values;
using mandate::http::Headers;
using mandate::http::Request;

constexpr std::size_t kHeadersMax = 100;

// --- the reader to the letter ---

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != kMarks.npos;
  });
}
bool is_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}
std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find("\r\n");
  if (end == text.npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 2);
  return line;
}
std::optional<std::size_t> number(std::string_view text, int base) {
  const std::string_view digits = "0123456789abcdef";
  if (text.empty() || text.size() > 8) return std::nullopt;
  std::size_t value = 0;
  for (char c : lower(text)) {
    const std::size_t digit = digits.substr(0, static_cast<std::size_t>(base)).find(c);
    if (digit == digits.npos) return std::nullopt;
    value = value * static_cast<std::size_t>(base) + digit;
  }
  return value;
}

bool take_fields(std::string_view& text, Headers& headers) {
  while (true) {
    const auto line = take_line(text);
    if (!line) return false;
    if (line->empty()) return true;
    const std::size_t colon = line->find(':');
    if (colon == line->npos || !is_token(line->substr(0, colon))) return false;
    std::string_view value = line->substr(colon + 1);
    if (!is_value(value)) return false;
    const std::size_t first = value.find_first_not_of(" \t");
    value =
        first == value.npos ? "" : value.substr(first, value.find_last_not_of(" \t") - first + 1);
    headers.emplace_back(line->substr(0, colon), value);
  }
}

bool take_chunks(std::string_view& text, std::string& body) {
  while (true) {
    const auto line = take_line(text);
    if (!line) return false;
    const std::size_t digits = line->find_first_not_of("0123456789abcdefABCDEF");
    const auto size = number(line->substr(0, digits), 16);
    if (!size || !is_value(*line)) return false;
    if (*size == 0) break;
    if (text.size() < *size + 2 || text.substr(*size, 2) != "\r\n") return false;
    body += text.substr(0, *size);
    text.remove_prefix(*size + 2);
  }
  const auto end = take_line(text);  // a trailer is not taken
  return end && end->empty();
}

// The next request, taken off the text; nothing where it is not one.
std::optional<Request> take_request(std::string_view& text) {
  Request request;
  const auto line = take_line(text);
  if (!line) return std::nullopt;
  const std::size_t first = line->find(' ');
  const std::size_t last = line->rfind(' ');
  if (first == line->npos || first == last) return std::nullopt;
  const std::string_view version = line->substr(last + 1);
  request.method = line->substr(0, first);
  request.target = line->substr(first + 1, last - first - 1);
  const bool is_target = request.target.starts_with('/') && is_value(request.target) &&
                         request.target.find_first_of(" \t") == std::string::npos;
  if (!is_token(request.method) || !is_target) return std::nullopt;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return std::nullopt;
  if (!take_fields(text, request.headers)) return std::nullopt;
  const auto lengths = header_values(request.headers, "Content-Length");
  const auto codings = header_values(request.headers, "Transfer-Encoding");
  const std::size_t hosts = header_values(request.headers, "Host").size();
  if (lengths.size() + codings.size() > 1 || (version == "HTTP/1.1" && hosts != 1)) {
    return std::nullopt;
  }
  if (!codings.empty()) {
    if (lower(codings[0]) != "chunked" || !take_chunks(text, request.body)) return std::nullopt;
  } else if (!lengths.empty()) {
    const auto length = number(lengths[0], 10);
    if (!length || text.size() < *length) return std::nullopt;
    request.body = text.substr(0, *length);
    text.remove_prefix(*length);
  }
  return request;
}

// --- the server ---

class Listening {
 public:
  Listening() {
    mandate::http::ServerOptions options;
    options.body_bytes_max_at = mandate::http::body_bytes_max;
    auto started = mandate::http::Server::start(
        options, [this](const Request& request, const mandate::http::Respond& respond) {
          {
            const std::lock_guard lock(mutex_);
            seen_.push_back(request);
          }
          respond({200, {}, "seen"});
        });
    if (!started) found("no server", started.error().detail);
    server_ = *std::move(started);
  }
  // What the handler was given, and what came back.
  std::vector<Request> send(std::string_view bytes, std::string& answer) {
    const auto answered = mandate::fuzz::exchange(server_->port(), bytes);
    if (!answered) found("no end within its time", "");
    answer = *answered;
    const std::lock_guard lock(mutex_);
    return std::exchange(seen_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<Request> seen_;
  std::unique_ptr<mandate::http::Server> server_;
};

void check_seen(const Request& seen, std::string_view& text) {
  while (text.starts_with("\r\n")) text.remove_prefix(2);  // RFC 9112 section 2.2
  const std::optional<Request> read = take_request(text);
  const std::string name = seen.method + " " + seen.target;
  if (!read) found("read as a request by the server alone", name);
  if (read->method != seen.method || read->target != seen.target || read->body != seen.body) {
    found("read as another request", name + ", not " + read->method + " " + read->target);
  }
  auto same = [](const auto& a, const auto& b) {
    return lower(a.first) == lower(b.first) && a.second == b.second;
  };
  Headers theirs = seen.headers;  // Beast keeps fields of one name together
  const auto by_name = [](const auto& a, const auto& b) { return lower(a.first) < lower(b.first); };
  Headers ours = read->headers;
  std::stable_sort(theirs.begin(), theirs.end(), by_name);
  std::stable_sort(ours.begin(), ours.end(), by_name);
  if (!std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end(), same)) {
    found("read with other headers", name);
  }
  const bool is_bounded = seen.headers.size() <= kHeadersMax &&
                          seen.body.size() <= mandate::http::body_bytes_max(seen.target);
  if (!is_bounded) found("more than the bounds", name);
}

// Every answer's status, in order.
std::vector<int> statuses(const std::string& answer) {
  static const std::regex kLine("HTTP/1\\.[01] ([0-9]{3}) ");
  std::vector<int> found;
  for (std::sregex_iterator at(answer.begin(), answer.end(), kLine); at != std::sregex_iterator();
       ++at) {
    found.push_back(std::stoi((*at)[1]));
  }
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Listening listening;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::string answer;
  const std::vector<Request> seen = listening.send(bytes, answer);
  std::string_view rest = bytes;
  for (const Request& request : seen) check_seen(request, rest);
  const std::vector<int> answers = statuses(answer);
  const auto good = static_cast<std::size_t>(std::count(answers.begin(), answers.end(), 200));
  const auto going = static_cast<std::size_t>(std::count(answers.begin(), answers.end(), 100));
  const std::size_t refused = answers.size() - good - going;
  if (good != seen.size() || refused > 1 || (refused == 1 && answers.back() < 400)) {
    found("answers that do not fit the requests", answer);
  }
  return 0;
}
