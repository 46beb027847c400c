// A journal's segment as a start finds it, whatever happened to the disk: a line of the input is an
// entry, and the first two bytes say which byte of the file is changed to what; where they are 0,
// none is. Or, behind a first byte of 0xff, the bytes are the file.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/ledger/tree.h"
#include "mandate/store/segment.h"

namespace {

using namespace mandate;

void require(bool holds) {
  if (!holds) std::abort();
}

// Read-only.
class MemoryFile final : public store::File {
 public:
  explicit MemoryFile(const std::string& bytes) : bytes_(bytes) {}
  Result<std::string> read(std::uint64_t offset, std::size_t count) override {
    return offset < bytes_.size() ? bytes_.substr(offset, count) : std::string();
  }
  Result<void> write(std::uint64_t, std::string_view) override { std::abort(); }
  Result<void> sync() override { std::abort(); }
  Result<void> truncate(std::uint64_t) override { std::abort(); }
  Result<void> preallocate(std::uint64_t) override { std::abort(); }
  Result<std::uint64_t> size() override { return bytes_.size(); }

 private:
  const std::string& bytes_;
};

void check(const std::string& bytes, const std::vector<std::string>& written) {
  MemoryFile file(bytes);
  std::vector<std::string> read;
  const Result<store::SegmentIndex> index =
      store::read_segment(file, [&](std::uint64_t at, std::string_view entry, const Digest& leaf) {
        require(at == read.size() && leaf == ledger::leaf_hash(entry));
        read.emplace_back(entry);
      });
  if (!index) return;
  require(index->size() == read.size() && index->end() <= std::max<std::size_t>(bytes.size(), 16));
  // Only what was written, and in order: a torn or changed tail is cut, never made up.
  require(read.size() <= written.size() || written.empty());
  for (std::size_t at = 0; at < read.size() && at < written.size(); ++at) {
    require(read[at] == written[at]);
  }
  std::string again(store::kSegmentHead);
  for (const std::string& entry : read) {
    store::append_frame(again, entry, ledger::leaf_hash(entry));
  }
  if (read.empty()) return;
  require(bytes.starts_with(again) && again.size() == index->end());
  const auto entries =
      store::read_entries(file, index->start_of(read.size() / 2), read.size() / 2, read.size());
  require(entries && std::equal(entries->begin(), entries->end(),
                                read.begin() + static_cast<std::ptrdiff_t>(read.size() / 2)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (data[0] == 0xff) {
    check(std::string(text.substr(1)), {});
    return 0;
  }
  text.remove_prefix(2);
  std::string bytes(store::kSegmentHead);
  std::vector<std::string> written;
  while (!text.empty()) {
    const std::string_view entry = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(entry.size() + 1, text.size()));
    if (entry.empty()) continue;
    written.emplace_back(entry);
    store::append_frame(bytes, entry, ledger::leaf_hash(entry));
  }
  if (written.empty()) return 0;
  bytes.append(64, '\0');  // what was made room for
  char& byte = bytes[data[1] * bytes.size() / 256];
  byte = static_cast<char>(static_cast<unsigned char>(byte) ^ data[0]);
  check(bytes, written);
  return 0;
}
