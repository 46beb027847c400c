// The known word that somebody may have meant, for messages about an unknown one.
//
//   nearest("isuer", {"issuer", "listen"}) == "issuer";   nearest("xyz", {"issuer"}) == ""
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mandate::app {

// How many letters to insert, remove or replace to make one of the other (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b);

// Empty where none is near: a third of its letters, at least one, may be wrong.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace mandate::app
