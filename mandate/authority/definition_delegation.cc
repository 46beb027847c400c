#include "mandate/authority/definition.h"
#include "mandate/authority/reading.h"
#include "mandate/base/bytes.h"
#include "mandate/base/limits.h"

namespace mandate {
namespace {

void set_depth(json::Value& out, int max_depth) {
  if (max_depth != 0) {
    out.set("max_depth", max_depth);
  }
}

// Exactly one of delegator and parent.
void check_source(json::ObjectReader& in, bool has_delegator, bool has_parent) {
  if (has_delegator == has_parent) {
    in.refuse(has_parent
                  ? "delegation has both \"delegator\" and \"parent\"; expected one of them"
                  : "delegation has no \"delegator\" and no \"parent\"; expected one of them");
  }
}

std::optional<PrincipalKind> read_kind(json::ObjectReader& in) {
  const json::Value* value = in.optional("kind");
  const std::string* text = reading::string_at(in, "kind", value);
  if (text == nullptr) {
    return std::nullopt;
  }
  std::optional<PrincipalKind> kind = parse_principal_kind(*text);
  if (!kind) {
    in.refuse(
        "kind " + quoted(*text) +
            ": expected human, organization, workload, pipeline, integration, agent or service",
        value);
  }
  return kind;
}

}  // namespace

Result<EntitlementDefinition> EntitlementDefinition::parse(const json::Value& value) {
  json::ObjectReader in(value, "entitlement");
  std::optional<EntitlementId> id = reading::required<EntitlementId>(in, "id");
  std::optional<PrincipalId> principal = reading::required<PrincipalId>(in, "principal");
  Authority authority = reading::authority(in);
  const int max_depth = reading::depth(in).value_or(0);
  if (Result<void> ok = in.finish(); !ok) {
    return fail(ok.error());
  }
  return EntitlementDefinition{std::move(*id), std::move(*principal), std::move(authority),
                               max_depth};
}

json::Value EntitlementDefinition::to_json() const {
  json::Value out = json::Value::object(
      {{"id", id.text()}, {"principal", principal.text()}, {"authority", authority.to_json()}});
  set_depth(out, max_depth);
  return out;
}

Result<DelegationDefinition> DelegationDefinition::parse(const json::Value& value) {
  json::ObjectReader in(value, "delegation");
  std::optional<DelegationId> id = reading::required<DelegationId>(in, "id");
  check_source(in, in.has("delegator"), in.has("parent"));
  std::optional<PrincipalId> delegator = reading::optional<PrincipalId>(in, "delegator");
  std::optional<DelegationId> parent = reading::optional<DelegationId>(in, "parent");
  std::optional<PrincipalId> delegate = reading::required<PrincipalId>(in, "delegate");
  if (id && parent && *id == *parent) {
    in.refuse("delegation " + quoted(id->text()) + " is its own parent", in.optional("parent"));
  }
  Authority authority = reading::authority(in);
  std::optional<Instant> not_before = reading::instant(in, "not_before");
  std::optional<Instant> not_after = reading::instant(in, "not_after");
  if (not_before && not_after && *not_before >= *not_after) {
    in.refuse("not_after: expected later than not_before", in.optional("not_after"));
  }
  const int max_depth = reading::depth(in).value_or(0);
  std::optional<Seconds> max_token_lifetime = reading::token_lifetime(in);
  std::string purpose =
      reading::text_at(in, "purpose", in.optional("purpose"), limits::kPurposeBytesMax);
  for (std::string_view key : {"approvals", "review_interval", "workflow", "max_uses"}) {
    in.not_enforced(key);
  }
  if (Result<void> ok = in.finish(); !ok) {
    return fail(ok.error());
  }
  return DelegationDefinition{
      std::move(*id),       std::move(delegator), std::move(parent), std::move(*delegate),
      std::move(authority), not_before,           not_after,         max_depth,
      max_token_lifetime,   std::move(purpose)};
}

json::Value DelegationDefinition::to_json() const {
  json::Value out = json::Value::object({{"id", id.text()}});
  if (delegator) {
    out.set("delegator", delegator->text());
  }
  if (parent) {
    out.set("parent", parent->text());
  }
  out.set("delegate", delegate.text());
  out.set("authority", authority.to_json());
  reading::set(out, "not_before", not_before);
  reading::set(out, "not_after", not_after);
  set_depth(out, max_depth);
  reading::set(out, "max_token_lifetime", max_token_lifetime);
  reading::set_text(out, "purpose", purpose);
  return out;
}

Result<GuardrailDefinition> GuardrailDefinition::parse(const json::Value& value) {
  json::ObjectReader in(value, "guardrail");
  GuardrailDefinition out;
  if (const json::Value* selector = in.required("select")) {
    json::ObjectReader select(*selector, "select");
    out.kind = read_kind(select);
    out.principal = reading::optional<PrincipalId>(select, "principal");
    if (!select.has("kind") && !select.has("principal")) {
      select.refuse("select names nobody; expected a kind, a principal or both");
    }
    if (out.kind && out.principal && kind_of(*out.principal) != *out.kind) {
      select.refuse("select names nobody: " + quoted(out.principal->text()) + " is not of kind " +
                    std::string(name(*out.kind)));
    }
    if (Result<void> ok = select.finish(); !ok) {
      return fail(ok.error());
    }
  }
  out.max_token_lifetime = reading::token_lifetime(in);
  out.max_depth = reading::depth(in);
  if (!in.has("max_token_lifetime") && !in.has("max_depth")) {
    in.refuse("guardrail bounds nothing; expected max_token_lifetime, max_depth or both");
  }
  if (Result<void> ok = in.finish(); !ok) {
    return fail(ok.error());
  }
  return out;
}

json::Value GuardrailDefinition::to_json() const {
  json::Value select{json::Object{}};
  if (kind) {
    select.set("kind", name(*kind));
  }
  if (principal) {
    select.set("principal", principal->text());
  }
  json::Value out = json::Value::object({{"select", std::move(select)}});
  reading::set(out, "max_token_lifetime", max_token_lifetime);
  if (max_depth) {  // 0 is a bound here, not a default
    out.set("max_depth", *max_depth);
  }
  return out;
}

bool GuardrailDefinition::selects(const PrincipalId& id) const {
  return (!kind || *kind == kind_of(id)) && (!principal || *principal == id);
}

}  // namespace mandate
