#include "mandate/service/path_proof.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/ledger/receipt.h"
#include "mandate/ledger/tree.h"
#include "mandate/token/jws.h"

namespace mandate::service {
namespace {

std::string text_at(const json::Value& value, std::string_view key) {
  const json::Value* found = value.find(key);
  return found != nullptr && found->is_string() ? found->as_string() : std::string();
}

Result<Digest> digest_of(std::string_view text) {
  return decode_base64url(text).and_then([](const std::string& bytes) { return to_digest(bytes); });
}

Result<std::vector<Digest>> hashes_of(const json::Value& proof) {
  std::vector<Digest> hashes;
  const json::Value* list = proof.find("hashes");
  if (list == nullptr || !list->is_array()) {
    return fail(Reason::kBadRequest, "the proof has no hashes");
  }
  for (const json::Value& item : list->as_array()) {
    Result<Digest> hash = digest_of(item.is_string() ? item.as_string() : std::string());
    if (!hash) return fail(hash.error());
    hashes.push_back(*hash);
  }
  return hashes;
}

Result<void> verify_entry(const json::Value& item,
                          const std::vector<ledger::NoteVerifier>& verifiers) {
  Result<Digest> leaf = digest_of(text_at(item, "leaf"));
  if (!leaf) return fail(leaf.error());
  if (ledger::leaf_hash(text_at(item, "entry")) != *leaf) {
    return fail(Reason::kBadRequest, "the entry does not hash to its leaf");
  }
  const std::string origin = text_at(item, "origin");
  const auto verifier =
      std::find_if(verifiers.begin(), verifiers.end(),
                   [&](const ledger::NoteVerifier& known) { return known.name() == origin; });
  if (verifier == verifiers.end()) {
    return fail(Reason::kUntrustedIssuer, "no key is known for the log " + quoted(origin));
  }
  const json::Value* proof = item.find("proof");
  const json::Value* index = item.find("index");
  if (proof == nullptr || !proof->is_object() || index == nullptr || !index->is_integer() ||
      index->as_integer() < 0) {
    return fail(Reason::kBadRequest, "the entry comes without a proof");
  }
  Result<ledger::Checkpoint> checkpoint =
      ledger::open_checkpoint(text_at(*proof, "checkpoint"), *verifier);
  if (!checkpoint) return fail(checkpoint.error());
  Result<std::vector<Digest>> hashes = hashes_of(*proof);
  if (!hashes) return fail(hashes.error());
  return ledger::verify_inclusion(static_cast<std::uint64_t>(index->as_integer()), checkpoint->size,
                                  *leaf, *hashes, checkpoint->root);
}

// The leaves that an entry names as its predecessors and that are not among those at hand.
std::vector<std::string> missing_hops(const json::Value& entry, const std::set<std::string>& have) {
  std::vector<std::string> missing;
  const json::Value* links = entry.find("predecessors");
  if (links == nullptr || !links->is_array()) return missing;
  for (const json::Value& link : links->as_array()) {
    const std::string leaf = text_at(link, "leaf");
    if (!have.contains(leaf)) missing.push_back(leaf);
  }
  return missing;
}

// The leaf that the question is about; empty for a transaction.
Result<std::string> leaf_asked(const json::Value& question,
                               const std::vector<ledger::NoteVerifier>& verifiers) {
  if (question.find("jti") != nullptr) return text_at(question, "jti");
  if (question.find("token") != nullptr) {
    return token::Jws::parse(text_at(question, "token"), Place::kRequest)
        .map([](const token::Jws& jws) { return text_at(jws.claims(), "jti"); });
  }
  if (question.find("receipt") == nullptr) return std::string();
  for (const ledger::NoteVerifier& verifier : verifiers) {
    const auto receipt = ledger::open_receipt(text_at(question, "receipt"), verifier);
    if (receipt) return encode_base64url(view(receipt->leaf));
  }
  return fail(Reason::kTokenMalformed, "no known key signed this receipt");
}

std::string transaction_of(const json::Value& entry) {
  const json::Value* token = entry.find("token");
  return text_at(token != nullptr ? *token : entry, "txn");
}

// The leaves of an answer that belong to it: where it begins, what that names, and so on.
std::set<std::string> belonging(const json::Array& items, const std::string& leaf,
                                const std::string& transaction) {
  std::map<std::string, json::Value> entries;
  std::vector<std::string> queue;
  for (const json::Value& item : items) {
    const json::Value entry = json::parse(text_at(item, "entry")).value_or(json::Value());
    const std::string own = text_at(item, "leaf");
    const bool asked = leaf.empty() ? transaction_of(entry) == transaction : own == leaf;
    if (asked) queue.push_back(own);
    entries.emplace(own, entry);
  }
  std::set<std::string> found;
  while (!queue.empty()) {
    const std::string next = queue.back();
    queue.pop_back();
    if (!found.insert(next).second || !entries.contains(next)) continue;
    for (std::string& before : missing_hops(entries[next], {})) queue.push_back(std::move(before));
  }
  return found;
}

struct Checked {
  json::Array items;
  json::Array problems;
  std::set<std::string> leaves;

