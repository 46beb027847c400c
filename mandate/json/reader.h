// Strict reading of an object into a plain struct: every member is asked for once, what is left
// over is refused with its line. Keeps the first error; check `finish()` before using what was
// read.
//
//   json::ObjectReader in(value, "delegation", Place::kRequest);
//   auto id = in.required_string("id");          auto purpose = in.optional_string("purpose");
//   if (Result<void> ok = in.finish(); !ok) return fail(ok.error());
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/json/value.h"

namespace mandate::json {

class ObjectReader {
 public:
  // `what` names the object in messages. A value that is no object is the first error.
  ObjectReader(const Value& value, std::string what, Place place = Place::kRequest);

  bool has(std::string_view key) const;
  const Value* optional(std::string_view key);  // nullptr where absent
  const Value* required(std::string_view key);  // nullptr only after an error
  std::string required_string(std::string_view key);
  std::optional<std::string> optional_string(std::string_view key);
  std::optional<std::int64_t> optional_integer(std::string_view key, std::int64_t min,
                                               std::int64_t max);
  std::optional<bool> optional_bool(std::string_view key);
  // Each item a string; at most `max` items; absent gives an empty list.
  std::vector<std::string> strings(std::string_view key, std::size_t max, bool is_required);

  // A member that the format knows and this version does not enforce: refused with its line.
  void not_enforced(std::string_view key);
  // Refuses with `line N: ...` in front, unless an error stands already or `error`, of something
  // further in, names its own line.
  void refuse(Error error, const Value* at = nullptr);
  void refuse(std::string detail, const Value* at = nullptr);

  bool ok() const { return !error_; }
  // The first error; a member that nobody asked for is one, and those asked for are named.
  Result<void> finish();

 private:
  void refuse_kind(std::string_view key, const Value& found, std::string expected);

  const Value& value_;
  std::string what_;
  Place place_;
  std::vector<std::string> asked_;
  std::optional<Error> error_;
};

}  // namespace mandate::json
