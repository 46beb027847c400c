// The bytes of a snapshot: numbers as LEB128 with one form each, texts behind their length. Reading
// keeps the first thing that is wrong and gives harmless values from then on.
//
//   SnapshotWriter out;  out.number(7);  out.text("x");
//   SnapshotBytes all(out.bytes());  SnapshotReader in(all);  in.number(9) == 7;  in.text() == "x";
//   in.finished()
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/base/instant.h"
#include "mandate/base/limits.h"
#include "mandate/record/compact.h"
#include "mandate/record/ports.h"

namespace mandate::record {

inline constexpr std::string_view kSnapshotMagic = "mandate state 2\n";

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
  // More than one node or definition takes: each came in one entry of the record.
  static constexpr std::size_t kItemBytesMax = 2 * limits::kLogEntryBytesMax;

  explicit SnapshotReader(SnapshotSource& source) : source_(source), ahead_(source.size()) {
    item();
  }

  // Makes ready for what is read next, up to the next call; texts that were read before are gone.
  void item() {
    if (ahead_ == 0 || rest_.size() >= kItemBytesMax) return;
    joined_ = std::string(rest_);  // the source's piece goes with the next one
    rest_ = {};
    while (ahead_ > 0 && joined_.size() < kItemBytesMax) {
      Result<std::string_view> piece = source_.next();
      if (!piece) return refuse(piece.error().detail);
      if (piece->empty() || piece->size() > ahead_) return refuse("it is not as long as it was");
      ahead_ -= piece->size();
      if (ahead_ == 0 && joined_.empty()) {
        rest_ = *piece;
        return;
      }
      joined_ += *piece;
    }
    rest_ = joined_;
  }
  // Bytes that were not read yet.
  std::uint64_t remaining() const { return rest_.size() + ahead_; }

  // At most `max`.
  std::uint64_t number(std::uint64_t max) {
    if (!rest_.empty() && static_cast<unsigned char>(rest_.front()) < 0x80) {  // most have one byte
      const auto only = static_cast<unsigned char>(rest_.front());
      if (only <= max) {
        rest_.remove_prefix(1);
        return only;
      }
    }
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
    ahead_ = 0;
  }
  bool ok() const { return why_.empty(); }
  Result<void> finished() {
    if (ok() && remaining() > 0) refuse("something follows its end");
    if (Result<std::string_view> end = source_.next(); ok() && !end) refuse(end.error().detail);
    if (ok()) return {};
    return fail(Reason::kBadRequest, "the snapshot is damaged: " + why_);
  }

 private:
  SnapshotSource& source_;
  std::uint64_t ahead_;    // bytes that the source has not given yet
  std::string joined_;     // what was left of a piece, and the next
  std::string_view rest_;  // of the piece, or of `joined_`
  std::string why_;
};

}  // namespace mandate::record
