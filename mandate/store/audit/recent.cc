#include <utility>

#include "mandate/store/audit/audit.h"
#include "mandate/store/audit/log_reader.h"
#include "mandate/store/tile_hashes.h"

namespace mandate::store::audit {
namespace {

// Whether the visitor wanted any of them.
Result<bool> visit_bundle(const LogReader& log, std::uint64_t number,
                          const RecentVisitor& visitor) {
  const std::optional<ledger::TileId> tile = tile_at(true, 0, number, log.size());
  Result<std::optional<std::string>> bytes = log.read_tile(*tile);
  if (!bytes) return fail(bytes.error());
  if (!*bytes) return fail(Reason::kBadRequest, "\"" + log.file(*tile) + "\" is missing");
  Result<std::vector<std::string>> entries = ledger::decode_bundle(**bytes, tile->width);
  if (!entries) return fail(entries.error());
  bool wanted = false;
  for (const std::string& text : *entries) {
    const Result<json::Value> entry = json::parse(text);
    if (entry && visitor(*entry)) wanted = true;
  }
  return wanted;
}

}  // namespace

Result<void> visit_journal(const Folder& folder, const RecentVisitor& visitor) {
  Result<std::vector<std::string>> places = find_places(folder);
  if (!places) return fail(places.error());
  for (std::size_t place = places->size(); place-- > 0;) {
    if (!(*places)[place].starts_with("journal/")) continue;
    Result<LogReader> log = open_log(folder, (*places)[place]);
    if (!log) return fail(log.error());
    const std::uint64_t bundles = (log->size() + ledger::kTileWidth - 1) / ledger::kTileWidth;
    for (std::uint64_t number = bundles; number-- > 0;) {
      const Result<bool> wanted = visit_bundle(*log, number, visitor);
      if (!wanted) return fail(wanted.error());
      if (!*wanted) return {};
    }
  }
  return {};
}

}  // namespace mandate::store::audit
