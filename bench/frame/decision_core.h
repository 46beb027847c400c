// What the service needs around a decision, without a server: the real journal in a folder of its
// own, and keys of this run.
//
//   DecisionCore core(state);   service::journal_and_answer(core.core(), decided, answer);
#pragma once

#include <memory>

#include "mandate/service/core.h"
#include "mandate/store/journal.h"

namespace mandate::bench {

class NoLog final : public Log {
 public:
  void write(LogLevel /*level*/, std::string_view /*message*/,
             const std::vector<Field>& /*fields*/) override {}
};

// A journal of this run in a folder, which it makes; or no benchmark.
std::unique_ptr<store::SegmentJournal> open_journal(store::FileSystem& files, const Clock& clock,
                                                    const std::string& folder);

class DecisionCore {
 public:
  explicit DecisionCore(record::State& state);
  ~DecisionCore();
  service::Core& core();
  // Waits until all that was journalled is durable.
  void settle();
  record::Journal& journal();
  static const TimeZones& zones();
  const crypto::PrivateKey& token_key() const;
  static constexpr const char* kIssuer = "https://mandate.acme.example";

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mandate::bench
