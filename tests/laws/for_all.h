// The one door to RapidCheck, which is slow to compile: a law is a function from a seed to a
// counterexample.
//
//   EXPECT_TRUE(for_all_seeds("narrowing", [](std::uint64_t seed) { return std::string(); }));
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace mandate::test {

// Whether none of the seeds that RapidCheck tries has one; an empty text is none.
bool for_all_seeds(const std::string& law,
                   const std::function<std::string(std::uint64_t seed)>& counterexample);

}  // namespace mandate::test
