#include "mandate/observe/inventory/documents.h"

#include <algorithm>
#include <utility>

#include "mandate/base/limits.h"
#include "mandate/json/foreign_yaml.h"

namespace mandate::observe {
namespace {

// Schemas in Kubernetes nest deep.
constexpr json::Bounds kBounds{.bytes_max = limits::kDocumentBytesMax,
                               .depth_max = 128,
                               .values_max = limits::kDocumentValuesMax};
constexpr std::size_t kSkippedMax = 1000;  // of one file; more say no more

std::string_view without_mark(std::string_view text) {
  return text.starts_with("\xef\xbb\xbf") ? text.substr(3) : text;
}

}  // namespace

DocumentReader::DocumentReader(std::uint32_t file, std::string_view text)
    : file_(file), text_(without_mark(text)) {
  std::uint64_t mark = text.size() - text_.size();
  line_starts_.push_back(0);
  for (std::size_t at = text_.find('\n'); at != std::string_view::npos;
       at = text_.find('\n', at + 1)) {
    line_starts_.push_back(at + 1 + mark);
  }
}

InventoryPlace DocumentReader::at_line(std::uint32_t line) const {
  std::size_t index = std::min<std::size_t>(line == 0 ? 0 : line - 1, line_starts_.size() - 1);
  return {file_, static_cast<std::uint32_t>(index + 1), line_starts_[index]};
}

InventoryPlace DocumentReader::place_of(const json::Value& value) const {
  return at_line(value.line() + lines_before_);
}

void DocumentReader::hand_over(const json::Value& value,
                               const std::function<void(const json::Value&)>& take) {
  if (!value.is_array()) return take(value);
  for (const json::Value& item : value.as_array()) take(item);
}

bool DocumentReader::read_json(const std::function<void(const json::Value&)>& take) {
  Result<json::Value> whole = json::parse(text_, kBounds);
  if (!whole) {
    json_error_ = whole.error().detail;
    return false;
  }
  hand_over(*whole, take);
  return true;
}

bool DocumentReader::read_lines(const std::function<void(const json::Value&)>& take,
                                std::vector<SkippedDocument>& skipped) {
  // The first line that holds anything says whether this is NDJSON at all.
  std::size_t first = text_.find_first_not_of(" \t\r\n");
  std::size_t first_end = std::min(text_.find('\n', first), text_.size());
  if (!json::parse(text_.substr(first, first_end - first), kBounds)) return false;
  std::size_t refused = 0;
  for (std::size_t begin = 0; begin < text_.size(); ++lines_before_) {
    std::size_t end = std::min(text_.find('\n', begin), text_.size());
    std::string_view row = text_.substr(begin, end - begin);
    begin = end + 1;
    if (row.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    Result<json::Value> value = json::parse(row, kBounds);
    if (value) {
      hand_over(*value, take);
    } else if (++refused <= kSkippedMax) {
      skipped.push_back({at_line(lines_before_ + 1), value.error().detail});
    }
  }
  return true;
}

void DocumentReader::read_yaml(const std::function<void(const json::Value&)>& take,
                               std::vector<SkippedDocument>& skipped) {
  lines_before_ = 0;
  std::size_t refused = 0;
  for (const json::YamlDocument& document : json::parse_foreign_yaml(text_, kBounds)) {
    if (document.value) {
      hand_over(*document.value, take);
    } else if (++refused <= kSkippedMax) {
      skipped.push_back({at_line(document.line), document.value.error().detail});
    }
  }
}

void DocumentReader::read(const std::function<void(const json::Value&)>& take,
                          std::vector<SkippedDocument>& skipped) {
  std::size_t first = text_.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return;
  bool may_be_json = text_[first] == '{' || text_[first] == '[';
  if (may_be_json && (read_json(take) || read_lines(take, skipped))) return;
  if (may_be_json &&
      text_[first + 1 < text_.size() ? text_.find_first_not_of(" \t\r\n", first + 1) : first] ==
          '"') {
    skipped.push_back({at_line(1), json_error_});
    return;
  }
  read_yaml(take, skipped);
}

}  // namespace mandate::observe
