#include "mandate/json/walk.h"

#include <algorithm>

namespace mandate::json {
namespace {

bool opens_value(char before) {
  return before == ',' || before == ':' || before == '[' || before == '{';
}

}  // namespace

Walk::End Walk::record(const Projection& wanted, const Projection* envelopes,
                       std::span<Slot> slots) {
  wanted_ = &wanted;
  envelopes_ = envelopes;
  slots_ = slots;
  std::fill(slots.begin(), slots.end(), Slot{});
  return object(Projection::root(), true);
}

bool Walk::is_envelope(std::string_view name) const {
  return envelopes_ != nullptr && peek() == '[' && at_ + 1 < end_ && text_[at_[1]] == '{' &&
         envelopes_->child(Projection::root(), name) != Projection::kNone;
}

// The recursion is as deep as the projection's paths.
Walk::End Walk::object(std::uint16_t node, bool is_top) {
  ++at_;
  if (peek() == '}') {
    ++at_;
    return End::kWhole;
  }
  while (true) {
    if (peek() != '"') return failed();
    const char* name = text_ + *at_ + 1;
    ++at_;
    if (peek() != ':') return failed();
    const char* name_end = text_ + *at_ - 1;
    while (*name_end != '"') --name_end;
    const std::string_view key(name, static_cast<std::size_t>(name_end - name));
    ++at_;
    if (is_top && is_envelope(key)) {
      ++at_;
      return End::kEnvelope;
    }
    const std::uint16_t child = wanted_->child(node, key);
    const End end = child == Projection::kNone ? skip() : value(child);
    if (end != End::kWhole) return end;
    const char after = peek();
    if (after != ',' && after != '}') return failed();
    ++at_;
    if (after == '}') return End::kWhole;
  }
}

Walk::End Walk::array(std::uint16_t node) {
  const std::uint16_t item = wanted_->first_item(node);
  if (item == Projection::kNone) return skip();
  ++at_;
  if (peek() == ']') {
    ++at_;
    return End::kWhole;
  }
  End end = value(item);
  while (end == End::kWhole) {
    const char after = peek();
    if (after != ',' && after != ']') return failed();
    ++at_;
    if (after == ']') return End::kWhole;
    end = skip();
  }
  return end;
}

Walk::End Walk::value(std::uint16_t node) {
  const std::uint32_t begin = *at_;
  Slot found;
  switch (peek()) {
    case '{': {
      found.kind = SlotKind::kObject;
      const End end = wanted_->is_inner(node) ? object(node, false) : skip();
      if (end != End::kWhole) return end;
      found.text = {text_ + begin, at_[-1] + 1 - begin};
      break;
    }
    case '[': {
      found.kind = SlotKind::kArray;
      const End end = array(node);
      if (end != End::kWhole) return end;
      found.text = {text_ + begin, at_[-1] + 1 - begin};
      break;
    }
    case '"': {
      found.kind = SlotKind::kString;
      ++at_;
      const char* close = text_ + *at_ - 1;
      while (*close != '"') --close;
      const char* open = text_ + begin + 1;
      if (close < open) return failed();
      found.text = {open, static_cast<std::size_t>(close - open)};
      break;
    }
    case '}':
    case ']':
    case ',':
    case ':':
    case '\0': return failed();
    default: {
      found.kind = SlotKind::kScalar;
      ++at_;
      const char* last = text_ + *at_;
      while (last[-1] == ' ' || last[-1] == '\n' || last[-1] == '\r' || last[-1] == '\t') --last;
      found.text = {text_ + begin, static_cast<std::size_t>(last - (text_ + begin))};
    }
  }
  if (const std::uint16_t slot = wanted_->slot(node); slot != Projection::kNone) {
    slots_[slot] = found;
  }
  return End::kWhole;
}

Walk::End Walk::skip() {
  switch (peek()) {
    case '{':
    case '[': break;
    case '}':
    case ']':
    case ',':
    case ':':
    case '\0': return failed();
    default: ++at_; return End::kWhole;
  }
  std::size_t depth = 1;
  for (++at_; at_ < end_; ++at_) {
    const char c = peek();
    if (c == '{' || c == '[') {
      // A line that was cut short would otherwise swallow the lines after it.
      if (!opens_value(text_[at_[-1]])) return End::kMalformed;
      if (++depth > limits::kRecordDepthMax) return End::kTooDeep;
    } else if (c == '}' || c == ']') {
      if (--depth == 0) {
        ++at_;
        return End::kWhole;
      }
    }
  }
  return End::kOpen;
}

}  // namespace mandate::json
