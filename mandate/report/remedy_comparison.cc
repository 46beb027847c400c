// What a proposal refuses, asked of the engine itself: the document is applied to an empty state,
// and every operation that was seen is put to its lineage.
#include <algorithm>

#include "mandate/decision/decision.h"
#include "mandate/record/command.h"
#include "mandate/report/remedy.h"
#include "mandate/report/remedy_authority.h"

namespace mandate::report {
namespace {

using observe::GrantedPair;
using observe::Operation;
using observe::Use;

// Applies the document. What was observed lies in the past; the record does not.
Result<void> fill(record::State& state, const Document& document, Instant now) {
  record::ApplyOptions options;
  options.name_authenticator = [](const Authenticator&) -> Result<std::string> {
    return fail(Reason::kBadRequest, "a proposal proves nobody");
  };
  Result<record::Plan> plan = record::plan_apply(state.view(), document, options, now);
  if (!plan) return fail(plan.error());
  for (record::Change& change : plan->changes) {
    if (Result<void> done = state.apply({now, "scan", std::move(change)}); !done) return done;
  }
  state.publish();
  return {};
}

// Each thing that is known by name; of many, one that their pattern matches.
std::vector<std::string> things_of(const Operation& operation) {
  const std::optional<std::vector<std::string>> patterns = operation.targets.patterns();
  if (!patterns) return {""};
  std::vector<std::string> things = *patterns;
  for (std::string& thing : things) std::replace(thing.begin(), thing.end(), '*', 'x');
  return things;
}

class Asking {
 public:
  Asking(const record::View& view, const TimeZones& zones, RemedyComparison& comparison)
      : view_(view), zones_(zones), comparison_(comparison) {}

  void ask(const RemedyPart& part) {
    const auto entitlement = view_.find_entitlement(part.entitlement.text());
    const auto delegation = view_.find_delegation(part.delegation.text());
    if (!entitlement || !delegation) return;
    const decision::Lineage lineage{*entitlement, {*delegation}};
    for (const Use* use : part.uses) {
      for (const Operation& operation : use->operations.rows()) {
        for (const std::string& thing : things_of(operation)) ask(lineage, *use, operation, thing);
      }
    }
  }

 private:
  void ask(const decision::Lineage& lineage, const Use& use, const Operation& operation,
           const std::string& thing) {
    ++comparison_.observed;
    const AccessRequest request =
        request_of(operation.service, operation.action, thing, use.key.source);
    // Of events without a time, any will do: then the proposal has no hours.
    const bool is_timed = use.first <= use.last;
    const Instant first = is_timed ? use.first : Instant{};
    for (const Instant when : {first, is_timed ? use.last : first}) {
      const Instant end = view_.delegation(lineage.delegations.front())->not_after;
      Result<void> answer = decision::check_permits(view_, when, zones_, lineage, request);
      if (answer && when >= end) answer = fail(Reason::kOutsideWindow, "the delegation has ended");
      if (answer) continue;
      if (comparison_.observed_refused++ == 0) comparison_.first_refused = answer.error().detail;
      return;
    }
  }

  const record::View& view_;
  const TimeZones& zones_;
  RemedyComparison& comparison_;
};

bool is_same_action(std::string_view a, std::string_view b) {
  return slug_of(a, "_.:-*?", true, a.size()) == slug_of(b, "_.:-*?", true, b.size());
}

bool is_permitted(const Permission& permission, const GrantedPair& pair) {
  const std::string service = type_of(pair.service);
  if (permission.type != service && !permission.type.starts_with(service + ".")) return false;
  const bool has_action =
      std::any_of(permission.actions.begin(), permission.actions.end(),
                  [&](const std::string& action) { return is_same_action(action, pair.action); });
  if (!has_action || !permission.identifier) return has_action;
  const Result<Pattern> resource = Pattern::parse(pair.resource);
  return pair.resource != "*" && resource && permission.identifier->subsumes(*resource);
}

}  // namespace

AccessRequest request_of(std::string_view service, std::string_view action, std::string_view target,
                         std::string_view address) {
  AccessRequest request{type_of(service), resource_of(service), action_of(action), std::nullopt, {},
                        std::nullopt};
  if (Result<Identifier> identifier = Identifier::parse(target)) request.identifier = *identifier;
  if (Result<IpAddress> from = IpAddress::parse(address)) request.client_address = *from;
  return request;
}

RemedyComparison compare(const Remedy& remedy, const TimeZones& zones) {
  RemedyComparison comparison;
  record::State state;
  if (const Result<void> filled = fill(state, remedy.document, kBeginningOfTime); !filled) {
    comparison.observed_refused = 1;
    comparison.first_refused = filled.error().detail;
    return comparison;
  }
  const record::View view = state.view();
  Asking asking(view, zones, comparison);
  for (const RemedyPart& part : remedy.parts) asking.ask(part);
  return comparison;
}

void compare_with_grants(const Document& document, std::span<const GrantedPair> granted,
                         RemedyComparison& comparison) {
  for (const DelegationDefinition& delegation : document.delegations) {
    const std::string whole = delegation.delegate.text();
    const std::string name = whole.substr(whole.find(':') + 1);
    for (const GrantedPair& pair : granted) {
      if (pair.principal != name) continue;
      ++comparison.granted;
      const auto& permissions = delegation.authority.permissions();
      const bool is_kept =
          std::any_of(permissions.begin(), permissions.end(),
                      [&](const Permission& each) { return is_permitted(each, pair); });
      comparison.granted_refused += is_kept ? 0 : 1;
    }
  }
}

std::string in_words(const Document& document) {
  std::string text;
  for (const DelegationDefinition& delegation : document.delegations) {
    text += delegation.delegator->text() + " lets " + delegation.delegate.text();
    if (delegation.not_after) text += ", until " + format_rfc3339(*delegation.not_after);
    text += ":\n";
    for (const Permission& permission : delegation.authority.permissions()) {
      text += "  " + permission.type + ": ";
      for (std::size_t i = 0; i < permission.actions.size(); ++i) {
        text += (i == 0 ? "" : ", ") + permission.actions[i];
      }
      text += permission.identifier ? " on " + permission.identifier->text() : " on anything";
      text += "\n";
    }
    const auto& permissions = delegation.authority.permissions();
    if (permissions.empty() || permissions.front().constraints.empty()) continue;
    text += "  only with " + json::canonical(permissions.front().constraints.to_json()) + "\n";
  }
  return text;
}

}  // namespace mandate::report
