// One JSON value with source marks: what JSON and YAML are read into and RFC 8785 is written from.
// Duplicate keys are refused by the readers, so `find` has one answer. Numbers that are written as
// integers and fit 64 bits stay integers; all others are doubles, always finite.
//
//   Result<json::Value> v = json::parse(R"({"a":[1,2.5,"x"]})");
//   const json::Value* a = v->find("a");   a->as_array()[0].as_integer() == 1
//   json::canonical(*v) == R"({"a":[1,2.5,"x"]})"
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mandate/base/limits.h"
#include "mandate/base/result.h"

namespace mandate::json {

class Value;
struct Member;
using Array = std::vector<Value>;
using Object = std::vector<Member>;  // in order of writing; keys are unique

class Value {
 public:
  Value();  // null
  Value(std::nullptr_t);
  Value(bool b);
  Value(int i);
  Value(std::int64_t i);
  Value(double d);
  Value(const char* s);
  Value(std::string_view s);
  Value(std::string s);
  Value(Array a);
  Value(Object o);
  // An object, written in code: Value::object({{"a", 1}, {"b", "x"}}).
  static Value object(std::initializer_list<Member> members);
  static Value array(std::initializer_list<Value> items);

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(data_); }
  bool is_bool() const { return std::holds_alternative<bool>(data_); }
  bool is_integer() const { return std::holds_alternative<std::int64_t>(data_); }
  bool is_double() const { return std::holds_alternative<double>(data_); }
  bool is_number() const { return is_integer() || is_double(); }
  bool is_string() const { return std::holds_alternative<std::string>(data_); }
  bool is_array() const { return std::holds_alternative<Array>(data_); }
  bool is_object() const { return std::holds_alternative<Object>(data_); }

  // Precondition: the value is of that kind.
  bool as_bool() const { return std::get<bool>(data_); }
  std::int64_t as_integer() const { return std::get<std::int64_t>(data_); }
  double as_double() const { return std::get<double>(data_); }
  const std::string& as_string() const { return std::get<std::string>(data_); }
  const Array& as_array() const;
  const Object& as_object() const;
  Array& as_array();
  Object& as_object();

  // The member of an object, or nullptr (also where this is no object).
  const Value* find(std::string_view key) const;
  // Appends, or replaces, a member. Precondition: an object (a null becomes an empty object).
  void set(std::string_view key, Value value);
  void push_back(Value value);  // Precondition: an array, or null

  // Line in the source text, from 1; 0 where the value was not read from a text.
  std::uint32_t line() const { return line_; }
  void set_line(std::uint32_t line) { line_ = line; }

  // Same type and exact value; marks do not count; the order of members does not count.
  friend bool operator==(const Value& a, const Value& b);

 private:
  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object> data_;
  std::uint32_t line_ = 0;
};

struct Member {
  std::string key;
  Value value;
  std::uint32_t line = 0;  // of the key
};

// Here, since a Value holds Members: clang 14 wants the whole type before it makes a variant of it.
inline Value::Value() : data_(nullptr) {}
inline Value::Value(std::nullptr_t) : data_(nullptr) {}
inline Value::Value(bool b) : data_(b) {}
inline Value::Value(int i) : data_(std::int64_t{i}) {}
inline Value::Value(std::int64_t i) : data_(i) {}
inline Value::Value(double d) : data_(d) {}
inline Value::Value(const char* s) : data_(std::string(s)) {}
inline Value::Value(std::string_view s) : data_(std::string(s)) {}
inline Value::Value(std::string s) : data_(std::move(s)) {}

// "null", "true or false", "a number", "a string", "an array", "an object": for messages.
std::string_view kind_name(const Value& value);

struct Bounds {
  std::size_t bytes_max = limits::kJsonBytesMax;
  std::size_t depth_max = limits::kJsonDepthMax;
  std::size_t values_max = limits::kJsonMembersMax;
};

// RFC 8259, strictly: UTF-8 without BOM, no duplicate member, no lone surrogate, no number outside
// a double. `bad_request` with the line; `limit_exceeded` past a bound.
Result<Value> parse(std::string_view text, const Bounds& bounds = {});

// YAML 1.2 JSON-like subset for documents: no anchors, aliases, tags or merge keys; one document;
// plain scalars are null, true, false, JSON numbers, or strings that YAML 1.1 and 1.2 agree on
// (`yes`, `on`, `0o7`, dates and the like must be quoted: refused as implicit types with the line);
// duplicate keys refused.
Result<Value> parse_yaml(std::string_view text, const Bounds& bounds = {});

// RFC 8785. Precondition: doubles are finite and strings are UTF-8.
std::string canonical(const Value& value);

// Indented by two spaces, members in their order, for people.
std::string pretty(const Value& value);

}  // namespace mandate::json
