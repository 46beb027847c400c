// A clock that never goes back: where the machine's does, time stands until it has caught up, so
// that nothing that ended comes alive and nothing that was used is forgotten.
//
//   MonotoneClock clock(system_clock);   clock.behind() > Seconds(60)   // somebody set it back
#pragma once

#include <algorithm>
#include <atomic>

#include "mandate/base/ports.h"

namespace mandate {

class MonotoneClock final : public Clock {
 public:
  explicit MonotoneClock(const Clock& machine) : machine_(machine), latest_(machine.now()) {}

  Instant now() const override {
    const Instant here = machine_.now();
    Instant latest = latest_.load(std::memory_order_relaxed);
    while (here > latest && !latest_.compare_exchange_weak(latest, here)) {
    }
    return std::max(here, latest);
  }
  // It was this late already, as somebody knows from elsewhere.
  void not_before(Instant known) {
    Instant latest = latest_.load(std::memory_order_relaxed);
    while (known > latest && !latest_.compare_exchange_weak(latest, known)) {
    }
  }
  // By how much the machine's clock lies before what it showed already; zero as a rule.
  Milliseconds behind() const {
    const Instant here = machine_.now();
    return std::max(Milliseconds(0), latest_.load(std::memory_order_relaxed) - here);
  }

 private:
  const Clock& machine_;
  mutable std::atomic<Instant> latest_;
};

}  // namespace mandate
