#include "mandate/json/line.h"
#include "mandate/observe/summary.h"

namespace mandate::observe {
namespace {

json::Value integer(std::uint64_t number) { return static_cast<std::int64_t>(number); }

json::Value integer(Instant time) { return std::int64_t{time.time_since_epoch().count()}; }

json::Value time(const std::optional<Instant>& at) { return at ? integer(*at) : json::Value(); }

template <class Enum>
json::Value number(Enum value) {
  return static_cast<std::int64_t>(value);
}

template <class Set>
json::Value list(const Set& texts) {
  return json::Array(texts.begin(), texts.end());
}

json::Value describe(const Seen& seen) {
  return json::Value::array({integer(seen.time), seen.event_id, seen.file, integer(seen.offset),
                             integer(seen.line), std::to_string(seen.key.high),
                             std::to_string(seen.key.low)});
}

json::Value describe(const Sample& sample) {
  json::Array rows;
  for (const Seen& seen : sample.events()) rows.push_back(describe(seen));
  return rows;
}

json::Value describe(const Operations& operations) {
  json::Array rows{operations.are_all()};
  for (const Operation& row : operations.rows()) {
    const auto patterns = row.targets.patterns();
    rows.push_back(
        json::Value::array({row.service, row.action, patterns ? list(*patterns) : json::Value(),
                            list(row.targets.few())}));
  }
  return rows;
}

json::Value describe(const CredentialRow& row) {
  json::Array uses;
  for (const Use& use : row.uses) {
    uses.push_back(
        json::Value::array({use.key.source, use.key.product, number(use.key.agent_kind),
                            number(use.key.outcome), use.key.source_is_service, integer(use.count),
                            integer(use.first), integer(use.last), std::int64_t{use.hours},
                            use.is_delegated, describe(use.sample), describe(use.operations)}));
  }
  return json::Value::array({number(row.kind), row.principal, row.role, row.session_name,
                             row.machine, integer(row.count), row.uses_are_all, row.is_privileged,
                             list(row.services), std::move(uses), time(row.since)});
}

json::Value describe(const PrincipalRow& row) {
  return json::Value::array({number(row.kind), row.tenant, list(row.unique_ids),
                             list(row.credentials), row.with_mfa, row.is_personal,
                             describe(row.as_person)});
}

json::Value describe(const IssueRow& row) {
  return json::Value::array({number(row.kind), describe(row.seen), row.issuer,
                             row.issuer_credential, row.for_whom, row.session_name, row.subject,
                             row.source, time(row.until)});
}

json::Value describe(const ChangeRow& row) {
  json::Array parties;
  for (const PartyRow& party : row.parties) {
    parties.push_back(json::Value::array({party.id, number(party.scope), party.is_conditioned}));
  }
  return json::Value::array(
      {number(row.kind), describe(row.seen), row.actor, row.credential, row.source,
       number(row.agent_kind), row.mfa ? json::Value(*row.mfa) : json::Value(), row.action,
       row.object, row.right, std::move(parties), row.is_admin, row.is_new, row.must_replace});
}

}  // namespace

std::string Summary::describe() const {
  std::string text;
  auto line = [&text](std::string_view what, std::string_view name, json::Value row) {
    text += json::to_line(json::Value::array({what, name, std::move(row)})) + "\n";
  };
  for (const auto& [name, row] : rows_.credentials)
    line("credential", name, observe::describe(row));
  for (const auto& [name, row] : rows_.principals) line("principal", name, observe::describe(row));
  for (const auto& [name, rows] : rows_.issues) {
    for (const IssueRow& row : rows) line("issue", name, observe::describe(row));
  }
  for (const auto& [key, row] : rows_.changes) line("change", "", observe::describe(row));
  for (std::size_t kind = 0; kind < Facts::kKinds; ++kind) {
    for (const auto& [said, row] : rows_.facts.of(static_cast<FactKind>(kind))) {
      line("fact", said.subject,
           json::Value::array({std::to_string(kind), said.object, said.detail, integer(row.first),
                               integer(row.last), observe::describe(row.sample)}));
    }
  }
  line("events", "", integer(events_.size()));
  return text;
}

}  // namespace mandate::observe
