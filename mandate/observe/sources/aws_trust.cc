#include "mandate/observe/sources/aws_trust.h"

#include <algorithm>
#include <string>

namespace mandate::observe {
namespace {

constexpr std::size_t kAccountDigits = 12;

bool is_account(std::string_view text) {
  return text.size() == kAccountDigits &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The fifth part of an ARN.
std::string_view account_of(std::string_view arn) {
  for (int i = 0; i < 4; ++i) {
    const std::size_t colon = arn.find(':');
    if (colon == std::string_view::npos) return {};
    arn.remove_prefix(colon + 1);
  }
  return arn.substr(0, arn.find(':'));
}

std::string lower(std::string_view text) {
  std::string made(text);
  for (char& c : made) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return made;
}

template <class Visit>
void each_string(const json::Value& value, Visit visit) {
  if (value.is_string()) visit(value.as_string());
  if (!value.is_array()) return;
  for (const json::Value& item : value.as_array()) {
    if (item.is_string()) visit(item.as_string());
  }
}

bool has_wildcard_only(const json::Value& values) {
  bool all = true;
  each_string(values, [&](const std::string& text) { all = all && text == "*"; });
  return all;
}

// Keys that say who comes or from where; sts:ExternalId says neither.
bool narrows(const json::Value& condition) {
  static constexpr std::string_view kKeys[] = {
      "aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn",
      "aws:sourceaccount",  "aws:sourcearn",         "aws:sourceorgid",      "aws:sourceorgpaths",
      "aws:sourcevpc",      "aws:sourcevpce",        "aws:sourceip",         "aws:userid",
      "aws:username",       "kms:calleraccount",     "aws:vpcsourceip",      "aws:sourceowner"};
  if (!condition.is_object()) return false;
  for (const json::Member& op : condition.as_object()) {
    const std::string name = lower(op.key);
    if (!op.value.is_object() || name.find("not") != std::string::npos) continue;
    for (const json::Member& key : op.value.as_object()) {
      const std::string wanted = lower(key.key);
      const bool is_known =
          std::find(std::begin(kKeys), std::end(kKeys), wanted) != std::end(kKeys);
      if (is_known && !has_wildcard_only(key.value)) return true;
    }
  }
  return false;
}

template <class Visit>
void each_statement(const json::Value& policy, Visit visit) {
  const json::Value* statements = policy.find("Statement");
  if (statements == nullptr) return;
  if (statements->is_object()) visit(*statements);
  if (!statements->is_array()) return;
  for (const json::Value& statement : statements->as_array()) visit(statement);
}

bool allows(const json::Value& statement) {
  const json::Value* effect = statement.find("Effect");
  return effect != nullptr && effect->is_string() && effect->as_string() == "Allow";
}

bool is_everything(const json::Value* values) {
  bool is_all = false;
  if (values == nullptr) return false;
  each_string(*values,
              [&](const std::string& text) { is_all = is_all || text == "*" || text == "*:*"; });
  return is_all;
}

}  // namespace

Party aws_party(std::string_view principal, std::string_view own_account, Scratch& scratch) {
  Party party{.id = scratch.keep(std::string(principal))};
  const std::string_view account = is_account(principal) ? party.id : account_of(party.id);
  if (principal == "*" || principal == "all") {
    party.scope = PartyScope::kPublic;
  } else if (principal.ends_with(".amazonaws.com") || principal.ends_with(".amazonaws.com.cn")) {
    party.scope = PartyScope::kService;
  } else if (principal.find("-provider/") != std::string_view::npos) {
    party.scope = PartyScope::kFederated;
  } else if (!account.empty()) {
    party.scope = account == own_account ? PartyScope::kOwn : PartyScope::kExternal;
  } else if (principal.starts_with("AIDA") || principal.starts_with("AROA")) {
    party.scope = PartyScope::kOwn;  // the id of a deleted principal: nobody
  } else {
    party.scope = PartyScope::kExternal;
  }
  return party;
}

bool add_trusted(const json::Value& policy, std::string_view own_account, Scratch& scratch) {
  bool is_trust = false;
  each_statement(policy, [&](const json::Value& statement) {
    const json::Value* principal = statement.find("Principal");
    if (principal == nullptr) return;
    is_trust = true;
    if (!allows(statement)) return;
    const json::Value* condition = statement.find("Condition");
    const bool is_conditioned = condition != nullptr && narrows(*condition);
    auto add = [&](std::string_view id, bool is_federated) {
      Party party = aws_party(id, own_account, scratch);
      if (is_federated) party.scope = PartyScope::kFederated;
      party.is_conditioned = is_conditioned;
      scratch.parties.push_back(party);
    };
    each_string(*principal, [&](const std::string& id) { add(id, false); });
    if (!principal->is_object()) return;
    for (const json::Member& kind : principal->as_object()) {
      const bool is_federated = kind.key == "Federated";
      each_string(kind.value, [&](const std::string& id) { add(id, is_federated); });
    }
  });
  return is_trust;
}

bool is_admin_policy(const json::Value& policy) {
  bool is_admin = false;
  each_statement(policy, [&](const json::Value& statement) {
    is_admin = is_admin || (allows(statement) && is_everything(statement.find("Action")) &&
                            is_everything(statement.find("Resource")));
  });
  return is_admin;
}

}  // namespace mandate::observe
