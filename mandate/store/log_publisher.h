// Publishes one log as C2SP tiles and signed checkpoints, derived from its truth (the record's
// rows, a journal's segment). The order is what makes it safe:
//   1. entries are durable in the truth before they are read here;
//   2. their tiles are durable before a checkpoint covers them;
//   3. the checkpoint replaces the last one in one step, and is durable before anybody is shown it.
// So a crash at any point leaves a checkpoint whose tiles stand, and at most some tiles beyond it.
//
//   Result<std::unique_ptr<LogPublisher>> log = LogPublisher::open(files, folder, signer, truth);
//   (*log)->publish()   // {note, checkpoint}
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mandate/ledger/note.h"
#include "mandate/ledger/tile.h"
#include "mandate/ledger/tree.h"
#include "mandate/store/file_system.h"

namespace mandate::store {

// What a publisher reads of a log; durable entries only, and never fewer of them than before.
struct LogTruth {
  std::function<Result<ledger::Frontier>()> frontier;
  std::function<Result<std::vector<std::string>>(std::uint64_t from, std::size_t max)> read;
};

struct SignedCheckpoint {
  std::string note;
  ledger::Checkpoint checkpoint;
};

// One thread may use it.
class LogPublisher {
 public:
  // `folder` holds `checkpoint` and `tile/`. Tiles that are missing or do not lead to the signed
  // root are made again. Refuses (`record_unavailable`, naming both) where the truth is shorter
  // than the checkpoint on disk, or another one: the log was cut, or restored from an older copy.
  static Result<std::unique_ptr<LogPublisher>> open(FileSystem& files, std::string folder,
                                                    ledger::NoteSigner signer, LogTruth truth);

  // Up to the truth's size. After an error nothing new was signed, and the next call tries again.
  Result<SignedCheckpoint> publish();

 private:
  // The hashes of one level that are not yet a full tile.
  struct Edge {
    std::uint64_t tile = 0;
    std::vector<Digest> hashes;
  };

  LogPublisher(FileSystem& files, std::string folder, ledger::NoteSigner signer, LogTruth truth)
      : files_(files),
        folder_(std::move(folder)),
        signer_(std::move(signer)),
        truth_(std::move(truth)) {}

  Result<void> load();
  Result<void> load_edges();
  Result<void> check_full_tiles();
  Result<void> rebuild();
  void clear();

  Result<void> append_until(std::uint64_t size);
  Result<void> append(std::string entry);
  Result<void> add_hash(int level, const Digest& hash);
  Result<Digest> root() const;
  Result<void> check_root(const Digest& expected);
  Result<void> advance(const ledger::Frontier& truth);
  Result<void> write_partial_tiles(std::uint64_t from);
  Result<void> remove_unsigned_tiles(std::uint64_t from);
  Result<void> write_tile(const ledger::TileId& tile, std::string_view bytes);
  Result<void> sync_tiles();
  Result<void> write_checkpoint(const ledger::Frontier& truth);
  void remove_partial_tiles(std::uint64_t from);
  std::string path_of(const ledger::TileId& tile) const { return folder_ + "/" + tile_path(tile); }

  FileSystem& files_;
  const std::string folder_;
  const ledger::NoteSigner signer_;
  const LogTruth truth_;

  SignedCheckpoint signed_;  // the last one; an empty note: none yet
  bool loaded_ = false;      // false after an error: what follows stands on disk again
  std::uint64_t size_ = 0;   // entries taken in
  std::array<Edge, ledger::kTileLevelsMax> edges_;
  std::vector<std::string> bundle_;  // entries of the bundle that is not yet full

  std::vector<std::unique_ptr<File>> unsynced_;  // tiles written since the last sync, if few
  std::size_t unsynced_count_ = 0;
  std::set<std::string> unsynced_folders_;
};

}  // namespace mandate::store
