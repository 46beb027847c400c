#include "mandate/service/decision_point.h"

#include <memory>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"
#include "mandate/crypto/hash.h"

namespace mandate::service {
namespace {

json::Array strings(const std::vector<std::string>& texts) {
  json::Array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

// Inputs beyond this enter by their digest, so that every decision has its entry.
constexpr std::size_t kInputsBytesMax = 16 << 10;
static_assert(2 * kInputsBytesMax < limits::kLogEntryBytesMax);

json::Value bounded(const json::Value& inputs) {
  const std::string text = json::canonical(inputs);
  if (text.size() <= kInputsBytesMax) return inputs;
  return json::Value::object({{"sha256", encode_base64url(view(crypto::sha256(text)))}});
}

void add_token(Core& core, const TokenClaims& claims, json::Value& entry) {
  json::Array actors;
  for (const PrincipalId& actor : claims.actors) actors.emplace_back(actor.text());
  entry.set("sub", claims.subject.text());
  entry.set("actors", std::move(actors));
  entry.set("client_id", claims.client_id.text());
  entry.set("jti", claims.jti);
  entry.set("txn", claims.transaction);
  json::Array predecessors;
  if (auto before = core.journalist.predecessor(claims.jti, "access_token")) {
    predecessors.push_back(*std::move(before));
  }
  entry.set("predecessors", std::move(predecessors));
}

}  // namespace

json::Value decision_entry(Core& core, const Decided& decided) {
  const decision::Decision& decision = decided.decision;
  json::Value entry =
      json::Value::object({{"time", format_rfc3339(decided.instant)},
                           {"decision", decision.permitted() ? "permit" : "deny"},
                           {"authority", name(decision.authority)},
                           {"by", decided.asked_by},
                           {"resource", decided.request.location.text()},
                           {"resource_type", decided.request.type},
                           {"action", decided.request.action},
                           {"delegations", strings(decision.delegations)},
                           {"rests_on", strings(decision.rests_on)},
                           {"revision", static_cast<std::int64_t>(decision.revision)},
                           {"time_zones", core.deps.zones.version()},
                           {"inputs", bounded(decided.inputs)},
                           {"uses", decided.uses}});
  if (decided.request.identifier) entry.set("identifier", decided.request.identifier->text());
  if (decided.request.client_address) {
    entry.set("client_address", decided.request.client_address->text());
  }
  if (!decision.entitlement.empty()) entry.set("entitlement", decision.entitlement);
  if (decision.refusal) {
    entry.set("reason", name(decision.refusal->reason));
    entry.set("detail", decision.refusal->detail);
  }
  if (decided.claims) {
    add_token(core, *decided.claims, entry);
  } else if (decided.subject) {
    entry.set("sub", *decided.subject);
  }
  return entry;
}

void journal_and_answer(Core& core, Decided decided, Answered answer) {
  Journalist::Draft draft = core.journalist.draft("decided", decision_entry(core, decided));
  auto shared = std::make_shared<Decided>(std::move(decided));
  if (!shared->decision.permitted() || !shared->durable) {
    Result<std::string> receipt = core.journalist.write(std::move(draft), {});
    if (!receipt && shared->decision.permitted()) shared->decision.refusal = receipt.error();
    return answer(*shared, receipt.value_or(std::string()));
  }
  auto promised = std::make_shared<std::string>();
  Result<std::string> written = core.journalist.write(
      std::move(draft),
      [shared, promised, answer](Result<void> durable) {
        if (!durable) shared->decision.refusal = durable.error();
        answer(*shared, durable ? *promised : std::string());
      },
      [promised](const std::string& receipt) { *promised = receipt; });
  if (!written) {
    shared->decision.refusal = written.error();
    answer(*shared, {});
  }
}

}  // namespace mandate::service
