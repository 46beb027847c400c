#include "mandate/observe/sources/members.h"

#include <algorithm>
#include <utility>

#include "mandate/observe/sources/text.h"

namespace mandate::observe {

std::optional<json::Value> value_in(const json::Slot& slot) {
  if (slot.kind == json::SlotKind::kAbsent || slot.text.empty()) return std::nullopt;
  Result<json::Value> parsed = json::parse(slot.text);
  if (!parsed) return std::nullopt;
  return std::move(*parsed);
}

const json::Value* value_at(const json::Value& value,
                            std::initializer_list<std::string_view> path) {
  const json::Value* at = &value;
  for (const std::string_view name : path) {
    at = at->find(name);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string_view text_at(const json::Value& value, std::initializer_list<std::string_view> path) {
  const json::Value* found = value_at(value, path);
  if (found == nullptr || !found->is_string()) return {};
  return found->as_string();
}

const json::Array& items_at(const json::Value& value,
                            std::initializer_list<std::string_view> path) {
  static const json::Array kNone;
  const json::Value* found = value_at(value, path);
  return found != nullptr && found->is_array() ? found->as_array() : kNone;
}

std::string_view first_string(std::span<const json::Slot> slots,
                              std::initializer_list<std::size_t> of) {
  for (const std::size_t index : of) {
    if (!slots[index].string().empty()) return slots[index].string();
  }
  return {};
}

void unify_accounts(Scratch& scratch, Activity& activity) {
  auto unify = [&scratch](std::string_view& name) {
    const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (domain_of(name).empty() || std::none_of(name.begin(), name.end(), is_upper)) return;
    std::string lower(name);
    for (char& c : lower) c = is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
    name = scratch.keep(std::move(lower));
  };
  unify(activity.actor.id);
  unify(activity.change.object);
  for (Activity& further : scratch.more) {
    unify(further.actor.id);
    unify(further.change.object);
  }
}

}  // namespace mandate::observe
