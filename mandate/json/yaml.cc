#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/json/scan.h"
#include "mandate/json/value.h"
#include "mandate/json/yaml_text.h"

namespace mandate::json {
namespace {

constexpr std::string_view kDigits = "0123456789";

// Carries an error out through yaml-cpp; never leaves this file.
struct Refused {
  Error error;
};

[[noreturn]] void refuse(std::uint32_t line, std::string_view detail,
                         Reason reason = Reason::kBadRequest) {
  throw Refused{error_at(line, detail, reason)};
}

std::uint32_t line_of(const YAML::Mark& mark) { return static_cast<std::uint32_t>(mark.line + 1); }

bool holds_only(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

// Spelled numbers, in any base, with separators, signs or colons. Wider than YAML's own patterns:
// what looks like a number and is none in JSON must be quoted.
bool looks_like_number(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  std::string_view base = text.substr(0, 2);
  if (base == "0x" || base == "0X") return holds_only(text.substr(2), "0123456789abcdefABCDEF_");
  if (base == "0o" || base == "0b") return holds_only(text.substr(2), "0123456789_");
  return !text.empty() && (text[0] == '.' || holds_only(text.substr(0, 1), kDigits)) &&
         holds_only(text, "0123456789_.:+-eE");
}

// YYYY-M-D, also with a time behind.
bool looks_like_date(std::string_view text) {
  auto digits = [&text](std::size_t min, std::size_t max) {
    std::size_t count = std::min(text.find_first_not_of(kDigits), text.size());
    text.remove_prefix(count);
    return count >= min && count <= max;
  };
  auto dash = [&text] {
    bool found = text.starts_with('-');
    if (found) text.remove_prefix(1);
    return found;
  };
  return digits(4, 4) && dash() && digits(1, 2) && dash() && digits(1, 2) &&
         (text.empty() || std::string_view("Tt \t").find(text[0]) != std::string_view::npos);
}

bool is_implicit(std::string_view text) {
  constexpr std::string_view kWords[] = {"null", "true", "false", "yes",  "no",   "on", "off",
                                         "y",    "n",    "~",     ".inf", ".nan", "="};
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  std::string_view unsigned_text = lower;
  if (lower.starts_with('+') || lower.starts_with('-')) unsigned_text.remove_prefix(1);
  return std::find(std::begin(kWords), std::end(kWords), lower) != std::end(kWords) ||
         unsigned_text == ".inf" || looks_like_number(text) || looks_like_date(text) ||
         text.empty() || text == "<<";
}

[[noreturn]] void refuse_implicit(std::uint32_t line, std::string_view text) {
  refuse(line, "implicit type: readers of YAML differ about " + quoted(text) +
                   "; expected it in quotes, or null, true, false or a JSON number");
}

Value plain_value(std::string_view text, std::uint32_t line) {
  if (text == "true" || text == "false") return Value(text == "true");
  if (is_number(text)) {
    if (Result<Value> number = parse(text)) return *number;
    refuse(line, "the number " + quoted(text) + " is outside a double");
  }
  if (is_implicit(text)) refuse_implicit(line, text);
  return Value(text);
}

// Builds one document from yaml-cpp's events, and refuses what the subset leaves out.
class Builder final : public YAML::EventHandler {
 public:
  Builder(std::string_view text, const Bounds& bounds) : text_(text), bounds_(bounds) {}

  Value take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) refuse(line_of(mark), "a second document; expected one");
  }
  void OnDocumentEnd() override {}

