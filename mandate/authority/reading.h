// How this room's definitions read a member into its type: thin helpers over json::ObjectReader,
// each of which refuses with the member's own line. Nothing outside `authority` includes this.
//
//   std::optional<TeamId> id = reading::required<TeamId>(in, "id");
//   std::optional<Instant> end = reading::instant(in, "not_after");
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "mandate/authority/authority.h"
#include "mandate/base/bytes.h"
#include "mandate/base/instant.h"
#include "mandate/json/reader.h"

namespace mandate::reading {

template <class T>
std::optional<T> accept(json::ObjectReader& in, Result<T> read, const json::Value* at) {
  if (read) {
    return std::move(*read);
  }
  in.refuse(std::move(read.error()), at);
  return std::nullopt;
}

// The string that `value` is; nothing where it is absent or no string (refused).
const std::string* string_at(json::ObjectReader& in, std::string_view key,
                             const json::Value* value);

template <class T>
std::optional<T> parsed(json::ObjectReader& in, std::string_view key, const json::Value* value) {
  const std::string* text = string_at(in, key, value);
  return text == nullptr ? std::nullopt : accept(in, T::parse(*text), value);
}
template <class T>
std::optional<T> required(json::ObjectReader& in, std::string_view key) {
  return parsed<T>(in, key, in.required(key));
}
template <class T>
std::optional<T> optional(json::ObjectReader& in, std::string_view key) {
  return parsed<T>(in, key, in.optional(key));
}

// One of the words of `table`, as its value.
template <class T, std::size_t kCount>
std::optional<T> choice(json::ObjectReader& in, std::string_view key, const json::Value* value,
                        const std::pair<std::string_view, T> (&table)[kCount]) {
  const std::string* text = string_at(in, key, value);
  if (text == nullptr) {
    return std::nullopt;
  }
  std::string known;
  for (const auto& [word, meaning] : table) {
    if (*text == word) {
      return meaning;
    }
    known.append(known.empty() ? "" : " or ").append(word);
  }
  in.refuse(std::string(key) + " " + quoted(*text) + ": expected " + known, value);
  return std::nullopt;
}

std::optional<Instant> instant(json::ObjectReader& in, std::string_view key);
std::optional<Seconds> duration(json::ObjectReader& in, std::string_view key, Seconds min,
                                Seconds max);
// 1 s to 24 h.
std::optional<Seconds> token_lifetime(json::ObjectReader& in);
std::optional<int> depth(json::ObjectReader& in);
// At least one permission.
Authority authority(json::ObjectReader& in);

// Text for people and for exact comparison: NFC, 1 to `bytes_max` bytes, nothing unseen.
std::string text_at(json::ObjectReader& in, std::string_view key, const json::Value* value,
                    std::size_t bytes_max);
// Names of the record's own, as the permissions that speak of them write them.
std::string action_at(json::ObjectReader& in, const json::Value* value);
std::string type_at(json::ObjectReader& in, const json::Value* value);
std::string environment(json::ObjectReader& in);
// "resource enforcement \"shadow\" is not enforced yet", with the line.
void not_enforced(json::ObjectReader& in, std::string what, const json::Value* at);

// Each item of a list of at most `max`; stops after the first error.
template <class Each>
void each(json::ObjectReader& in, std::string_view key, const json::Value* list, std::size_t max,
          Each take) {
  if (list == nullptr) {
    return;
  }
  if (!list->is_array()) {
    in.refuse(
        std::string(key) + " is " + std::string(json::kind_name(*list)) + "; expected an array",
        list);
    return;
  }
  if (list->as_array().size() > max) {
    in.refuse(Error{Reason::kLimitExceeded, Place::kRequest,
                    std::string(key) + ": expected at most " + std::to_string(max) + " items"},
              list);
    return;
  }
  for (const json::Value& item : list->as_array()) {
    if (!in.ok()) {
      return;
    }
    take(item);
  }
}

// What stands in a list already; the second of a kind is refused with both lines.
class Unique {
 public:
  explicit Unique(std::string noun) : noun_(std::move(noun)) {}
  void add(json::ObjectReader& in, const std::string& key, const json::Value& at);

 private:
  std::string noun_;
  std::unordered_map<std::string, std::uint32_t> lines_;
};

template <class T>
json::Value texts(const std::vector<T>& ids) {
  json::Value out{json::Array{}};
  for (const T& id : ids) {
    out.push_back(id.text());
  }
  return out;
}
json::Value to_json(const std::vector<std::string>& words);
// Appends the member unless it is absent.
void set(json::Value& out, std::string_view key, const std::optional<Instant>& at);
void set(json::Value& out, std::string_view key, const std::optional<Seconds>& length);
void set_text(json::Value& out, std::string_view key, const std::string& text);

}  // namespace mandate::reading
