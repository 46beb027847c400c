// Lines that hold a record behind something else: a time stamp and a host (syslog), a container
// runtime's columns, the first columns of a CSV export. The record is moved to its line's beginning
// and the rest of the line blanked, so that lines and their offsets stay what they are in the
// input.
//
//   RecordLines lines(source);          // "Jan 1 host vault[1]: {…}" reads as "{…}          "
//   RecordStream in(lines, envelopes);
//
// An input whose first line with a brace begins with it passes as it is, at no cost. In CSV (RFC
// 4180; a semicolon or a tab may stand for the comma) a row's first field that begins with a brace
// is the record, its doubled quotes are made single, and the lines before the first are its header.
// A row without a record reads as the number 0. One record to a line or row.
#pragma once

#include <cstdint>
#include <string>

#include "mandate/json/record_stream.h"

namespace mandate::json {

class RecordLines final : public ByteSource {
 public:
  static constexpr std::size_t kLookBytes = 64 << 10;   // to the first line with a brace
  static constexpr std::size_t kPrefixBytesMax = 4096;  // before the brace

  // `may_be_csv`: false where it is known to be lines, whatever the first of these looks like.
  explicit RecordLines(ByteSource& source, bool may_be_csv = true)
      : source_(source), may_be_csv_(may_be_csv) {}

  Result<std::size_t> read(std::span<char> into) override;

 private:
  enum class At : std::uint8_t {
    kPrefix,    // before the line's first brace: what came so far is held back
    kRecord,    // behind it, to the line's end
    kUnlikely,  // a line without a record
  };
  enum class InRow : std::uint8_t {
    kFieldStart,
    kOpened,       // behind the quote that opens a field
    kRecord,       // within the field that is the record
    kRecordQuote,  // behind a quote in it: its end, or the first of two
    kOther,        // within another field in quotes
    kOtherQuote,   // behind a quote in that
    kPlain,        // within a field without quotes
    kLine,         // within a line that is a record by itself
  };

  void look();
  void take(char c);
  void take_csv(char c);
  void say_if_lost();
  void end_line();

  ByteSource& source_;
  bool may_be_csv_;
  bool has_looked_ = false;
  bool is_plain_ = false;
  bool is_csv_ = false;
  bool has_record_ = false;  // this row of CSV
  bool at_end_ = false;
  At at_ = At::kPrefix;
  InRow in_row_ = InRow::kFieldStart;
  std::string prefix_;
  std::size_t owed_ = 0;  // bytes of the line that come as spaces at its end
  std::string ready_;     // [given_, …) is next
  std::size_t given_ = 0;
  std::optional<Error> error_;
};

}  // namespace mandate::json
