#include "mandate/record/node.h"

#include <array>
#include <charconv>

#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"

namespace mandate::record {
namespace {

struct Row {
  std::string_view name;
  char letter;
};
// In the order of the enum.
constexpr std::array<Row, kNodeKindCount> kRows = {{{"principal", 'p'},
                                                    {"team", 'g'},
                                                    {"resource", 'r'},
                                                    {"entitlement", 'e'},
                                                    {"delegation", 'd'},
                                                    {"authenticator", 'k'},
                                                    {"trusted_issuer", 'i'},
                                                    {"token", 't'},
                                                    {"transaction", 'x'}}};

const Row& row(NodeKind kind) { return kRows[static_cast<std::size_t>(kind)]; }

}  // namespace

std::string_view name(NodeKind kind) { return row(kind).name; }

std::optional<NodeKind> parse_node_kind(std::string_view word) {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].name == word) return static_cast<NodeKind>(i);
  }
  return std::nullopt;
}

std::string short_id(const NodeRef& node) {
  std::string text(1, row(node.kind).letter);
  return has_handle(node.kind) ? text + std::to_string(node.index) : text + ':' + node.text;
}

Result<NodeRef> parse_short_id(std::string_view text) {
  auto refuse = [&] {
    return fail(
        Reason::kBadRequest,
        quoted(text) + " is no short id; expected a kind's letter and a number, or t: or x:");
  };
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (!text.starts_with(kRows[i].letter)) continue;
    NodeRef node{static_cast<NodeKind>(i), 0, {}};
    std::string_view rest = text.substr(1);
    if (!has_handle(node.kind)) {
      if (rest.size() < 2 || rest.size() > 1 + limits::kJtiBytesMax || rest[0] != ':') {
        return refuse();
      }
      node.text = rest.substr(1);
      return node;
    }
    const char* end = rest.data() + rest.size();
    auto [stop, error] = std::from_chars(rest.data(), end, node.index);
    bool one_text = rest.size() == 1 || !rest.starts_with('0');
    if (error != std::errc() || stop != end || !one_text) return refuse();
    return node;
  }
  return refuse();
}

}  // namespace mandate::record
