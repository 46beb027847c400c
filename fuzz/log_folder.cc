// A copied log, as `mandate audit` gets it from a server that may lie. Behind two bytes, each line
// of the input is an entry of one log with right tiles and a signed checkpoint. Untouched it has no
// finding but about entries that say nothing right; with one byte of one file changed, as the two
// bytes say, the change is found. An export has a line an entry, whatever the entries hold.
#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/support/finding.h"
#include "mandate/base/limits.h"
#include "mandate/ledger/tile.h"
#include "mandate/ledger/tree.h"
#include "mandate/store/audit/audit.h"
#include "mandate/store/log_entries.h"

namespace {

using namespace mandate;
using store::audit::FindingKind;
using store::audit::Report;
using Files = std::map<std::string, std::string>;

void require(bool holds, std::string_view what) {
  if (!holds) fuzz::found(what);
}

class MemoryFolder final : public store::audit::Folder {
 public:
  explicit MemoryFolder(const Files& files) : files_(files) {}
  Result<std::optional<std::string>> read(const std::string& path,
                                          std::uint64_t bytes_max) const override {
    const auto found = files_.find(path);
    if (found == files_.end()) return std::nullopt;
    if (found->second.size() > bytes_max) return fail(Reason::kLimitExceeded, "too large");
    return found->second;
  }
  Result<std::vector<std::string>> list(const std::string& path) const override {
    const std::string folder = path.empty() ? "" : path + "/";
    std::vector<std::string> names;
    for (const auto& [file, bytes] : files_) {
      if (!file.starts_with(folder)) continue;
      const std::string rest = file.substr(folder.size());
      const std::string name = rest.substr(0, rest.find('/'));
      if (names.empty() || names.back() != name) names.push_back(name);
    }
    return names;
  }

 private:
  const Files& files_;
};

const ledger::NoteSigner& signer() {
  static const ledger::NoteSigner made =
      ledger::NoteSigner::make(store::record_log_origin("log.example"),
                               *crypto::PrivateKey::from_ed25519_seed(std::string(32, 'f')))
          .value();
  return made;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() < ledger::kTileWidth - 1) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.size() <= limits::kLogEntryBytesMax) lines.emplace_back(line);
  }
  return lines;
}

Files log_of(const std::vector<std::string>& entries) {
  ledger::Frontier tree;
  std::vector<Digest> leaves;
  for (const std::string& entry : entries) {
    leaves.push_back(ledger::leaf_hash(entry));
    tree.append(leaves.back());
  }
  ledger::TileId tile{.entries = true, .width = static_cast<int>(entries.size())};
  Files files;
  files["record/" + tile_path(tile)] = ledger::encode_bundle(entries).value();
  tile.entries = false;
  files["record/" + tile_path(tile)] = ledger::encode_hashes(leaves);
  const ledger::Checkpoint checkpoint{
      .origin = signer().verifier().name(), .size = tree.size(), .root = tree.root()};
  files["record/checkpoint"] = signer().sign(checkpoint.text());
  return files;
}

Result<Report> verified(const Files& files) {
  return store::audit::verify(MemoryFolder(files), {signer().verifier().text()}, std::nullopt);
}

// What an entry says may be wrong; what the log is cannot be.
bool is_about_words(FindingKind kind) {
  return kind == FindingKind::kMalformedEntry || kind == FindingKind::kMissingHop;
}

void check_export(const Files& files, std::size_t entries) {
  std::size_t lines = 0;
  const Result<void> done =
      store::audit::export_ndjson(MemoryFolder(files), [&](std::string_view line) {
        while (line.ends_with('\n')) line.remove_suffix(1);
        require(line.find_first_of("\r\n") == line.npos, "an export's line has two lines");
        json::Bounds bounds;
        bounds.depth_max += 2;
        require(json::parse(line, bounds).has_value(), "an export's line is not JSON");
        ++lines;
        return true;
      });
  require(done.has_value() && lines == entries, "an export leaves entries out");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> entries = lines_of(text.substr(2));
  if (entries.empty()) return 0;
  Files files = log_of(entries);
  const Result<Report> honest = verified(files);
  require(honest && honest->entries == entries.size(), "a log is not read whole");
  for (const auto& finding : honest->findings) {
    require(is_about_words(finding.kind), "an honest log is found wrong: " + finding.message);
  }
  check_export(files, entries.size());
  auto& [path, bytes] = *std::next(files.begin(), data[0] % 3);
  if (bytes.empty()) return 0;
  char& byte = bytes[data[1] * bytes.size() / 256];
  byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U + data[0] / 3));
  const Result<Report> changed = verified(files);
  const bool is_found =
      !changed || std::any_of(changed->findings.begin(), changed->findings.end(),
                              [](const auto& finding) { return !is_about_words(finding.kind); });
  require(is_found, "a changed byte is not found in " + path);
  return 0;
}
