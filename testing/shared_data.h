// Vectors and log data that stand beside the repository: in the folder that MANDATE_SHARED names,
// or else in ../shared. A test that needs them is left out where they are absent, but fails under
// CI.
//
//   MANDATE_NEEDS_SHARED("vectors/jcs");
//   std::string text = test::read_file(test::shared_path("vectors/jcs/README.md"));
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace mandate::test {

inline std::filesystem::path shared_path(std::string_view below) {
  const char* named = std::getenv("MANDATE_SHARED");
  std::filesystem::path root = named != nullptr ? named : MANDATE_SOURCE_DIR "/../shared";
  return root / below;
}

inline bool is_ci() {
  const char* ci = std::getenv("CI");
  return ci != nullptr && std::string_view(ci) == "true";
}

// The whole file; fails the test where it cannot be read.
inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) ADD_FAILURE() << "cannot read " << path;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace mandate::test

// Only in the body of a test.
#define MANDATE_NEEDS_SHARED(below)                                                      \
  do {                                                                                   \
    std::filesystem::path needed = ::mandate::test::shared_path(below);                  \
    if (std::filesystem::exists(needed)) break;                                          \
    if (::mandate::test::is_ci()) FAIL() << "shared data is missing: " << needed;        \
    GTEST_SKIP() << "left out: no shared data at " << needed << " (set MANDATE_SHARED)"; \
  } while (false)
