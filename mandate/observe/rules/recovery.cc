// Recoveries and consents: where one event authorised the next and nobody was verified between.
#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mandate/observe/rules.h"
#include "mandate/observe/rules/common.h"

namespace mandate::observe::rules {
namespace {

constexpr Milliseconds kRecoverySpan = std::chrono::hours(24);
constexpr Milliseconds kOneConsent = std::chrono::minutes(1);
constexpr Milliseconds kFactorFollows = std::chrono::hours(1);

// The changes by the principal that they are about, each in time's order.
using History = std::map<std::string, std::vector<const ChangeRow*>, std::less<>>;

History history_of(const Summary& summary, const Names& names) {
  History history;
  for (const auto& [when, change] : summary.changes()) {
    if (when.first == kUntimed) continue;
    history[std::string(names.of(change.object))].push_back(&change);
  }
  return history;
}

bool is_recovery(const ChangeRow& change) {
  return (change.kind == ChangeKind::kLoginSet && !change.is_new) ||
         change.kind == ChangeKind::kFactorChanged;
}

bool is_new_reach(const ChangeRow& change) {
  return change.kind == ChangeKind::kRightsGranted || change.kind == ChangeKind::kCredentialMade;
}

// What followed a recovery, up to the first new right or step-up.
struct Recovery {
  std::vector<const ChangeRow*> resets;
  std::vector<const ChangeRow*> logins;
  const ChangeRow* right = nullptr;
  bool by_another = false;
};

Recovery recovery_from(const std::vector<const ChangeRow*>& rows, std::size_t start,
                       const Names& names) {
  Recovery found;
  for (std::size_t i = start; i < rows.size() && found.right == nullptr; ++i) {
    const ChangeRow& row = *rows[i];
    if (row.seen.time - rows[start]->seen.time > kRecoverySpan) break;
    if (is_recovery(row)) {
      found.resets.push_back(&row);
      found.by_another = found.by_another || !names.are_one(row.actor, row.object);
    } else if (row.kind == ChangeKind::kLogin) {
      if (row.mfa.value_or(false)) break;
      found.logins.push_back(&row);
    } else if (is_new_reach(row) && !found.logins.empty()) {
      found.right = &row;
    }
  }
  return found;
}

// One's own password is changed often; with a factor on top it is a recovery.
bool is_whole(const Recovery& recovery) {
  if (recovery.right == nullptr) return false;
  return recovery.by_another ||
         (std::any_of(recovery.resets.begin(), recovery.resets.end(),
                      [](const ChangeRow* row) { return row->kind == ChangeKind::kLoginSet; }) &&
          std::any_of(recovery.resets.begin(), recovery.resets.end(), [](const ChangeRow* row) {
            return row->kind == ChangeKind::kFactorChanged;
          }));
}

// A new account is set up in the same steps.
bool is_made_before(const std::vector<const ChangeRow*>& rows, const ChangeRow& reset) {
  return std::any_of(rows.begin(), rows.end(), [&](const ChangeRow* row) {
    return row->kind == ChangeKind::kPrincipalMade && row->seen.time <= reset.seen.time &&
           reset.seen.time - row->seen.time <= kRecoverySpan;
  });
}

Finding of_recovery(const Summary& summary, const Recovery& recovery) {
  Finding finding;
  for (const ChangeRow* row : recovery.resets) cite(finding, row->seen);
  for (const ChangeRow* row : recovery.logins) cite(finding, row->seen);
  cite(finding, recovery.right->seen);
  const ChangeRow& reset = *recovery.resets.front();
  finding.principal = reset.object;
  finding.credential = reset.credential;
  finding.reach = reach_of(summary, finding.principal);
  finding.reach.privileged = finding.reach.privileged || recovery.right->is_admin;
  finding.severity = severity_of(finding.reach, Severity::kHigh);
  const bool is_known = std::all_of(recovery.logins.begin(), recovery.logins.end(),
                                    [](const ChangeRow* row) { return row->mfa.has_value(); });
  finding.confidence = is_known ? Confidence::kHigh : Confidence::kMedium;
  finding.explanation = reset.actor + " reset how " + reset.object +
                        " proves itself; it logged in without a second factor, and was given " +
                        (recovery.right->right.empty() ? "a credential" : recovery.right->right) +
                        " within a day.";
  finding.reasons = {is_known ? "the logins say that a password was all"
                              : "the logins do not say whether there was a second factor"};
  finding.ambiguity = {"a help desk that knows the owner looks the same"};
  return finding;
}

// Whether the principal's logins before came from other places, and the first from this one is new.
bool is_new_place(const std::vector<const ChangeRow*>& rows, const ChangeRow& change) {
  bool had_other = false;
  for (const ChangeRow* row : rows) {
    if (row->seen.time >= change.seen.time || row->kind != ChangeKind::kLogin) continue;
    const bool is_here = row->source == change.source;
    if (is_here && change.seen.time - row->seen.time > kRecoverySpan) return false;
    had_other = had_other || !is_here;
  }
  return had_other && !change.source.empty();
}

}  // namespace

void recovery_then_right(const Summary& summary, std::vector<Finding>& findings) {
  const Names names(summary);
  for (const auto& [name, rows] : history_of(summary, names)) {
    const ChangeRow* done = nullptr;  // a right is told of once, from its first recovery
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!is_recovery(*rows[i]) || is_made_before(rows, *rows[i])) continue;
      const Recovery recovery = recovery_from(rows, i, names);
      if (!is_whole(recovery) || recovery.right == done) continue;
      done = recovery.right;
      findings.push_back(of_recovery(summary, recovery));
    }
  }
}

