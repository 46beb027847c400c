#include "mandate/ledger/tile.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "mandate/base/limits.h"

namespace mandate::ledger {
namespace {

constexpr std::size_t kPathBytesMax = 64;
constexpr std::size_t kIndexDigitsMax = 18;  // 55 bits: the last tile of level 0 ends at 2^63

static_assert(limits::kLogEntryBytesMax <= 0xffff, "an entry's length is 16 bits");

tl::unexpected<Error> refuse(std::string detail) {
  return fail(Reason::kBadRequest, std::move(detail));
}

// Tiles of a level that a tree of 2^63 leaves has.
std::uint64_t tiles_max(int level) { return std::uint64_t{1} << (55 - 8 * level); }

// All of `text` as a number; spare zeros are found by writing the path again.
bool read_number(std::string_view text, std::uint64_t& number) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end;
}

// "x001/x234/067" without its marks. Marks that stand elsewhere are found by writing it again.
std::string digits_of(std::string_view index) {
  std::string digits;
  std::ranges::copy_if(index, std::back_inserter(digits),
                       [](char c) { return c != 'x' && c != '/'; });
  return digits;
}

std::string index_path(std::uint64_t index) {
  std::string digits = std::to_string(index);
  digits.insert(0, (3 - digits.size() % 3) % 3, '0');
  std::string path;
  for (std::size_t at = 0; at < digits.size(); at += 3) {
    const bool last = at + 3 == digits.size();
    path += (last ? "" : "x") + digits.substr(at, 3) + (last ? "" : "/");
  }
  return path;
}

// The parts of a path, read without regard to its exact form.
bool read_parts(std::string_view path, TileId& tile) {
  if (!path.starts_with("tile/")) return false;
  path.remove_prefix(5);
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view level = path.substr(0, slash);
  path.remove_prefix(slash + 1);
  tile.entries = level == "entries";
  std::uint64_t number = 0;
  if (!tile.entries && (!read_number(level, number) || number >= kTileLevelsMax)) return false;
  tile.level = static_cast<int>(number);
  if (const std::size_t partial = path.find(".p/"); partial != std::string_view::npos) {
    if (!read_number(path.substr(partial + 3), number) || number >= kTileWidth) return false;
    tile.width = static_cast<int>(number);
    path = path.substr(0, partial);
  }
  const std::string digits = digits_of(path);
  return digits.size() <= kIndexDigitsMax && read_number(digits, tile.index);
}

bool is_width(int width) { return width >= 1 && width <= kTileWidth; }

}  // namespace

std::string tile_path(const TileId& tile) {
  std::string path = "tile/" + (tile.entries ? "entries" : std::to_string(tile.level)) + "/" +
                     index_path(tile.index);
  if (tile.width < kTileWidth) path += ".p/" + std::to_string(tile.width);
  return path;
}

Result<TileId> parse_tile_path(std::string_view path) {
  TileId tile;
  if (path.size() > kPathBytesMax || !read_parts(path, tile) || !is_width(tile.width) ||
      tile.index >= tiles_max(tile.level) || tile_path(tile) != path) {
    return refuse("path " + quoted(path) + " is no canonical tile path");
  }
  return tile;
}

std::vector<TileId> tiles_between(std::uint64_t old_size, std::uint64_t new_size) {
  std::vector<TileId> tiles;
  const auto add = [&](bool entries, int level) {
    const std::uint64_t old_count = old_size >> (8 * level);
    const std::uint64_t new_count = new_size >> (8 * level);
    if (new_count <= old_count) return;
    for (std::uint64_t index = old_count / kTileWidth; index * kTileWidth < new_count; ++index) {
      const std::uint64_t rest = new_count - index * kTileWidth;
      tiles.push_back({.entries = entries,
                       .level = level,
                       .index = index,
                       .width = static_cast<int>(std::min<std::uint64_t>(rest, kTileWidth))});
    }
  };
  add(true, 0);
  for (int level = 0; level < kTileLevelsMax; ++level) add(false, level);
  return tiles;
}

Result<std::string> encode_bundle(const std::vector<std::string>& entries) {
  if (entries.size() > kTileWidth) {
    return fail(Reason::kLimitExceeded,
                "bundle of " + std::to_string(entries.size()) + " entries; expected at most 256");
  }
  std::string bytes;
  for (const std::string& entry : entries) {
    if (entry.size() > limits::kLogEntryBytesMax) {
      return fail(Reason::kLimitExceeded, "log entry has " + std::to_string(entry.size()) +
                                              " bytes; expected at most " +
                                              std::to_string(limits::kLogEntryBytesMax));
    }
    bytes += static_cast<char>(entry.size() >> 8);
    bytes += static_cast<char>(entry.size());
    bytes += entry;
  }
  return bytes;
}

Result<std::vector<std::string>> decode_bundle(std::string_view bytes, int width) {
  if (!is_width(width)) return refuse("bundle has a width outside 1 to 256");
  std::vector<std::string> entries;
  while (!bytes.empty()) {
    if (entries.size() == static_cast<std::size_t>(width) || bytes.size() < 2) {
      return refuse("bundle has bytes after its " + std::to_string(entries.size()) + " entries");
    }
    const std::size_t size = static_cast<std::size_t>(static_cast<std::uint8_t>(bytes[0])) << 8 |
                             static_cast<std::uint8_t>(bytes[1]);
    bytes.remove_prefix(2);
    if (bytes.size() < size) return refuse("bundle ends inside an entry");
    entries.emplace_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  if (entries.size() != static_cast<std::size_t>(width)) {
    return refuse("bundle has " + std::to_string(entries.size()) + " entries; expected " +
                  std::to_string(width));
  }
  return entries;
}

std::string encode_hashes(const std::vector<Digest>& hashes) {
  std::string bytes;
  bytes.reserve(32 * hashes.size());
  for (const Digest& hash : hashes) bytes += view(hash);
  return bytes;
}

Result<std::vector<Digest>> decode_hashes(std::string_view bytes, int width) {
  if (!is_width(width) || bytes.size() != 32 * static_cast<std::size_t>(width)) {
    return refuse("hash tile has " + std::to_string(bytes.size()) +
                  " bytes; expected 32 for each of " + std::to_string(width) + " hashes, 1 to 256");
  }
  std::vector<Digest> hashes;
  for (; !bytes.empty(); bytes.remove_prefix(32)) hashes.push_back(*to_digest(bytes.substr(0, 32)));
  return hashes;
}

}  // namespace mandate::ledger
