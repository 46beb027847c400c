#include "mandate/json/foreign_yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/json/scan.h"
#include "mandate/json/yaml_text.h"

namespace mandate::json {
namespace {

// Carries an error out through yaml-cpp; never leaves this file.
struct Refused {
  Error error;
};

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::optional<Value> integer_of(std::string_view text) {
  bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0o")) {
    base = text[1] == 'x' ? 16 : 8;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text[0] == '0') {
    base = 8;
    text.remove_prefix(1);
  }
  std::string digits(text);
  std::erase(digits, '_');
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (error != std::errc() || end != digits.data() + digits.size() || number < 0 ||
      text.starts_with('_')) {
    return std::nullopt;
  }
  return Value(is_negative ? -number : number);
}

std::optional<Value> float_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::string_view unsigned_text = text.substr(text.starts_with('-') ? 1 : 0);
  if (unsigned_text.find_first_not_of("0123456789.eE+-") != std::string_view::npos ||
      unsigned_text.find_first_of("0123456789") == std::string_view::npos ||
      std::string_view("0123456789.").find(unsigned_text[0]) == std::string_view::npos) {
    return std::nullopt;
  }
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
    return std::nullopt;
  }
  return Value(number);
}

Value plain_value(const std::string& text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return {};
  if (is_one_of(text, {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})) {
    return Value(true);
  }
  if (is_one_of(text, {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})) {
    return Value(false);
  }
  if (std::optional<Value> number = integer_of(text)) return *number;
  if (std::optional<Value> number = float_of(text)) return *number;
  return Value(text);
}

