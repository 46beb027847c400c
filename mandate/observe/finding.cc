#include "mandate/observe/finding.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include "mandate/crypto/hash.h"
#include "mandate/json/line.h"

namespace mandate::observe {
namespace {

constexpr std::size_t kIdBytes = 16;

std::string short_hash(const json::Value& value) {
  return encode_hex(view(crypto::sha256(json::to_line(value))).substr(0, kIdBytes));
}

// Sets of findings that belong together.
class Groups {
 public:
  explicit Groups(std::size_t size) : parent_(size) {
    std::iota(parent_.begin(), parent_.end(), 0);
  }

  std::size_t root(std::size_t at) {
    while (parent_[at] != at) at = parent_[at] = parent_[parent_[at]];
    return at;
  }
  void join(std::size_t a, std::size_t b) { parent_[root(a)] = root(b); }

 private:
  std::vector<std::size_t> parent_;
};

// Its own time only where it has a last one too: an inventory's dates are no events.
bool is_timed(const Finding& finding) { return finding.time && finding.last; }

bool is_earlier(const Finding& a, const Finding& b) {
  if (is_timed(a) != is_timed(b)) return is_timed(a);
  return std::tie(a.time, a.id) < std::tie(b.time, b.id);
}

void join_within_window(const std::vector<Finding>& findings, std::vector<std::size_t>& members,
                        Groups& groups) {
  std::sort(members.begin(), members.end(),
            [&](std::size_t a, std::size_t b) { return is_earlier(findings[a], findings[b]); });
  Instant reached = kBeginningOfTime;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Finding& finding = findings[members[i]];
    // Those with a time come first, so there is something reached where it is compared.
    const bool follows =
        i > 0 && (!is_timed(finding) || *finding.time - reached <= kIncidentWindow);
    if (follows) groups.join(members[i - 1], members[i]);
    if (is_timed(finding)) reached = std::max(reached, *finding.last);
  }
}

}  // namespace

std::string_view name(FindingClass finding_class) {
  switch (finding_class) {
    case FindingClass::kBorrowedTrust: return "borrowed_trust";
    case FindingClass::kTrustInheritance: return "trust_inheritance";
    case FindingClass::kBorrowedCredential: return "borrowed_credential";
    case FindingClass::kTrustDelegation: return "trust_delegation";
    case FindingClass::kUngovernedDelegation: return "ungoverned_delegation";
  }
  return "";
}

std::string_view name(Severity severity) {
  switch (severity) {
    case Severity::kLow: return "low";
    case Severity::kMedium: return "medium";
    case Severity::kHigh: return "high";
    case Severity::kCritical: return "critical";
  }
  return "";
}

std::string_view name(Confidence confidence) {
  switch (confidence) {
    case Confidence::kLow: return "low";
    case Confidence::kMedium: return "medium";
    case Confidence::kHigh: return "high";
  }
  return "";
}

std::string finding_id(const Finding& finding) {
  json::Array hashed{finding.rule, finding.principal, finding.credential};
  for (const Evidence& evidence : finding.evidence) {
    if (evidence.event_id.empty()) {
      hashed.push_back(json::Value::array({evidence.file, std::to_string(evidence.offset)}));
    } else {
      hashed.push_back(evidence.event_id);
    }
  }
  return short_hash(std::move(hashed));
}

void seal(Finding& finding) {
  std::sort(finding.evidence.begin(), finding.evidence.end());
  const auto repeats = std::unique(finding.evidence.begin(), finding.evidence.end());
  finding.evidence.erase(repeats, finding.evidence.end());
  finding.id = finding_id(finding);
}

void group_into_incidents(std::vector<Finding>& findings) {
  Groups groups(findings.size());
  using Key = std::pair<char, std::string_view>;
  std::map<std::string_view, std::size_t> first_with;  // by event
  std::map<Key, std::vector<std::size_t>> sharing;
  for (std::size_t i = 0; i < findings.size(); ++i) {
    const Finding& finding = findings[i];
    const std::string& chain = finding.chain.empty() ? finding.credential : finding.chain;
    for (const Key& key :
         {Key{'p', finding.principal}, Key{'c', finding.credential}, Key{'i', chain}}) {
      if (!key.second.empty()) sharing[key].push_back(i);
    }
    for (const Evidence& evidence : finding.evidence) {
      if (evidence.event_id.empty()) continue;
      const auto [row, is_first] = first_with.try_emplace(evidence.event_id, i);
      if (!is_first) groups.join(i, row->second);
    }
  }
  for (auto& [key, members] : sharing) join_within_window(findings, members, groups);
  std::map<std::size_t, std::size_t> earliest;  // finding, by root
  for (std::size_t i = 0; i < findings.size(); ++i) {
    const auto [at, is_first] = earliest.try_emplace(groups.root(i), i);
    if (!is_first && is_earlier(findings[i], findings[at->second])) at->second = i;
  }
  for (std::size_t i = 0; i < findings.size(); ++i) {
    findings[i].incident = short_hash(json::Array{findings[earliest[groups.root(i)]].id});
  }
}

void sort_findings(std::vector<Finding>& findings) {
  std::sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return std::tie(a.time, a.rule, a.id) < std::tie(b.time, b.rule, b.id);
  });
}

json::Value to_json(const Finding& finding) {
  json::Array evidence;
  for (const Evidence& e : finding.evidence) {
    evidence.push_back(json::Value::object(
        {{"file", e.file},
         {"line", static_cast<std::int64_t>(e.line)},
         {"offset", static_cast<std::int64_t>(e.offset)},
         {"event_id", e.event_id.empty() ? json::Value() : json::Value(e.event_id)}}));
  }
  return json::Value::object(
      {{"id", finding.id},
       {"class", name(finding.finding_class)},
       {"rule", finding.rule},
       {"severity", name(finding.severity)},
       {"confidence", name(finding.confidence)},
       {"principal", finding.principal},
       {"credential", finding.credential.empty() ? json::Value() : finding.credential},
       {"incident", finding.incident},
       {"time", finding.time ? json::Value(format_rfc3339(*finding.time)) : json::Value()},
       {"evidence", std::move(evidence)},
       {"reach",
        json::Value::object({{"principals", static_cast<std::int64_t>(finding.reach.principals)},
                             {"resources", static_cast<std::int64_t>(finding.reach.resources)},
                             {"privileged", finding.reach.privileged}})},
       {"remedy", finding.remedy.value_or(json::Value())}});
}

std::string to_ndjson(const Finding& finding) { return json::to_line(to_json(finding)); }

}  // namespace mandate::observe
