// Where a JSON text has its structure: the offsets of `{ } [ ] : ,` outside strings, of each
// opening quote, and of each other scalar. One pass at the speed of memory (simdjson's first
// stage), and the text's bytes are checked on the way: UTF-8, no control characters in strings.
//
//   StructuralIndex index;   // text[size .. size + kPadding) must be readable
//   index.build(text, size) == StructuralIndex::Status::kWhole
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace mandate::json {

class StructuralIndex {
 public:
  static constexpr std::size_t kPadding = 64;
  enum class Status : std::uint8_t {
    kWhole,
    kOpenString,  // the text ends inside a string
    kBadBytes,    // not UTF-8, or a control character in a string
  };

  StructuralIndex();
  ~StructuralIndex();
  StructuralIndex(StructuralIndex&&) noexcept;
  StructuralIndex& operator=(StructuralIndex&&) noexcept;

  // Memory is 4 bytes for each byte of the longest text so far. Precondition: under 1 GiB.
  Status build(const char* text, std::size_t size);
  // Writes the string that begins after its quote at `text`, which is part of an indexed text;
  // gives its bytes, at most as many as stand there, or nothing where an escape is wrong. Up to
  // kPadding bytes behind it may be written.
  std::optional<std::size_t> unescape(const char* text, char* into) const;
  // Ascending. After kWhole one more entry may be read past the end: `size`.
  std::span<const std::uint32_t> offsets() const;

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace mandate::json
