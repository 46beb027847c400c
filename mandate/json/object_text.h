// An object written straight into canonical text (RFC 8785), for those that are written often: no
// tree of values is made. Its members come in canonical order, which is asserted.
//
//   std::string out;
//   ObjectText object(out);   object.text("a", "x");   object.number("b", 1);   object.end();
//   out == R"({"a":"x","b":1})"
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mandate/json/value.h"

namespace mandate::json {

// Appends. Keys and texts are UTF-8; each key stands once, after all that RFC 8785 puts before it.
class ObjectText {
 public:
  explicit ObjectText(std::string& out);

  void text(std::string_view key, std::string_view value);
  // Within 2^53.
  void number(std::string_view key, std::int64_t value);
  void value(std::string_view key, const Value& value);
  // A value that is canonical text already.
  void raw(std::string_view key, std::string_view canonical);
  // Strings; `Texts` is a range of what a string_view can be made of.
  template <class Texts>
  void texts(std::string_view key, const Texts& texts) {
    begin_array(key);
    for (const auto& item : texts) add_item(item);
    end_array();
  }
  void begin_array(std::string_view key);
  void add_item(std::string_view text);
  void end_array();
  void end();

 private:
  void key(std::string_view key);
  std::string& out_;
  std::string previous_;  // key
  bool is_first_ = true;
};

}  // namespace mandate::json
