// A file without a name in the folder that TMPDIR names, for what does not fit in memory: it is its
// owner's alone from the first moment, and gone with the process, however that ends.
//
//   observe::EventBounds bounds{512 << 20, &TemporaryFile::make};
#pragma once

#include <memory>

#include "mandate/observe/event_set.h"

namespace mandate::app {

class TemporaryFile final : public observe::Spill {
 public:
  // `record_unavailable` says which folder, and what to do.
  static Result<std::unique_ptr<observe::Spill>> make();
  ~TemporaryFile() override;
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  Result<void> append(std::string_view bytes) override;
  Result<void> read(std::uint64_t offset, std::span<char> into) override;

 private:
  explicit TemporaryFile(int fd) : fd_(fd) {}

  int fd_;
  std::uint64_t bytes_ = 0;
};

}  // namespace mandate::app
