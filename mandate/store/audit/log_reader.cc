#include "mandate/store/audit/log_reader.h"

#include "mandate/base/limits.h"
#include "mandate/store/log_entries.h"
#include "mandate/store/tile_hashes.h"

namespace mandate::store::audit {
namespace {

constexpr std::uint64_t kTileBytesMax = ledger::kTileWidth * (2 + limits::kLogEntryBytesMax);

}  // namespace

std::optional<std::string> beginning_of(const std::string& whole, int whole_width,
                                        const ledger::TileId& tile) {
  const auto width = static_cast<std::size_t>(tile.width);
  if (!tile.entries) return whole.substr(0, width * sizeof(Digest));
  Result<std::string> bundle =
      ledger::decode_bundle(whole, whole_width).and_then([&](std::vector<std::string> entries) {
        entries.resize(width);
        return ledger::encode_bundle(entries);
      });
  if (!bundle) return std::nullopt;
  return *std::move(bundle);
}

Result<std::optional<std::string>> LogReader::read_tile(const ledger::TileId& tile) const {
  Result<std::optional<std::string>> bytes = folder_->read(file(tile), kTileBytesMax);
  if (!bytes || *bytes || tile.width == ledger::kTileWidth) return bytes;
  ledger::TileId full = tile;
  full.width = ledger::kTileWidth;
  bytes = folder_->read(file(full), kTileBytesMax);
  if (!bytes || !*bytes) return bytes;
  return beginning_of(**bytes, ledger::kTileWidth, tile);
}

Result<std::vector<ledger::TileId>> LogReader::partial_tiles(const ledger::TileId& partial) const {
  const std::string path = tile_path(partial);
  const std::string below = path.substr(0, path.rfind('/') + 1);
  Result<std::vector<std::string>> names =
      folder_->list(place_ + below.substr(0, below.size() - 1));
  if (!names) return fail(names.error());
  std::vector<ledger::TileId> tiles;
  for (const std::string& name : *names) {
    if (const Result<ledger::TileId> tile = ledger::parse_tile_path(below + name)) {
      tiles.push_back(*tile);
    }
  }
  return tiles;
}

ledger::HashReader LogReader::hashes(std::uint64_t size) const {
  // A tree of this size cuts a tile where the log's own, larger tree may have more of it.
  return hashes_from_tiles(size, [this](const ledger::TileId& tile) -> Result<std::string> {
    ledger::TileId standing = tile_at(false, tile.level, tile.index, this->size()).value_or(tile);
    Result<std::optional<std::string>> bytes = read_tile(standing);
    if (!bytes) return fail(bytes.error());
    if (!*bytes) {
      return fail(Reason::kBadRequest, "tile \"" + file(standing) + "\" is missing");
    }
    return (*bytes)->substr(0, static_cast<std::size_t>(tile.width) * sizeof(Digest));
  });
}

Result<void> LogReader::visit_leaves(const LeafVisitor& visitor) const {
  for (std::uint64_t at = 0; at < size(); at += ledger::kTileWidth) {
    const auto tile = tile_at(false, 0, at / ledger::kTileWidth, size());
    Result<std::optional<std::string>> bytes = read_tile(*tile);
    if (!bytes) return fail(bytes.error());
    // Nothing after it either: a size that nobody backs with tiles must not keep us here.
    if (!*bytes) return {};
    const Result<std::vector<Digest>> leaves = ledger::decode_hashes(**bytes, tile->width);
    if (!leaves) continue;
    std::uint64_t index = at;
    for (const Digest& leaf : *leaves) {
      if (!visitor(index++, leaf)) return {};
    }
  }
  return {};
}

Result<std::vector<std::string>> find_places(const Folder& folder) {
  Result<std::vector<std::string>> names = folder.list("");
  if (!names) return names;
  std::vector<std::string> places;
  for (const std::string& name : *names) {
    if (name == "checkpoint" || name == "tile") return std::vector<std::string>{""};
    if (name == "record") places.insert(places.begin(), "record/");
    if (name != "journal") continue;
    Result<std::vector<std::string>> logs = folder.list("journal");
    if (!logs) return logs;
    for (const std::string& log : *logs) {
      if (parse_log_number(log)) places.push_back("journal/" + log + "/");
    }
  }
  if (!places.empty()) return places;
  return fail(Reason::kBadRequest,
              "the folder holds no log; expected a copy of DIR/log, or of one log in it");
}

Result<LogReader> open_log(const Folder& folder, const std::string& place) {
  Result<std::optional<std::string>> note =
      folder.read(place + "checkpoint", ledger::kNoteBytesMax);
  if (!note) return fail(note.error());
  if (!*note) return fail(Reason::kBadRequest, "\"" + place + "checkpoint\" is missing");
  // The text of a note ends before its empty line.
  const std::string text = (*note)->substr(0, (*note)->find("\n\n") + 1);
  Result<ledger::Checkpoint> checkpoint = ledger::Checkpoint::parse(text);
  if (!checkpoint) {
    return fail(Reason::kBadRequest,
                "\"" + place + "checkpoint\" is malformed: " + checkpoint.error().detail);
  }
  return LogReader(folder, place, **std::move(note), *std::move(checkpoint));
}

Result<std::vector<LogReader>> find_logs(const Folder& folder) {
  Result<std::vector<std::string>> places = find_places(folder);
  if (!places) return fail(places.error());
  std::vector<LogReader> logs;
  for (const std::string& place : *places) {
    Result<LogReader> log = open_log(folder, place);
    if (!log) return fail(log.error());
    logs.push_back(*std::move(log));
  }
  return logs;
}

}  // namespace mandate::store::audit
