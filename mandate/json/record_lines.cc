#include "mandate/json/record_lines.h"

#include <algorithm>
#include <cstring>

namespace mandate::json {
namespace {

enum class Form : std::uint8_t { kPlain, kPrefixed, kCsv };

// Of a line that does not begin with a brace: a whole object ends it, or is a field of CSV.
Form form_of(std::string_view line) {
  const std::size_t brace = line.find('{');
  if (line.substr(brace - 1).starts_with("\"{\"\"")) return Form::kCsv;
  const std::string_view record = line.substr(brace, line.find_last_not_of(" \t\r") + 1 - brace);
  const bool is_whole = record.ends_with('}') && std::count(record.begin(), record.end(), '{') ==
                                                     std::count(record.begin(), record.end(), '}');
  return is_whole && line.front() != '"' ? Form::kPrefixed : Form::kPlain;
}

// The first line with a brace decides. `at` becomes its offset.
Form form_of_all(std::string_view head, std::size_t& at) {
  std::size_t end = 0;
  for (at = 0; at < head.size(); at = end + 1) {
    end = std::min(head.find('\n', at), head.size());
    std::string_view line = head.substr(at, end - at);
    line.remove_prefix(std::min(line.size(), line.find_first_not_of(" \t\r\xef\xbb\xbf")));
    if (line.empty()) continue;
    if (line.front() == '{' || line.front() == '[') return Form::kPlain;
    if (line.find('{') != std::string_view::npos) return form_of(line);
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
  const Form form = form_of_all(head, at);
  is_plain_ = form == Form::kPlain;
  if (is_plain_) {
    ready_ = std::move(head);
    return;
  }
  is_csv_ = form == Form::kCsv;
  for (const char c : std::string_view(head).substr(0, is_csv_ ? at : 0)) {
    ready_ += c == '\n' ? c : ' ';
  }
  if (is_csv_) at_ = At::kFieldStart;
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
      const bool is_cut = at_ == At::kOther && owed_ > 0;
      if (is_cut) --owed_;
      end_line();
      if (is_cut) ready_ += '{';  // a quote that is never closed: whoever reads on says so
      continue;
    }
    const Result<std::size_t> bytes = source_.read(into);
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
  const bool is_quoted = at_ == At::kField || at_ == At::kOther;
  const bool is_given = at_ == At::kField ? c != '"' : at_ == At::kFieldQuote && c == '"';
  switch (at_) {
    case At::kFieldStart: at_ = c == '"' ? At::kOpened : At::kPlain; break;
    case At::kOpened:
      at_ = c == '"' ? At::kOtherQuote : At::kOther;
      if (c == '{' && !has_record_) {
        has_record_ = true;
        at_ = At::kField;
        ready_ += c;
        return;
      }
      break;
    case At::kField: at_ = c == '"' ? At::kFieldQuote : At::kField; break;
    case At::kFieldQuote: at_ = c == '"' ? At::kField : At::kPlain; break;
    case At::kOther: at_ = c == '"' ? At::kOtherQuote : At::kOther; break;
    case At::kOtherQuote: at_ = c == '"' ? At::kOther : At::kPlain; break;
    case At::kPlain:
    case At::kPrefix:
    case At::kRecord:
    case At::kUnlikely: break;
  }
  if (at_ == At::kPlain && c == ',') at_ = At::kFieldStart;
  if (c == '\n') {
    end_line();
    ready_ += c;
    if (is_quoted || at_ == At::kOther) return;
    at_ = At::kFieldStart;
    has_record_ = false;
  } else if (is_given) {
    ready_ += c;
  } else {
    ++owed_;
  }
}

void RecordLines::end_line() {
  ready_ += std::exchange(prefix_, {});
  ready_.append(std::exchange(owed_, 0), ' ');
}

}  // namespace mandate::json
