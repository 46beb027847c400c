#include "mandate/authority/reading.h"

#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/base/text.h"

namespace mandate::reading {
namespace {

constexpr Seconds kTokenLifetimeMax = std::chrono::hours(24);

std::string bad(std::string_view key, std::string_view text, std::string_view expected) {
  return std::string(key) + " " + quoted(text) + ": expected " + std::string(expected);
}

std::string word_at(json::ObjectReader& in, std::string_view key, const json::Value* value,
                    bool (*is_word)(std::string_view), std::string_view expected) {
  const std::string* text = string_at(in, key, value);
  if (text == nullptr) {
    return {};
  }
  if (!is_word(*text)) {
    in.refuse(bad(key, *text, expected), value);
  }
  return *text;
}

}  // namespace

const std::string* string_at(json::ObjectReader& in, std::string_view key,
                             const json::Value* value) {
  if (value == nullptr) {
    return nullptr;
  }
  if (!value->is_string()) {
    in.refuse(
        std::string(key) + " is " + std::string(json::kind_name(*value)) + "; expected a string",
        value);
    return nullptr;
  }
  return &value->as_string();
}

std::optional<Instant> instant(json::ObjectReader& in, std::string_view key) {
  const json::Value* value = in.optional(key);
  const std::string* text = string_at(in, key, value);
  return text == nullptr ? std::nullopt : accept(in, parse_rfc3339(*text), value);
}

std::optional<Seconds> duration(json::ObjectReader& in, std::string_view key, Seconds min,
                                Seconds max) {
  const json::Value* value = in.optional(key);
  const std::string* text = string_at(in, key, value);
  if (text == nullptr) {
    return std::nullopt;
  }
  std::optional<Seconds> read = accept(in, parse_duration(*text), value);
  if (read && (*read < min || *read > max)) {
    in.refuse(bad(key, *text, format_duration(min) + " to " + format_duration(max)), value);
  }
  return read;
}

std::optional<Seconds> token_lifetime(json::ObjectReader& in) {
  return duration(in, "max_token_lifetime", Seconds{1}, kTokenLifetimeMax);
}

std::optional<int> depth(json::ObjectReader& in) {
  const std::optional<std::int64_t> read =
      in.optional_integer("max_depth", 0, std::int64_t{limits::kLineageDepthMax});
  return read ? std::optional<int>(static_cast<int>(*read)) : std::nullopt;
}

Authority authority(json::ObjectReader& in) {
  const json::Value* value = in.required("authority");
  if (value == nullptr) {
    return {};
  }
  std::optional<Authority> read = accept(in, Authority::parse(*value), value);
  if (read && read->empty()) {
    in.refuse("authority is empty; expected at least one permission", value);
  }
  return std::move(read).value_or(Authority{});
}

std::string text_at(json::ObjectReader& in, std::string_view key, const json::Value* value,
                    std::size_t bytes_max) {
  const std::string* text = string_at(in, key, value);
  if (text == nullptr) {
    return {};
  }
  if (text->size() > bytes_max) {
    in.refuse(Error{Reason::kLimitExceeded, Place::kRequest,
                    bad(key, *text, "at most " + std::to_string(bytes_max) + " bytes")},
              value);
    return {};
  }
  std::optional<std::string> normal = accept(in, to_nfc(*text), value);
  if (normal && (normal->empty() || has_unseen(*normal, Unseen::kControl))) {
    in.refuse(bad(key, *text, "text without control or format characters"), value);
  }
  return std::move(normal).value_or("");
}

std::string action_at(json::ObjectReader& in, const json::Value* value) {
  return word_at(in, "action", value, is_action_name, "1 to 64 of [A-Za-z0-9_.:-]");
}

std::string type_at(json::ObjectReader& in, const json::Value* value) {
  return word_at(in, "type", value, is_permission_type, "1 to 64 of [a-z0-9_.-]");
}

std::string environment(json::ObjectReader& in) {
  return word_at(in, "environment", in.optional("environment"), is_environment_name,
                 "1 to 64 of [A-Za-z0-9_.-]");
}

void not_enforced(json::ObjectReader& in, std::string what, const json::Value* at) {
  in.refuse(std::move(what) + " is not enforced yet", at);
}

void Unique::add(json::ObjectReader& in, const std::string& key, const json::Value& at) {
  const auto [first, is_new] = lines_.emplace(key, at.line());
  if (is_new) {
    return;
  }
  std::string detail = noun_ + " " + quoted(key) + " stands twice";
  if (first->second != 0) {
    detail += "; the first is on line " + std::to_string(first->second);
  }
  in.refuse(std::move(detail), &at);
}

json::Value to_json(const std::vector<std::string>& words) {
  json::Value out{json::Array{}};
  for (const std::string& word : words) {
    out.push_back(word);
  }
  return out;
}

void set(json::Value& out, std::string_view key, const std::optional<Instant>& at) {
  if (at) {
    out.set(key, format_rfc3339(*at));
  }
}

void set(json::Value& out, std::string_view key, const std::optional<Seconds>& length) {
  if (length) {
    out.set(key, format_duration(*length));
  }
}

void set_text(json::Value& out, std::string_view key, const std::string& text) {
  if (!text.empty()) {
    out.set(key, text);
  }
}

}  // namespace mandate::reading