  void problem(json::Value& item, const std::string& text) {
    if (item.find("problem") == nullptr) item.set("problem", text);
    item.set("verified", false);
    problems.emplace_back(text_at(item, "leaf") + ": " + text);
  }
};

void check_item(Checked& checked, const json::Value& item, const std::set<std::string>& belong,
                const std::vector<ledger::NoteVerifier>& verifiers) {
  json::Value out = json::Value::object(
      {{"leaf", text_at(item, "leaf")}, {"origin", text_at(item, "origin")}, {"verified", true}});
  if (const json::Value* index = item.find("index")) out.set("index", *index);
  Result<json::Value> entry = json::parse(text_at(item, "entry"));
  out.set("entry", entry.value_or(json::Value()));
  Result<void> verified = verify_entry(item, verifiers);
  if (!verified) checked.problem(out, verified.error().detail);
  if (!belong.contains(text_at(item, "leaf"))) {
    checked.problem(out, "the entry is no part of what was asked for");
  }
  if (entry) {
    for (const std::string& leaf : missing_hops(*entry, checked.leaves)) {
      checked.problem(out, "the hop before it, " + leaf + ", is missing");
    }
  }
  checked.items.push_back(std::move(out));
}

// Who acted for whom: as the last entry tells it, in a token's claims or in the decision itself.
void add_parties(const json::Value& last, json::Value& path) {
  const json::Value* entry = last.find("entry");
  if (entry == nullptr) return;
  const json::Value* token = entry->find("token");
  const json::Value& source = token != nullptr ? *token : *entry;
  path.set("subject", text_at(source, "sub"));
  path.set("actor", text_at(source, "client_id"));
}

}  // namespace

bool awaits_checkpoint(const json::Value& response) {
  const json::Value* entries = response.find("entries");
  if (entries == nullptr || !entries->is_array()) return false;
  return std::any_of(entries->as_array().begin(), entries->as_array().end(),
                     [](const json::Value& item) {
                       const json::Value* proof = item.find("proof");
                       return proof == nullptr || proof->is_null();
                     });
}

Result<json::Value> verify_path(const json::Value& question, const json::Value& response,
                                const std::vector<ledger::NoteVerifier>& verifiers) {
  const json::Value* entries = response.find("entries");
  if (entries == nullptr || !entries->is_array() || entries->as_array().empty()) {
    return fail(Reason::kBadRequest, "the answer holds no entries; expected a path");
  }
  const Result<std::string> leaf = leaf_asked(question, verifiers);
  if (!leaf) return fail(leaf.error());
  const std::set<std::string> belong =
      belonging(entries->as_array(), *leaf, text_at(question, "txn"));
  Checked checked;
  for (const json::Value& item : entries->as_array()) checked.leaves.insert(text_at(item, "leaf"));
  for (const json::Value& item : entries->as_array()) check_item(checked, item, belong, verifiers);
  // Who acted is told by the first entry: no other one may take its place.
  if (!leaf->empty() && text_at(checked.items.front(), "leaf") != *leaf) {
    checked.problem(checked.items.front(), "the answer does not begin with what was asked for");
  }
  json::Value path = json::Value::object({{"verified", checked.problems.empty()}});
  add_parties(checked.items.front(), path);
  path.set("problems", std::move(checked.problems));
  path.set("entries", std::move(checked.items));
  const json::Value* delegations = response.find("delegations");
  path.set("delegations", delegations ? *delegations : json::Value::object({}));
  return path;
}

}  // namespace mandate::service
