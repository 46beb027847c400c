#include "mandate/observe/inventory/aws_policy.h"

#include <charconv>
#include <utility>

#include "mandate/base/cidr.h"
#include "mandate/observe/inventory/aws_pattern.h"

namespace mandate::observe {
namespace {

constexpr std::size_t kStatementsMax = 2000;  // of one policy; IAM allows 10,240 characters

std::string text_of(const json::Value& value) {
  if (value.is_string()) return value.as_string();
  if (value.is_bool()) return value.as_bool() ? "true" : "false";
  return value.is_number() ? json::canonical(value) : std::string();
}

std::vector<std::string> texts_of(const json::Value* value) {
  std::vector<std::string> out;
  if (value == nullptr) return out;
  if (!value->is_array()) return {text_of(*value)};
  for (const json::Value& item : value->as_array()) out.push_back(text_of(item));
  return out;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out.push_back(text[at]);
      continue;
    }
    unsigned value = 0;
    const char* begin = text.data() + at + 1;
    if (at + 2 >= text.size() || std::from_chars(begin, begin + 2, value, 16).ptr != begin + 2) {
      return std::nullopt;
    }
    out.push_back(static_cast<char>(value));
    at += 2;
  }
  return out;
}

void read_conditions(const json::Value* block, std::vector<AwsCondition>& out) {
  if (block == nullptr || !block->is_object()) return;
  for (const json::Member& by_operator : block->as_object()) {
    AwsCondition condition;
    condition.op = lower(by_operator.key);
    auto cut_front = [&](std::string_view prefix) {
      bool found = condition.op.starts_with(prefix);
      if (found) condition.op.erase(0, prefix.size());
      return found;
    };
    condition.for_any = cut_front("foranyvalue:");
    condition.for_all = cut_front("forallvalues:");
    condition.if_exists = condition.op.ends_with("ifexists");
    if (condition.if_exists) condition.op.resize(condition.op.size() - 8);
    if (!by_operator.value.is_object()) {
      out.push_back(condition);  // without a key: never known
      continue;
    }
    for (const json::Member& by_key : by_operator.value.as_object()) {
      condition.key = lower(by_key.key);
      condition.values = texts_of(&by_key.value);
      out.push_back(condition);
    }
  }
}

void read_parties(const json::Value& principal, std::vector<AwsParty>& out) {
  if (principal.is_string()) {
    out.push_back({PartyKind::kAws, principal.as_string()});
    return;
  }
  if (!principal.is_object()) return;
  for (const json::Member& member : principal.as_object()) {
    PartyKind kind = member.key == "AWS"         ? PartyKind::kAws
                     : member.key == "Service"   ? PartyKind::kService
                     : member.key == "Federated" ? PartyKind::kFederated
                                                 : PartyKind::kOther;
    for (std::string& id : texts_of(&member.value)) out.push_back({kind, std::move(id)});
  }
}

std::optional<AwsStatement> read_statement(const json::Value& value, const PlaceOf& place_of) {
  const json::Value* effect = value.find("Effect");
  if (effect == nullptr || !effect->is_string()) return std::nullopt;
  AwsStatement statement;
  statement.is_allow = effect->as_string() == "Allow";
  if (!statement.is_allow && effect->as_string() != "Deny") return std::nullopt;
  const json::Value* not_action = value.find("NotAction");
  const json::Value* not_resource = value.find("NotResource");
  const json::Value* not_principal = value.find("NotPrincipal");
  statement.is_not_action = not_action != nullptr;
  statement.is_not_resource = not_resource != nullptr;
  statement.is_not_principal = not_principal != nullptr;
  for (std::string& action : texts_of(not_action ? not_action : value.find("Action"))) {
    statement.actions.push_back(lower(action));
  }
  statement.resources = texts_of(not_resource ? not_resource : value.find("Resource"));
  const json::Value* principal = not_principal ? not_principal : value.find("Principal");
  if (principal != nullptr) read_parties(*principal, statement.parties);
  read_conditions(value.find("Condition"), statement.conditions);
  statement.place = place_of(value);
  return statement;
}

std::optional<double> number_of(std::string_view text) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<double> date_of(std::string_view text) {
  if (std::optional<Instant> instant = read_time(text)) {
    return static_cast<double>(to_numeric_date(*instant));
  }
  return number_of(text);
}

Truth truth(bool holds) { return holds ? Truth::kYes : Truth::kNo; }

