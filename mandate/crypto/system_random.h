// The `Random` port over OpenSSL's generator.
#pragma once

#include "mandate/base/ports.h"

namespace mandate::crypto {

class SystemRandom final : public Random {
 public:
  std::string bytes(std::size_t count) override;
};

}  // namespace mandate::crypto
