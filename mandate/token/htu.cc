// The `htu` comparison of dpop.h: RFC 3986 sections 6.2.2 and 6.2.3 for http and https.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "mandate/token/dpop.h"

namespace mandate::token {
namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
  return out;
}

bool is_unreserved(char c) {
  const char l = lower(c);
  return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

std::optional<int> hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? std::optional(l - 'a' + 10) : std::nullopt;
}

// Escapes of unreserved characters are undone, others written in upper case; what RFC 3986 does not
// allow in a path refuses the whole.
std::optional<std::string> normal_escapes(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      if (!is_unreserved(path[i]) &&
          std::string_view("/!$&'()*+,;=:@").find(path[i]) == std::string_view::npos) {
        return std::nullopt;
      }
      out += path[i];
      continue;
    }
    if (path.size() < i + 3) return std::nullopt;
    const std::optional<int> high = hex_value(path[i + 1]);
    const std::optional<int> low = hex_value(path[i + 2]);
    if (!high || !low) return std::nullopt;
    const char byte = static_cast<char>(*high << 4 | *low);
    if (is_unreserved(byte)) {
      out += byte;
    } else {
      out += '%';
      out += kHexDigits[static_cast<std::size_t>(*high)];
      out += kHexDigits[static_cast<std::size_t>(*low)];
    }
    i += 2;
  }
  return out;
}

// RFC 3986 section 5.2.4, for a path that is empty or begins with '/'.
std::string without_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(1, end - 1);
    const bool last = end == path.size();
    if (segment == "..") out.erase(std::min(out.rfind('/'), out.size()));
    if (segment != "." && segment != "..") {
      out += path.substr(0, end);
    } else if (last) {
      out += '/';
    }
    path.remove_prefix(end);
  }
  return out.empty() ? "/" : out;
}

// `host` or `host:port`; the scheme's own port is left out.
std::optional<std::string> normal_authority(std::string_view authority, int default_port) {
  const bool bracketed = authority.starts_with('[');
  const std::size_t bracket = bracketed ? authority.find(']') : std::string_view::npos;
  if (bracketed && bracket == std::string_view::npos) return std::nullopt;
  const std::size_t host_end =
      bracketed ? bracket + 1 : std::min(authority.find(':'), authority.size());
  std::string host = lower(authority.substr(0, host_end));
  const std::string_view inner =
      bracketed ? std::string_view(host).substr(1, host.size() - 2) : std::string_view(host);
  const bool good = std::all_of(inner.begin(), inner.end(), [bracketed](char c) {
    return bracketed ? hex_value(c) || c == ':' || c == '.' : is_unreserved(c);
  });
  if (inner.empty() || !good) return std::nullopt;
  std::string_view rest = authority.substr(host_end);
  if (rest.empty() || rest == ":") return host;
  rest.remove_prefix(1);
  std::uint16_t port = 0;
  const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), port);
  if (authority[host_end] != ':' || error != std::errc{} || stop != rest.data() + rest.size()) {
    return std::nullopt;
  }
  return port == default_port ? host : host + ':' + std::to_string(port);
}

std::optional<std::string> normalise(std::string_view uri) {
  uri = uri.substr(0, uri.find_first_of("?#"));
  const std::size_t colon = uri.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string scheme = lower(uri.substr(0, colon));
  if (scheme != "https" && scheme != "http") return std::nullopt;
  uri.remove_prefix(colon + 3);
  const std::size_t slash = std::min(uri.find('/'), uri.size());
  const std::optional<std::string> authority =
      normal_authority(uri.substr(0, slash), scheme == "https" ? 443 : 80);
  const std::optional<std::string> path = normal_escapes(uri.substr(slash));
  if (!authority || !path) return std::nullopt;
  return scheme + "://" + *authority + without_dot_segments(*path);
}

}  // namespace

Result<std::string> normalise_htu(std::string_view uri) {
  std::optional<std::string> normal = normalise(uri);
  if (normal) return *std::move(normal);
  return fail(Reason::kBadRequest, Place::kDpopProof,
              "htu is no URI; expected an absolute http or https URI without user info");
}

}  // namespace mandate::token
