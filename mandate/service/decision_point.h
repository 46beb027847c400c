// The decision point: AuthZEN 1.0 and forward-auth over `decide`, with the journal's entry and the
// receipt of each answer.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "mandate/service/core.h"

namespace mandate::service {

void evaluation_endpoint(Core& core, const ApiCall& call, const json::Value& body, Done done);
void evaluations_endpoint(Core& core, const ApiCall& call, const json::Value& body, Done done);
void forward_auth_endpoint(Core& core, const ForwardAuthCall& call, Done done);

// One decision with everything that its entry names.
struct Decided {
  Instant instant;  // at which `decide` was asked: a decision can be asked for again (Law 10)
  AccessRequest request;
  decision::Decision decision;
  std::optional<VerifiedToken> token;
  std::string asked_by;                // the resource server, or the enforcement point's address
  std::optional<std::string> subject;  // of an asserted request
  json::Value inputs;                  // what constraints could be evaluated against
  json::Array uses;
  bool durable = false;  // permits are answered after the entry
  Enforcement enforcement = Enforcement::kEnforce;
  Seconds max_age{0};                          // how long a permit may be kept while we are away
  bool shadowed = false;                       // refused, and permitted all the same
  std::optional<std::string> dpop_nonce = {};  // where the actor's proof needs one

  bool permitted() const { return decision.permitted() || shadowed; }
  const TokenClaims* claims() const { return token ? &token->claims() : nullptr; }
};

// Whether a resource in shadow permits what is refused so: where authority is missing, and whoever
// asks is known. It never permits what is not authenticated, what was ended, or what could not be
// decided. A question without a token is its resource server's word for who asks: there a missing
// token is what shadow is to find.
bool shadow_permits(Reason reason, bool token_presented);

// What the resource's entry says of an answer: what is permitted all the same, and for how long a
// permit may be kept.
void set_enforcement(const record::View& view, const ResourceDefinition& resource,
                     bool token_presented, Decided& decided);

// `decide`, with the standing of a token that was seen before.
decision::Decision decide(Core& core, const record::View& view, const AccessRequest& request,
                          decision::Evidence evidence, Instant now);

// The entry of a decision: what was asked, of whom, the answer, what it rests on, the token's own
// entry as predecessor.
Journalist::Draft decision_entry(Core& core, const Decided& decided);

// What it rests on, as the record had it when it was decided.
decision::Names names_of(const Core& core, const Decided& decided);

// Writes the entry and calls back with the receipt: at once, or for a durable permit when the entry
// is; then an entry that cannot be written turns the permit into a refusal.
using Answered = std::function<void(const Decided& decided, const std::string& receipt)>;
void journal_and_answer(Core& core, Decided decided, Answered answer);

}  // namespace mandate::service