  // yaml-cpp calls this for `null` in any case, for `~` and for nothing at all; the source tells.
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    std::string_view source = source_at(mark);
    bool is_written = source.starts_with("null");
    if (expects_key()) refuse(line_of(mark), "a key that is null; expected a string");
    if (!is_written) refuse_implicit(line_of(mark), source.starts_with('~') ? "~" : "");
    add(Value(), mark);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(line_of(mark), "an alias; expected the value written out");
  }
  void OnAnchor(const YAML::Mark& mark, const std::string& name) override {
    refuse(line_of(mark), "an anchor " + quoted(name) + "; expected none");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& text) override {
    check_tag(mark, tag);
    bool is_plain = tag == "?";
    std::string_view source = source_at(mark);
    bool is_quoted = source.starts_with('"') || source.starts_with('\'');
    if (is_quoted && !has_closing_quote(source)) refuse(line_of(mark), "a quote that does not end");
    // yaml-cpp writes the escapes \N and \_ as bytes of Latin-1.
    if (!is_utf8(text)) refuse(line_of(mark), "an escape that gives no UTF-8");
    if (!expects_key()) return add(is_plain ? plain_value(text, line_of(mark)) : Value(text), mark);
    if (is_plain && text == "<<") refuse(line_of(mark), "a merge key; expected the members");
    // `y` is a member of every JWK on a curve; a key has no other type to be mistaken for.
    if (is_plain && text != "y" && text != "n" && !plain_value(text, line_of(mark)).is_string()) {
      refuse(line_of(mark), "a key " + quoted(text) + " that is no string; expected it in quotes");
    }
    frames_.back().key = {text, Value(), line_of(mark)};
    frames_.back().has_key = true;
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    start(Value(Array{}), mark, tag);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    start(Value(Object{}), mark, tag);
  }
  void OnMapEnd() override {
    if (auto unique = check_unique(frames_.back().value.as_object()); !unique) {
      throw Refused{unique.error()};
    }
    end();
  }

 private:
  struct Frame {
    Value value;
    Member key;  // of an object, whose value is next
    bool has_key = false;
  };

  std::string_view source_at(const YAML::Mark& mark) const {
    auto at = static_cast<std::size_t>(std::max(mark.pos, 0));
    return text_.substr(std::min(at, text_.size()));
  }
  bool expects_key() const {
    return !frames_.empty() && frames_.back().value.is_object() && !frames_.back().has_key;
  }
  // A bare `!` leaves a tag that looks like none, so the source is asked too.
  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if ((tag != "?" && tag != "!") || source_at(mark).starts_with('!')) {
      refuse(line_of(mark), "a tag; expected none");
    }
  }
  void count(std::uint32_t line) {
    if (++values_ > bounds_.values_max) {
      refuse(line, "more than " + std::to_string(bounds_.values_max) + " values",
             Reason::kLimitExceeded);
    }
  }
  void start(Value value, const YAML::Mark& mark, const std::string& tag) {
    std::uint32_t line = line_of(mark);
    check_tag(mark, tag);
    if (expects_key()) refuse(line, "a key that is no scalar; expected a string");
    if (frames_.size() >= bounds_.depth_max) {
      refuse(line, "nested deeper than " + std::to_string(bounds_.depth_max),
             Reason::kLimitExceeded);
    }
    count(line);
    value.set_line(line);
    frames_.push_back({std::move(value), {}, false});
  }
  void end() {
    Value value = std::move(frames_.back().value);
    frames_.pop_back();
    attach(std::move(value));
  }
  void add(Value value, const YAML::Mark& mark) {
    count(line_of(mark));
    value.set_line(line_of(mark));
    attach(std::move(value));
  }
  void attach(Value value) {
    if (frames_.empty()) {
      root_ = std::move(value);
    } else if (Frame& frame = frames_.back(); frame.value.is_array()) {
      frame.value.push_back(std::move(value));
    } else {
      frame.key.value = std::move(value);
      frame.value.as_object().push_back(std::move(frame.key));
      frame.has_key = false;
    }
  }

  std::string_view text_;
  const Bounds& bounds_;
  std::vector<Frame> frames_;
  Value root_;
  std::size_t documents_ = 0;
  std::size_t values_ = 0;
};

}  // namespace

Result<Value> parse_yaml(std::string_view text, const Bounds& bounds) {
  if (text.size() > bounds.bytes_max) {
    return fail(Reason::kLimitExceeded, "a text of " + std::to_string(text.size()) +
                                            " bytes; expected at most " +
                                            std::to_string(bounds.bytes_max));
  }
  if (auto ok = check_yaml_text(text); !ok) return fail(ok.error());
  Builder builder(text, bounds);
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    if (!parser.HandleNextDocument(builder)) {
      return fail(error_at(1, "an empty text; expected a document"));
    }
    parser.HandleNextDocument(builder);  // refuses where there is one
  } catch (const Refused& refused) {
    return fail(refused.error);
  } catch (const YAML::Exception& error) {
    return fail(error_at(line_of(error.mark), printable(error.msg)));
  }
  return builder.take();
}

}  // namespace mandate::json
