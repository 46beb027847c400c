// Walks one log: each entry against its hash, each hash tile against the tiles below it, the root
// against the checkpoint.
//
//   walk_log(log, findings, [](std::uint64_t index, const std::string& entry, const Digest&)
//   {...});
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "mandate/store/audit/findings.h"
#include "mandate/store/audit/log_reader.h"

namespace mandate::store::audit {

// Gets the entries whose bundle can be read, in order.
using EntryVisitor = std::function<Result<void>(std::uint64_t index, const std::string& entry)>;

// An error only where a file cannot be read, or the visitor gave one. Stops early where a missing
// tile leaves nothing to compare with, or the findings are full.
Result<void> walk_log(const LogReader& log, Findings& findings, const EntryVisitor& visit);

}  // namespace mandate::store::audit
