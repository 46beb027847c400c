// IAM policy documents (IAM User Guide, "Policy grammar"): statements, and what their conditions
// say of a request of which only a part is known. Whatever is not known makes an answer `kMaybe`,
// never a permit and never a refusal.
//
//   AwsPolicy policy = read_policy(document, place);
//   Truth truth = evaluate(policy.statements[0].conditions, [](std::string_view key) { ... });
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/base/instant.h"
#include "mandate/json/value.h"
#include "mandate/observe/inventory/documents.h"

namespace mandate::observe {

enum class Truth : std::uint8_t { kNo, kMaybe, kYes };

inline Truth both(Truth a, Truth b) { return a < b ? a : b; }
inline Truth either(Truth a, Truth b) { return a < b ? b : a; }
inline Truth negated(Truth a) {
  return a == Truth::kMaybe ? a : a == Truth::kYes ? Truth::kNo : Truth::kYes;
}

struct AwsCondition {
  std::string op;   // lower case, without prefix and suffix
  std::string key;  // lower case
  std::vector<std::string> values;
  bool if_exists = false;
  bool for_any = false;  // ForAnyValue
  bool for_all = false;  // ForAllValues
};

enum class PartyKind : std::uint8_t { kAws, kService, kFederated, kOther };

struct AwsParty {
  PartyKind kind = PartyKind::kAws;
  std::string id;
};

struct AwsStatement {
  bool is_allow = false;
  bool is_not_action = false;
  bool is_not_resource = false;
  bool is_not_principal = false;
  std::vector<std::string> actions;    // lower case
  std::vector<std::string> resources;  // empty in a trust policy
  std::vector<AwsParty> parties;       // of a trust policy
  std::vector<AwsCondition> conditions;
  InventoryPlace place;
};

struct AwsPolicy {
  std::string name = {};
  std::string arn = {};  // empty for an inline policy
  std::vector<AwsStatement> statements = {};
  std::string text = {};  // the document, RFC 8785: equal documents are equal texts
  InventoryPlace place = {};
};

// Takes an object, or its text in JSON, percent-encoded or not. What is no statement is left out.
using PlaceOf = std::function<InventoryPlace(const json::Value&)>;
AwsPolicy read_policy(const json::Value& document, const PlaceOf& place_of);

// What is known of one condition key (in lower case).
struct KeyFact {
  enum class State : std::uint8_t { kUnknown, kAbsent, kKnown };
  State state = State::kUnknown;
  std::vector<std::string> values = {};
};
using KeyFacts = std::function<KeyFact(std::string_view key)>;

Truth evaluate(const std::vector<AwsCondition>& conditions, const KeyFacts& facts);

// The inventory's forms: RFC 3339, and the same with a space for the `T`.
std::optional<Instant> read_time(std::string_view text);

}  // namespace mandate::observe
