// The path of an action: from a receipt, a token, its jti or a transaction to the journal entries
// that tell who acted, for whom, by which hops, under which delegations; each with its proof, so
// that the caller verifies it instead of believing us.
#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/json/reader.h"
#include "mandate/ledger/receipt.h"
#include "mandate/ledger/tree.h"
#include "mandate/record/command.h"
#include "mandate/service/management.h"
#include "mandate/service/sequencer.h"

namespace mandate::service {
namespace {

constexpr std::size_t kEntriesMax = 256;

struct Start {
  std::vector<Digest> leaves;
  std::string transaction;
};

Result<Digest> leaf_of(std::string_view text) {
  Result<Digest> leaf = decode_base64url(text).and_then(to_digest);
  if (leaf) return leaf;
  return fail(Reason::kBadRequest, quoted(text) + " is no receipt, token or jti");
}

// A token's jti is its entry's leaf hash; an expired token still names it, so only the text is
// read.
Result<Digest> leaf_of_token(std::string_view text) {
  Result<token::Jws> jws = token::Jws::parse(text, Place::kRequest);
  if (!jws) return fail(jws.error());
  const json::Value* jti = jws->claims().find("jti");
  if (jti == nullptr || !jti->is_string()) {
    return fail(Reason::kTokenMalformed, "the token has no jti; expected an access token of ours");
  }
  return leaf_of(jti->as_string());
}

Result<Start> parse_start(const Core& core, const json::Value& body) {
  json::ObjectReader in(body, "the request");
  const auto receipt = in.optional_string("receipt");
  const auto token = in.optional_string("token");
  const auto jti = in.optional_string("jti");
  const auto txn = in.optional_string("txn");
  if (Result<void> whole = in.finish(); !whole) return fail(whole.error());
  if (receipt.has_value() + token.has_value() + jti.has_value() + txn.has_value() != 1) {
    return fail(Reason::kBadRequest, "expected exactly one of receipt, token, jti and txn");
  }
  if (txn) {
    const Result<std::string> bytes = decode_base64url(*txn);
    if (bytes && bytes->size() == kTransactionBytes) return Start{{}, *txn};
    return fail(Reason::kBadRequest, quoted(*txn) + " is no txn; expected a token's claim");
  }
  Result<Digest> leaf = fail(Reason::kBadRequest, "");
  if (receipt) {
    leaf = ledger::open_receipt(*receipt, core.deps.keys.receipt.verifier())
               .map([](const ledger::Receipt& opened) { return opened.leaf; });
  } else {
    leaf = token ? leaf_of_token(*token) : leaf_of(*jti);
  }
  if (!leaf) return fail(leaf.error());
  return Start{{*leaf}, {}};
}

void add_predecessors(const json::Value& entry, std::vector<Digest>& queue) {
  const json::Value* before = entry.find("predecessors");
  if (before == nullptr || !before->is_array()) return;
  for (const json::Value& link : before->as_array()) {
    const json::Value* leaf = link.find("leaf");
    Result<Digest> digest =
        leaf_of(leaf != nullptr && leaf->is_string() ? leaf->as_string() : std::string());
    if (digest) queue.push_back(*digest);
  }
}

json::Value found_body(const Digest& leaf, const JournalReader::Found& found) {
  json::Value body = json::Value::object({{"leaf", encode_base64url(view(leaf))},
                                          {"origin", found.origin},
                                          {"index", static_cast<std::int64_t>(found.index)},
                                          {"entry", found.entry}});
  Result<json::Value> proof = json::parse(found.proof);
  body.set("proof", proof.value_or(json::Value()));
  return body;
}

// The entries from the start back to the roots, each once.
json::Array collect(Core& core, std::vector<Digest> queue) {
  json::Array entries;
  std::set<Digest> seen;
  while (!queue.empty() && entries.size() < kEntriesMax) {
    const Digest leaf = queue.front();
    queue.erase(queue.begin());
    if (!seen.insert(leaf).second) continue;
    std::optional<JournalReader::Found> found = core.deps.journal_reader.find(leaf);
    if (!found) continue;
    if (Result<json::Value> entry = json::parse(found->entry)) add_predecessors(*entry, queue);
    entries.push_back(found_body(leaf, *found));
  }
  return entries;
}

std::string text_at(const json::Value& entry, std::string_view key) {
  const json::Value* value = entry.find(key);
  return value != nullptr && value->is_string() ? value->as_string() : std::string();
}

// The delegations that an entry names, as they stood on record at its revision.
void add_delegations(Core& core, const json::Value& entry, json::Value& delegations) {
  const json::Value* token = entry.find("token");
  const json::Value& source = token != nullptr ? *token : entry;
  const json::Value* ids = source.find(token != nullptr ? "lineage" : "delegations");
  const json::Value* revision = source.find("revision");
  if (ids == nullptr || revision == nullptr || !ids->is_array() || !revision->is_integer()) return;
  const auto at = static_cast<record::Revision>(std::max<std::int64_t>(0, revision->as_integer()));
  // A snapshot forgets the revisions before it: what stands at the earliest known is told then.
  const record::View view =
      core.deps.state.view(std::clamp(at, core.deps.state.earliest(), core.view().revision()));
  for (const json::Value& id : ids->as_array()) {
    if (!id.is_string() || delegations.find(id.as_string()) != nullptr) continue;
    auto definition = view.definition(record::NodeKind::kDelegation, id.as_string());
    if (definition) delegations.set(id.as_string(), *std::move(definition));
  }
}

}  // namespace

void path_endpoint(Core& core, const ApiCall& call, const json::Value& body, Done done) {
  const Instant now = core.now();
  const record::View view = core.view();
  std::optional<Operator> who = operator_of(core, call, view, now, done);
  if (!who) return;
  Result<Start> start = parse_start(core, body);
  if (!start) return done(refuse(core, start.error(), who->entry));
  const auto may_read_paths = [&] {
    return check_operator(core, view, *who, kAuditType, "read", "log", "path", now);
  };
  // The whole journal is searched for those who may read it; for others, what is remembered.
  const bool remembered =
      start->transaction.empty() && core.deps.journal.origin_of(start->leaves.front()).has_value();
  const bool has_receipt = body.find("receipt") != nullptr;
  if (!remembered && !has_receipt) {
    if (Result<void> may = may_read_paths(); !may) {
      return done(refuse(core, may.error(), who->entry));
    }
  }
  if (!start->transaction.empty()) {
    for (const JournalReader::Found& found :
         core.deps.journal_reader.of_transaction(start->transaction, kEntriesMax)) {
      start->leaves.push_back(ledger::leaf_hash(found.entry));
    }
  }
  const json::Array entries = collect(core, start->leaves);
  bool own = !entries.empty() && start->transaction.empty();
  json::Value delegations = json::Value::object({});
  for (const json::Value& item : entries) {
    Result<json::Value> entry = json::parse(text_at(item, "entry"));
    if (!entry) continue;
    add_delegations(core, *entry, delegations);
  }
  // Whoever acted may see its own path; everybody else needs the right to read the log.
  if (own) {
    Result<json::Value> first = json::parse(text_at(entries.front(), "entry"));
    const json::Value* token = first ? first->find("token") : nullptr;
    const std::string actor = first ? text_at(token ? *token : *first, "client_id") : std::string();
    // A refused exchange tells of a token that may be another's: its hops are not the caller's own.
    const bool of_another = first && text_at(*first, "type") == "refused" && entries.size() > 1;
    own = actor == who->caller.token.claims().client_id.text() && !of_another;
  }
  // Whoever holds a receipt of ours learns nothing from hearing that its entry is not durable yet.
  const bool promised = entries.empty() && has_receipt;
  if (!own && !promised) {
    Result<void> may = may_read_paths();
    if (!may) return done(refuse(core, may.error(), who->entry));
  }
  if (entries.empty()) {
    return done(refuse(core, {Reason::kBadRequest, Place::kPath, "no journal entry is to be found"},
                       who->entry));
  }
  Reply reply;
  reply.body = json::Value::object({{"entries", entries}, {"delegations", delegations}});
  done(std::move(reply));
}

void statement_endpoint(Core& core, const ApiCall& call, std::string_view delegation, Done done) {
  const Instant now = core.now();
  const record::View view = core.view();
  std::optional<Operator> who = operator_of(core, call, view, now, done);
  if (!who) return;
  const auto handle = view.find_delegation(delegation);
  const record::Delegation* found = handle ? view.delegation(*handle) : nullptr;
  // To anyone but the delegate it does not exist; a hop grant is shown with its token, not stated.
  if (found == nullptr || found->delegate != who->caller.handle ||
      record::is_hop_grant(delegation)) {
    return done(refuse(core,
                       {Reason::kBadRequest, Place::kPath,
                        "no delegation " + quoted(delegation) + " to the caller"},
                       who->entry));
  }
  Result<std::vector<record::DelegationHandle>> chain = decision::chain_of(view, *handle);
  if (!chain) return done(refuse(core, chain.error(), who->entry));
  Instant end = kEndOfTime;
  std::optional<Error> refusal;
  bool live = false;
  const record::PrincipalHandle root = view.delegation(chain->back())->delegator;
  for (record::EntitlementHandle entitlement : view.entitlements_of(root)) {
    const decision::Lineage lineage{entitlement, *chain};
    if (Result<void> checked = decision::check_live(view, now, lineage); !checked) {
      if (!refusal) refusal = checked.error();
      continue;
    }
    live = true;
    end = std::min(end, decision::lifetime_of(view, lineage).not_after);
  }
  if (!live) {
    return done(refuse(core,
                       refusal.value_or(Error{Reason::kOutsideAuthority, Place::kRequest,
                                              "the root delegator holds no entitlement"}),
                       who->entry));
  }
  if (end == kEndOfTime) end = now + kStatementLifetimeMax;
  const token::Statement statement{
      .delegator = PrincipalId::parse(view.id(found->delegator)).value(),
      .delegate = who->caller.token.claims().client_id,
      .delegation = DelegationId::parse(delegation).value(),
      .expires_at = end};
  Reply reply;
  reply.body = json::Value::object(
      {{"statement", token::sign_statement(statement, core.deps.issuer, now,
                                           core.issuer_keys(now).es256, crypto::Algorithm::kEs256)},
       {"expires_at", format_rfc3339(end)}});
  done(std::move(reply));
}

}  // namespace mandate::service
