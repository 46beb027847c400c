#include <utility>

#include "mandate/json/value.h"
#include "mandate/store/audit/audit.h"
#include "mandate/store/audit/log_reader.h"
#include "mandate/store/tile_hashes.h"

namespace mandate::store::audit {
namespace {

struct Found {
  const LogReader* log = nullptr;
  std::uint64_t index = 0;
};

Result<std::vector<std::string>> read_bundle(const LogReader& log, std::uint64_t index) {
  const ledger::TileId tile = *tile_at(true, 0, index, log.size());
  Result<std::optional<std::string>> bytes = log.read_tile(tile);
  if (!bytes) return fail(bytes.error());
  if (!*bytes) return fail(Reason::kBadRequest, "\"" + log.file(tile) + "\" is missing");
  return ledger::decode_bundle(**bytes, tile.width);
}

Result<Found> find_leaf(const std::vector<LogReader>& logs, const Digest& leaf) {
  std::optional<Found> found;
  for (const LogReader& log : logs) {
    auto ok = log.visit_leaves([&](std::uint64_t index, const Digest& hash) {
      if (hash == leaf) found = Found{&log, index};
      return !found;
    });
    if (!ok) return fail(ok.error());
    if (found) return *found;
  }
  return fail(Reason::kBadRequest, Place::kPath,
              "no log of the folder holds an entry with leaf hash " + encode_base64url(view(leaf)));
}

Result<Found> find_index(const std::vector<LogReader>& logs, const ProofTarget& target) {
  for (const LogReader& log : logs) {
    const bool is_meant =
        target.log.empty() ? logs.size() == 1 : log.checkpoint().origin == target.log;
    if (!is_meant) continue;
    if (target.index < log.size()) return Found{&log, target.index};
    return fail(Reason::kBadRequest, Place::kPath,
                "index " + std::to_string(target.index) + " is outside " + log.checkpoint().origin +
                    ", which has " + std::to_string(log.size()) + " entries");
  }
  return fail(Reason::kBadRequest, Place::kPath,
              target.log.empty() ? "the folder has several logs; expected the name of one"
                                 : "the folder has no log " + quoted(target.log));
}

json::Value to_json(const std::vector<Digest>& hashes) {
  json::Array array;
  for (const Digest& hash : hashes) array.push_back(encode_base64url(view(hash)));
  return array;
}

// An entry as a member: itself where it is JSON, so that no byte of it can end the line.
void set_entry(json::Value& line, std::string_view entry) {
  Result<json::Value> value = json::parse(entry);
  if (value) {
    line.set("entry", *std::move(value));
  } else {
    line.set("entry_bytes", encode_base64url(entry));
  }
}

json::Value describe(const LogReader& log, std::uint64_t index, const std::string& entry) {
  json::Value line =
      json::Value::object({{"index", static_cast<std::int64_t>(index)},
                           {"leaf", encode_base64url(view(ledger::leaf_hash(entry)))},
                           {"log", log.checkpoint().origin}});
  set_entry(line, entry);
  return line;
}

}  // namespace

Result<std::string> prove(const Folder& folder, const ProofTarget& target) {
  Result<std::vector<LogReader>> logs = find_logs(folder);
  if (!logs) return fail(logs.error());
  Result<Found> found = target.leaf ? find_leaf(*logs, *target.leaf) : find_index(*logs, target);
  if (!found) return fail(found.error());
  const LogReader& log = *found->log;
  Result<std::vector<std::string>> bundle = read_bundle(log, found->index / ledger::kTileWidth);
  if (!bundle) return fail(bundle.error());
  const std::string& entry = (*bundle)[found->index % ledger::kTileWidth];
  Result<std::vector<Digest>> hashes =
      ledger::prove_inclusion(found->index, log.size(), log.hashes(log.size()));
  if (!hashes) return fail(hashes.error());
  auto holds = ledger::verify_inclusion(found->index, log.size(), ledger::leaf_hash(entry), *hashes,
                                        log.checkpoint().root);
  if (!holds) return fail(holds.error());
  json::Value proof = describe(log, found->index, entry);
  proof.set("checkpoint", log.note());
  proof.set("hashes", to_json(*hashes));
  return json::canonical(proof);
}

Result<void> export_ndjson(const Folder& folder, const Sink& sink) {
  Result<std::vector<LogReader>> logs = find_logs(folder);
  if (!logs) return fail(logs.error());
  for (const LogReader& log : *logs) {
    for (std::uint64_t first = 0; first < log.size(); first += ledger::kTileWidth) {
      Result<std::vector<std::string>> bundle = read_bundle(log, first / ledger::kTileWidth);
      if (!bundle) return fail(bundle.error());
      std::uint64_t index = first;
      for (const std::string& entry : *bundle) {
        if (!sink(json::canonical(describe(log, index++, entry)))) return {};
      }
    }
  }
  return {};
}

}  // namespace mandate::store::audit
