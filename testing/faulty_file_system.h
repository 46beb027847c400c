// Files in memory that keep apart what is synced and what is not, and fail or crash at a chosen
// operation. Names are kept apart too: one that was never followed by a sync of its folder can go.
//
//   FaultyFileSystem files(seed);   files.plan(17, Fault::kCrash);
//   ... the code under test ...     files.restart(Power::kLost);   // what was not synced is gone
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mandate/store/file_system.h"
#include "testing/seeded_choice.h"

namespace mandate::test {

enum class Fault : std::uint8_t {
  // The operation says it failed, and did nothing, or part of it. After a sync like this the bytes
  // can still be read, and a later sync says nothing about them.
  kFailsAndIsLost,
  // The operation says it failed, and everything of it is there, durable.
  kFailsButIsKept,
  // The operation does not happen, and nothing works any more until `restart`.
  kCrash,
};

enum class Power : std::uint8_t {
  kKept,  // the process was killed: what it wrote stands, synced or not
  kLost,  // only what was synced stands, and what a seeded choice of the rest left behind
};

// Threads may share one.
class FaultyFileSystem final : public store::FileSystem {
 public:
  explicit FaultyFileSystem(std::uint64_t seed);
  ~FaultyFileSystem() override;

  // The nth operation that changes something, from now on (1 is the next), meets this fault.
  void plan(std::uint64_t nth, Fault fault);
  // Only operations on paths that contain this text are counted and meet faults; empty: all.
  void only_paths_with(std::string text);
  std::uint64_t operations() const;  // counted since the beginning
  // What the fault met: "sync /d/x"; empty: nothing yet.
  std::string met() const;
  // Bytes of all files together, past which there is no space left.
  void limit_space(std::uint64_t bytes);
  // Everything fails until `restart`.
  void crash();
  void restart(Power power);
  // As somebody else might change it: now, and durable.
  void overwrite(const std::string& path, std::string bytes);

  Result<std::unique_ptr<store::File>> open(const std::string& path, store::OpenMode mode) override;
  Result<std::optional<store::FileInfo>> info(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> make_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<void> sync_all(const std::string& path) override;
  Result<std::unique_ptr<store::FileLock>> lock(const std::string& path,
                                                std::string_view holder) override;

 private:
  friend class FaultyFile;
  friend class FaultyLock;
  struct Node;
  using NodePointer = std::shared_ptr<Node>;
  using Names = std::map<std::string, NodePointer>;
  struct NameChange {
    std::string path;
    NodePointer node;  // nothing: the name goes
    std::string from;  // of a rename, which is one change
  };

  // What an operation is to do. Precondition of all below: the mutex is held.
  enum class Outcome : std::uint8_t { kDone, kLost, kKept };
  Result<Outcome> begin(const std::string& operation, const std::string& path);
  Result<void> result_of(Outcome outcome, const std::string& operation, const std::string& path);
  void change_name(NameChange change, bool is_durable);
  static void apply(Names& names, const NameChange& change);
  void settle_folder(const std::string& path);
  bool has_room(const Node& node, std::uint64_t size) const;
  void lose_power();

  mutable std::mutex mutex_;
  SeededChoice choice_;
  std::uint64_t operations_ = 0;
  std::optional<std::pair<std::uint64_t, Fault>> planned_;
  std::string only_;
  std::string met_;
  bool crashed_ = false;
  std::uint64_t generation_ = 0;  // counts restarts: handles from before do nothing
  std::optional<std::uint64_t> space_;
  Names names_;
  Names durable_names_;
  std::map<std::string, std::vector<NameChange>> pending_names_;  // by folder
  std::set<std::string> locks_;
};

}  // namespace mandate::test
