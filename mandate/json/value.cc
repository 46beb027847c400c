#include "mandate/json/value.h"

#include <algorithm>

namespace mandate::json {
namespace {

bool same_members(const Object& a, const Object& b) {
  if (a.size() != b.size()) return false;
  auto in_order = [](const Object& object) {
    std::vector<const Member*> members;
    members.reserve(object.size());
    for (const Member& member : object) members.push_back(&member);
    std::sort(members.begin(), members.end(),
              [](const Member* x, const Member* y) { return x->key < y->key; });
    return members;
  };
  std::vector<const Member*> left = in_order(a);
  std::vector<const Member*> right = in_order(b);
  return std::equal(left.begin(), left.end(), right.begin(), [](const Member* x, const Member* y) {
    return x->key == y->key && x->value == y->value;
  });
}

}  // namespace

Value::Value(Array a) : data_(std::move(a)) {}
Value::Value(Object o) : data_(std::move(o)) {}

Value Value::object(std::initializer_list<Member> members) { return Value(Object(members)); }
Value Value::array(std::initializer_list<Value> items) { return Value(Array(items)); }

const Array& Value::as_array() const { return std::get<Array>(data_); }
const Object& Value::as_object() const { return std::get<Object>(data_); }
Array& Value::as_array() { return std::get<Array>(data_); }
Object& Value::as_object() { return std::get<Object>(data_); }

const Value* Value::find(std::string_view key) const {
  if (!is_object()) return nullptr;
  for (const Member& member : as_object()) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

void Value::set(std::string_view key, Value value) {
  if (is_null()) data_ = Object{};
  for (Member& member : as_object()) {
    if (member.key != key) continue;
    member.value = std::move(value);
    return;
  }
  as_object().push_back({std::string(key), std::move(value)});
}

void Value::push_back(Value value) {
  if (is_null()) data_ = Array{};
  as_array().push_back(std::move(value));
}

bool operator==(const Value& a, const Value& b) {
  if (a.data_.index() != b.data_.index()) return false;
  if (a.is_object()) return same_members(a.as_object(), b.as_object());
  if (a.is_array()) return a.as_array() == b.as_array();
  if (a.is_string()) return a.as_string() == b.as_string();
  if (a.is_integer()) return a.as_integer() == b.as_integer();
  if (a.is_double()) return a.as_double() == b.as_double();
  return a.is_null() || a.as_bool() == b.as_bool();
}

std::string_view kind_name(const Value& value) {
  if (value.is_null()) return "null";
  if (value.is_bool()) return "true or false";
  if (value.is_number()) return "a number";
  if (value.is_string()) return "a string";
  return value.is_array() ? "an array" : "an object";
}

}  // namespace mandate::json
