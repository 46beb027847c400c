#include "mandate/observe/inventory/aws_access.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "mandate/observe/inventory/aws_pattern.h"

namespace mandate::observe {
namespace {

constexpr std::string_view kTagPrefix = "aws:principaltag/";

bool matches_any(const std::vector<std::string>& patterns, std::string_view text) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [text](const std::string& pattern) { return glob_match(pattern, text); });
}

std::optional<std::string> tag_of(const AwsEntity& entity, std::string_view key) {
  for (const auto& [name, value] : entity.tags) {
    if (lower(name) == key) return value;
  }
  return std::nullopt;
}

KeyFact known(std::string value) { return {KeyFact::State::kKnown, {std::move(value)}}; }
KeyFact known_or_absent(std::optional<std::string> value) {
  return value ? known(std::move(*value)) : KeyFact{KeyFact::State::kAbsent};
}
KeyFact known_or_unknown(std::string_view value) {
  return value.empty() ? KeyFact{} : known(std::string(value));
}

struct Resource {
  std::string pattern;
  bool is_certain = true;  // every variable in it is known
};

// Policy variables: what is known of the principal stands in; what is not may be anything.
std::optional<Resource> resolved(const std::string& pattern, const AwsEntity& who) {
  Resource out;
  std::size_t at = 0;
  for (std::size_t open = pattern.find("${"); open != std::string::npos;
       open = pattern.find("${", at)) {
    std::size_t close = pattern.find('}', open);
    if (close == std::string::npos) break;
    out.pattern += pattern.substr(at, open - at);
    std::string name = lower(pattern.substr(open + 2, close - open - 2));
    if (name == "aws:username") {
      if (who.kind != AwsKind::kUser) return std::nullopt;
      out.pattern += who.name;
    } else if (name == "aws:principalaccount") {
      out.pattern += who.account;
    } else if (name.starts_with(kTagPrefix)) {
      std::optional<std::string> tag = tag_of(who, name.substr(kTagPrefix.size()));
      if (!tag) return std::nullopt;
      out.pattern += *tag;
    } else if (name == "*" || name == "?" || name == "$") {
      out.pattern += name;
    } else {
      out.pattern += '*';
      out.is_certain = false;
    }
    at = close + 1;
  }
  out.pattern += pattern.substr(at);
  return out;
}

}  // namespace

struct AwsAccess::Asked {
  const AwsEntity& who;
  std::string_view action;
  const AwsAsk& ask;
  const std::vector<std::string>* allowed = nullptr;  // patterns of the allowing statement
};

KeyFact AwsAccess::fact(std::string_view key, const AwsEntity* who, const AwsAsk& ask,
                        std::string_view account) const {
  std::string now = format_rfc3339(accounts_.as_of(std::string(account)));
  if (key == "aws:currenttime" || key == "aws:epochtime") return known(now);
  if (key == "aws:securetransport") return known("true");
  if (key == "aws:viaawsservice") return known("false");
  if (key == "iam:passedtoservice") return known_or_unknown(ask.passed_to);
  if (key == "iam:policyarn") return known_or_unknown(ask.policy);
  if (key == "aws:resourceaccount" && ask.target != nullptr) return known(ask.target->account);
  if (ask.target != nullptr) {
    for (std::string_view prefix : {"aws:resourcetag/", "iam:resourcetag/"}) {
      if (key.starts_with(prefix)) {
        return known_or_absent(tag_of(*ask.target, key.substr(prefix.size())));
      }
    }
  }
  if (who == nullptr) return {};
  // A session is issued when it is asked for. Where a user's lasting key is used there is no such
  // time, but every user with a right can have a session too.
  if (key == "aws:tokenissuetime") return known(now);
  if (key == "aws:principalarn") return known(who->arn);
  if (key == "aws:principalaccount") return known(who->account);
  if (key == "aws:principaltype")
    return known(who->kind == AwsKind::kUser ? "User" : "AssumedRole");
  if (key == "aws:principalisawsservice") return known("false");
  if (key == "aws:username") {
    return who->kind == AwsKind::kUser ? known(who->name) : KeyFact{KeyFact::State::kAbsent};
  }
  if (key == "aws:userid" && who->kind == AwsKind::kUser) return known_or_unknown(who->unique_id);
  if (key.starts_with(kTagPrefix)) {
    return known_or_absent(tag_of(*who, key.substr(kTagPrefix.size())));
  }
  return {};
}

