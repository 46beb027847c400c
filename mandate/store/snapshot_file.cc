#include "mandate/store/snapshot_file.h"

#include <utility>

#include "mandate/crypto/hash.h"

namespace mandate::store {
namespace {

constexpr std::string_view kHead = "mandate state 1\n";
constexpr std::size_t kHeadBytes = kHead.size() + sizeof(Digest);
constexpr std::uint64_t kSnapshotBytesMax = std::uint64_t{8} << 30;

}  // namespace

Result<Digest> write_snapshot(FileSystem& files, const std::string& path, std::string_view bytes) {
  const Digest digest = crypto::sha256(bytes);
  if (auto ok = replace_file(files, path, {kHead, view(digest), bytes}); !ok) {
    return fail(ok.error());
  }
  return digest;
}

Result<std::optional<Snapshot>> read_snapshot(FileSystem& files, const std::string& path) {
  Result<std::optional<FileInfo>> info = files.info(path);
  if (!info) return fail(info.error());
  if (!*info) return std::nullopt;
  Result<std::string> whole = read_file(files, path, kSnapshotBytesMax);
  if (!whole) return fail(whole.error());
  if (whole->size() < kHeadBytes || !whole->starts_with(kHead)) return std::nullopt;
  const Digest named = *to_digest(std::string_view(*whole).substr(kHead.size(), sizeof(Digest)));
  Snapshot snapshot{whole->substr(kHeadBytes), named};
  if (crypto::sha256(snapshot.bytes) != named) return std::nullopt;
  return snapshot;
}

}  // namespace mandate::store