// `comparison` is what stands behind the operator's family: equals, lessthan, greaterthanequals...
Truth compare(std::string_view comparison, std::optional<double> a, std::optional<double> b) {
  if (!a || !b) return Truth::kMaybe;
  if (comparison == "equals") return truth(*a == *b);
  if (comparison == "lessthan") return truth(*a < *b);
  if (comparison == "lessthanequals") return truth(*a <= *b);
  if (comparison == "greaterthan") return truth(*a > *b);
  if (comparison == "greaterthanequals") return truth(*a >= *b);
  return Truth::kMaybe;
}

Truth in_network(std::string_view network, std::string_view address) {
  Result<Cidr> range = Cidr::parse(network);
  Result<IpAddress> ip = IpAddress::parse(address);
  return range && ip ? truth(range->contains(*ip)) : Truth::kMaybe;
}

// One value of the policy against one of the request; `op` without a negation.
Truth holds_for(std::string_view op, const std::string& wanted, const std::string& found) {
  if (wanted.find("${") != std::string::npos) return Truth::kMaybe;
  if (op == "stringequals" || op == "binaryequals") return truth(wanted == found);
  if (op == "stringequalsignorecase" || op == "bool") return truth(lower(wanted) == lower(found));
  if (op == "stringlike" || op == "arnequals" || op == "arnlike") {
    return truth(glob_match(wanted, found));
  }
  if (op == "ipaddress") return in_network(wanted, found);
  if (op.starts_with("numeric")) return compare(op.substr(7), number_of(found), number_of(wanted));
  if (op.starts_with("date")) return compare(op.substr(4), date_of(found), date_of(wanted));
  return Truth::kMaybe;
}

Truth evaluate_one(const AwsCondition& condition, const KeyFacts& facts) {
  KeyFact fact = facts(condition.key);
  if (condition.op == "null") {
    if (fact.state == KeyFact::State::kUnknown || condition.values.size() != 1)
      return Truth::kMaybe;
    return truth((lower(condition.values[0]) == "true") == (fact.state == KeyFact::State::kAbsent));
  }
  std::string op = condition.op;
  std::size_t negation = op.find("not");
  bool is_negated = negation != std::string::npos;
  if (is_negated) op.erase(negation, 3);
  if (fact.state == KeyFact::State::kUnknown) return Truth::kMaybe;
  if (fact.state == KeyFact::State::kAbsent) {
    return truth(condition.if_exists || condition.for_all || (is_negated && !condition.for_any));
  }
  Truth any = Truth::kNo;
  Truth all = Truth::kYes;
  for (const std::string& found : fact.values) {
    Truth matches = Truth::kNo;
    for (const std::string& wanted : condition.values) {
      matches = either(matches, holds_for(op, wanted, found));
    }
    if (is_negated) matches = negated(matches);
    any = either(any, matches);
    all = both(all, matches);
  }
  // Without a set operator there is one value.
  return condition.for_all ? all : any;
}

}  // namespace

AwsPolicy read_policy(const json::Value& document, const PlaceOf& place_of) {
  AwsPolicy policy;
  policy.place = place_of(document);
  if (document.is_string()) {
    std::optional<std::string> text = percent_decoded(document.as_string());
    if (!text) return policy;
    Result<json::Value> parsed = json::parse(*text);
    if (!parsed || parsed->is_string()) return policy;
    InventoryPlace place = policy.place;
    return read_policy(*parsed, [place](const json::Value&) { return place; });
  }
  const json::Value* statements = document.find("Statement");
  if (statements == nullptr) return policy;
  policy.text = json::canonical(document);
  auto add = [&](const json::Value& value) {
    std::optional<AwsStatement> statement = read_statement(value, place_of);
    if (statement) policy.statements.push_back(std::move(*statement));
  };
  if (!statements->is_array()) {
    add(*statements);
    return policy;
  }
  for (const json::Value& value : statements->as_array()) {
    if (policy.statements.size() >= kStatementsMax) break;
    add(value);
  }
  return policy;
}

Truth evaluate(const std::vector<AwsCondition>& conditions, const KeyFacts& facts) {
  Truth all = Truth::kYes;
  for (const AwsCondition& condition : conditions) all = both(all, evaluate_one(condition, facts));
  return all;
}

std::optional<Instant> read_time(std::string_view text) {
  std::string normal(text.substr(0, 64));
  if (normal.size() > 10 && normal[10] == ' ') normal[10] = 'T';
  if (normal.size() == 10) normal += "T00:00:00Z";
  // More digits of a second than an Instant holds say nothing here.
  if (std::size_t dot = normal.find('.'); dot != std::string::npos) {
    std::size_t end = normal.find_first_not_of("0123456789", dot + 1);
    if (end != std::string::npos && end - dot > 4) normal.erase(dot + 4, end - dot - 4);
  }
  Result<Instant> instant = parse_rfc3339(normal);
  if (!instant) return std::nullopt;
  return *instant;
}

}  // namespace mandate::observe