void factor_set_on_password_alone(const Summary& summary, std::vector<Finding>& findings) {
  const Names names(summary);
  for (const auto& [name, rows] : history_of(summary, names)) {
    const ChangeRow* login = nullptr;
    for (const ChangeRow* row : rows) {
      if (row->kind == ChangeKind::kLogin) login = row;
      if (row->kind != ChangeKind::kFactorChanged || !names.are_one(row->actor, row->object)) {
        continue;
      }
      if (login == nullptr || login->mfa.value_or(true) || login->source != row->source ||
          row->seen.time - login->seen.time > kFactorFollows || !is_new_place(rows, *row)) {
        continue;
      }
      Finding finding;
      cite(finding, login->seen);
      cite(finding, row->seen);
      finding.principal = row->actor;
      finding.credential = row->credential;
      finding.reach = reach_of(summary, finding.principal);
      finding.severity = severity_of(finding.reach, Severity::kHigh);
      finding.confidence = Confidence::kMedium;
      finding.explanation = row->actor + " logged in with a password alone from " + row->source +
                            ", where it was not seen before, and changed how it proves itself.";
      finding.reasons = {"its earlier logins came from elsewhere"};
      finding.ambiguity = {"the owner on the way, with a new telephone"};
      findings.push_back(std::move(finding));
    }
  }
}

void consent_over_broad(const Summary& summary, std::vector<Finding>& findings) {
  // One consent is told by several events: of itself, and of what the application may call.
  std::map<std::vector<std::string>, std::pair<Instant, std::size_t>> last;
  for (const auto& [when, change] : summary.changes()) {
    if (change.kind != ChangeKind::kConsentGiven || !change.is_admin) continue;
    const std::string app = change.parties.empty() ? change.object : change.parties[0].id;
    const auto [known, is_first] =
        last.try_emplace({change.actor, change.object, app}, when.first, findings.size());
    const bool is_same = !is_first && when.first - known->second.first <= kOneConsent;
    known->second.first = when.first;
    if (is_same) {
      Finding& told = findings[known->second.second];
      cite(told, change.seen);
      if (!change.right.empty() && told.explanation.find(change.right) == std::string::npos) {
        told.explanation.insert(told.explanation.size() - 1, ", " + change.right);
      }
      continue;
    }
    known->second.second = findings.size();
    Finding finding;
    cite(finding, change.seen);
    finding.principal = change.actor;
    finding.credential = change.credential;
    finding.reach = reach_of(summary, app);
    finding.severity = Severity::kHigh;
    finding.confidence = Confidence::kMedium;
    finding.explanation = change.actor + " let the application " + app + " act for " +
                          change.object + " with " + change.right + ".";
    finding.reasons = {"a scope covers everything of its kind, or control over identities"};
    finding.ambiguity = {"an application of one's own needs such scopes for its work at times"};
    findings.push_back(std::move(finding));
  }
}

}  // namespace mandate::observe::rules
