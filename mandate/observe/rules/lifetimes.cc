// Credentials and secrets that are older, in more hands, or further away than anybody answers for.
#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "mandate/observe/rules.h"
#include "mandate/observe/rules/common.h"
#include "mandate/observe/rules/patterns.h"

namespace mandate::observe::rules {
namespace {

constexpr std::size_t kReadersMin = 3;
constexpr Milliseconds kRotation = 90 * kDay;
constexpr Milliseconds kGrace = std::chrono::minutes(15);
constexpr Milliseconds kSettled = 14 * kDay;
constexpr std::uint64_t kSettledCallsMin = 10;
constexpr std::size_t kNetworksMax = 2;  // more than these, and it is at home nowhere

// From when to when one credential served, and what shows it.
struct Service {
  Instant since = kEndOfTime;
  Instant last = kBeginningOfTime;
  std::vector<const Use*> uses;

  bool is_overdue() const { return !uses.empty() && last - since > kRotation; }
};

// Where its uses tell when it was issued, all of them; else one program's at one address, since a
// key that documents show as an example stands in many logs.
Service service_of(const CredentialRow& row) {
  Service whole;
  for (const Use& use : row.uses) {
    if (use.key.outcome != Outcome::kSucceeded || use.first > use.last) continue;
    if (!row.since && use.last - use.first <= kRotation) continue;
    whole.since = row.since ? *row.since : std::min(whole.since, use.first);
    whole.last = std::max(whole.last, use.last);
    whole.uses.push_back(&use);
  }
  return whole;
}

// What one key did from one network.
struct AtWork {
  Instant first = kEndOfTime;
  Instant last = kBeginningOfTime;
  std::uint64_t calls = 0;
  std::set<std::string> products;
  std::vector<const Use*> uses;
};

std::map<std::string, AtWork> networks_of(const CredentialRow& row) {
  std::map<std::string, AtWork> networks;
  for (const Use& use : row.uses) {
    if (!is_program_use(use) || use.first > use.last) continue;
    const std::string network = network_of(use.key.source);
    if (network.empty()) continue;
    AtWork& there = networks[network];
    there.first = std::min(there.first, use.first);
    there.last = std::max(there.last, use.last);
    there.calls += use.count;
    there.products.insert(use.key.product);
    there.uses.push_back(&use);
  }
  return networks;
}

// Where it came to after it had settled, and how that differs; nothing where it moves about.
struct Arrival {
  std::vector<const AtWork*> late;
  bool is_other_program = true;
};

std::optional<Arrival> arrival_of(const std::map<std::string, AtWork>& networks) {
  Instant begin = kEndOfTime;
  for (const auto& [network, there] : networks) begin = std::min(begin, there.first);
  AtWork home;
  std::size_t homes = 0;
  Arrival arrival;
  for (const auto& [network, there] : networks) {
    if (there.first - begin >= kSettled) {
      arrival.late.push_back(&there);
      continue;
    }
    ++homes;
    home.first = std::min(home.first, there.first);
    home.last = std::max(home.last, there.last);
    home.calls += there.calls;
    home.products.insert(there.products.begin(), there.products.end());
  }
  if (arrival.late.empty() || arrival.late.size() > kNetworksMax || homes > kNetworksMax ||
      home.calls < kSettledCallsMin || home.last - home.first < kSettled / 2) {
    return std::nullopt;
  }
  for (const AtWork* there : arrival.late) {
    const bool is_same =
        std::any_of(there->products.begin(), there->products.end(),
                    [&](const auto& name) { return home.products.contains(name); });
    arrival.is_other_program = arrival.is_other_program && !is_same;
    // One that moved is gone from where it was.
    if (is_same && there->first >= home.last) return std::nullopt;
  }
  return arrival;
}

// Since when the principal is gone for good: those that were made again, or let in again, are not.
std::map<std::string, const ChangeRow*> ended_principals(const Summary& summary) {
  std::map<std::string, const ChangeRow*> ended;
  for (const auto& [when, change] : summary.changes()) {
    if (when.first == kUntimed) continue;
    if (change.kind == ChangeKind::kPrincipalEnded) ended.try_emplace(change.object, &change);
    if (change.kind == ChangeKind::kPrincipalMade || change.kind == ChangeKind::kPrincipalResumed) {
      ended.erase(change.object);
    }
  }
  return ended;
}

}  // namespace

void secret_of_many(const Summary& summary, std::vector<Finding>& findings) {
  struct Readers {
    std::set<std::string> names;
    Finding finding;
  };
  std::map<std::string, Readers> by_secret;
  for (const auto& [said, row] : summary.facts().of(FactKind::kSecretRead)) {
    Readers& readers = by_secret[said.subject];
    readers.names.insert(said.object);
    cite(readers.finding, row.sample);
  }
  for (auto& [secret, readers] : by_secret) {
    if (readers.names.size() < kReadersMin) continue;
    Finding& finding = readers.finding;
    finding.principal = secret;
    finding.credential = secret;
    finding.reach.principals = readers.names.size();
    finding.reach.resources = 1;
    finding.severity = Severity::kMedium;
    finding.confidence = Confidence::kMedium;
    finding.explanation = "One secret, " + secret + ", was handed to " +
                          counted(readers.names.size(), "workload") + " (" + joined(readers.names) +
                          "): where it leads, they are all the same.";
    finding.ambiguity = {"what is stored there may be a setting and no credential"};
    findings.push_back(std::move(finding));
  }
}

void credential_past_rotation(const Summary& summary, std::vector<Finding>& findings) {
  for (const auto& [name, row] : summary.credentials()) {
    const bool is_key = row.kind == CredentialKind::kStaticKey;
    if (!is_key && !row.since) continue;
    const Service service = service_of(row);
    if (!service.is_overdue()) continue;
    Finding finding;
    for (const Use* use : service.uses) cite(finding, use->sample);
    const auto days = std::chrono::floor<std::chrono::days>(service.last - service.since).count();
    finding.principal = row.principal;
    finding.credential = name;
    finding.reach = reach_of(summary, name);
    finding.severity = severity_of(finding.reach, Severity::kMedium);
    finding.confidence = row.since ? Confidence::kHigh : Confidence::kMedium;
    finding.explanation = "The credential " + name + " of " + row.principal + " was still in use " +
                          counted(static_cast<std::uint64_t>(days), "day") + " after it " +
                          (row.since ? "was issued." : "was first seen.");
    finding.reasons = {row.since ? "its uses tell when it was issued"
                                 : "the log itself is that long; it may be older"};
    finding.ambiguity = {"a longer period of rotation may be agreed on"};
    findings.push_back(std::move(finding));
  }
}

void lasting_key_new_network(const Summary& summary, std::vector<Finding>& findings) {
  for (const auto& [name, row] : summary.credentials()) {
    if (row.kind != CredentialKind::kStaticKey || !row.uses_are_all) continue;
    const auto principal = summary.principals().find(row.principal);
    const bool is_person =
        principal != summary.principals().end() &&
        (principal->second.is_personal || !principal->second.as_person.events().empty());
    if (is_person) continue;  // people travel
    const std::map<std::string, AtWork> networks = networks_of(row);
    const std::optional<Arrival> arrival = arrival_of(networks);
    if (!arrival) continue;
    Finding finding;
    for (const AtWork* there : arrival->late) {
      for (const Use* use : there->uses) cite(finding, use->sample);
    }
    finding.principal = row.principal;
    finding.credential = name;
    finding.reach = reach_of(summary, name);
    finding.severity = severity_of(finding.reach, Severity::kMedium);
    finding.confidence = arrival->is_other_program ? Confidence::kMedium : Confidence::kLow;
    finding.explanation = "The lasting key " + name + " of " + row.principal +
                          " had worked for weeks from where it was at home, and then came from " +
                          "a network that it had never been in.";
    finding.reasons = {arrival->is_other_program
                           ? "by a program that had never held it"
                           : "while the same program goes on where it was at home"};
    finding.ambiguity = {"its owner may have moved, or have opened a second site"};
    findings.push_back(std::move(finding));
  }
}

void used_after_end(const Summary& summary, std::vector<Finding>& findings) {
  const std::map<std::string, const ChangeRow*> ended = ended_principals(summary);
  if (ended.empty()) return;
  std::map<std::string, std::set<std::string>> credentials;  // by principal: its own, and issued
  for (const auto& [name, row] : summary.credentials()) {
    if (ended.contains(row.principal)) credentials[row.principal].insert(name);
    if (ended.contains(row.role)) credentials[row.role].insert(name);
  }
  for (const auto& [issued, issues] : summary.issues()) {
    for (const IssueRow& issue : issues) {
      if (ended.contains(issue.issuer)) credentials[issue.issuer].insert(issued);
    }
  }
  for (const auto& [principal, names] : credentials) {
    const ChangeRow& end = *ended.at(principal);
    for (const std::string& name : names) {
      const auto row = summary.credentials().find(name);
      if (row == summary.credentials().end()) continue;
      Finding finding;
      std::size_t late = 0;
      for (const Use& use : row->second.uses) {
        // What has no address is the platform's own housekeeping.
        if (use.key.outcome != Outcome::kSucceeded || use.key.source.empty() ||
            use.key.source_is_service) {
          continue;
        }
        late += cite_after(finding, use.sample, end.seen.time + kGrace);
      }
      if (late == 0) continue;
      cite(finding, end.seen);
      finding.principal = principal;
      finding.credential = name;
      finding.reach = reach_of(summary, name);
      finding.severity = severity_of(finding.reach, Severity::kHigh);
      finding.confidence = Confidence::kHigh;
      finding.explanation = principal + " was ended by " + end.actor + " at " +
                            format_rfc3339(end.seen.time) + "; " + name +
                            ", which rests on it, was used after that.";
      finding.ambiguity = {"an account of the same name made outside this log"};
      findings.push_back(std::move(finding));
    }
  }
}

}  // namespace mandate::observe::rules
