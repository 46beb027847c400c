// One log of a folder, read by its own checkpoint: nothing is believed here, only found.
//
//   Result<std::vector<LogReader>> logs = find_logs(folder);
//   logs->front().read_tile(tile)
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mandate/ledger/note.h"
#include "mandate/ledger/tile.h"
#include "mandate/ledger/tree.h"
#include "mandate/store/audit/folder.h"

namespace mandate::store::audit {

class LogReader {
 public:
  // `place` is the log's folder in the folder, with its '/'; empty for a folder that is one log.
  LogReader(const Folder& folder, std::string place, std::string note,
            ledger::Checkpoint checkpoint)
      : folder_(&folder),
        place_(std::move(place)),
        note_(std::move(note)),
        checkpoint_(std::move(checkpoint)) {}

  const std::string& place() const { return place_; }
  const std::string& note() const { return note_; }  // its signature is not checked
  const ledger::Checkpoint& checkpoint() const { return checkpoint_; }
  std::uint64_t size() const { return checkpoint_.size; }
  std::string file(const ledger::TileId& tile) const { return place_ + tile_path(tile); }

  // Nothing where it is missing. A partial tile can be the beginning of the full one.
  Result<std::optional<std::string>> read_tile(const ledger::TileId& tile) const;
  // Every partial tile that stands with this one's index.
  Result<std::vector<ledger::TileId>> partial_tiles(const ledger::TileId& partial) const;
  ledger::HashReader hashes(std::uint64_t size) const;

  // The leaf hashes that the lowest tiles hold, in order, until the visitor says false or a tile is
  // missing; a malformed one is passed over. `verify` finds both.
  using LeafVisitor = std::function<bool(std::uint64_t index, const Digest& leaf)>;
  Result<void> visit_leaves(const LeafVisitor& visitor) const;

 private:
  const Folder* folder_;
  std::string place_;
  std::string note_;
  ledger::Checkpoint checkpoint_;
};

// The first hashes or entries of a wider tile, as the bytes of this one; nothing where the wider
// one is malformed.
std::optional<std::string> beginning_of(const std::string& whole, int whole_width,
                                        const ledger::TileId& tile);

// Where logs can stand in a folder: the folder itself, or `record/` and `journal/<ten digits>/`.
Result<std::vector<std::string>> find_places(const Folder& folder);
// The log at a place; `bad_request` where it has no checkpoint that can be read.
Result<LogReader> open_log(const Folder& folder, const std::string& place);
Result<std::vector<LogReader>> find_logs(const Folder& folder);

}  // namespace mandate::store::audit
