#include "mandate/service/journalist.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "mandate/base/limits.h"
#include "mandate/ledger/receipt.h"
#include "mandate/ledger/tree.h"

namespace mandate::service {

namespace {

// A reason of the closed table, "permit", or "done".
std::string outcome_of(const json::Value& entry) {
  for (std::string_view member : {"reason", "decision"}) {
    const json::Value* found = entry.find(member);
    if (found != nullptr && found->is_string()) return found->as_string();
  }
  return "done";
}

}  // namespace

Journalist::Draft Journalist::draft(std::string_view type, json::Value entry) const {
  const json::Value* count = entry.find("count");
  counters_.add(type, outcome_of(entry),
                count != nullptr && count->is_integer()
                    ? static_cast<std::uint64_t>(count->as_integer())
                    : 1);
  entry.set("type", type);
  if (entry.find("time") == nullptr) entry.set("time", format_rfc3339(clock_.now()));
  entry.set("nonce", nonce());
  Draft draft;
  draft.entry = json::canonical(entry);
  draft.leaf = ledger::leaf_hash(draft.entry);
  return draft;
}

Journalist::Draft Journalist::seal(std::string_view type, std::string_view outcome,
                                   std::string entry) const {
  counters_.add(type, outcome, 1);
  const Digest leaf = ledger::leaf_hash(entry);
  return {std::move(entry), leaf};
}

namespace {

// Durability and the receipt come from two threads, in either order; the second one goes on.
struct Gate {
  std::mutex mutex;
  bool promised = false;
  std::optional<Result<void>> durable;
};

}  // namespace

Result<std::string> Journalist::write(Draft draft, record::Journal::Done durable,
                                      const Promised& promised) {
  const auto sign = [&](const record::Journal::Place& place) {
    return ledger::sign_receipt(
        {.log = place.origin, .run = place.run, .leaf = draft.leaf, .issued_at = clock_.now()},
        receipt_key_);
  };
  if (!durable) {
    return journal_.append(std::move(draft.entry), {}).map([&](const auto& place) {
      std::string receipt = sign(place);
      if (promised) promised(receipt);
      return receipt;
    });
  }
  auto gate = std::make_shared<Gate>();
  auto done = std::make_shared<record::Journal::Done>(std::move(durable));
  Result<record::Journal::Place> place =
      journal_.append(std::move(draft.entry), [gate, done](Result<void> result) {
        {
          const std::lock_guard lock(gate->mutex);
          if (!gate->promised) {
            gate->durable = std::move(result);
            return;
          }
        }
        (*done)(std::move(result));
      });
  if (!place) return fail(place.error());
  std::string receipt = sign(*place);
  if (promised) promised(receipt);
  std::optional<Result<void>> earlier;
  {
    const std::lock_guard lock(gate->mutex);
    gate->promised = true;
    earlier = std::move(gate->durable);
  }
  if (earlier) (*done)(*std::move(earlier));
  return receipt;
}

namespace {

// What a refusal says may quote what was refused, which may be larger than an entry can be.
constexpr std::size_t kDetailBytesMax = 4 << 10;
static_assert(8 * kDetailBytesMax < limits::kLogEntryBytesMax, "escapes take six bytes for one");

std::string_view bounded_detail(std::string_view text) {
  std::size_t end = std::min(text.size(), kDetailBytesMax);
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

std::string Journalist::refusal(const Error& error, json::Value entry) {
  entry.set("reason", name(error.reason));
  entry.set("detail", bounded_detail(error.detail));
  return write(draft("refused", std::move(entry)), {}).value_or(std::string());
}

std::optional<json::Value> Journalist::predecessor(std::string_view jti, std::string_view as) {
  Result<std::string> bytes = decode_base64url(jti);
  if (!bytes) return std::nullopt;
  Result<Digest> leaf = to_digest(*bytes);
  if (!leaf) return std::nullopt;
  std::optional<std::string> origin = journal_.origin_of(*leaf);
  if (!origin) return std::nullopt;
  return json::Value::object({{"origin", *origin}, {"leaf", jti}, {"as", as}});
}

void Journalist::count(Reason reason) {
  const std::lock_guard lock(counts_mutex_);
  ++counts_[static_cast<std::size_t>(reason)];
}

void Journalist::flush_counts() {
  std::array<std::uint64_t, kReasonCount> counts{};
  {
    const std::lock_guard lock(counts_mutex_);
    std::swap(counts, counts_);
  }
  for (Reason reason : all_reasons()) {
    const std::uint64_t count = counts[static_cast<std::size_t>(reason)];
    if (count == 0) continue;
    // A closed journal cannot take it: then nothing is issued or permitted either.
    (void)write(draft("refused_before_authentication",
                      json::Value::object(
                          {{"reason", name(reason)}, {"count", static_cast<std::int64_t>(count)}})),
                {});
  }
}

}  // namespace mandate::service