class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string_view text, std::uint32_t first_line, const Bounds& bounds,
          std::size_t& values)
      : text_(text), first_line_(first_line), bounds_(bounds), values_(values) {}

  bool has_document() const { return has_document_; }
  Value take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override { has_document_ = true; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (expects_key()) return set_key("", line_of(mark));
    add(Value(), line_of(mark), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    std::uint32_t line = line_of(mark);
    auto found = anchors_.find(anchor);
    if (found == anchors_.end()) refuse(line, "an alias of what it stands in");
    count(found->second.values, line);
    if (found->second.depth + frames_.size() > bounds_.depth_max) refuse_depth(line);
    if (expects_key()) {
      if (!found->second.value.is_string()) refuse(line, "a key that is no string");
      return set_key(found->second.value.as_string(), line);
    }
    attach({found->second.value, found->second.depth});
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    std::uint32_t line = line_of(mark);
    std::string_view source =
        text_.substr(std::min(static_cast<std::size_t>(std::max(mark.pos, 0)), text_.size()));
    bool is_quoted = source.starts_with('"') || source.starts_with('\'');
    if (is_quoted && !has_closing_quote(source)) refuse(line, "a quote that does not end");
    if (!is_utf8(text)) refuse(line, "an escape that gives no UTF-8");
    if (expects_key()) return set_key(text, line);
    // "?" is a plain scalar without a tag, "!" a quoted one or a block.
    bool is_string = tag == "!" || tag == "tag:yaml.org,2002:str";
    add(is_string ? Value(text) : plain_value(text), line, anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    start(Value(Array{}), mark, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    start(Value(Object{}), mark, anchor);
  }
  void OnMapEnd() override {
    Frame& frame = frames_.back();
    if (auto unique = check_unique(frame.value.as_object()); !unique) throw Refused{unique.error()};
    if (!frame.merged.empty()) merge_all(frame);
    end();
  }

 private:
  struct Frame {
    Value value;
    YAML::anchor_t anchor = 0;
    std::size_t values_before = 0;
    std::size_t depth = 1;  // of what it holds so far
    Member key;             // of an object, whose value is next
    bool has_key = false;
    std::vector<Value> merged;  // what stands behind `<<`
  };
  struct Anchored {
    Value value;
    std::size_t values = 0;  // all levels
    std::size_t depth = 0;   // 0 for a scalar
  };
  struct Built {
    Value value;
    std::size_t depth = 0;
  };

  [[noreturn]] static void refuse(std::uint32_t line, std::string_view detail,
                                  Reason reason = Reason::kBadRequest) {
    throw Refused{error_at(line, detail, reason)};
  }
  [[noreturn]] void refuse_depth(std::uint32_t line) const {
    refuse(line, "nested deeper than " + std::to_string(bounds_.depth_max), Reason::kLimitExceeded);
  }
  std::uint32_t line_of(const YAML::Mark& mark) const {
    return first_line_ + static_cast<std::uint32_t>(std::max(mark.line, 0));
  }
  bool expects_key() const {
    return !frames_.empty() && frames_.back().value.is_object() && !frames_.back().has_key;
  }
  void count(std::size_t values, std::uint32_t line) {
    values_ += values;
    if (values_ > bounds_.values_max) {
      refuse(line, "more than " + std::to_string(bounds_.values_max) + " values",
             Reason::kLimitExceeded);
    }
  }
  void set_key(std::string key, std::uint32_t line) {
    frames_.back().key = {std::move(key), Value(), line};
    frames_.back().has_key = true;
  }
  void start(Value value, const YAML::Mark& mark, YAML::anchor_t anchor) {
    std::uint32_t line = line_of(mark);
    if (expects_key()) refuse(line, "a key that is no scalar; expected a string");
    if (frames_.size() >= bounds_.depth_max) refuse_depth(line);
    std::size_t before = values_;
    count(1, line);
    value.set_line(line);
    frames_.push_back({std::move(value), anchor, before, 1, {}, false, {}});
  }
  void end() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    if (frame.anchor != 0) {
      anchors_[frame.anchor] = {frame.value, values_ - frame.values_before, frame.depth};
    }
    attach({std::move(frame.value), frame.depth});
  }
  void add(Value value, std::uint32_t line, YAML::anchor_t anchor) {
    count(1, line);
    value.set_line(line);
    if (anchor != 0) anchors_[anchor] = {value, 1, 0};
    attach({std::move(value), 0});
  }
  void attach(Built built) {
    if (frames_.empty()) {
      root_ = std::move(built.value);
      return;
    }
    Frame& frame = frames_.back();
    frame.depth = std::max(frame.depth, built.depth + 1);
    if (frame.value.is_array()) {
      frame.value.push_back(std::move(built.value));
      return;
    }
    frame.has_key = false;
    if (frame.key.key == "<<") {
      frame.merged.push_back(std::move(built.value));
      return;
    }
    frame.key.value = std::move(built.value);
    frame.value.as_object().push_back(std::move(frame.key));
  }
  // What is written in the object wins; of several merged, the first.
  static void merge_all(Frame& frame) {
    std::unordered_set<std::string> keys;
    for (const Member& member : frame.value.as_object()) keys.insert(member.key);
    for (const Value& merged : frame.merged) {
      if (!merged.is_array()) {
        merge(frame, merged, keys);
        continue;
      }
      for (const Value& item : merged.as_array()) merge(frame, item, keys);
    }
  }
  static void merge(Frame& frame, const Value& merged, std::unordered_set<std::string>& keys) {
    if (!merged.is_object()) refuse(frame.value.line(), "a merge key whose value is no object");
    for (const Member& member : merged.as_object()) {
      if (keys.insert(member.key).second) frame.value.as_object().push_back(member);
    }
  }

  std::string_view text_;
  std::uint32_t first_line_;
  const Bounds& bounds_;
  std::size_t& values_;
  std::vector<Frame> frames_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  Value root_;
  bool has_document_ = false;
};

struct Piece {
  std::string_view text;
  std::uint32_t line = 1;
};

// A line that begins with `---` or `...` ends a document wherever it stands (YAML 1.2 section
// 9.1.2), so documents can be told apart before they are read. Directives stand before `---` only.
std::vector<Piece> pieces_of(std::string_view text) {
  std::vector<Piece> pieces;
  std::size_t begin = 0;
  std::uint32_t line = 1;
  std::uint32_t begin_line = 1;
  bool is_between = true;  // nothing but comments, blank lines and directives so far
  for (std::size_t at = 0; at < text.size(); ++line) {
    std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    std::string_view row = text.substr(at, end - at);
    bool is_mark = (row.starts_with("---") || row.starts_with("...")) &&
                   (row.size() == 3 || std::string_view(" \t\r\n").find(row[3]) != row.npos);
    bool is_directive = is_between && row.starts_with('%');
    if (is_mark || is_directive) {
      pieces.push_back({text.substr(begin, at - begin), begin_line});
      bool is_begin = row.starts_with('-');
      begin = is_begin ? at + 3 : end;  // `--- text` holds its document's first line
      begin_line = is_begin ? line : line + 1;
      is_between = !is_begin;
    } else if (row.find_first_not_of(" \t\r\n") != row.npos && !row.starts_with('#')) {
      is_between = false;
    }
    at = end;
  }
  pieces.push_back({text.substr(std::min(begin, text.size())), begin_line});
  return pieces;
}

// Nothing where the piece holds no document.
std::optional<Result<Value>> parse_piece(const Piece& piece, const Bounds& bounds,
                                         std::size_t& values) {
  if (piece.text.find_first_not_of(" \t\r\n") == std::string_view::npos) return std::nullopt;
  if (auto ok = check_yaml_text(piece.text); !ok) {
    return fail(error_at(piece.line, "in the document that begins here, " + ok.error().detail));
  }
  Builder builder(piece.text, piece.line, bounds, values);
  try {
    std::istringstream in{std::string(piece.text)};
    YAML::Parser parser(in);
    parser.HandleNextDocument(builder);
  } catch (const Refused& refused) {
    return fail(refused.error);
  } catch (const YAML::Exception& error) {
    std::uint32_t line = piece.line + static_cast<std::uint32_t>(std::max(error.mark.line, 0));
    return fail(error_at(line, printable(error.msg)));
  }
  if (!builder.has_document()) return std::nullopt;
  return builder.take();
}

}  // namespace

std::vector<YamlDocument> parse_foreign_yaml(std::string_view text, const Bounds& bounds) {
  std::vector<YamlDocument> documents;
  if (text.size() > bounds.bytes_max) {
    std::string detail = "a text of " + std::to_string(text.size()) + " bytes; expected at most " +
                         std::to_string(bounds.bytes_max);
    documents.push_back({fail(Reason::kLimitExceeded, std::move(detail))});
    return documents;
  }
  const char* origin = text.data();
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::size_t values = 0;
  for (const Piece& piece : pieces_of(text)) {
    std::optional<Result<Value>> value = parse_piece(piece, bounds, values);
    if (!value) continue;
    auto offset = static_cast<std::size_t>(piece.text.data() - origin);
    documents.push_back({std::move(*value), piece.line, offset});
    if (values > bounds.values_max) break;
  }
  return documents;
}

}  // namespace mandate::json
