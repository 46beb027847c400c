// An identifier with a type: `Id<Noun>` cannot be confused with another noun's id or with a string.
// The only way in is `parse`, which applies the noun's own rule; a noun is a struct with
//
//   struct TeamNoun {
//     static constexpr std::string_view kName = "team";
//     static Result<std::string> normalise(std::string_view text);  // the rule, and the normal
//     form
//   };
//   using TeamId = Id<TeamNoun>;   Result<TeamId> id = TeamId::parse("team:support");
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "mandate/base/result.h"

namespace mandate {

template <class Noun>
class Id {
 public:
  static Result<Id> parse(std::string_view text) {
    return Noun::normalise(text).map([](std::string normal) { return Id(std::move(normal)); });
  }

  const std::string& text() const { return text_; }

  friend bool operator==(const Id&, const Id&) = default;
  friend auto operator<=>(const Id&, const Id&) = default;

 private:
  explicit Id(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

}  // namespace mandate

template <class Noun>
struct std::hash<mandate::Id<Noun>> {
  std::size_t operator()(const mandate::Id<Noun>& id) const noexcept {
    return std::hash<std::string>{}(id.text());
  }
};
