// The records of a log, one after the other, at the speed of memory: objects in NDJSON, in an
// array, in an envelope such as {"Records":[…]}, or just one after the other; of each, the members
// that a projection wants. What is damaged is passed over, counted, and never ends the reading.
//
//   RecordStream in(source, kEnvelopes);
//   std::vector<Slot> slots(wanted.slots());
//   while (in.next(wanted, slots)) use(slots, in.offset(), in.line());
//   in.damage().of(Damage::Kind::kTruncated).count
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "mandate/base/result.h"
#include "mandate/json/projection.h"
#include "mandate/json/structure.h"

namespace mandate::json {

// A port: bytes in their order.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // At most `into.size()` bytes; 0 is the end. An error is the end too.
  virtual Result<std::size_t> read(std::span<char> into) = 0;
};

class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::string_view text) : text_(text) {}
  Result<std::size_t> read(std::span<char> into) override;

 private:
  std::string_view text_;
};

// What was passed over or made readable, by kind.
struct Damage {
  enum class Kind : std::uint8_t {
    kNotAnObject,  // something else where a record was expected
    kMalformed,    // not JSON
    kTooDeep,      // more than kRecordDepthMax levels
    kTooLong,      // more than kRecordBytesMax
    kTruncated,    // the input ends within it
    kBadBytes,     // not UTF-8, or control characters: replaced, and the record read
  };
  static constexpr std::size_t kKinds = 6;
  struct Row {
    std::uint64_t count = 0;
    std::uint64_t first_offset = 0;
  };

  const Row& of(Kind kind) const { return rows[static_cast<std::size_t>(kind)]; }
  void add(Kind kind, std::uint64_t offset);
  std::uint64_t skipped() const;  // of every kind but kBadBytes
  std::array<Row, kKinds> rows{};
};

std::string_view name(Damage::Kind kind);

class RecordStream {
 public:
  static constexpr std::size_t kWindowBytes = 256 << 10;

  enum class Where : std::uint8_t { kTop, kArray, kEnvelope, kTail };
  // An input can be read in pieces that begin and end between two records: what holds the records
  // is then known, and the piece is no end of it.
  struct Piece {
    std::uint64_t offset = 0;       // of the piece in the input
    Where begins_in = Where::kTop;  // of the first piece: the top
    Where ends_in = Where::kTop;
    bool is_last = true;
  };

  // `envelopes`: members of a top-level object whose arrays hold the records. Memory: five times
  // a window of 256 KiB; for a longer record, five times the record.
  RecordStream(ByteSource& source, std::span<const std::string_view> envelopes,
               std::size_t window_bytes = kWindowBytes);
  RecordStream(ByteSource& source, std::span<const std::string_view> envelopes, const Piece& piece,
               std::size_t window_bytes = kWindowBytes);

  // Moves to the next record and fills `slots`. Views live until the next call. False at the end.
  // Precondition: slots.size() == wanted.slots().
  bool next(const Projection& wanted, std::span<Slot> slots);
  // The same record with another projection.
  void read(const Projection& wanted, std::span<Slot> slots);

  std::string_view record() const { return {text_ + record_begin_, record_bytes_}; }
  std::uint64_t offset() const { return base_ + begin_ + record_begin_; }  // of the record
  std::uint64_t line();  // of the record, from 1; counts up to there
  std::uint64_t bytes() const { return base_ + begin_ + record_begin_ + record_bytes_; }

  // What holds the record.
  Where where() const { return where_; }
  // At the end: line ends in the input or the piece.
  std::uint64_t lines() const { return line_ - 1; }
  // At the end of a piece: it ends between two records, in what it was to end in, and nothing in it
  // is damaged. Else it was no piece: how far damage goes depends on what stands around it.
  bool is_sound_piece() const;

  const Damage& damage() const { return damage_; }
  const std::optional<Error>& read_error() const { return error_; }

 private:
  bool fill(bool needs_more);
  bool index(std::size_t bytes);
  bool index_window();
  void open_window(std::size_t bytes);
  void want(std::size_t bytes);
  void read_ahead();
  void drop(std::size_t bytes, Damage::Kind kind);
  void drop_line(std::size_t bytes, Damage::Kind kind);
  void skip_byte_order_mark();
  void count_lines(std::size_t until);
  std::size_t last_boundary(std::size_t within) const;
  bool step(const Projection& wanted, std::span<Slot> slots, bool& is_record);
  bool read_record(const Projection& wanted, std::span<Slot> slots);
  void skip_item();
  void skip_tail();
  void resync(std::size_t record_token, std::size_t failed_token, Damage::Kind kind);
  void unescape(std::span<Slot> slots);

  ByteSource& source_;
  Piece piece_;
  Projection envelopes_;
  StructuralIndex index_;
  std::vector<char> buffer_;  // [begin_, end_) is to be read, padding follows
  std::uint64_t base_ = 0;    // offset in the input of buffer_[0]
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t window_bytes_ = 0;  // of [begin_, ...) indexed
  std::size_t window_target_;
  std::size_t open_bytes_ = 0;  // from begin_, known not to hold a whole record
  char after_window_ = '\0';    // what stood where the window's end is marked
  bool at_end_ = false;
  bool is_lost_ = false;  // after damage: looking for the next record
  bool may_escape_ = false;

  const char* text_ = "";  // buffer_ + begin_
  std::span<const std::uint32_t> tokens_;
  std::size_t token_ = 0;
  Where where_ = Where::kTop;
  Where ended_in_ = Where::kTop;
  std::size_t tail_depth_ = 0;

  std::size_t record_token_ = 0;
  std::size_t record_begin_ = 0;
  std::size_t record_bytes_ = 0;
  std::uint64_t line_ = 1;
  std::size_t lined_ = 0;           // line_ is that of text_ + lined_
  std::uint64_t window_line_ = 1;   // of the window's first byte
  std::uint64_t window_lines_ = 0;  // line ends in it
  std::vector<char> unescaped_;
  Damage damage_;
  std::optional<Error> error_;
};

}  // namespace mandate::json
