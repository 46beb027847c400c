#include "mandate/json/record_lines.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

namespace mandate::json {
namespace {

enum class Form : std::uint8_t { kPlain, kPrefixed, kCsv };

// A field of CSV that opens with a record: `"{""name`, white space or a line's end between, `"{}"`.
bool opens_field(std::string_view field) {
  if (!field.starts_with("\"{")) return false;
  const std::size_t next = field.find_first_not_of(" \t\r", 2);
  return next == std::string_view::npos || field.substr(next).starts_with("\"\"") ||
         field.substr(next).starts_with("}\"");
}

// An object as a whole, as far as its braces tell; those in strings do not count.
bool is_whole_object(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string) {
      depth += (c == '{' ? 1 : 0) - (c == '}' ? 1 : 0);
    }
  }
  return text.ends_with('}') && depth == 0 && !in_string;
}

// Of a line that has a brace, and not as its first; plain where it tells nothing.
Form form_of(std::string_view line) {
  const std::size_t brace = line.find('{');
  if (opens_field(line.substr(brace - 1))) return Form::kCsv;
  const std::string_view record = line.substr(brace, line.find_last_not_of(" \t\r") + 1 - brace);
  return line.front() != '"' && is_whole_object(record) ? Form::kPrefixed : Form::kPlain;
}

// The first line that tells decides. `at` becomes the offset of the first that has a brace.
Form form_of_all(std::string_view head, bool may_be_csv, std::size_t& at) {
  std::optional<std::size_t> first;
  std::size_t end = 0;
  for (std::size_t begin = 0; begin < head.size(); begin = end + 1) {
    end = std::min(head.find('\n', begin), head.size());
    std::string_view line = head.substr(begin, end - begin);
    line.remove_prefix(std::min(line.size(), line.find_first_not_of(" \t\r\xef\xbb\xbf")));
    if (line.empty()) continue;
    if (line.front() == '{' || line.front() == '[') return Form::kPlain;
    if (line.find('{') == std::string_view::npos) continue;
    if (!first) first = begin;
    at = *first;
    const Form form = form_of(line);
    if (form == Form::kPrefixed || (form == Form::kCsv && may_be_csv)) return form;
  }
  return Form::kPlain;
}

}  // namespace

// Reads the beginning, for the decision; it is given out as all the rest is.
void RecordLines::look() {
  has_looked_ = true;
  std::string head(kLookBytes, '\0');
  std::size_t filled = 0;
  while (filled < head.size() && !at_end_) {
    const Result<std::size_t> bytes = source_.read({head.data() + filled, head.size() - filled});
    if (!bytes) error_ = bytes.error();
    at_end_ = !bytes || *bytes == 0;
    filled += bytes.value_or(0);
  }
  head.resize(filled);
  std::size_t at = 0;
  const Form form = form_of_all(head, may_be_csv_, at);
  is_plain_ = form == Form::kPlain;
  if (is_plain_) {
    ready_ = std::move(head);
    return;
  }
  is_csv_ = form == Form::kCsv;
  for (const char c : std::string_view(head).substr(0, is_csv_ ? at : 0)) {
    ready_ += c == '\n' ? c : ' ';
  }
  for (const char c : std::string_view(head).substr(ready_.size())) is_csv_ ? take_csv(c) : take(c);
}

Result<std::size_t> RecordLines::read(std::span<char> into) {
  if (!has_looked_) look();
  while (given_ == ready_.size()) {
    ready_.clear();
    given_ = 0;
    if (at_end_) {
      if (error_) return fail(*error_);
      if (prefix_.empty() && owed_ == 0) return 0;
      // A quote that is never closed: whoever reads on says so.
      const bool is_cut = in_row_ == InRow::kOther && owed_ > 0;
      if (is_cut) --owed_;
      if (!is_cut) say_if_lost();
      end_line();
      if (is_cut) ready_ += '{';
      continue;
    }
    Result<std::size_t> bytes = source_.read(into);
    if (is_plain_) return bytes;
    if (!bytes) error_ = bytes.error();
    at_end_ = !bytes || *bytes == 0;
    for (const char c : into.first(bytes.value_or(0))) is_csv_ ? take_csv(c) : take(c);
  }
  const std::size_t bytes = std::min(into.size(), ready_.size() - given_);
  std::memcpy(into.data(), ready_.data() + given_, bytes);
  given_ += bytes;
  return bytes;
}

void RecordLines::take(char c) {
  if (c == '\n') {
    end_line();
    at_ = At::kPrefix;
    ready_ += c;
  } else if (at_ != At::kPrefix) {
    ready_ += c;
  } else if (c == '{') {
    owed_ += prefix_.size();
    prefix_.clear();
    ready_ += c;
    at_ = At::kRecord;
  } else if (prefix_.size() == kPrefixBytesMax) {
    ready_ += std::exchange(prefix_, {});
    ready_ += c;
    at_ = At::kUnlikely;
  } else {
    prefix_ += c;
  }
}

// Of all that is not the record only the line ends stay.
void RecordLines::take_csv(char c) {
  const bool was_quoted = in_row_ == InRow::kRecord || in_row_ == InRow::kOther;
  bool is_given = false;
  switch (in_row_) {
    case InRow::kFieldStart:
      if (c == '{' && owed_ == 0) {  // a line that is a record by itself
        has_record_ = is_given = true;
        in_row_ = InRow::kLine;
      } else if (c != ' ') {
        in_row_ = c == '"' ? InRow::kOpened : InRow::kPlain;
      }
      break;
    case InRow::kOpened:
      if (c == '{' && !has_record_) {
        has_record_ = is_given = true;
        in_row_ = InRow::kRecord;
      } else if (c != ' ') {
        in_row_ = c == '"' ? InRow::kOtherQuote : InRow::kOther;
      }
      break;
    case InRow::kRecord:
      is_given = c != '"';
      if (!is_given) in_row_ = InRow::kRecordQuote;
      break;
    case InRow::kRecordQuote:
      is_given = c == '"';
      in_row_ = is_given ? InRow::kRecord : InRow::kPlain;
      break;
    case InRow::kOther:
      if (c == '"') in_row_ = InRow::kOtherQuote;
      break;
    case InRow::kOtherQuote: in_row_ = c == '"' ? InRow::kOther : InRow::kPlain; break;
    case InRow::kLine: is_given = true; break;
    case InRow::kPlain: break;
  }
  const bool is_between = c == ',' || c == ';' || c == '\t';
  if (in_row_ == InRow::kPlain && is_between) in_row_ = InRow::kFieldStart;
  if (c == '\n') {
    const bool is_row_over = !was_quoted && in_row_ != InRow::kOther;
    if (is_row_over) say_if_lost();
    end_line();
    ready_ += c;
    if (!is_row_over) return;
    in_row_ = InRow::kFieldStart;
    has_record_ = false;
  } else if (is_given) {
    ready_ += c;
  } else {
    ++owed_;
  }
}

// A row without a record reads as a number: whoever reads on counts what is no object.
void RecordLines::say_if_lost() {
  if (!is_csv_ || has_record_ || owed_ < 2) return;  // at most a carriage return
  --owed_;
  ready_ += '0';
}

void RecordLines::end_line() {
  ready_ += std::exchange(prefix_, {});
  ready_.append(std::exchange(owed_, 0), ' ');
}

}  // namespace mandate::json
