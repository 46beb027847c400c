#include "apps/mandate/file_pieces.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "mandate/observe/sources/source.h"

namespace mandate::app {
namespace {

using Where = json::RecordStream::Where;

constexpr std::size_t kHeadBytes = 256 << 10;  // in which the first record ends
constexpr std::size_t kLookBytes = 1 << 20;    // behind a piece, for the next record

// What stands between two records, up to the first of the second: a line's end and a brace or, in
// an array, a comma and the member that the first record begins with.
struct Between {
  Where where = Where::kTop;
  std::string text;
  std::size_t to_record = 0;  // bytes of it that belong to the first
};

std::optional<Between> between_records(std::string_view head) {
  json::MemorySource source(head);
  json::RecordStream in(source, observe::all_envelopes());
  const json::Projection nothing({});
  if (!in.next(nothing, {})) return std::nullopt;
  const std::string first(in.record());
  const Where where = in.where();
  const std::size_t behind = in.offset() + first.size();
  if (in.damage().skipped() > 0 || !in.next(nothing, {})) return std::nullopt;
  const std::string_view text = head.substr(behind, in.offset() - behind);
  if (where == Where::kTop) {
    if (text.find('\n') == text.npos || text.find(',') != text.npos) return std::nullopt;
    return Between{where, "\n{", 1};
  }
  const std::size_t name_end = first.find('"', first.find('"') + 1);
  if (name_end == first.npos) return std::nullopt;
  return Between{where, "}" + std::string(text) + first.substr(0, name_end + 1), 1 + text.size()};
}

}  // namespace

std::vector<FileCut> cut_file(const WholeFile& file, std::uint64_t piece_bytes) {
  if (file.size() < 2 * piece_bytes) return {};
  std::string text(kHeadBytes, '\0');
  Result<std::size_t> bytes = file.read(0, text);
  if (!bytes) return {};
  const std::optional<Between> between = between_records(std::string_view(text).substr(0, *bytes));
  if (!between) return {};
  std::vector<FileCut> cuts(1);
  cuts.back().piece.ends_in = between->where;
  text.resize(kLookBytes);
  for (std::uint64_t at = piece_bytes; at + piece_bytes <= file.size(); at += piece_bytes) {
    bytes = file.read(at, text);
    if (!bytes) return {};
    const std::size_t found = std::string_view(text).substr(0, *bytes).find(between->text);
    if (found == std::string_view::npos) continue;
    const std::uint64_t cut = at + found + between->to_record;
    cuts.back().end = cut;
    cuts.back().piece.is_last = false;
    cuts.push_back({0, {cut, between->where, between->where, true}});
  }
  cuts.back().end = UINT64_MAX;
  if (cuts.size() == 1) return {};
  return cuts;
}

}  // namespace mandate::app
