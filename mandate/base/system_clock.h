// The machine's clock behind the `Clock` port.
//
//   SystemClock clock;   Instant now = clock.now();
#pragma once

#include "mandate/base/ports.h"

namespace mandate {

class SystemClock final : public Clock {
 public:
  Instant now() const override;
};

}  // namespace mandate
