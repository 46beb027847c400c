// A text that comes a few bytes at a time, as files and pipes may give it.
//
//   test::Dripping source(text, 7);   RecordStream in(source, envelopes);
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

#include "mandate/json/record_stream.h"

namespace mandate::test {

class Dripping final : public json::ByteSource {
 public:
  Dripping(std::string_view text, std::size_t bytes) : text_(text), bytes_(bytes) {}
  Result<std::size_t> read(std::span<char> into) override {
    return text_.read(into.first(std::min(bytes_, into.size())));
  }

 private:
  json::MemorySource text_;
  std::size_t bytes_;
};

}  // namespace mandate::test
