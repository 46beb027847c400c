#include "mandate/authority/route.h"

#include <algorithm>
#include <optional>

#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/base/text.h"

namespace mandate {
namespace {

constexpr std::size_t kMethodBytesMax = 32;
constexpr std::size_t kCaptureNameBytesMax = 64;

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool contains(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_percent_triple(std::string_view text) {
  return text.size() >= 3 && text[0] == '%' && hex_digit(text[1]) >= 0 && hex_digit(text[2]) >= 0;
}

bool holds_percent_triple(std::string_view text) {
  for (std::size_t at = text.find('%'); at < text.size(); at = text.find('%', at + 1)) {
    if (is_percent_triple(text.substr(at))) {
      return true;
    }
  }
  return false;
}

// RFC 3986 section 3.3 without ';', which some servers cut a segment at.
bool is_plain_path_character(char c) {
  return is_letter_or_digit(c) || contains("-._~!$&'()*+,=:@", c);
}

// Takes the next segment off; nothing at the end. Both "/a/" and "a/" end in an empty segment.
std::optional<std::string_view> take_segment(std::optional<std::string_view>& rest) {
  if (!rest) {
    return std::nullopt;
  }
  const std::size_t slash = rest->find('/');
  const std::string_view segment = rest->substr(0, slash);
  if (slash == std::string_view::npos) {
    rest = std::nullopt;
  } else {
    rest->remove_prefix(slash + 1);
  }
  return segment;
}

struct PathSegment {
  std::string_view text;  // the literal, or the capture's name
  bool capture = false;
  bool rest = false;
};

// As a checked path or template has it.
PathSegment read_segment(std::string_view text) {
  if (text == "**") {
    return {{}, false, true};
  }
  if (!text.starts_with('{')) {
    return {text, false, false};
  }
  text = text.substr(1, text.size() - 2);
  const bool rest = text.ends_with("...");
  return {text.substr(0, text.size() - (rest ? 3 : 0)), true, rest};
}

bool is_capture_name(std::string_view name) {
  return !name.empty() && name.size() <= kCaptureNameBytesMax &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '_'; });
}

tl::unexpected<Error> bad(std::string_view what, std::string_view text, std::string_view expected) {
  return fail(Reason::kBadRequest,
              std::string(what) + " " + quoted(text) + ": expected " + std::string(expected));
}

// What no reader, decoding once or twice, on any system, takes for a separator or a step.
bool is_plain_segment(std::string_view segment) {
  return segment != "." && segment != ".." &&
         segment.find_first_of("/\\;") == std::string_view::npos &&
         !holds_percent_triple(segment) && !has_unseen(segment, Unseen::kControl);
}

Result<std::string> decode_segment(std::string_view raw) {
  std::string out;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '%') {
      if (!is_percent_triple(raw.substr(i))) {
        return bad("request path segment", raw, "'%' before two hexadecimal digits only");
      }
      out.push_back(static_cast<char>(hex_digit(raw[i + 1]) * 16 + hex_digit(raw[i + 2])));
      i += 2;
    } else if (is_plain_path_character(raw[i])) {
      out.push_back(raw[i]);
    } else {
      return bad("request path segment", raw, "the characters of RFC 3986 without ';'");
    }
  }
  Result<std::string> normal = to_nfc(out);
  if (!normal || *normal != out) {
    return bad("request path segment", raw, "UTF-8 in normalization form C once decoded");
  }
  if (!is_plain_segment(out)) {
    return bad("request path segment", raw,
               "no '.' or '..' segment, and no '/', '\\', ';', control character or second "
               "encoding behind '%'");
  }
  return out;
}

using Captures = std::vector<std::pair<std::string, std::string>>;

// Joined by '/'; nothing where one is empty: the rest is whole segments.
std::optional<std::string> join(const std::vector<std::string>& segments, std::size_t from) {
  std::string out;
  for (std::size_t i = from; i < segments.size(); ++i) {
    if (segments[i].empty()) {
      return std::nullopt;
    }
    out.append(i == from ? "" : "/").append(segments[i]);
  }
  return from < segments.size() ? std::optional(std::move(out)) : std::nullopt;
}

bool match_path(std::string_view path, const std::vector<std::string>& segments,
                Captures& captures) {
  captures.clear();
  std::size_t at = 0;
  std::optional<std::string_view> rest = path.substr(1);
  while (const std::optional<std::string_view> text = take_segment(rest)) {
    const PathSegment segment = read_segment(*text);
    if (segment.rest) {
      std::optional<std::string> joined = join(segments, at);
      if (joined && segment.capture) {
        captures.emplace_back(segment.text, std::move(*joined));
      }
      return joined.has_value();
    }
    if (at == segments.size()) {
      return false;
    }
    const std::string& found = segments[at++];
    if (!segment.capture && found != segment.text) {
      return false;
    }
    if (segment.capture) {
      if (found.empty()) {
        return false;
      }
      captures.emplace_back(segment.text, found);
    }
  }
  return at == segments.size();
}

std::string fill(std::string_view identifier, const Captures& captures) {
  std::string out;
  std::optional<std::string_view> rest = identifier;
  while (const std::optional<std::string_view> text = take_segment(rest)) {
    const PathSegment segment = read_segment(*text);
    if (text->data() != identifier.data()) {
      out.push_back('/');
    }
    if (!segment.capture) {
      out.append(segment.text);
      continue;
    }
    const auto value = std::find_if(captures.begin(), captures.end(),
                                    [&](const auto& entry) { return entry.first == segment.text; });
    out.append(value->second);  // check_route_identifier found it in the path
  }
  return out;
}

