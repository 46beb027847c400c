#include "mandate/base/system_clock.h"

namespace mandate {

Instant SystemClock::now() const {
  return std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
}

}  // namespace mandate
