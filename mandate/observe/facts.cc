#include "mandate/observe/facts.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace mandate::observe {
namespace {

void keep_lowest(Facts::Rows& rows) {
  while (rows.size() > Facts::kRowsMax) rows.erase(std::prev(rows.end()));
}

}  // namespace

void Facts::add(const Fact& fact, const Seen& seen) {
  Rows& rows = rows_[static_cast<std::size_t>(fact.kind)];
  FactRow& row =
      rows[{std::string(fact.subject), std::string(fact.object), std::string(fact.detail)}];
  row.first = std::min(row.first, seen.time);
  row.last = std::max(row.last, seen.time);
  if (row.sample.wants(seen.time, seen.key)) row.sample.add(seen);
  keep_lowest(rows);
}

void Facts::merge(const Facts& other) {
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    for (const auto& [text, row] : other.rows_[kind]) {
      FactRow& mine = rows_[kind][text];
      mine.first = std::min(mine.first, row.first);
      mine.last = std::max(mine.last, row.last);
      mine.sample.merge(row.sample);
    }
    keep_lowest(rows_[kind]);
  }
}

bool Facts::put(FactKind kind, FactText text, FactRow row) {
  Rows& rows = rows_[static_cast<std::size_t>(kind)];
  return rows.size() < kRowsMax && rows.emplace(std::move(text), std::move(row)).second;
}

void Facts::move_lines(const LinesBefore& lines_before) {
  for (Rows& rows : rows_) {
    for (auto& [text, row] : rows) row.sample.move_lines(lines_before);
  }
}

}  // namespace mandate::observe
