// Choices of a test, the same in every run for one seed.
//
//   SeededChoice choice(7);   choice.below(10)   // 0 to 9
#pragma once

#include <cstdint>

namespace mandate::test {

class SeededChoice {
 public:
  explicit SeededChoice(std::uint64_t seed) : state_(seed) {}

  // SplitMix64. Precondition: bound is not 0.
  std::uint64_t below(std::uint64_t bound) {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) % bound;
  }

 private:
  std::uint64_t state_;
};

}  // namespace mandate::test
