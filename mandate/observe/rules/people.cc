// People's sessions, keys and accounts, where software works with them.
#include <algorithm>
#include <map>
#include <set>

#include "mandate/observe/rules.h"
#include "mandate/observe/rules/common.h"
#include "mandate/observe/rules/patterns.h"

namespace mandate::observe::rules {
namespace {

constexpr std::uint64_t kAutomatedCallsMin = 10;
constexpr Milliseconds kAfterEmergency = std::chrono::hours(72);

bool is_interactive(const Use& use) {
  return use.key.agent_kind == AgentKind::kInteractive && use.key.outcome == Outcome::kSucceeded;
}

bool is_software(const Use& use) {
  return is_program_use(use) && use.key.agent_kind == AgentKind::kSoftware;
}

const PrincipalRow* person_behind(const Summary& summary, const CredentialRow& row) {
  const auto found = summary.principals().find(row.principal);
  if (found == summary.principals().end()) return nullptr;
  const PrincipalRow& person = found->second;
  return person.is_personal || !person.as_person.events().empty() ? &person : nullptr;
}

// One program at one address, whatever credentials of one principal it used.
struct Program {
  Use use;  // of all together
  std::set<std::string> credentials;
};

struct Account {
  std::map<std::pair<std::string, std::string>, Program> programs;  // by address and program
  std::vector<const Use*> by_hand;
  std::set<std::string> addresses_by_hand;
  Instant first_by_hand = kEndOfTime;
  Instant last_by_hand = kBeginningOfTime;
};

void add_to(Account& account, const std::string& credential, const Use& use) {
  if (is_interactive(use)) {
    account.by_hand.push_back(&use);
    account.addresses_by_hand.insert(use.key.source);
    account.first_by_hand = std::min(account.first_by_hand, use.first);
    account.last_by_hand = std::max(account.last_by_hand, use.last);
  } else if (is_software(use)) {
    Program& program = account.programs[{use.key.source, use.key.product}];
    program.credentials.insert(credential);
    program.use.key = use.key;
    program.use.count += use.count;
    program.use.first = std::min(program.use.first, use.first);
    program.use.last = std::max(program.use.last, use.last);
    program.use.hours |= use.hours;
    program.use.sample.merge(use.sample);
  }
}

bool is_machine(const Use& use) { return is_clockwork(use.sample) || is_round_the_clock(use); }

// The last time that the principal was seen at work with a browser.
Instant last_by_hand(const Summary& summary, const PrincipalRow& person) {
  Instant last = kBeginningOfTime;
  for (const Seen& seen : person.as_person.events()) last = std::max(last, seen.time);
  for (const std::string& name : person.credentials) {
    const auto row = summary.credentials().find(name);
    if (row == summary.credentials().end()) continue;
    for (const Use& use : row->second.uses) {
      if (is_interactive(use)) last = std::max(last, use.last);
    }
  }
  return last;
}

}  // namespace

void session_driven_by_software(const Summary& summary, std::vector<Finding>& findings) {
  for (const auto& [name, row] : summary.credentials()) {
    const bool is_session =
        row.kind == CredentialKind::kSession || row.kind == CredentialKind::kToken;
    if (!is_session || person_behind(summary, row) == nullptr) continue;
    std::set<std::string> browsers;
    for (const Use& use : row.uses) {
      if (is_interactive(use)) browsers.insert(use.key.product);
    }
    if (browsers.empty()) continue;
    Finding finding;
    std::set<std::string> products;
    std::uint64_t calls = 0;
    for (const Use& use : row.uses) {
      if (!is_software(use) || browsers.contains(use.key.product)) continue;
      cite(finding, use.sample);
      products.insert(use.key.product);
      calls += use.count;
    }
    if (calls < kAutomatedCallsMin) continue;
    finding.principal = row.principal;
    finding.credential = name;
    finding.reach = reach_of(summary, name);
    finding.severity = severity_of(finding.reach, Severity::kHigh);
    finding.confidence = Confidence::kMedium;
    finding.explanation = "The session " + name + ", which " + row.principal +
                          " opened in a browser, made " + counted(calls, "call") +
                          " by software (" + joined(products) + "): the log names the person.";
    finding.reasons = {"the same session was used in a browser"};
    finding.ambiguity = {"a tool that the person runs and watches looks the same"};
    findings.push_back(std::move(finding));
  }
}

void personal_credential_scheduled(const Summary& summary, std::vector<Finding>& findings) {
  for (const auto& [name, row] : summary.credentials()) {
    const bool is_lasting =
        row.kind == CredentialKind::kStaticKey || row.kind == CredentialKind::kToken;
    const PrincipalRow* person = is_lasting ? person_behind(summary, row) : nullptr;
    if (person == nullptr) continue;
    Finding finding;
    Instant first = kEndOfTime;
    for (const Use& use : row.uses) {
      // Logs without user agents say nothing of the program; the schedule does.
      const bool is_mute = use.key.agent_kind == AgentKind::kUnknown && use.key.product.empty() &&
                           use.key.outcome == Outcome::kSucceeded;
      if (!(is_mute || is_program_use(use)) || !is_machine(use)) continue;
      cite(finding, use.sample);
      first = std::min(first, use.first);
    }
    if (finding.evidence.empty()) continue;
    finding.principal = row.principal;
    finding.credential = name;
    finding.reach = reach_of(summary, name);
    finding.severity = severity_of(finding.reach, Severity::kMedium);
    finding.confidence = Confidence::kMedium;
    finding.explanation = "The credential " + name + " of " + row.principal +
                          ", a person, has been used on a machine's schedule since " +
                          format_rfc3339(first) + ": what runs there ends with the person.";
    finding.reasons = {"its uses lie at even distances, or at all hours of the day"};
    finding.ambiguity = {"a tool on the person's own machine that renews itself"};
    findings.push_back(std::move(finding));
  }
}

void account_two_behaviours(const Summary& summary, std::vector<Finding>& findings) {
  std::map<std::string, Account> accounts;
  for (const auto& [name, row] : summary.credentials()) {
    // A lasting key has rules of its own.
    if (row.kind == CredentialKind::kStaticKey || person_behind(summary, row) == nullptr) continue;
    for (const Use& use : row.uses) add_to(accounts[row.principal], name, use);
  }
  for (const auto& [principal, account] : accounts) {
    Finding finding;
    std::set<std::string> products;
    for (const auto& [at, program] : account.programs) {
      const bool is_apart = !account.addresses_by_hand.contains(at.first);
      const bool is_together =
          program.use.first < account.last_by_hand && program.use.last > account.first_by_hand;
      if (!is_apart || !is_together || !is_machine(program.use)) continue;
      cite(finding, program.use.sample);
      products.insert(at.second);
    }
    if (products.empty()) continue;
    for (const Use* use : account.by_hand) cite(finding, use->sample);
    finding.principal = principal;
    finding.reach = reach_of(summary, principal);
    finding.severity = severity_of(finding.reach, Severity::kMedium);
    finding.confidence = Confidence::kMedium;
    finding.explanation = principal + " works in a browser, and at the same time " +
                          joined(products) +
                          " works as it from elsewhere, on a machine's schedule.";
    finding.reasons = {"the two are at work in the same days, from different addresses"};
    finding.ambiguity = {"an app on the person's other device that asks at even distances"};
    findings.push_back(std::move(finding));
  }
}

void admin_left_to_automation(const Summary& summary, std::vector<Finding>& findings) {
  std::map<std::string_view, std::vector<const ChangeRow*>> changes;
  for (const auto& [when, change] : summary.changes()) {
    if (change.kind != ChangeKind::kLogin) changes[change.credential].push_back(&change);
  }
  for (const auto& [name, row] : summary.credentials()) {
    const PrincipalRow* person = row.is_privileged ? person_behind(summary, row) : nullptr;
    const auto made = changes.find(name);
    if (person == nullptr || made == changes.end()) continue;
    const Instant began = made->second.front()->seen.time;
    const Instant ended = made->second.back()->seen.time;
    if (began == kUntimed) continue;
    if (ended - began > kDay || person->as_person.events().empty()) continue;
    const Instant calm = std::max(ended, last_by_hand(summary, *person)) + kAfterEmergency;
    Finding finding;
    for (const Use& use : row.uses) {
      if (is_program_use(use) && use.last >= calm && is_machine(use)) cite(finding, use.sample);
    }
    if (finding.evidence.empty()) continue;
    for (const ChangeRow* change : made->second) cite(finding, change->seen);
    finding.principal = row.principal;
    finding.credential = name;
    finding.reach = reach_of(summary, name);
    finding.reach.privileged = true;
    finding.severity = Severity::kHigh;
    finding.confidence = Confidence::kMedium;
    finding.explanation = row.principal + " changed rights or trust with " + name +
                          " within one day and has not been seen since; automation still uses "
                          "that credential.";
    finding.reasons = {"its changes end within a day, its scheduled use goes on for three more"};
    finding.ambiguity = {"that the changes were an emergency is not in the log"};
    findings.push_back(std::move(finding));
  }
}

}  // namespace mandate::observe::rules
