// What `scan --follow` remembers from one run to the next: which findings it has told of, and those
// that are still to be told. The file is one JSON object, for its owner alone, replaced in one step
// after its content is on disk. Logs are read again, which counts nothing twice.
//
//   Result<FollowState> state = FollowState::open("follow.json", files);
//   state->take(findings, render);   state->save();   state->outbox().front()
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mandate/observe/finding.h"
#include "mandate/store/file_system.h"

namespace mandate::app {

// A finding on its way out.
struct Outgoing {
  std::string id;
  std::string severity;
  std::string rule;
  std::string text;  // as it is written, with its last line end
};

class FollowState {
 public:
  static constexpr std::size_t kToldMax = 100'000;   // the oldest are forgotten
  static constexpr std::size_t kOutboxMax = 10'000;  // the oldest are dropped, and counted

  // An empty `path` remembers nothing past the run. `bad_request` where the file is no state, or is
  // open to others than its owner; `record_unavailable` where it cannot be read.
  static Result<FollowState> open(std::string path, store::FileSystem& files);

  using Render = std::function<std::string(const observe::Finding&)>;
  // Puts those in the outbox that were not told of before; says how many. A finding is one that was
  // told of where rule, principal and credential are the same, and one of its events: evidence
  // grows.
  std::size_t take(const std::vector<observe::Finding>& findings, const Render& render);
  const std::deque<Outgoing>& outbox() const { return outbox_; }
  void sent() { outbox_.pop_front(); }
  std::uint64_t take_dropped() { return std::exchange(dropped_, 0); }
  Result<void> save();

 private:
  FollowState(std::string path, store::FileSystem& files)
      : path_(std::move(path)), files_(&files) {}

  struct Told {
    std::string subject;  // hash of rule, principal and credential
    std::vector<std::string> events;
  };

  Result<void> load();
  Result<void> read(const json::Value& state);
  bool is_told(const std::string& subject, const std::vector<std::string>& events) const;
  void remember(Told told);

  std::string path_;
  store::FileSystem* files_;
  std::deque<Told> told_;
  std::map<std::string, std::multiset<std::string>> events_;  // of those, by subject
  std::deque<Outgoing> outbox_;
  std::uint64_t dropped_ = 0;
};

}  // namespace mandate::app
