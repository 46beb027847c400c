#include "mandate/authority/ids.h"

#include <algorithm>
#include <array>

#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/base/text.h"

namespace mandate {
namespace {

constexpr std::size_t kIdRestBytesMax = 200;
constexpr std::size_t kRecordIdBytesMax = 128;
constexpr std::size_t kTrustDomainBytesMax = 255;  // SPIFFE-ID section 2.3
static_assert(kIdRestBytesMax < limits::kIdBytesMax, "a prefix and its ':' fit before the rest");

constexpr std::array<std::string_view, kPrincipalKindCount> kKindNames = {
    "human", "organization", "workload", "pipeline", "integration", "agent", "service"};
constexpr std::string_view kSpiffeScheme = "spiffe://";

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_letter_or_digit(char c) {
  return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z');
}

bool all_of(std::string_view text, std::string_view extra, bool (*allowed)(char)) {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return allowed(c) || extra.find(c) != std::string_view::npos; });
}

tl::unexpected<Error> refuse(std::string_view noun, std::string_view text, std::string_view want) {
  return fail(Reason::kBadRequest,
              std::string(noun) + " id " + quoted(text) + ": expected " + std::string(want));
}

// What follows `kind:` or `team:`.
Result<std::string> with_rest(std::string_view noun, std::string_view text, std::size_t prefix) {
  constexpr std::string_view kWant =
      "1 to 200 bytes of text after the prefix, without white space, control characters, '\"', "
      "'<', '>' or '\\'";
  if (text.size() > limits::kIdBytesMax) {
    return refuse(noun, text, kWant);
  }
  Result<std::string> normal = to_nfc(text);
  if (!normal) {
    return refuse(noun, text, "UTF-8");
  }
  const std::string_view rest = std::string_view(*normal).substr(prefix);
  if (rest.empty() || rest.size() > kIdRestBytesMax ||
      rest.find_first_of("\"<>\\") != std::string_view::npos ||
      has_unseen(rest, Unseen::kControlOrSpace)) {
    return refuse(noun, text, kWant);
  }
  return normal;
}

bool is_spiffe_segment(std::string_view segment) {
  return !segment.empty() && segment != "." && segment != ".." &&
         all_of(segment, ".-_", is_letter_or_digit);
}

// SPIFFE-ID section 2: a trust domain in lower case, a path of plain segments; no port, user info,
// query, fragment or percent-encoding.
Result<std::string> normalise_spiffe(std::string_view text) {
  constexpr std::string_view kWant = "spiffe://trust.domain/path as SPIFFE-ID section 2 has it";
  const auto bad = [&] { return refuse(PrincipalNoun::kName, text, kWant); };
  const std::string_view rest = text.substr(kSpiffeScheme.size());
  std::size_t slash = rest.find('/');
  const std::string_view domain = rest.substr(0, slash);
  if (text.size() > limits::kSpiffeIdBytesMax || slash == std::string_view::npos ||
      domain.empty() || domain.size() > kTrustDomainBytesMax ||
      !all_of(domain, ".-_", [](char c) { return is_digit(c) || is_lower(c); })) {
    return bad();
  }
  for (std::string_view path = rest.substr(slash); !path.empty();) {
    path.remove_prefix(1);
    slash = std::min(path.find('/'), path.size());
    if (!is_spiffe_segment(path.substr(0, slash))) {
      return bad();
    }
    path.remove_prefix(slash);
  }
  return std::string(text);
}

// A host name or bracketed IPv6 address, and a port of 1 to 5 digits; both in lower case.
bool is_host_and_port(std::string_view authority) {
  std::size_t end = 0;
  if (authority.starts_with('[')) {
    end = authority.find(']');
    if (end == std::string_view::npos || end == 1 ||
        !all_of(authority.substr(1, end - 1), ":.abcdef", is_digit)) {
      return false;
    }
    ++end;
  } else {
    end = std::min(authority.find(':'), authority.size());
    const std::string_view host = authority.substr(0, end);
    if (host.empty() || host.starts_with('.') || host.find("..") != std::string_view::npos ||
        !all_of(host, ".-_", [](char c) { return is_digit(c) || is_lower(c); })) {
      return false;
    }
  }
  std::string_view port = authority.substr(end);
  if (port.empty()) {
    return true;
  }
  port.remove_prefix(1);
  return authority[end] == ':' && !port.empty() && port.size() <= 5 && all_of(port, "", is_digit);
}