bool is_form_of_segment(std::string_view text) {
  if (text.starts_with('{') && text.ends_with('}') && text.size() > 2) {
    return is_capture_name(read_segment(text).text);
  }
  return text == "**" || text.find_first_of("{}*") == std::string_view::npos;
}

}  // namespace

bool is_method(std::string_view method) {
  return !method.empty() && method.size() <= kMethodBytesMax &&
         std::all_of(method.begin(), method.end(), [](char c) {
           return is_letter_or_digit(c) || contains("!#$%&'*+-.^_`|~", c);
         });
}

Result<void> check_route_path(std::string_view path) {
  if (!path.starts_with('/')) {
    return bad("path", path, "a '/' first");
  }
  std::vector<std::string_view> names;
  std::size_t count = 0;
  std::optional<std::string_view> rest = path.substr(1);
  while (const std::optional<std::string_view> text = take_segment(rest)) {
    if (++count > limits::kRouteSegmentsMax) {
      return fail(Reason::kLimitExceeded, "path has too many segments; expected at most " +
                                              std::to_string(limits::kRouteSegmentsMax));
    }
    if (!is_form_of_segment(*text)) {
      return bad("path segment", *text, "a literal, {name}, or as the last {name...} or **");
    }
    const PathSegment segment = read_segment(*text);
    if ((segment.rest || text->empty()) && rest) {
      return bad("path", path, "{name...}, ** and an empty segment only as the last one");
    }
    if (segment.capture) {
      if (std::count(names.begin(), names.end(), segment.text) != 0) {
        return bad("path", path, "each capture's name once");
      }
      names.push_back(segment.text);
    } else if (!is_plain_segment(segment.text) ||
               segment.text.find_first_of("?#") != std::string_view::npos) {
      return bad("path segment", *text,
                 "decoded text without '.', '..', '?', '#', ';', '\\' or percent-encoding");
    }
  }
  return {};
}

Result<void> check_route_identifier(std::string_view path, std::string_view identifier) {
  std::string example;
  std::optional<std::string_view> rest = identifier;
  while (const std::optional<std::string_view> text = take_segment(rest)) {
    const PathSegment segment = read_segment(*text);
    if (!is_form_of_segment(*text) || segment.rest) {
      return bad("identifier segment", *text, "a literal or {name}, a capture of the path");
    }
    example.append(text->data() == identifier.data() ? "" : "/");
    example.append(segment.capture ? "x" : *text);
    if (!segment.capture) {
      continue;
    }
    const std::string one = "{" + std::string(segment.text) + "}";
    const std::string all = "{" + std::string(segment.text) + "...}";
    bool found = false;
    std::optional<std::string_view> path_rest = path.substr(1);
    while (const std::optional<std::string_view> part = take_segment(path_rest)) {
      found = found || *part == one || (*part == all && !rest);
    }
    if (!found) {
      return bad("identifier segment", *text,
                 "a capture of the path; that of the rest only as the last segment");
    }
  }
  if (Result<Identifier> good = Identifier::parse(example); !good) {
    return fail(good.error());
  }
  return {};
}

Result<std::vector<std::string>> normalise_target(std::string_view raw_target) {
  const auto is_visible = [](char c) { return c > 0x20 && c < 0x7f; };
  if (!raw_target.starts_with('/') ||
      !std::all_of(raw_target.begin(), raw_target.end(), is_visible)) {
    return bad("request target", raw_target,
               "a path that begins with '/', in visible ASCII characters");
  }
  const std::string_view path = raw_target.substr(0, raw_target.find('?'));
  if (path.size() > limits::kRoutePathBytesMax) {
    return fail(Reason::kLimitExceeded, "request path is longer than " +
                                            std::to_string(limits::kRoutePathBytesMax) + " bytes");
  }
  std::vector<std::string> out;
  std::optional<std::string_view> rest = path.substr(1);
  while (const std::optional<std::string_view> text = take_segment(rest)) {
    if (out.size() == limits::kRouteSegmentsMax) {
      return fail(
          Reason::kLimitExceeded,
          "request path has more than " + std::to_string(limits::kRouteSegmentsMax) + " segments");
    }
    if (text->empty() && rest) {
      return bad("request path", path, "no empty segment");
    }
    Result<std::string> segment = decode_segment(*text);
    if (!segment) {
      return fail(segment.error());
    }
    out.push_back(std::move(*segment));
  }
  return out;
}

Result<RouteMatch> match_route(const ResourceDefinition& resource, std::string_view method,
                               std::string_view raw_target) {
  if (!is_method(method)) {
    return bad("method", method, "an HTTP method");
  }
  Result<std::vector<std::string>> segments = normalise_target(raw_target);
  if (!segments) {
    return fail(segments.error());
  }
  Captures captures;
  for (const Route& route : resource.routes) {
    const bool has_method = route.methods.empty() ||
                            std::binary_search(route.methods.begin(), route.methods.end(), method);
    if (!has_method || !match_path(route.path, *segments, captures)) {
      continue;
    }
    Result<Identifier> identifier = Identifier::parse(fill(route.identifier, captures));
    if (!identifier) {
      return fail(identifier.error());
    }
    return RouteMatch{route.action, std::move(*identifier), std::move(captures)};
  }
  return fail(Reason::kOutsideAuthority,
              "no route matches " + std::string(method) + " " + quoted(raw_target));
}

}  // namespace mandate