// Does the statement's part about resources hold for what is asked?
Truth AwsAccess::reaches(const AwsStatement& statement, const Asked& asked) const {
  std::string_view resource = asked.ask.resource;
  bool is_some = resource == "*";
  Truth found = Truth::kNo;
  for (const std::string& text : statement.resources) {
    std::optional<Resource> pattern = resolved(text, asked.who);
    if (!pattern) continue;
    bool holds = glob_match(pattern->pattern, resource);
    if (is_some && statement.is_allow && !statement.is_not_resource) holds = true;
    if (is_some && (!statement.is_allow || statement.is_not_resource)) {
      // Of "some resource", all must be meant: all that was allowed, where that is known.
      holds = glob_covers(pattern->pattern, "*");
      if (!holds && asked.allowed != nullptr) {
        holds = !asked.allowed->empty() &&
                std::all_of(asked.allowed->begin(), asked.allowed->end(),
                            [&](const std::string& a) { return glob_covers(pattern->pattern, a); });
      }
    }
    if (holds) found = either(found, pattern->is_certain ? Truth::kYes : Truth::kMaybe);
  }
  return statement.is_not_resource ? negated(found) : found;
}

Truth AwsAccess::applies(const AwsStatement& statement, const Asked& asked) const {
  if (matches_any(statement.actions, asked.action) == statement.is_not_action) return Truth::kNo;
  Truth reach = reaches(statement, asked);
  if (reach == Truth::kNo) return reach;
  return both(reach, evaluate(statement.conditions, [&](std::string_view key) {
                return fact(key, &asked.who, asked.ask, asked.who.account);
              }));
}

AwsRight AwsAccess::can(const AwsEntity& who, std::string_view action, const AwsAsk& ask) const {
  Asked asked{who, action, ask, nullptr};
  AwsRight right;
  std::vector<std::string> allowed;
  for (const AwsPolicy* policy : who.policies) {
    for (const AwsStatement& statement : policy->statements) {
      if (!statement.is_allow) continue;
      Truth truth = applies(statement, asked);
      if (truth == Truth::kNo) continue;
      if (statement.is_not_resource) allowed.emplace_back("*");
      allowed.insert(allowed.end(), statement.resources.begin(), statement.resources.end());
      if (truth > right.truth) right = {truth, policy, &statement};
    }
  }
  if (right.truth == Truth::kNo) return right;
  if (!who.boundary.empty()) {
    Truth bounded = who.boundary_policy == nullptr ? Truth::kMaybe : Truth::kNo;
    if (who.boundary_policy != nullptr) {
      for (const AwsStatement& statement : who.boundary_policy->statements) {
        if (statement.is_allow) bounded = either(bounded, applies(statement, asked));
      }
    }
    right.truth = both(right.truth, bounded);
  }
  asked.allowed = &allowed;
  right.truth = both(right.truth, negated(denies(asked)));
  return right;
}

Truth AwsAccess::denies(const Asked& asked) const {
  Truth denied = Truth::kNo;
  auto look = [&](const AwsPolicy& policy) {
    for (const AwsStatement& statement : policy.statements) {
      if (!statement.is_allow) denied = either(denied, applies(statement, asked));
    }
  };
  for (const AwsPolicy* policy : asked.who.policies) look(*policy);
  if (asked.who.boundary_policy != nullptr) look(*asked.who.boundary_policy);
  return denied;
}

Truth AwsAccess::is_denied(const AwsEntity& who, std::string_view action, const AwsAsk& ask) const {
  return denies({who, action, ask, nullptr});
}

Truth AwsAccess::is_admin(const AwsEntity& who) const {
  Truth admin = Truth::kNo;
  auto is_everything = [](const std::vector<std::string>& list) {
    return std::any_of(list.begin(), list.end(),
                       [](const std::string& text) { return text == "*" || text == "*:*"; });
  };
  for (const AwsPolicy* policy : who.policies) {
    for (const AwsStatement& statement : policy->statements) {
      bool all = statement.is_allow && !statement.is_not_action && !statement.is_not_resource &&
                 is_everything(statement.actions) && is_everything(statement.resources);
      if (!all) continue;
      // Whoever may change every right can lift the denials of single actions.
      admin = either(admin, can(who, "iam:attachrolepolicy", {.resource = "*"}).truth);
    }
  }
  return admin;
}

Truth AwsAccess::holds(const std::vector<AwsCondition>& conditions, const AwsEntity* who,
                       const AwsEntity& role) const {
  AwsAsk ask{.resource = role.arn, .target = &role};
  return evaluate(conditions,
                  [&](std::string_view key) { return fact(key, who, ask, role.account); });
}

}  // namespace mandate::observe