bool is_uri_path(std::string_view path) {
  constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%') {
      if (path.size() < i + 3 || kHexDigits.find(path[i + 1]) == std::string_view::npos ||
          kHexDigits.find(path[i + 2]) == std::string_view::npos) {
        return false;
      }
    } else if (!is_letter_or_digit(path[i]) &&
               std::string_view("/-._~!$&'()*+,;=:@").find(path[i]) == std::string_view::npos) {
      return false;
    }
  }
  return path.find("//") == std::string_view::npos;
}

// No '.' or '..' segment: such an id would have two spellings.
bool has_dot_segment(std::string_view path) {
  const std::string closed = std::string(path) + '/';
  return closed.find("/./") != std::string::npos || closed.find("/../") != std::string::npos;
}

// There are millions of them at a start: one look at a byte.
constexpr std::array<bool, 256> kRecordIdBytes = [] {
  std::array<bool, 256> allowed{};
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    const char c = static_cast<char>(i);
    allowed[i] = is_letter_or_digit(c) || c == '.' || c == '_' || c == '-';
  }
  return allowed;
}();

Result<std::string> normalise_record_id(std::string_view noun, std::string_view text) {
  const auto allowed = [](char c) { return kRecordIdBytes[static_cast<unsigned char>(c)]; };
  if (text.empty() || text.size() > kRecordIdBytesMax || !is_letter_or_digit(text.front()) ||
      !std::all_of(text.begin(), text.end(), allowed)) {
    return refuse(noun, text, "1 to 128 of [A-Za-z0-9._-], first a letter or digit");
  }
  return std::string(text);
}

}  // namespace

std::string_view name(PrincipalKind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }

std::optional<PrincipalKind> parse_principal_kind(std::string_view word) {
  const auto* found = std::find(kKindNames.begin(), kKindNames.end(), word);
  if (found == kKindNames.end()) {
    return std::nullopt;
  }
  return static_cast<PrincipalKind>(found - kKindNames.begin());
}

Result<std::string> PrincipalNoun::normalise(std::string_view text) {
  if (text.starts_with(kSpiffeScheme)) {
    return normalise_spiffe(text);
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !parse_principal_kind(text.substr(0, colon))) {
    return refuse(kName, text,
                  "a prefix of human:, organization:, workload:, pipeline:, integration:, agent:, "
                  "service: or spiffe://");
  }
  return with_rest(kName, text, colon + 1);
}

Result<std::string> TeamNoun::normalise(std::string_view text) {
  constexpr std::string_view kPrefix = "team:";
  if (!text.starts_with(kPrefix)) {
    return refuse(kName, text, "the prefix team:");
  }
  return with_rest(kName, text, kPrefix.size());
}

Result<std::string> ResourceNoun::normalise(std::string_view text) {
  constexpr std::string_view kWant =
      "an absolute http or https URI, scheme and host in lower case, without query, fragment, user "
      "info, empty or dot segments";
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return refuse(kName, text, kWant);
  }
  if (rest.ends_with('/')) {
    rest.remove_suffix(1);
    text.remove_suffix(1);
  }
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view path = rest.substr(slash);
  if (text.size() > limits::kIdBytesMax || path.ends_with('/') ||
      !is_host_and_port(rest.substr(0, slash)) || !is_uri_path(path) || has_dot_segment(path)) {
    return refuse(kName, text, kWant);
  }
  return std::string(text);
}

Result<std::string> DelegationNoun::normalise(std::string_view text) {
  return normalise_record_id(kName, text);
}
Result<std::string> EntitlementNoun::normalise(std::string_view text) {
  return normalise_record_id(kName, text);
}
Result<std::string> TrustedIssuerNoun::normalise(std::string_view text) {
  return normalise_record_id(kName, text);
}

PrincipalKind kind_of(const PrincipalId& id) {
  const std::string_view text = id.text();
  if (text.starts_with(kSpiffeScheme)) {
    return PrincipalKind::kWorkload;
  }
  return *parse_principal_kind(text.substr(0, text.find(':')));
}

}  // namespace mandate
