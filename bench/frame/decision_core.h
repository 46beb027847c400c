// What the service needs around a decision, without a server: the real journal in a folder of its
// own, and keys of this run.
//
//   DecisionCore core(state);   service::journal_and_answer(core.core(), decided, answer);
#pragma once

#include <memory>

#include "mandate/service/core.h"

namespace mandate::bench {

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
