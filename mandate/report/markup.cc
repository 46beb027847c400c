#include "mandate/report/markup.h"

#include <algorithm>
#include <map>
#include <vector>

#include "mandate/base/text.h"

namespace mandate::report {
namespace {

constexpr int kBoxWidth = 236;
constexpr int kBoxHeight = 30;
constexpr int kColumnWidth = 312;
constexpr int kRowHeight = 42;
constexpr int kMargin = 8;
constexpr std::size_t kLabelCharactersMax = 28;

struct Box {
  std::string name;
  std::size_t column = 0;
  std::size_t row = 0;
  bool is_drawn = true;
};

// Characters, not bytes, so that none is cut in two.
std::vector<std::string_view> characters_of(std::string_view text) {
  std::vector<std::string_view> characters;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80) ++end;
    characters.push_back(text.substr(at, end - at));
    at = end;
  }
  return characters;
}

// The end tells names apart; the beginning says what they are.
std::string label_of(std::string_view name) {
  std::string seen = without_unseen(name);
  const std::vector<std::string_view> characters = characters_of(seen);
  if (characters.size() <= kLabelCharactersMax) return seen;
  constexpr std::size_t kHead = 8;
  std::string label;
  for (std::size_t i = 0; i < kHead; ++i) label += characters[i];
  label += "\u2026";
  const std::size_t tail = kLabelCharactersMax - kHead - 1;
  for (std::size_t i = characters.size() - tail; i < characters.size(); ++i) label += characters[i];
  return label;
}

std::string number(int n) { return std::to_string(n); }

class Drawing {
 public:
  explicit Drawing(std::span<const ThroughStep> steps) : steps_(steps) {
    for (const ThroughStep& step : steps) {
      box(step.from);
      box(step.to);
    }
    place();
  }

  std::string svg() const {
    std::size_t columns = 0;
    std::size_t rows = 0;
    for (const Box& each : boxes_) {
      if (!each.is_drawn) continue;
      columns = std::max(columns, each.column + 1);
      rows = std::max(rows, each.row + 1);
    }
    const int width = static_cast<int>(columns - 1) * kColumnWidth + kBoxWidth + 2 * kMargin;
    const int height = static_cast<int>(rows) * kRowHeight + 2 * kMargin;
    std::string out =
        "<svg class=\"through\" role=\"img\" aria-label=\"who acts through what\" width=\"" +
        number(width) + "\" height=\"" + number(height) + "\" viewBox=\"0 0 " + number(width) +
        " " + number(height) + "\">";
    for (const ThroughStep& step : steps_) out += line(step);
    for (const Box& each : boxes_) out += box_svg(each);
    return out + "</svg>";
  }

 private:
  void box(const std::string& name) {
    if (index_.try_emplace(name, boxes_.size()).second) boxes_.push_back({name});
  }

  // A column behind everything that leads to it; circles end after as many rounds as boxes.
  void place() {
    for (std::size_t round = 0; round < boxes_.size(); ++round) {
      bool has_moved = false;
      for (const ThroughStep& step : steps_) {
        const std::size_t behind = boxes_[index_.at(step.from)].column + 1;
        Box& to = boxes_[index_.at(step.to)];
        if (to.column >= behind || behind >= boxes_.size()) continue;
        to.column = behind;
        has_moved = true;
      }
      if (!has_moved) break;
    }
    std::map<std::size_t, std::size_t> filled;
    for (Box& each : boxes_) {
      each.row = filled[each.column]++;
      each.is_drawn = each.row < kDrawnPerColumnMax;
    }
  }

  static int left(const Box& box) { return kMargin + static_cast<int>(box.column) * kColumnWidth; }
  static int top(const Box& box) { return kMargin + static_cast<int>(box.row) * kRowHeight; }

  std::string line(const ThroughStep& step) const {
    const Box& from = boxes_[index_.at(step.from)];
    const Box& to = boxes_[index_.at(step.to)];
    if (!from.is_drawn || !to.is_drawn) return "";
    const int x1 = left(from) + kBoxWidth;
    const int y1 = top(from) + kBoxHeight / 2;
    const int x2 = left(to);
    const int y2 = top(to) + kBoxHeight / 2;
    const int bend = (kColumnWidth - kBoxWidth) / 2;
    return "<path class=\"edge\" d=\"M" + number(x1) + " " + number(y1) + "C" + number(x1 + bend) +
           " " + number(y1) + " " + number(x2 - bend) + " " + number(y2) + " " + number(x2) + " " +
           number(y2) + "\"><title>" + in_markup(step.from + " " + step.how + " " + step.to) +
           "</title></path>";
  }

  std::string box_svg(const Box& each) const {
    if (!each.is_drawn) return "";
    const std::string kind = each.column == 0 ? "box first" : "box";
    return "<g class=\"" + kind + "\"><title>" + in_markup(each.name) + "</title><rect x=\"" +
           number(left(each)) + "\" y=\"" + number(top(each)) + "\" rx=\"5\" width=\"" +
           number(kBoxWidth) + "\" height=\"" + number(kBoxHeight) + "\"/><text x=\"" +
           number(left(each) + 10) + "\" y=\"" + number(top(each) + 20) + "\">" +
           in_markup(label_of(each.name)) + "</text></g>";
  }

  std::span<const ThroughStep> steps_;
  std::vector<Box> boxes_;
  std::map<std::string, std::size_t> index_;
};

}  // namespace

std::string in_markup(std::string_view text) {
  std::string out;
  for (const char c : without_unseen(text)) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string drawing_of(std::span<const ThroughStep> steps) {
  return steps.empty() ? "" : Drawing(steps).svg();
}

}  // namespace mandate::report
