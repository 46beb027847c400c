// The options of `scan` and `merge`, from the command line into their struct.
//
//   add_scan_options(*app.add_subcommand("scan"), options);
#pragma once

#include "apps/mandate/commands.h"

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}

namespace mandate::app {

void add_scan_options(CLI::App& scan, ScanOptions& options);
void add_merge_options(CLI::App& merge, ScanOptions& options);

}  // namespace mandate::app
