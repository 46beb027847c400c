// The sequencer: the only writer. Commands come from any thread, are planned one after the other,
// go on record in groups (one durable append each), and are answered once their group is durable
// and published (Law 8). Answers that changed nothing wait too: they may rest on the group's
// changes.
//
//   Sequencer sequencer(record, state, clock);
//   sequencer.submit("human:maria@acme.example", command, [](Result<Committed> done) { ... });
//
// Where the record cannot be written, or another process has written to it, what was planned is
// ahead of the record: the sequencer closes for ever and refuses everything with
// `record_unavailable`. Readers keep the last published revision, which never shows what is not
// durable.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "mandate/base/ports.h"
#include "mandate/record/command.h"
#include "mandate/record/ports.h"
#include "mandate/record/state.h"

namespace mandate::service {

struct Committed {
  record::Revision revision = 0;
  std::vector<record::Difference> differences;
};

class Sequencer {
 public:
  using Command = std::function<Result<record::Plan>(const record::View& view, Instant now)>;
  // Called once; on the sequencer's thread, so what takes long is posted elsewhere; on the caller's
  // where the command is refused at once.
  using Done = std::function<void(Result<Committed>)>;
  struct Bounds {
    std::size_t queue_max = 16'384;  // then `limit_exceeded`, Place::kRate
    std::size_t group_max = 512;     // commands to an append
  };

  // Precondition: the state holds all of the record (`load`); from now on nobody else writes to it.
  Sequencer(record::Record& record, record::State& state, const Clock& clock);
  Sequencer(record::Record& record, record::State& state, const Clock& clock, Bounds bounds);
  ~Sequencer();
  Sequencer(const Sequencer&) = delete;
  Sequencer& operator=(const Sequencer&) = delete;

  // `by` stands in the events: whose command it is.
  void submit(std::string by, Command command, Done done);
  // Finishes what is queued and refuses what comes later. Not from a Done.
  void stop();
  bool closed() const;  // the record failed

 private:
  struct Waiting {
    std::string by;
    Command command;
    Done done;
  };
  struct Planned {
    Done done;
    Result<Committed> answer;
  };

  void run();
  void run_group(std::vector<Waiting> group);
  Result<Committed> plan(const Waiting& waiting, Instant now, std::vector<std::string>& entries);
  void close(Error why);

  record::Record& record_;
  record::State& state_;
  const Clock& clock_;
  const Bounds bounds_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::deque<Waiting> queue_;
  bool stopping_ = false;
  std::optional<Error> closed_;

  std::thread thread_;  // last: it uses all of the above
};

// Start-up: the record, folded into an empty state and published. Progress: (revision, head), now
// and then.
using Progress = std::function<void(record::Revision done, record::Revision head)>;
Result<void> load(record::Record& record, record::State& state, const Progress& progress);

// The same from a snapshot, which is used only where the record names its digest and its bytes have
// it; whether it was.
Result<bool> load(record::Record& record, record::State& state, record::SnapshotSource& snapshot,
                  const Progress& progress);

// Takes a snapshot of what is published, on the caller's thread and not on the sequencer's; gives
// the command that puts its digest on record. `keep` stores the bytes; what it stores is used only
// once the digest is durable.
using KeepSnapshot = std::function<Result<void>(record::Revision revision, std::string_view bytes)>;
Result<Sequencer::Command> take_snapshot(const record::State& state, const KeepSnapshot& keep);

}  // namespace mandate::service
