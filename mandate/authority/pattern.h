// Identifiers of things inside a resource, and patterns over them. Segments between '/'; in a
// pattern
// `*` is exactly one segment and a last `**` is the rest, one segment or more. No other wildcard,
// no escape, no '.', '..' or empty segment; NFC.
//
//   Pattern::parse("queue/eu/*")->matches(*Identifier::parse("queue/eu/7"))
//   Pattern::parse("queue/**")->meet(*Pattern::parse("*/eu"))->text() == "queue/eu"
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "mandate/base/result.h"

namespace mandate {

class Identifier {
 public:
  static Result<Identifier> parse(std::string_view text);
  const std::string& text() const { return text_; }
  friend bool operator==(const Identifier&, const Identifier&) = default;

 private:
  explicit Identifier(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

class Pattern {
 public:
  static Result<Pattern> parse(std::string_view text);
  const std::string& text() const { return text_; }

  bool matches(const Identifier& identifier) const { return matches(text_, identifier); }
  // Of the text of a Pattern, where that is kept in memory of another's.
  static bool matches(std::string_view pattern, const Identifier& identifier);
  // Whatever `other` matches, this matches.
  bool subsumes(const Pattern& other) const;
  // Matches exactly what both match; nothing where that is nothing. Patterns are closed under it.
  std::optional<Pattern> meet(const Pattern& other) const;

  friend bool operator==(const Pattern&, const Pattern&) = default;
  friend auto operator<=>(const Pattern&, const Pattern&) = default;

 private:
  explicit Pattern(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace mandate
