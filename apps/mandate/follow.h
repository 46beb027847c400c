// `mandate scan --follow`: logs are read as they grow, and each finding is told of once, as a line
// of NDJSON, to standard output, a webhook or syslog, until SIGTERM or SIGINT.
#pragma once

#include "apps/mandate/commands.h"

namespace mandate::app {

// The exit code. Blocks SIGTERM and SIGINT in this thread, and waits for them between two looks.
int follow(const ScanOptions& options, const Connection& connection);

}  // namespace mandate::app
