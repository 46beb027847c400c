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
  for (std::size_t i = 0; i < head.size(); ++i) {
    const bool is_header = form == Form::kCsv && i < at && head[i] != '\n';
    if (is_header) ready_ += ' ';
    if (!is_header) take(head[i]);
  }
}

Result<std::size_t> RecordLines::read(std::span<char> into) {
  if (!has_looked_) look();
  while (given_ == ready_.size()) {
    ready_.clear();
    given_ = 0;
    if (at_end_) {
      if (error_) return fail(*error_);
      if (prefix_.empty() && owed_ == 0) return 0;
      end_line();
      continue;
    }
    const Result<std::size_t> bytes = source_.read(into);
    if (is_plain_) return bytes;
    if (!bytes) error_ = bytes.error();
    at_end_ = !bytes || *bytes == 0;
    for (std::size_t i = 0; i < bytes.value_or(0); ++i) take(into[i]);
  }
  const std::size_t bytes = std::min(into.size(), ready_.size() - given_);
  std::memcpy(into.data(), ready_.data() + given_, bytes);
  given_ += bytes;
  return bytes;
}

void RecordLines::take(char c) {
  if (c == '\n') {
    end_line();
    ready_ += c;
    return;
  }
  switch (at_) {
    case At::kPrefix:
      prefix_ += c;
      if (c == '{') open_record();
      if (prefix_.size() > kPrefixBytesMax) {
        ready_ += std::exchange(prefix_, {});
        at_ = At::kUnlikely;
      }
      break;
    case At::kField:
      if (c != '"') {
        ready_ += c;
      } else {
        ++owed_;
        at_ = At::kQuote;
      }
      break;
    case At::kQuote:
      if (c == '"') {
        ready_ += c;
        at_ = At::kField;
      } else {
        ++owed_;
        at_ = At::kRest;
      }
      break;
    case At::kRest: ++owed_; break;
    case At::kRecord:
    case At::kUnlikely: ready_ += c; break;
  }
}

// At its brace, which is the last of `prefix_`.
void RecordLines::open_record() {
  const bool is_field = prefix_.size() >= 2 && prefix_[prefix_.size() - 2] == '"';
  owed_ += prefix_.size() - 1;
  ready_ += '{';
  prefix_.clear();
  at_ = is_field ? At::kField : At::kRecord;
}

void RecordLines::end_line() {
  ready_ += std::exchange(prefix_, {});
  ready_.append(std::exchange(owed_, 0), ' ');
  at_ = At::kPrefix;
}

}  // namespace mandate::json
