// Matchers for `Result<T>`. There is none for "any error": a test names the reason.
//
//   EXPECT_THAT(Cidr::parse("10.0.0.1/8"), ErrorIs(Reason::kBadRequest));
//   EXPECT_THAT(Cidr::parse("10.0.0.0/8"), IsOk());
#pragma once

#include <gmock/gmock.h>

#include <string>

#include "mandate/base/result.h"

namespace mandate {

// How a failed expectation shows an error.
inline void PrintTo(const Error& error, std::ostream* out) {
  *out << name(error.reason) << " (" << error.detail << ")";
}

}  // namespace mandate

namespace mandate::test {

MATCHER(IsOk, negation ? "is an error" : "is a value") {
  if (arg.has_value()) return true;
  *result_listener << "which is " << name(arg.error().reason) << ": " << arg.error().detail;
  return false;
}

MATCHER_P(ErrorIs, reason, std::string("is the error ") + std::string(name(reason))) {
  if (arg.has_value()) {
    *result_listener << "which is a value";
    return false;
  }
  *result_listener << "which is " << name(arg.error().reason) << ": " << arg.error().detail;
  return arg.error().reason == reason;
}

}  // namespace mandate::test
