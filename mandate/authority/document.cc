#include <algorithm>
#include <limits>

#include "mandate/authority/definition.h"
#include "mandate/authority/reading.h"
#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"

namespace mandate {
namespace {

constexpr std::string_view kApiVersion = "mandate/v1";
// The text's own bound (limits::kDocumentValuesMax) is the lists' bound.
constexpr std::size_t kListMax = limits::kDocumentValuesMax;

// Sorted by id: the order in which nouns are listed never matters.
template <class Definition>
std::vector<Definition> read_list(json::ObjectReader& in, std::string_view key, std::string noun) {
  std::vector<Definition> out;
  reading::Unique unique(std::move(noun));
  reading::each(in, key, in.optional(key), kListMax, [&](const json::Value& item) {
    std::optional<Definition> read = reading::accept(in, Definition::parse(item), &item);
    if (read) {
      unique.add(in, read->id.text(), item);
      out.push_back(std::move(*read));
    }
  });
  std::sort(out.begin(), out.end(),
            [](const Definition& a, const Definition& b) { return a.id < b.id; });
  return out;
}

std::optional<std::vector<GuardrailDefinition>> read_guardrails(json::ObjectReader& in) {
  const json::Value* list = in.optional("guardrails");
  if (list == nullptr) {
    return std::nullopt;
  }
  std::vector<GuardrailDefinition> out;
  reading::each(in, "guardrails", list, limits::kGuardrailsMax, [&](const json::Value& item) {
    std::optional<GuardrailDefinition> read =
        reading::accept(in, GuardrailDefinition::parse(item), &item);
    if (read) {
      out.push_back(std::move(*read));
    }
  });
  return out;
}

template <class Definition>
void write_list(json::Value& out, std::string_view key, const std::vector<Definition>& list) {
  json::Value items{json::Array{}};
  for (const Definition& definition : list) {
    items.push_back(definition.to_json());
  }
  out.set(key, std::move(items));
}

template <class Definition>
void write_unless_empty(json::Value& out, std::string_view key,
                        const std::vector<Definition>& list) {
  if (!list.empty()) {
    write_list(out, key, list);
  }
}

}  // namespace

Result<Document> Document::parse(const json::Value& value) {
  json::ObjectReader in(value, "document");
  const json::Value* version = in.required("apiVersion");
  const std::string* text = reading::string_at(in, "apiVersion", version);
  if (text != nullptr && *text != kApiVersion) {
    in.refuse("apiVersion " + quoted(*text) + ": expected \"mandate/v1\"", version);
  }
  Document out;
  out.teams = read_list<TeamDefinition>(in, "teams", "team");
  out.principals = read_list<PrincipalDefinition>(in, "principals", "principal");
  out.resources = read_list<ResourceDefinition>(in, "resources", "resource");
  out.entitlements = read_list<EntitlementDefinition>(in, "entitlements", "entitlement");
  out.delegations = read_list<DelegationDefinition>(in, "delegations", "delegation");
  out.guardrails = read_guardrails(in);
  reading::each(in, "exceptions", in.optional("exceptions"), kListMax,
                [&](const json::Value& item) {
                  reading::not_enforced(in, "\"exceptions\" of document", &item);
                });
  out.trusted_issuers = read_list<TrustedIssuerDefinition>(in, "trusted_issuers", "trusted issuer");
  if (Result<void> ok = in.finish(); !ok) {
    return fail(ok.error());
  }
  return out;
}

json::Value Document::to_json() const {
  json::Value out = json::Value::object({{"apiVersion", kApiVersion}});
  write_unless_empty(out, "teams", teams);
  write_unless_empty(out, "principals", principals);
  write_unless_empty(out, "resources", resources);
  write_unless_empty(out, "entitlements", entitlements);
  write_unless_empty(out, "delegations", delegations);
  if (guardrails) {  // an empty list takes every guardrail away; an absent one says nothing
    write_list(out, "guardrails", *guardrails);
  }
  write_unless_empty(out, "trusted_issuers", trusted_issuers);
  return out;
}

}  // namespace mandate
