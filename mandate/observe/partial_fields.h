// The members of each row of a partial, named once: a writer and a reader visit them alike.
//
//   RowWriter out(places);   fields(out, row);   json::Value line = std::move(out).value();
#pragma once

#include <concepts>
#include <type_traits>

#include "mandate/observe/clipped.h"
#include "mandate/observe/summary.h"

namespace mandate::observe {

template <class Row, class Of>
concept RowOf = std::same_as<std::remove_const_t<Row>, Of>;

template <class Io>
void fields(Io& io, RowOf<CredentialRow> auto& row) {
  io("kind", row.kind);
  io("principal", row.principal);
  io("role", row.role);
  io("session_name", row.session_name);
  io("machine", row.machine);
  io("since", row.since);
  io("count", row.count);
  io("uses_are_all", row.uses_are_all);
  io("services", row.services, CredentialRow::kServicesMax);
  io("is_privileged", row.is_privileged);
}

template <class Io>
void fields(Io& io, RowOf<Use> auto& use) {
  io("source", use.key.source);
  io("product", use.key.product);
  io("agent_kind", use.key.agent_kind);
  io("outcome", use.key.outcome);
  io("source_is_service", use.key.source_is_service);
  io("count", use.count);
  io("first", use.first);
  io("last", use.last);
  io("hours", use.hours);
  io("is_delegated", use.is_delegated);
  io("sample", use.sample);
}

template <class Io>
void fields(Io& io, RowOf<Operation> auto& operation) {
  io("service", operation.service);
  io("action", operation.action);
  io("targets", operation.targets);
}

template <class Io>
void fields(Io& io, RowOf<PrincipalRow> auto& row) {
  io("kind", row.kind);
  io("tenant", row.tenant);
  io("unique_ids", row.unique_ids, Summary::kIssuesMax);
  io("credentials", row.credentials, CredentialRow::kUsesMax);
  io("as_person", row.as_person);
  io("with_mfa", row.with_mfa);
  io("is_personal", row.is_personal);
}

template <class Io>
void fields(Io& io, RowOf<IssueRow> auto& row) {
  io("kind", row.kind);
  io("seen", row.seen);
  io("issuer", row.issuer);
  io("issuer_credential", row.issuer_credential);
  io("for_whom", row.for_whom);
  io("session_name", row.session_name);
  io("subject", row.subject);
  io("source", row.source);
  io("until", row.until);
}

template <class Io>
void fields(Io& io, RowOf<FactText> auto& text) {
  io("subject", text.subject);
  io("object", text.object);
  io("detail", text.detail);
}

template <class Io>
void fields(Io& io, RowOf<FactRow> auto& row) {
  io("first", row.first);
  io("last", row.last);
  io("sample", row.sample);
}

template <class Io>
void fields(Io& io, RowOf<PartyRow> auto& row) {
  io("id", row.id);
  io("scope", row.scope);
  io("is_conditioned", row.is_conditioned);
}

template <class Io>
void fields(Io& io, RowOf<ChangeRow> auto& row) {
  io("kind", row.kind);
  io("seen", row.seen);
  io("actor", row.actor);
  io("credential", row.credential);
  io("source", row.source);
  io("agent_kind", row.agent_kind);
  io("mfa", row.mfa);
  io("action", row.action);
  io("object", row.object);
  io("right", row.right);
  io("parties", row.parties);
  io("is_admin", row.is_admin);
  io("is_new", row.is_new);
  io("must_replace", row.must_replace);
}

}  // namespace mandate::observe
