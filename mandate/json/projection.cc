#include "mandate/json/projection.h"

#include <algorithm>
#include <cassert>

namespace mandate::json {
namespace {

// Takes the first name off `path`.
std::string take_name(std::string_view& path) {
  std::string name;
  while (!path.empty()) {
    const char c = path.front();
    path.remove_prefix(1);
    if (c == '.') break;
    if (c == '\\' && !path.empty()) {
      name += path.front();
      path.remove_prefix(1);
    } else {
      name += c;
    }
  }
  return name;
}

}  // namespace

Projection::Projection(std::span<const std::string_view> paths) : slots_(paths.size()) {
  assert(paths.size() <= limits::kProjectionPathsMax);
  add_node();
  for (std::size_t i = 0; i < paths.size(); ++i) {
    std::string_view path = paths[i];
    std::uint16_t node = root();
    while (!path.empty()) {
      nodes_[node].is_inner = true;
      const std::string name = take_name(path);
      node = make_child(node, name);
    }
    assert(nodes_[node].slot == kNone);
    nodes_[node].slot = static_cast<std::uint16_t>(i);
  }
}

std::uint16_t Projection::add_node() {
  nodes_.emplace_back();
  return static_cast<std::uint16_t>(nodes_.size() - 1);
}

std::uint16_t Projection::make_child(std::uint16_t node, std::string_view name) {
  if (name == "[0]") {
    if (nodes_[node].first_item == kNone) {
      const std::uint16_t made = add_node();
      nodes_[node].first_item = made;
    }
    return nodes_[node].first_item;
  }
  if (const std::uint16_t known = child(node, name); known != kNone) return known;
  if (nodes_[node].names == kNone) {
    nodes_[node].names = static_cast<std::uint16_t>(names_.size());
    names_.resize(names_.size() + kNamesMax);
  }
  Name made(texts_.emplace_back(name));
  made.node = add_node();
  std::size_t at = made.slot();
  while (names_[nodes_[node].names + at].node != kNone) at = (at + 1) % kNamesMax;
  names_[nodes_[node].names + at] = made;
  return made.node;
}

}  // namespace mandate::json
