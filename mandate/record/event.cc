#include "mandate/record/event.h"

#include <utility>

#include "mandate/json/reader.h"

namespace mandate::record {
namespace {

constexpr std::string_view kGuardrails = "guardrails";

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

// The definition under `kind`, read by the noun's own reader.
template <class Definition>
Result<Put> put_of(const json::Value& value) {
  Result<Definition> definition = Definition::parse(value);
  if (!definition) return fail(definition.error());
  return Put{std::move(*definition), {}};
}

Result<Put> guardrails_of(const json::Value& value) {
  if (!value.is_array()) return fail(Reason::kBadRequest, "guardrails: expected an array");
  std::vector<GuardrailDefinition> all;
  for (const json::Value& item : value.as_array()) {
    Result<GuardrailDefinition> guardrail = GuardrailDefinition::parse(item);
    if (!guardrail) return fail(guardrail.error());
    all.push_back(std::move(*guardrail));
  }
  return Put{std::move(all), {}};
}

Result<Put> parse_definition(std::string_view kind, const json::Value& value) {
  if (kind == kGuardrails) return guardrails_of(value);
  switch (parse_node_kind(kind).value_or(NodeKind::kToken)) {
    case NodeKind::kTeam: return put_of<TeamDefinition>(value);
    case NodeKind::kPrincipal: return put_of<PrincipalDefinition>(value);
    case NodeKind::kResource: return put_of<ResourceDefinition>(value);
    case NodeKind::kEntitlement: return put_of<EntitlementDefinition>(value);
    case NodeKind::kDelegation: return put_of<DelegationDefinition>(value);
    case NodeKind::kTrustedIssuer: return put_of<TrustedIssuerDefinition>(value);
    case NodeKind::kAuthenticator:
    case NodeKind::kToken:
    case NodeKind::kTransaction: break;
  }
  return fail(Reason::kBadRequest, "kind " + quoted(kind) + " has no definition");
}

Result<Instant> read_instant(json::ObjectReader& in, std::string_view key) {
  Result<Instant> instant = parse_rfc3339(in.required_string(key));
  if (!instant) in.refuse(instant.error());
  return instant;
}

Result<Change> read_put(json::ObjectReader& in) {
  std::string kind = in.required_string("kind");
  const json::Value* definition = in.required("definition");
  std::vector<std::string> authenticators =
      kind == name(NodeKind::kPrincipal)
          ? in.strings("authenticators", limits::kAuthenticatorsMax, true)
          : std::vector<std::string>{};
  if (auto ok = in.finish(); !ok) return fail(ok.error());
  Result<Put> put = parse_definition(kind, *definition);
  if (!put) return fail(put.error());
  put->authenticator_ids = std::move(authenticators);
  if (const auto* principal = std::get_if<PrincipalDefinition>(&put->definition);
      principal && principal->authenticators.size() != put->authenticator_ids.size()) {
    return fail(Reason::kBadRequest, "a principal's event names each of its authenticators once");
  }
  return Change(std::move(*put));
}

Result<Change> read_revoked(json::ObjectReader& in) {
  std::string word = in.required_string("kind");
  std::optional<NodeKind> kind = parse_node_kind(word);
  if (!kind) in.refuse("kind " + quoted(word) + " is not known");
  Revoked revoked{kind.value_or(NodeKind::kToken), in.required_string("id"), {}};
  if (in.has("until")) {
    if (Result<Instant> until = read_instant(in, "until")) revoked.until = *until;
  }
  if (auto ok = in.finish(); !ok) return fail(ok.error());
  return Change(std::move(revoked));
}

template <class OfPrincipal>
Result<Change> read_of_principal(json::ObjectReader& in) {
  std::string id = in.required_string("id");
  if (auto ok = in.finish(); !ok) return fail(ok.error());
  return PrincipalId::parse(id).map(
      [](PrincipalId principal) { return Change(OfPrincipal{std::move(principal)}); });
}

Result<Change> read_snapshot_taken(json::ObjectReader& in) {
  constexpr std::int64_t kRevisionMax = std::int64_t{1} << 53;
  std::optional<std::int64_t> revision = in.optional_integer("revision", 0, kRevisionMax);
  std::string text = in.required_string("digest");
  if (!revision) in.refuse("expected a \"revision\"");
  if (auto ok = in.finish(); !ok) return fail(ok.error());
  return decode_base64url(text).and_then(to_digest).map([&](const Digest& digest) {
    return Change(SnapshotTaken{static_cast<Revision>(*revision), digest});
  });
}

Result<Change> read_change(json::ObjectReader& in, std::string_view type) {
  if (type == "put") return read_put(in);
  if (type == "revoked") return read_revoked(in);
  if (type == "suspended") return read_of_principal<Suspended>(in);
  if (type == "resumed") return read_of_principal<Resumed>(in);
  if (type == "discovered") return read_of_principal<Discovered>(in);
  if (type == "snapshot_taken") return read_snapshot_taken(in);
  return fail(Reason::kBadRequest, "type " + quoted(type) +
                                       " is no event; expected put, revoked, suspended, resumed, "
                                       "discovered or snapshot_taken");
}

void write_put(json::Value& out, const Put& put) {
  out.set("type", "put");
  std::visit(
      [&](const auto& definition) {
        using Definition = std::decay_t<decltype(definition)>;
        if constexpr (std::is_same_v<Definition, std::vector<GuardrailDefinition>>) {
          json::Value all = json::Value::array({});
          for (const GuardrailDefinition& guardrail : definition)
            all.push_back(guardrail.to_json());
          out.set("kind", kGuardrails);
          out.set("definition", std::move(all));
        } else {
          out.set("kind", name(kind_of_definition<Definition>));
          out.set("definition", definition.to_json());
        }
      },
      put.definition);
  if (std::holds_alternative<PrincipalDefinition>(put.definition)) {
    json::Value ids = json::Value::array({});
    for (const std::string& id : put.authenticator_ids) ids.push_back(id);
    out.set("authenticators", std::move(ids));
  }
}

}  // namespace

std::string serialise(const Event& event) {
  json::Value out = json::Value::object({{"time", format_rfc3339(event.time)}, {"by", event.by}});
  std::visit(Overloaded{[&](const Put& put) { write_put(out, put); },
                        [&](const Revoked& revoked) {
                          out.set("type", "revoked");
                          out.set("kind", name(revoked.kind));
                          out.set("id", revoked.id);
                          if (revoked.until) out.set("until", format_rfc3339(*revoked.until));
                        },
                        [&](const Suspended& suspended) {
                          out.set("type", "suspended");
                          out.set("id", suspended.principal.text());
                        },
                        [&](const Resumed& resumed) {
                          out.set("type", "resumed");
                          out.set("id", resumed.principal.text());
                        },
                        [&](const Discovered& discovered) {
                          out.set("type", "discovered");
                          out.set("id", discovered.principal.text());
                        },
                        [&](const SnapshotTaken& taken) {
                          out.set("type", "snapshot_taken");
                          out.set("revision", static_cast<std::int64_t>(taken.revision));
                          out.set("digest", encode_base64url(view(taken.digest)));
                        }},
             event.change);
  return json::canonical(out);
}

Result<Event> parse_event(std::string_view entry) {
  json::Bounds bounds;
  bounds.bytes_max = limits::kLogEntryBytesMax;
  Result<json::Value> value = json::parse(entry, bounds);
  if (!value) return fail(value.error());
  json::ObjectReader in(*value, "event");
  std::string type = in.required_string("type");
  std::string by = in.required_string("by");
  Result<Instant> time = read_instant(in, "time");
  if (!in.ok()) return fail(in.finish().error());
  return read_change(in, type).map([&](Change change) {
    return Event{*time, std::move(by), std::move(change)};
  });
}

}  // namespace mandate::record
