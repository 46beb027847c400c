// The `Log` port over spdlog: one JSON object a line on stderr. Field values are escaped; nothing
// that is secret is ever given to it.
#pragma once

#include <memory>

#include "mandate/base/ports.h"

namespace mandate::app {

std::unique_ptr<Log> make_log();

}  // namespace mandate::app
