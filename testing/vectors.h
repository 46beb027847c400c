// Shared vectors that are JSON.
//
//   MANDATE_NEEDS_SHARED("vectors/wycheproof");
//   json::Value cases = test::vector_json("wycheproof/ed25519_test.json");
//   MANDATE_RAN("wycheproof/ed25519_test.json", 151);   // as tests/vectors/shared.json says
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "mandate/base/bytes.h"
#include "mandate/json/value.h"
#include "testing/shared_data.h"

namespace mandate::test {

// Fails the test where the file cannot be read.
inline json::Value vector_json(const std::string& name) {
  Result<json::Value> value =
      json::parse(read_file(shared_path("vectors/" + name)),
                  {.bytes_max = 64 << 20, .depth_max = 32, .values_max = 1 << 22});
  EXPECT_TRUE(value.has_value()) << name;
  return value ? *std::move(value) : json::Value();
}

// The member of a vector, or an empty text where it is absent.
inline std::string text_of(const json::Value& vector, std::string_view member) {
  const json::Value* value = vector.find(member);
  return value != nullptr && value->is_string() ? value->as_string() : "";
}

inline std::string hex_of(const json::Value& vector, std::string_view member) {
  Result<std::string> bytes = decode_hex(text_of(vector, member));
  EXPECT_TRUE(bytes.has_value()) << member;
  return bytes.value_or("");
}

// How many cases of a row of tests/vectors/shared.json that test is to run; -1: it names none.
inline int cases_to_run(std::string_view files, std::string_view test) {
  const Result<json::Value> rows =
      json::parse(read_file(MANDATE_SOURCE_DIR "/tests/vectors/shared.json"));
  if (!rows) return -1;
  for (const json::Value& row : rows->as_array()) {
    if (text_of(row, "files") != files) continue;
    for (const json::Member& ran : row.find("ran")->as_object()) {
      if (test.ends_with(ran.key)) return static_cast<int>(ran.value.as_integer());
    }
  }
  return -1;
}

}  // namespace mandate::test

// Holds what a test ran against the table that says that nothing is forgotten.
#define MANDATE_RAN(files, count) EXPECT_EQ(::mandate::test::cases_to_run(files, __FILE__), count)
