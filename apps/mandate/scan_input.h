// Paths in, one part of a scan out: logs and inventories told apart by content, read by several
// threads, with progress on a terminal; or the parts that other runs wrote.
//
//   Result<observe::Part> part = read_logs(expand(options.paths), {.threads = 2});
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "apps/mandate/input_files.h"
#include "mandate/observe/partial.h"

namespace mandate::app {

struct ReadOptions {
  std::size_t threads = 0;             // 0: one a core
  std::size_t memory_bytes = 1 << 29;  // for the ids of events, of all threads together
};

// What could not be read stands in the part; an error is one of the disk's for what does not fit in
// memory. The part is settled.
Result<observe::Part> read_logs(const std::vector<InputPath>& paths, const ReadOptions& options);

// The first that is no whole partial is the error.
Result<observe::Part> read_partials(const std::vector<std::string>& paths,
                                    const ReadOptions& options);

// To the file, which is there whole or not at all, or to standard output where none is named.
Result<void> write_partial_to(const std::string& path, const observe::Part& part);

}  // namespace mandate::app
