// What workloads are, and who else acts as them; and changes that nobody answers for.
#include <algorithm>
#include <map>
#include <set>

#include "mandate/observe/rules.h"
#include "mandate/observe/rules/common.h"
#include "mandate/observe/rules/patterns.h"

namespace mandate::observe::rules {
namespace {

// Characters that generated names are made of: no vowels, and no digits that look like them.
bool is_generated(std::string_view part) {
  constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  constexpr std::size_t kShortest = 5;
  constexpr std::size_t kLongest = 10;
  return part.size() >= kShortest && part.size() <= kLongest &&
         part.find_first_not_of(kAlphabet) == std::string_view::npos;
}

bool is_number(std::string_view part) {
  return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_pod_token(const CredentialRow& row) {
  return row.kind == CredentialKind::kToken && !row.machine.empty();
}

// IPv6 or not: one pod may have an address of each.
bool is_six(std::string_view address) { return address.find(':') != std::string_view::npos; }

// A program with a key of its own, as far as the key's uses tell programs apart.
struct Program {
  std::set<std::string> sources;
  std::uint64_t calls = 0;
  Instant first = kEndOfTime;
  Instant last = kBeginningOfTime;
};

std::map<std::string, Program> programs_of(const CredentialRow& row) {
  std::map<std::string, Program> programs;
  for (const Use& use : row.uses) {
    const bool is_software = use.key.agent_kind == AgentKind::kSoftware &&
                             use.key.outcome == Outcome::kSucceeded && !use.key.source_is_service &&
                             !use.is_delegated;
    if (!is_software || use.key.source.empty()) continue;
    Program& program = programs[use.key.product];
    program.sources.insert(use.key.source);
    program.calls += use.count;
    program.first = std::min(program.first, use.first);
    program.last = std::max(program.last, use.last);
  }
  return programs;
}

// At one time, and from addresses that they do not share: not one program after another's update.
bool are_two_jobs(const Program& a, const Program& b) {
  constexpr std::uint64_t kCallsMin = 2;  // one may be somebody trying the key out
  if (a.calls < kCallsMin || b.calls < kCallsMin) return false;
  if (a.first > b.last || b.first > a.last) return false;
  return std::none_of(a.sources.begin(), a.sources.end(),
                      [&](const std::string& source) { return b.sources.contains(source); });
}

bool has_two_jobs(const std::map<std::string, Program>& programs) {
  for (auto a = programs.begin(); a != programs.end(); ++a) {
    for (auto b = std::next(a); b != programs.end(); ++b) {
      if (are_two_jobs(a->second, b->second)) return true;
    }
  }
  return false;
}

// One finding for all changes of a kind by one actor to one object.
template <class Describe>
void each_change(const Summary& summary, std::vector<Finding>& findings, ChangeKind kind,
                 std::string_view right, Describe describe) {
  std::map<std::pair<std::string, std::string>, Finding> by_object;
  for (const auto& [when, change] : summary.changes()) {
    if (change.kind != kind || (!right.empty() && change.right != right)) continue;
    Finding& finding = by_object[{change.actor, change.object}];
    cite(finding, change.seen);
    if (!finding.principal.empty()) continue;
    finding.principal = change.actor;
    finding.credential = change.credential;
    finding.reach = reach_of(summary, change.credential.empty() ? change.actor : change.credential);
    finding.severity = Severity::kMedium;
    finding.confidence = Confidence::kMedium;
    describe(change, finding);
  }
  for (auto& [key, finding] : by_object) findings.push_back(std::move(finding));
}

// The programs that hold the credential, where two of them are jobs of their own: their uses become
// the evidence. None where it is one job's.
std::set<std::string> cite_jobs(Finding& finding, const CredentialRow& row) {
  const std::map<std::string, Program> programs = programs_of(row);
  std::set<std::string> products;
  if (!has_two_jobs(programs)) return products;
  for (const auto& [product, program] : programs) products.insert(product);
  for (const Use& use : row.uses) {
    if (products.contains(use.key.product)) cite(finding, use.sample);
  }
  return products;
}

// Where tokens name no pod, and no key is seen either: what the platform hands out by the machine.
void workload_of_many_programs(const Summary& summary, std::vector<Finding>& findings) {
  for (const auto& [name, row] : summary.credentials()) {
    if (row.kind != CredentialKind::kNone) continue;
    const auto principal = summary.principals().find(row.principal);
    if (principal == summary.principals().end() || principal->second.kind != ActorKind::kWorkload) {
      continue;
    }
    Finding finding;
    const std::set<std::string> products = cite_jobs(finding, row);
    if (products.empty()) continue;
    finding.principal = row.principal;
    finding.reach = reach_of(summary, name);
    finding.severity = finding.reach.privileged ? Severity::kHigh : Severity::kMedium;
    finding.confidence = Confidence::kMedium;
    finding.explanation = row.principal +
                          " is the identity of several programs at one time, at addresses of "
                          "their own: " +
                          joined(products) + ". Who enters one acts as all.";
    finding.ambiguity = {"parts of one application may be meant to share"};
    findings.push_back(std::move(finding));
  }
}

// Where tokens name no pod: an account that works inside the cluster's network, and was used from
// outside of it too.
void workload_account_outside(const Summary& summary, std::vector<Finding>& findings) {
  constexpr std::uint64_t kInsideMin = 3;
  for (const auto& [name, row] : summary.credentials()) {
    const bool is_account = row.principal.starts_with("system:serviceaccount:");
    if (row.kind != CredentialKind::kNone || !is_account) continue;
    std::uint64_t inside = 0;
    std::set<std::string> known;  // programs
    std::set<std::string> addresses;
    std::set<std::string> programs;
    Finding finding;
    for (const Use& use : row.uses) {
      if (use.key.source.empty() || use.key.source_is_service) continue;
      const bool is_inside = network_of(use.key.source).empty();
      (is_inside ? known : programs).insert(use.key.product);
      inside += is_inside ? use.count : 0;
      if (is_inside) continue;
      addresses.insert(use.key.source);
      cite(finding, use.sample);
    }
    if (addresses.empty() || inside < kInsideMin) continue;
    const bool is_other_program = std::none_of(
        programs.begin(), programs.end(), [&](const auto& one) { return known.contains(one); });
    finding.principal = row.principal;
    finding.reach = reach_of(summary, name);
    finding.severity = severity_of(finding.reach, Severity::kHigh);
    finding.confidence = is_other_program ? Confidence::kHigh : Confidence::kMedium;
    finding.explanation = row.principal +
                          ", which works inside the cluster's network, was used from " +
                          joined(addresses) + ".";
    finding.reasons = {is_other_program ? "by another program" : "by the same kind of program"};
    finding.ambiguity = {"a way out of the network that the cluster's API sees as public"};
    findings.push_back(std::move(finding));
  }
}

}  // namespace

std::string_view workload_of(std::string_view pod) {
  constexpr int kPartsMax = 2;  // of the set, and of the pod
  for (int i = 0; i < kPartsMax; ++i) {
    const std::size_t dash = pod.rfind('-');
    if (dash == std::string_view::npos || dash == 0) break;
    const std::string_view last = pod.substr(dash + 1);
    if (!is_generated(last) && !is_number(last)) break;
    pod = pod.substr(0, dash);
  }
  return pod;
}

void workload_identity_shared(const Summary& summary, std::vector<Finding>& findings) {
  struct Users {
    std::set<std::string> workloads;
    Finding finding;
  };
  std::map<std::string, Users> by_principal;
  for (const auto& [name, row] : summary.credentials()) {
    if (!is_pod_token(row)) continue;
    Users& users = by_principal[row.principal];
    users.workloads.emplace(workload_of(row.machine));
    users.finding.reach.privileged = users.finding.reach.privileged || row.is_privileged;
    for (const Use& use : row.uses) cite(users.finding, use.sample);
  }
  for (auto& [principal, users] : by_principal) {
    if (users.workloads.size() < 2) continue;
    Finding& finding = users.finding;
    const bool is_privileged = finding.reach.privileged;
    finding.principal = principal;
    finding.reach = reach_of(summary, principal);
    finding.reach.principals = std::max<std::uint64_t>(finding.reach.principals, 1);
    finding.reach.privileged = is_privileged;
    finding.severity = is_privileged ? Severity::kHigh : Severity::kMedium;
    finding.confidence = Confidence::kHigh;
    finding.explanation = principal + " is the identity of " +
                          counted(users.workloads.size(), "workload") + " (" +
                          joined(users.workloads) + "): who enters one acts as all.";
    finding.reasons = {"the tokens name the pods that they were issued to"};
    finding.ambiguity = {"parts of one application may be meant to share"};
    findings.push_back(std::move(finding));
  }
  workload_of_many_programs(summary, findings);
}

void lasting_key_shared(const Summary& summary, std::vector<Finding>& findings) {
  for (const auto& [name, row] : summary.credentials()) {
    if (row.kind != CredentialKind::kStaticKey) continue;
    Finding finding;
    const std::set<std::string> products = cite_jobs(finding, row);
    if (products.empty()) continue;
    finding.principal = row.principal;
    finding.credential = name;
    finding.reach = reach_of(summary, name);
    finding.severity = severity_of(finding.reach, Severity::kMedium);
    finding.confidence = Confidence::kMedium;
    finding.explanation =
        "The lasting key " + name + " of " + row.principal +
        " served several programs at one time, at addresses of their own: " + joined(products) +
        ".";
    finding.ambiguity = {"one job may be made of several programs on several machines"};
    findings.push_back(std::move(finding));
  }
}

void workload_token_elsewhere(const Summary& summary, std::vector<Finding>& findings) {
  for (const auto& [name, row] : summary.credentials()) {
    if (!is_pod_token(row)) continue;
    std::set<std::string> addresses[2];
    std::set<std::string> products;
    Finding finding;
    for (const Use& use : row.uses) {
      if (use.key.source.empty() || use.key.source_is_service) continue;
      addresses[is_six(use.key.source) ? 1 : 0].insert(use.key.source);
      products.insert(use.key.product);
      cite(finding, use.sample);
    }
    const auto& seen = addresses[0].size() > 1 ? addresses[0] : addresses[1];
    if (seen.size() < 2) continue;
    const bool is_other_program = products.size() > 1;
    finding.principal = row.principal;
    finding.credential = name;
    finding.reach = reach_of(summary, name);
    finding.severity = severity_of(finding.reach, Severity::kHigh);
    finding.confidence = is_other_program ? Confidence::kHigh : Confidence::kMedium;
    finding.explanation = "The token of pod " + row.machine + " (" + row.principal +
                          ") was used from " + joined(seen) + "; a pod has one address.";
    finding.reasons = {is_other_program ? "by different programs" : "by one kind of program"};
    finding.ambiguity = {"a way out of the network that changes looks the same"};
    findings.push_back(std::move(finding));
  }
  workload_account_outside(summary, findings);
}

void workload_entered(const Summary& summary, std::vector<Finding>& findings) {
  each_change(summary, findings, ChangeKind::kEntered, "",
              [](const ChangeRow& change, Finding& finding) {
                finding.severity = Severity::kLow;
                finding.explanation = change.actor + " entered " + change.object +
                                      ", and may do there what the workload may.";
                finding.ambiguity = {"debugging, as its operators do"};
              });
}

void workload_token_read(const Summary& summary, std::vector<Finding>& findings) {
  each_change(summary, findings, ChangeKind::kEntered, "token",
              [](const ChangeRow& change, Finding& finding) {
                finding.severity = Severity::kHigh;
                finding.confidence = Confidence::kHigh;
                finding.explanation = change.actor + " entered " + change.object +
                                      " with a command on the place of its credentials.";
                finding.reasons = {"the command names where platforms mount tokens"};
              });
}

void token_made_for_another(const Summary& summary, std::vector<Finding>& findings) {
  each_change(summary, findings, ChangeKind::kTokenMade, "",
              [](const ChangeRow& change, Finding& finding) {
                finding.explanation = change.actor + " asked for a token of " + change.object +
                                      ": whoever holds it acts as that workload.";
                finding.ambiguity = {"a controller that runs jobs for others does the same"};
              });
}

void actor_unproven(const Summary& summary, std::vector<Finding>& findings) {
  each_change(
      summary, findings, ChangeKind::kUnproven, "", [](const ChangeRow& change, Finding& finding) {
        finding.severity = Severity::kHigh;
        finding.confidence = Confidence::kHigh;
        finding.explanation = change.action + " of " + change.object + " was accepted from " +
                              change.source + " without any proof of who asked.";
      });
}

void broad_role_defined(const Summary& summary, std::vector<Finding>& findings) {
  each_change(
      summary, findings, ChangeKind::kBroadRole, "", [](const ChangeRow& change, Finding& finding) {
        const bool is_all = change.right == "everything";
        finding.severity = is_all ? Severity::kHigh : Severity::kMedium;
        finding.confidence = is_all ? Confidence::kHigh : Confidence::kMedium;
        finding.explanation = change.actor + " defined " + change.object +
                              " to hold more than named actions on named things: " + change.right +
                              ".";
        finding.ambiguity = {"a controller of workloads may need as much"};
      });
}

void shared_role_changed(const Summary& summary, std::vector<Finding>& findings) {
  each_change(summary, findings, ChangeKind::kSharedRoleChanged, "",
              [](const ChangeRow& change, Finding& finding) {
                finding.explanation =
                    change.actor + " changed " + change.object + ", which others hold already.";
                finding.ambiguity = {"an upgrade of the platform by hand does the same"};
              });
}

void permitted_in_shadow(const Summary& summary, std::vector<Finding>& findings) {
  each_change(summary, findings, ChangeKind::kUnauthorised, "",
              [](const ChangeRow& change, Finding& finding) {
                finding.confidence = Confidence::kHigh;
                finding.explanation = change.actor + " was let through at " + change.object +
                                      ", which only watches, against " + change.right + ".";
              });
}

void approval_skipped(const Summary& summary, std::vector<Finding>& findings) {
  for (const ChangeKind kind : {ChangeKind::kApprovalSkipped, ChangeKind::kApprovalRemoved}) {
    each_change(summary, findings, kind, "", [kind](const ChangeRow& change, Finding& finding) {
      const bool is_skipped = kind == ChangeKind::kApprovalSkipped;
      finding.severity = is_skipped ? Severity::kHigh : Severity::kMedium;
      finding.explanation =
          change.actor + (is_skipped ? " changed " : " ended the need of approval for ") +
          change.object + (is_skipped ? " past the approval that it demands." : ".");
      finding.ambiguity = {"somebody may have approved outside this log"};
    });
  }
}

}  // namespace mandate::observe::rules
