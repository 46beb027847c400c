// A folder that can only be read: a copy of `DIR/log`, or of one log in it. The audit sees files
// through it and has no way to write.
//
//   PosixFolder folder("/tmp/copy");   folder.read("record/checkpoint", 65536)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mandate/base/result.h"

namespace mandate::store::audit {

class Folder {
 public:
  virtual ~Folder() = default;
  // Nothing where there is no such file; `limit_exceeded` where it has more than `bytes_max`.
  virtual Result<std::optional<std::string>> read(const std::string& path,
                                                  std::uint64_t bytes_max) const = 0;
  // The names in a folder below this one, sorted; none where it does not exist.
  virtual Result<std::vector<std::string>> list(const std::string& path) const = 0;
};

class PosixFolder final : public Folder {
 public:
  explicit PosixFolder(std::string root) : root_(std::move(root)) {}
  Result<std::optional<std::string>> read(const std::string& path,
                                          std::uint64_t bytes_max) const override;
  Result<std::vector<std::string>> list(const std::string& path) const override;

 private:
  std::string root_;
};

}  // namespace mandate::store::audit
