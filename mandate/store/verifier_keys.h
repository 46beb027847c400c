// What a verifier needs: `mandate audit key --data DIR`.
//
//   Result<std::vector<std::string>> lines = verifier_keys(files, "/data");
//   lines->front() == "mandate.example/log/record+0a1b2c3d+AT..."
#pragma once

#include <string>
#include <vector>

#include "mandate/store/file_system.h"

namespace mandate::store {

// The verifier key of each published log, the record's first, then the receipt key's, which signs
// receipts only. The host is the one that the record's checkpoint names.
Result<std::vector<std::string>> verifier_keys(FileSystem& files, const std::string& data_path);

}  // namespace mandate::store
