// The same bytes in every run for one seed: SplitMix64. Threads may share one, in no fixed order.
//
//   test::SeededRandom random(1);   random.bytes(32)
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "mandate/base/ports.h"

namespace mandate::test {

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

  std::string bytes(std::size_t count) override {
    std::lock_guard<std::mutex> lock(mutex_);
    std::string out;
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < count; ++i) {
      word = i % 8 == 0 ? next() : word >> 8;
      out += static_cast<char>(word & 0xff);
    }
    return out;
  }

 private:
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  std::mutex mutex_;
  std::uint64_t state_;
};

}  // namespace mandate::test
