#include "apps/mandate/journal_finder.h"

#include "mandate/json/value.h"

namespace mandate::app {
namespace {

bool belongs_to(std::string_view entry, std::string_view txn) {
  // Most entries are not of this transaction: a look at the text spares parsing them.
  if (entry.find(txn) == std::string_view::npos) return false;
  Result<json::Value> value = json::parse(entry);
  if (!value) return false;
  const json::Value* token = value->find("token");
  const json::Value* found = (token != nullptr ? *token : *value).find("txn");
  return found != nullptr && found->is_string() && found->as_string() == txn;
}

}  // namespace

std::string JournalFinder::proof(const std::string& origin, std::uint64_t index) {
  const std::optional<std::string> log = logs_.name_of(origin);
  if (!log) return {};
  Result<store::PublishedLogs::Proof> proof = logs_.prove(*log, index);
  if (!proof) return {};
  json::Array hashes;
  for (const Digest& hash : proof->hashes) hashes.emplace_back(encode_base64url(view(hash)));
  return json::canonical(
      json::Value::object({{"checkpoint", proof->checkpoint}, {"hashes", std::move(hashes)}}));
}

std::optional<service::JournalReader::Found> JournalFinder::find(const Digest& leaf) {
  Result<std::optional<store::SegmentJournal::EntryPlace>> place = journal_.find(leaf);
  if (!place || !*place) return std::nullopt;
  const std::optional<std::uint32_t> log = journal_.log_of((*place)->origin);
  if (!log) return std::nullopt;
  Result<std::vector<std::string>> entries = journal_.read(*log, (*place)->index, 1);
  if (!entries || entries->empty()) return std::nullopt;
  return Found{.entry = std::move(entries->front()),
               .origin = (*place)->origin,
               .index = (*place)->index,
               .proof = proof((*place)->origin, (*place)->index)};
}

std::vector<service::JournalReader::Found> JournalFinder::of_transaction(std::string_view txn,
                                                                         std::size_t max) {
  std::vector<Found> found;
  // A segment that cannot be read ends the search: what was found before it still stands.
  (void)journal_.visit([&](const store::SegmentJournal::EntryPlace& place, std::string_view entry) {
    if (belongs_to(entry, txn)) {
      found.push_back(
          {std::string(entry), place.origin, place.index, proof(place.origin, place.index)});
    }
    return found.size() < max;
  });
  return found;
}

}  // namespace mandate::app
