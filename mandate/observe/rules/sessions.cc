// Sessions and assertions outside the context that they were issued for, and chains of them that
// gain on the way.
#include <algorithm>
#include <map>
#include <set>

#include "mandate/observe/rules.h"
#include "mandate/observe/rules/common.h"
#include "mandate/observe/rules/patterns.h"

namespace mandate::observe::rules {
namespace {

constexpr std::size_t kHopsMax = 8;
constexpr Milliseconds kSkew = std::chrono::minutes(5);

// What a credential does in one network.
struct Place {
  std::set<std::string> products;
  std::set<std::string> addresses;
  std::uint64_t count = 0;
  Instant first = kEndOfTime;
  Instant last = kBeginningOfTime;
  std::vector<const Use*> uses;
};

std::map<std::string, Place> places_of(const CredentialRow& row) {
  std::map<std::string, Place> places;
  for (const Use& use : row.uses) {
    if (use.key.source_is_service || use.is_delegated || use.key.product.empty()) continue;
    if (use.key.outcome != Outcome::kSucceeded) continue;
    const std::string network = network_of(use.key.source);
    if (network.empty()) continue;
    Place& place = places[network];
    place.products.insert(use.key.product);
    place.addresses.insert(use.key.source);
    place.count += use.count;
    place.first = std::min(place.first, use.first);
    place.last = std::max(place.last, use.last);
    place.uses.push_back(&use);
  }
  return places;
}

bool is_six(const Place& place) { return place.addresses.begin()->find(':') != std::string::npos; }

// At one time and by programs that they do not share: not one device that moved.
bool are_two_contexts(const Place& a, const Place& b) {
  constexpr std::uint64_t kCallsMin = 2;
  if (a.count < kCallsMin || b.count < kCallsMin || is_six(a) != is_six(b)) return false;
  if (a.first >= b.last || b.first >= a.last) return false;
  return std::none_of(a.products.begin(), a.products.end(),
                      [&](const std::string& product) { return b.products.contains(product); });
}

const CredentialRow* row_of(const Summary& summary, std::string_view credential) {
  const auto found = summary.credentials().find(credential);
  return found == summary.credentials().end() ? nullptr : &found->second;
}

// The issues behind a credential, the nearest first; ends where there is more than one answer.
std::vector<const IssueRow*> issues_behind(const Summary& summary, std::string_view credential) {
  std::vector<const IssueRow*> chain;
  while (chain.size() < kHopsMax) {
    const auto issues = summary.issues().find(credential);
    if (issues == summary.issues().end() || issues->second.size() != 1) break;
    chain.push_back(&issues->second.front());
    credential = chain.back()->issuer_credential;
    if (credential.empty()) break;
  }
  return chain;
}

// What was refused to a credential before that instant.
bool cite_refused(Finding& finding, const CredentialRow& row, Instant before) {
  bool found = false;
  for (const Use& use : row.uses) {
    if (use.key.outcome != Outcome::kDenied || use.first >= before) continue;
    cite(finding, use.sample);
    found = true;
  }
  return found;
}

}  // namespace

void session_two_contexts(const Summary& summary, std::vector<Finding>& findings) {
  for (const auto& [name, row] : summary.credentials()) {
    if (row.kind != CredentialKind::kSession) continue;
    const std::map<std::string, Place> places = places_of(row);
    Finding finding;
    std::set<std::string> where;
    for (auto a = places.begin(); a != places.end(); ++a) {
      for (auto b = std::next(a); b != places.end(); ++b) {
        if (!are_two_contexts(a->second, b->second)) continue;
        for (const Place* place : {&a->second, &b->second}) {
          where.insert(place->addresses.begin(), place->addresses.end());
          for (const Use* use : place->uses) cite(finding, use->sample);
        }
      }
    }
    if (where.empty()) continue;
    finding.principal = row.role.empty() ? row.principal : row.role;
    finding.credential = name;
    finding.reach = reach_of(summary, name);
    finding.severity = severity_of(finding.reach, Severity::kHigh);
    finding.confidence = Confidence::kMedium;
    finding.explanation = "The session " + name + " of " + row.principal +
                          " was used from several networks at one time (" + joined(where) +
                          "), by programs that they do not share.";
    finding.reasons = {"the uses overlap in time", "no program was seen in both networks"};
    finding.ambiguity = {"a workload whose parts leave by different ways looks the same"};
    findings.push_back(std::move(finding));
  }
}

void chain_gains_privilege(const Summary& summary, std::vector<Finding>& findings) {
  std::map<std::string_view, std::vector<const ChangeRow*>> changes;
  for (const auto& [when, change] : summary.changes()) {
    if (change.kind != ChangeKind::kLogin) changes[change.credential].push_back(&change);
  }
  for (const auto& [credential, made] : changes) {
    const std::vector<const IssueRow*> chain = issues_behind(summary, credential);
    if (chain.size() < 2 || chain.front()->issuer_credential.empty()) continue;
    Finding finding;
    bool has_gained = true;
    bool was_refused = false;
    for (const IssueRow* issue : chain) {
      cite(finding, issue->seen);
      const CredentialRow* row = row_of(summary, issue->issuer_credential);
      if (row == nullptr) continue;
      has_gained = has_gained && !row->is_privileged;
      was_refused = cite_refused(finding, *row, made.front()->seen.time) || was_refused;
    }
    if (!has_gained) continue;
    for (const ChangeRow* change : made) cite(finding, change->seen);
    finding.principal = chain.back()->issuer;
    finding.credential = credential;
    finding.reach = reach_of(summary, credential);
    finding.reach.privileged = true;
    finding.severity = was_refused ? Severity::kCritical : Severity::kHigh;
    finding.confidence = was_refused ? Confidence::kHigh : Confidence::kLow;
    finding.explanation = chain.back()->issuer + " came by " + counted(chain.size(), "hop") +
                          " to " + chain.front()->for_whom +
                          ", and changed rights or trust there as nothing before it in the chain "
                          "had.";
    finding.reasons = {was_refused ? "an earlier link was refused something first"
                                   : "no earlier link was refused anything"};
    finding.ambiguity = {"deployment through a hub account is made of the same steps"};
    findings.push_back(std::move(finding));
  }
}

void session_past_its_end(const Summary& summary, std::vector<Finding>& findings) {
  for (const auto& [issued, issues] : summary.issues()) {
    const CredentialRow* row = row_of(summary, issued);
    if (row == nullptr || issues.size() != 1 || !issues.front().until) continue;
    const IssueRow& issue = issues.front();
    // The same key with another owner is no session of this issue.
    const bool is_its =
        issue.for_whom.empty() ? row->principal == issue.issuer : row->role == issue.for_whom;
    if (!is_its) continue;
    Finding finding;
    bool has_passed = false;
    std::size_t late = 0;
    for (const Use& use : row->uses) {
      if (use.last <= *issue.until + kSkew) continue;
      late += cite_after(finding, use.sample, *issue.until + kSkew);
      has_passed = has_passed || use.key.outcome == Outcome::kSucceeded;
    }
    if (late == 0) continue;
    cite(finding, issue.seen);
    finding.principal = issue.for_whom.empty() ? issue.issuer : issue.for_whom;
    finding.credential = issued;
    finding.reach = reach_of(summary, issued);
    finding.severity = has_passed ? severity_of(finding.reach, Severity::kHigh) : Severity::kMedium;
    finding.confidence = has_passed ? Confidence::kHigh : Confidence::kMedium;
    finding.explanation = "The session " + issued + ", issued until " +
                          format_rfc3339(*issue.until) + ", was presented after that.";
    finding.reasons = {has_passed ? "it was accepted" : "it was refused"};
    finding.ambiguity = {"a program that does not notice the end of its session tries too"};
    findings.push_back(std::move(finding));
  }
}

void assertion_presented_twice(const Summary& summary, std::vector<Finding>& findings) {
  struct Presented {
    std::set<std::string> networks;
    std::set<std::string> products;
    std::set<std::string> addresses;
    Finding finding;
  };
  std::map<std::string, Presented> by_assertion;
  for (const auto& [said, row] : summary.facts().of(FactKind::kAssertionUsed)) {
    Presented& presented = by_assertion[said.subject];
    presented.networks.insert(network_of(said.object));
    presented.addresses.insert(said.object);
    presented.products.insert(said.detail);
    cite(presented.finding, row.sample);
  }
  for (auto& [assertion, presented] : by_assertion) {
    if (presented.networks.size() < 2) continue;
    Finding& finding = presented.finding;
    finding.principal = assertion;
    finding.credential = assertion;
    finding.severity = Severity::kHigh;
    const bool is_other = presented.products.size() > 1;
    finding.confidence = is_other ? Confidence::kHigh : Confidence::kMedium;
    finding.explanation = "One assertion (" + assertion + ") was presented from " +
                          joined(presented.addresses) + ": whoever held it was taken for the same.";
    finding.reasons = {is_other ? "by different programs" : "by one kind of program"};
    finding.ambiguity = {"a device that changed its network between two roles"};
    findings.push_back(std::move(finding));
  }
}

}  // namespace mandate::observe::rules
