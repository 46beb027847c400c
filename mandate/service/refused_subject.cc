#include "mandate/service/refused_subject.h"

#include <utility>

namespace mandate::service {
namespace {

void tell_token(Core& core, const TokenClaims& claims, const PrincipalId& caller,
                json::Value& entry) {
  json::Array actors;
  if (claims.client_id != caller) actors.emplace_back(caller.text());
  for (const PrincipalId& actor : claims.actors) actors.emplace_back(actor.text());
  json::Array delegations;
  for (const DelegationId& delegation : claims.lineage) delegations.emplace_back(delegation.text());
  entry.set("sub", claims.subject.text());
  entry.set("actors", std::move(actors));
  entry.set("txn", claims.transaction);
  entry.set("delegations", std::move(delegations));
  if (auto before = core.journalist.predecessor(claims.jti, "subject_token")) {
    entry.set("predecessors", json::Array{*std::move(before)});
  }
}

void tell_statement(const record::View& view, const token::Statement& statement,
                    const PrincipalId& caller, json::Value& entry) {
  const auto leaf = view.find_delegation(statement.delegation.text());
  const auto chain = leaf ? decision::chain_of(view, *leaf)
                          : Result<std::vector<record::DelegationHandle>>(
                                fail(Reason::kNoDelegation, "not on record"));
  if (!chain) return;
  json::Array delegations;
  for (record::DelegationHandle delegation : *chain) delegations.emplace_back(view.id(delegation));
  entry.set("sub", view.id(view.delegation(chain->back())->delegator));
  entry.set("actors", json::Array{json::Value(caller.text())});
  entry.set("delegations", std::move(delegations));
}

}  // namespace

void tell_subject(Core& core, const record::View& view, const Client& client, const Form& form,
                  Instant now, json::Value& entry) {
  const auto text = form.find("subject_token");
  if (!text) return;
  Result<token::Jws> jws = token::Jws::parse(*text, Place::kSubjectToken);
  if (!jws) return;
  entry.set("revision", static_cast<std::int64_t>(view.revision()));
  if (auto verified = core.issuer_keys(now).verifier.verify(*jws, now)) {
    tell_token(core, verified->claims(), client.id, entry);
  } else if (auto statement = token::verify_statement(*jws, core.issuer_keys(now).public_keys,
                                                      core.deps.issuer, now)) {
    tell_statement(view, *statement, client.id, entry);
  }
}

}  // namespace mandate::service
