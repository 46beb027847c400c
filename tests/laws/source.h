// Choices that follow from a seed alone, or from bytes for as long as they last.
//
//   Source source(7);   source.below(10);   source.chance(30);   source.pick(words)
//   Source chosen("\x02\x00");   // a fuzzer's choices: a byte each, two where one is too little
#pragma once

#include <cstdint>
#include <iterator>
#include <string_view>

namespace mandate::test {

class Source {
 public:
  explicit Source(std::uint64_t seed) : state_(seed) {}
  explicit Source(std::string_view choices) : choices_(choices) {}

  int below(int bound) {  // 0 <= result < bound
    if (!choices_.empty()) return take(bound);
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
  int take(int bound) {
    int value = 0;
    for (int most = 1; most < bound && !choices_.empty(); most *= 256) {
      value = value * 256 + static_cast<unsigned char>(choices_.front());
      choices_.remove_prefix(1);
    }
    return value % bound;
  }

  std::uint64_t state_ = 0;
  std::string_view choices_;
};

}  // namespace mandate::test
