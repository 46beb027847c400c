#include "mandate/authority/pattern.h"

#include <algorithm>

#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/base/text.h"

namespace mandate {
namespace {

constexpr std::string_view kOne = "*";
constexpr std::string_view kRest = "**";

// Takes the first segment off; empty at the end, since no segment is empty.
std::string_view take_segment(std::string_view& text) {
  const std::string_view segment = text.substr(0, text.find('/'));
  text.remove_prefix(std::min(segment.size() + 1, text.size()));
  return segment;
}

Result<std::string> normalise(std::string_view what, std::string_view text, bool is_pattern) {
  const auto bad = [&](std::string_view why) {
    return fail(Reason::kBadRequest,
                std::string(what) + " " + quoted(text) + ": " + std::string(why));
  };
  if (text.size() > limits::kIdentifierBytesMax) {
    return bad("expected at most 1024 bytes");
  }
  Result<std::string> normal = to_nfc(text);
  if (!normal) {
    return bad("expected UTF-8");
  }
  if (normal->size() > limits::kIdentifierBytesMax) {
    return bad("expected at most 1024 bytes in normal form");
  }
  if (has_unseen(*normal, Unseen::kControl)) {
    return bad("expected no control or format character");
  }
  if (normal->empty() || normal->ends_with('/')) {
    return bad("expected segments between '/', none of them empty");
  }
  std::size_t count = 0;
  for (std::string_view rest = *normal; !rest.empty();) {
    const std::string_view segment = take_segment(rest);
    if (++count > limits::kIdentifierSegmentsMax) {
      return bad("expected at most 32 segments");
    }
    if (segment.empty() || segment == "." || segment == "..") {
      return bad("expected segments between '/', none of them empty, '.' or '..'");
    }
    const bool wild = is_pattern && (segment == kOne || (segment == kRest && rest.empty()));
    if (!wild && segment.find('*') != std::string_view::npos) {
      return bad(is_pattern ? "expected '*' only as a whole segment, '**' only as the last one"
                            : "expected no '*'");
    }
  }
  return normal;
}

// Both texts are valid. What `narrow` names or matches, `wide` matches.
bool covers(std::string_view wide, std::string_view narrow) {
  for (;;) {
    const std::string_view w = take_segment(wide);
    const std::string_view n = take_segment(narrow);
    if (w.empty() || n.empty()) {
      return w.empty() && n.empty();
    }
    if (w == kRest) {
      return true;
    }
    if (n == kRest || (w != kOne && w != n)) {
      return false;
    }
  }
}

}  // namespace

Result<Identifier> Identifier::parse(std::string_view text) {
  return normalise("identifier", text, false).map([](std::string normal) {
    return Identifier(std::move(normal));
  });
}

Result<Pattern> Pattern::parse(std::string_view text) {
  return normalise("identifier pattern", text, true).map([](std::string normal) {
    return Pattern(std::move(normal));
  });
}

bool Pattern::matches(std::string_view pattern, const Identifier& identifier) {
  return covers(pattern, identifier.text());
}

bool Pattern::subsumes(const Pattern& other) const { return covers(text_, other.text_); }

std::optional<Pattern> Pattern::meet(const Pattern& other) const {
  std::string text;
  const auto append = [&text](std::string_view part) {
    if (!part.empty()) {
      text.append(text.empty() ? "" : "/").append(part);
    }
  };
  std::string_view a = text_;
  std::string_view b = other.text_;
  while (!a.empty() && !b.empty()) {
    const std::string_view x = take_segment(a);
    const std::string_view y = take_segment(b);
    if (x == kRest || y == kRest) {
      append(x == kRest ? y : x);
      append(x == kRest ? b : a);
      a = b = {};
    } else if (x == kOne || y == kOne || x == y) {
      append(x == kOne ? y : x);
    } else {
      return std::nullopt;
    }
  }
  // An identifier is no longer than this, so a longer pattern matches none.
  if (!a.empty() || !b.empty() || text.size() > limits::kIdentifierBytesMax) {
    return std::nullopt;
  }
  return Pattern(std::move(text));
}

}  // namespace mandate
