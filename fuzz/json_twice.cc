// Our JSON against a second parser, nlohmann/json. What we read it reads too, to the same value.
// What it reads and we refuse has one of our stricter rules to blame (a member twice, a byte order
// mark, a bound), or its own laxness: it takes NUL for the end of the text.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/support/finding.h"
#include "mandate/json/value.h"

namespace {

using mandate::Reason;
using mandate::json::Value;

// The other parser's events, as a value of ours; it counts what a value cannot hold.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(std::int64_t value) override { return put(value); }
  // Beyond int64, ours is a double.
  bool number_unsigned(std::uint64_t value) override {
    const auto integer = static_cast<std::int64_t>(value);
    return integer < 0 ? put(static_cast<double>(value)) : put(integer);
  }
  bool number_float(double value, const std::string&) override {
    is_finite_ = is_finite_ && std::isfinite(value);
    return put(value);
  }
  bool string(std::string& value) override { return put(Value(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(mandate::json::Object{}); }
  bool key(std::string& name) override {
    has_duplicate_ = has_duplicate_ || !open_.back().names.insert(name).second;
    open_.back().name = name;
    return true;
  }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(mandate::json::Array{}); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

  const Value& value() const { return value_; }
  bool has_duplicate() const { return has_duplicate_; }
  bool is_finite() const { return is_finite_; }

 private:
  struct Open {
    Value value;
    std::string name;
    std::set<std::string> names;
  };

  bool open(Value value) {
    open_.push_back({std::move(value), {}, {}});
    return true;
  }
  bool close() {
    Value value = std::move(open_.back().value);
    open_.pop_back();
    return put(std::move(value));
  }
  bool put(Value value) {
    if (open_.empty()) {
      value_ = std::move(value);
    } else if (open_.back().value.is_array()) {
      open_.back().value.push_back(std::move(value));
    } else {
      open_.back().value.set(open_.back().name, std::move(value));
    }
    return true;
  }

  Value value_;
  std::vector<Open> open_;
  bool has_duplicate_ = false;
  bool is_finite_ = true;
};

// The same but for what an integer cannot say: the sign of a zero.
bool is_same(const Value& ours, const Value& theirs) {
  if (ours.is_double() && theirs.is_integer()) {
    return ours.as_double() == 0 && std::signbit(ours.as_double()) && theirs.as_integer() == 0;
  }
  if (ours.is_array() && theirs.is_array()) {
    const auto& a = ours.as_array();
    const auto& b = theirs.as_array();
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), is_same);
  }
  if (ours.is_object() && theirs.is_object()) {
    const auto& a = ours.as_object();
    const auto& b = theirs.as_object();
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
      return x.key == y.key && is_same(x.value, y.value);
    });
  }
  return ours == theirs;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.size() > mandate::limits::kJsonBytesMax) return 0;
  const mandate::Result<Value> ours = mandate::json::parse(text);
  if (!ours && ours.error().reason == Reason::kLimitExceeded) return 0;
  Builder theirs;
  const bool read = nlohmann::json::sax_parse(text.begin(), text.end(), &theirs);
  if (ours) {
    if (!read) mandate::fuzz::found("read by us alone", mandate::json::canonical(*ours));
    if (!is_same(*ours, theirs.value())) {
      mandate::fuzz::found("read as another value", mandate::json::canonical(theirs.value()));
    }
    return 0;
  }
  const bool has_mark = text.starts_with("\xef\xbb\xbf") || text.find('\0') != text.npos;
  if (read && theirs.is_finite() && !theirs.has_duplicate() && !has_mark) {
    mandate::fuzz::found("refused by us alone", ours.error().detail);
  }
  return 0;
}
