// Credentials that are used by somebody or something else than they were issued to.
#include <algorithm>
#include <map>
#include <set>

#include "mandate/observe/rules.h"
#include "mandate/observe/rules/common.h"

namespace mandate::observe::rules {
namespace {

// Fewer calls than these, in less time than that, may be somebody trying something out.
constexpr std::uint64_t kAutomatedCallsMin = 10;
constexpr Milliseconds kAutomatedSpanMin = std::chrono::hours(1);
// A network that so many machines share is their way out, not somebody's desk.
constexpr std::size_t kMachinesOfSharedSource = 3;

bool is_software(const Use& use) {
  return use.key.agent_kind == AgentKind::kSoftware && !use.key.source_is_service &&
         !use.is_delegated;
}

// By address: the machines that use it, and the keys and own sessions of others than machines.
struct Source {
  std::set<std::string> machines;
  std::map<std::string, std::string> others;  // credential to principal
};

std::map<std::string, Source> sources_of(const Summary& summary) {
  std::map<std::string, Source> sources;
  for (const auto& [name, row] : summary.credentials()) {
    for (const Use& use : row.uses) {
      if (use.key.source_is_service || use.is_delegated || use.key.source.empty()) continue;
      Source& source = sources[use.key.source];
      if (!row.machine.empty()) {
        source.machines.insert(row.machine);
      } else if (row.role.empty() && row.kind != CredentialKind::kNone) {
        source.others.try_emplace(name, row.principal);
      }
    }
  }
  return sources;
}

// Whether the machine was also seen elsewhere, with this credential or another of the same role.
bool has_other_home(const Summary& summary, const CredentialRow& row, const std::string& source) {
  for (const auto& [name, other] : summary.credentials()) {
    if (other.machine != row.machine || other.role != row.role) continue;
    for (const Use& use : other.uses) {
      if (use.key.source != source && !use.key.source_is_service && !use.is_delegated) return true;
    }
  }
  return false;
}

// Whether the session was issued with one of the source's own credentials.
bool is_issued_from(const Summary& summary, const std::string& session, const Source& source) {
  const auto issues = summary.issues().find(session);
  if (issues == summary.issues().end()) return false;
  return std::any_of(issues->second.begin(), issues->second.end(), [&](const IssueRow& issue) {
    return source.others.contains(issue.issuer_credential);
  });
}

}  // namespace

void person_key_automated(const Summary& summary, std::vector<Finding>& findings) {
  for (const auto& [name, row] : summary.credentials()) {
    if (row.kind != CredentialKind::kStaticKey) continue;
    const auto principal = summary.principals().find(row.principal);
    if (principal == summary.principals().end()) continue;
    const PrincipalRow& person = principal->second;
    if (person.as_person.events().empty()) continue;
    Finding finding;
    std::uint64_t calls = 0;
    Instant first = kEndOfTime;
    Instant last = kBeginningOfTime;
    for (const Use& use : row.uses) {
      if (!is_software(use)) continue;
      cite(finding, use.sample);
      calls += use.count;
      first = std::min(first, use.first);
      last = std::max(last, use.last);
    }
    if (calls < kAutomatedCallsMin && (calls < 2 || last - first < kAutomatedSpanMin)) continue;
    finding.principal = row.principal;
    finding.credential = name;
    finding.reach = reach_of(summary, name);
    finding.severity = severity_of(finding.reach, Severity::kMedium);
    finding.confidence = person.with_mfa ? Confidence::kHigh : Confidence::kMedium;
    finding.explanation =
        row.principal + " also works in a browser, so a person stands behind it; " +
        "its lasting key " + name + " made " + counted(calls, "call") + " by software.";
    finding.reasons = {person.with_mfa ? "the person's interactive use was with a second factor"
                                       : "the principal was used interactively"};
    findings.push_back(std::move(finding));
  }
}

void machine_session_elsewhere(const Summary& summary, std::vector<Finding>& findings) {
  const std::map<std::string, Source> sources = sources_of(summary);
  for (const auto& [name, row] : summary.credentials()) {
    if (row.machine.empty()) continue;
    std::map<std::string, Finding> by_source;
    for (const Use& use : row.uses) {
      if (use.key.source_is_service || use.is_delegated) continue;
      const auto source = sources.find(use.key.source);
      if (source == sources.end() || source->second.others.empty()) continue;
      if (source->second.machines.size() >= kMachinesOfSharedSource) continue;
      if (is_issued_from(summary, name, source->second)) continue;
      cite(by_source[use.key.source], use.sample);
    }
    for (auto& [address, finding] : by_source) {
      const auto& [key, other] = *sources.at(address).others.begin();
      const bool has_home = has_other_home(summary, row, address);
      finding.principal = row.role.empty() ? row.principal : row.role;
      finding.credential = name;
      finding.reach = reach_of(summary, name);
      finding.severity = severity_of(finding.reach, Severity::kHigh);
      finding.confidence = has_home ? Confidence::kHigh : Confidence::kMedium;
      finding.explanation = "The session " + name + " of machine " + row.machine +
                            " was used from " + address + ", where " + other +
                            " uses its own credential " + key + ".";
      finding.reasons = {has_home ? "the machine itself was seen at another address"
                                  : "the machine was seen nowhere else"};
      finding.ambiguity = {"machine and person may share one way out of their network"};
      findings.push_back(std::move(finding));
    }
  }
}

void named_session_from_key(const Summary& summary, std::vector<Finding>& findings) {
  for (const auto& [issued, issues] : summary.issues()) {
    for (const IssueRow& issue : issues) {
      const auto issuer = summary.credentials().find(issue.issuer_credential);
      if (issue.kind != IssueKind::kFederation || issuer == summary.credentials().end() ||
          issuer->second.kind != CredentialKind::kStaticKey) {
        continue;
      }
      Finding finding;
      cite(finding, issue.seen);
      const auto used = summary.credentials().find(issued);
      if (used != summary.credentials().end()) {
        for (const Use& use : used->second.uses) cite(finding, use.sample);
      }
      finding.principal = issue.issuer;
      finding.credential = issued;
      finding.reach = reach_of(summary, issued);
      finding.severity = severity_of(finding.reach, Severity::kMedium);
      finding.confidence = Confidence::kMedium;
      finding.explanation = issue.issuer +
                            " made a session under another name with a lasting key; " +
                            "it outlives the key's deletion.";
      finding.ambiguity = {"a broker that federates its own users works this way"};
      findings.push_back(std::move(finding));
    }
  }
}

}  // namespace mandate::observe::rules
