// The bytes of a snapshot: numbers as LEB128 with one form each, texts behind their length. Reading
// keeps the first thing that is wrong and gives harmless values from then on.
//
//   SnapshotWriter out;  out.number(7);  out.text("x");
//   SnapshotReader in(out.bytes());  in.number(9) == 7;  in.text() == "x";  in.finished()
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/base/instant.h"

namespace mandate::record {

// The instants that RFC 3339 can write, and the two ends of time.
inline constexpr std::int64_t kInstantMsMax = 253'402'300'799'999;

class SnapshotWriter {
 public:
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(0x80 | (value & 0x7f));
    bytes_ += static_cast<char>(value);
  }
  void text(std::string_view text) {
    number(text.size());
    bytes_ += text;
  }
  void instant(Instant instant) {
    if (instant == kEndOfTime) return number(0);
    if (instant == kBeginningOfTime) return number(1);
    number(2 + static_cast<std::uint64_t>(instant.time_since_epoch().count()));
  }
  void raw(std::string_view bytes) { bytes_ += bytes; }
  const std::string& bytes() const { return bytes_; }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class SnapshotReader {
 public:
  explicit SnapshotReader(std::string_view bytes) : rest_(bytes) {}

  // At most `max`.
  std::uint64_t number(std::uint64_t max) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      const std::uint64_t part = byte & 0x7f;
      if (shift == 63 && part > 1) break;
      value |= part << shift;
      if (byte >= 0x80) continue;
      if (part == 0 && shift > 0) break;  // one number, one form
      if (value <= max) return value;
      break;
    }
    refuse("a number is cut off, too long or out of its range");
    return 0;
  }
  std::uint32_t word(std::uint64_t max) { return static_cast<std::uint32_t>(number(max)); }

  // Well-formed UTF-8 of at most `max` bytes.
  std::string_view text(std::size_t max) {
    const std::uint64_t size = number(max);
    if (size > rest_.size() || !is_utf8(rest_.substr(0, size))) {
      refuse("a text is cut off or is not UTF-8");
      return {};
    }
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }
  Instant instant() {
    const std::uint64_t value = number(static_cast<std::uint64_t>(kInstantMsMax) + 2);
    if (value == 0) return kEndOfTime;
    if (value == 1) return kBeginningOfTime;
    return Instant(Milliseconds(static_cast<std::int64_t>(value - 2)));
  }
  void magic(std::string_view expected) {
    if (!rest_.starts_with(expected)) return refuse("it does not begin as one of this version");
    rest_.remove_prefix(expected.size());
  }

  void refuse(std::string why) {
    if (why_.empty()) why_ = std::move(why);
    rest_ = {};
  }
  bool ok() const { return why_.empty(); }
  Result<void> finished() {
    if (ok() && !rest_.empty()) refuse("something follows its end");
    if (ok()) return {};
    return fail(Reason::kBadRequest, "the snapshot is damaged: " + why_);
  }

 private:
  std::string_view rest_;
  std::string why_;
};

}  // namespace mandate::record
