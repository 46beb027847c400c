// Choices that follow from a seed alone.
//
//   Source source(7);   source.below(10);   source.chance(30);   source.pick(words)
#pragma once

#include <cstdint>
#include <iterator>

namespace mandate::test {

class Source {
 public:
  explicit Source(std::uint64_t seed) : state_(seed) {}

  int below(int bound) {  // 0 <= result < bound
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = (state_ ^ (state_ >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return static_cast<int>((z ^ (z >> 31)) % static_cast<std::uint64_t>(bound));
  }
  bool chance(int percent) { return below(100) < percent; }
  // Precondition: not empty.
  template <class Container>
  const auto& pick(const Container& from) {
    return *std::next(std::begin(from), below(static_cast<int>(std::size(from))));
  }

 private:
  std::uint64_t state_;
};

}  // namespace mandate::test
