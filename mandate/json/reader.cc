#include "mandate/json/reader.h"

#include <algorithm>
#include <utility>

#include "mandate/base/bytes.h"

namespace mandate::json {

ObjectReader::ObjectReader(const Value& value, std::string what, Place place)
    : value_(value), what_(std::move(what)), place_(place) {
  if (!value.is_object()) {
    refuse(what_ + " is " + std::string(kind_name(value)) + "; expected an object");
  }
}

bool ObjectReader::has(std::string_view key) const { return value_.find(key) != nullptr; }

const Value* ObjectReader::optional(std::string_view key) {
  if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) asked_.emplace_back(key);
  return value_.find(key);
}

const Value* ObjectReader::required(std::string_view key) {
  const Value* value = optional(key);
  if (value == nullptr) refuse(what_ + " has no " + quoted(key));
  return value;
}

std::string ObjectReader::required_string(std::string_view key) {
  if (required(key) == nullptr) return {};
  return optional_string(key).value_or("");
}

std::optional<std::string> ObjectReader::optional_string(std::string_view key) {
  const Value* value = optional(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return value->as_string();
  refuse_kind(key, *value, "a string");
  return std::nullopt;
}

std::optional<std::int64_t> ObjectReader::optional_integer(std::string_view key, std::int64_t min,
                                                           std::int64_t max) {
  const Value* value = optional(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_integer() && value->as_integer() >= min && value->as_integer() <= max) {
    return value->as_integer();
  }
  refuse_kind(key, *value,
              "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  return std::nullopt;
}

std::optional<bool> ObjectReader::optional_bool(std::string_view key) {
  const Value* value = optional(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_bool()) return value->as_bool();
  refuse_kind(key, *value, "true or false");
  return std::nullopt;
}

std::vector<std::string> ObjectReader::strings(std::string_view key, std::size_t max,
                                               bool is_required) {
  std::vector<std::string> texts;
  const Value* value = is_required ? required(key) : optional(key);
  if (value == nullptr) return texts;
  if (!value->is_array()) {
    refuse_kind(key, *value, "an array of strings");
    return texts;
  }
  if (value->as_array().size() > max) {
    refuse({Reason::kLimitExceeded, place_,
            quoted(key) + " of " + what_ + " has " + std::to_string(value->as_array().size()) +
                " items; expected at most " + std::to_string(max)},
           value);
    return texts;
  }
  for (const Value& item : value->as_array()) {
    if (item.is_string()) {
      texts.push_back(item.as_string());
    } else {
      refuse_kind(key, item, "strings only");
    }
  }
  return texts;
}

void ObjectReader::not_enforced(std::string_view key) {
  const Value* value = value_.find(key);
  if (value == nullptr) return;
  refuse(quoted(key) + " of " + what_ + " is not enforced yet; expected it left out", value);
}

void ObjectReader::refuse(Error error, const Value* at) {
  if (error_) return;
  std::uint32_t line = at == nullptr ? value_.line() : at->line();
  const bool has_line = error.detail.starts_with("line ");
  if (line != 0 && !has_line) error.detail = "line " + std::to_string(line) + ": " + error.detail;
  error_ = std::move(error);
}

void ObjectReader::refuse(std::string detail, const Value* at) {
  refuse(Error{Reason::kBadRequest, place_, std::move(detail)}, at);
}

void ObjectReader::refuse_kind(std::string_view key, const Value& found, std::string expected) {
  std::string shown(kind_name(found));
  if (found.is_number()) shown = canonical(found);
  refuse(quoted(key) + " of " + what_ + " is " + shown + "; expected " + std::move(expected),
         &found);
}

Result<void> ObjectReader::finish() {
  if (!error_ && value_.is_object()) {
    for (const Member& member : value_.as_object()) {
      if (std::find(asked_.begin(), asked_.end(), member.key) != asked_.end()) continue;
      std::string known;
      for (const std::string& key : asked_) known += (known.empty() ? "" : ", ") + key;
      Value at;
      at.set_line(member.line);
      refuse("unknown member " + quoted(member.key) + " in " + what_ + "; expected only " + known,
             &at);
      break;
    }
  }
  if (error_) return fail(*error_);
  return {};
}

}  // namespace mandate::json
