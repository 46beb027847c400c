// Acting on behalf of others: beyond what they were given, without their consent, in ways never
// seen before, or with no decision behind it.
#include <algorithm>
#include <map>
#include <set>

#include "mandate/observe/rules.h"
#include "mandate/observe/rules/common.h"
#include "mandate/observe/rules/patterns.h"

namespace mandate::observe::rules {
namespace {

constexpr Milliseconds kRetry = std::chrono::minutes(10);
constexpr Milliseconds kConsentLag = std::chrono::minutes(5);
constexpr std::size_t kConsentsMin = 3;
constexpr std::size_t kHabitConsents = 5;
constexpr Milliseconds kHabitSpan = 7 * kDay;
constexpr Milliseconds kSettled = 3 * kDay;
constexpr std::size_t kKnownUsesMin = 20;
constexpr std::size_t kKnownPathsMax = 8;

// The events of the sample that happened within `span` after one of `before`.
std::vector<Seen> following(const Sample& sample, const Sample& before, Milliseconds span) {
  std::vector<Seen> found;
  for (const Seen& seen : sample.events()) {
    const bool follows =
        std::any_of(before.events().begin(), before.events().end(), [&](const Seen& first) {
          return seen.time >= first.time && seen.time - first.time <= span;
        });
    if (follows) found.push_back(seen);
  }
  return found;
}

// When a user let an application act for it, and when no longer.
struct Consents {
  std::map<std::pair<std::string, std::string>, std::vector<const ChangeRow*>> of;  // app, user
  std::map<std::string, std::set<std::string>> users;                               // by app
  std::set<std::string> for_all;                                                    // apps
};

Consents consents_in(const Summary& summary) {
  Consents consents;
  for (const auto& [when, change] : summary.changes()) {
    if (when.first == kUntimed) continue;
    const bool is_consent =
        change.kind == ChangeKind::kConsentGiven || change.kind == ChangeKind::kConsentEnded;
    for (const PartyRow& party : change.parties) {
      const bool is_trust = change.kind == ChangeKind::kTrustAdded && change.right.empty();
      if (is_trust) consents.for_all.insert(party.id);
      if (!is_consent) continue;
      if (change.kind == ChangeKind::kConsentGiven && change.object == kEverybody) {
        consents.for_all.insert(party.id);
      }
      consents.of[{party.id, change.object}].push_back(&change);
      if (change.kind == ChangeKind::kConsentGiven) consents.users[party.id].insert(change.object);
    }
  }
  return consents;
}

// What an actor does, without the thing that it does it to: "resource action".
std::string path_of(const FactText& said) {
  const std::size_t second = said.object.find(' ', said.object.find(' ') + 1);
  return said.object.substr(0, second);
}

struct Path {
  Instant first = kEndOfTime;
  Sample sample;
};

using Paths = std::map<std::string, std::map<std::string, Path>>;  // by actor

Paths paths_in(const Summary& summary) {
  Paths paths;
  for (const FactKind kind : {FactKind::kPermittedOwn, FactKind::kPermittedFor}) {
    for (const auto& [said, row] : summary.facts().of(kind)) {
      if (said.subject.starts_with("human:")) continue;
      Path& path = paths[said.subject][path_of(said)];
      path.first = std::min(path.first, row.first);
      path.sample.merge(row.sample);
    }
  }
  return paths;
}

// The path that is new to an actor whose ways had settled before; nullptr where there is none.
const std::pair<const std::string, Path>* new_path(const std::map<std::string, Path>& paths) {
  if (paths.size() < 2 || paths.size() - 1 > kKnownPathsMax) return nullptr;
  const auto newest = std::max_element(
      paths.begin(), paths.end(),
      [](const auto& a, const auto& b) { return a.second.first < b.second.first; });
  Instant began = kEndOfTime;
  Instant settled = kBeginningOfTime;
  std::size_t uses = 0;
  for (const auto& [name, path] : paths) {
    if (name == newest->first) continue;
    began = std::min(began, path.first);
    settled = std::max(settled, path.first);
    uses += path.sample.events().size();
  }
  const Milliseconds quiet = newest->second.first - settled;
  const bool is_settled = quiet >= kSettled && quiet >= settled - began;
  return uses >= kKnownUsesMin && is_settled ? &*newest : nullptr;
}

// Scopes that say who somebody is, and no more.
bool is_sign_in_alone(std::string_view scopes) {
  while (!scopes.empty()) {
    const std::size_t start = scopes.find_first_not_of(" ,");
    if (start == std::string_view::npos) break;
    scopes.remove_prefix(start);
    const std::string_view scope = scopes.substr(0, scopes.find_first_of(" ,"));
    const std::string_view last = scope.substr(scope.rfind('/') + 1);
    const bool is_basic = last == "openid" || last == "email" || last == "profile" ||
                          last == "userinfo.email" || last == "userinfo.profile" ||
                          last == "User.Read" || last == "offline_access";
    if (!is_basic) return false;
    scopes.remove_prefix(scope.size());
  }
  return true;
}

Finding beyond(const Summary& summary, const FactText& said) {
  Finding finding;
  finding.principal = said.subject;
  finding.reach = reach_of(summary, said.subject);
  finding.severity = severity_of(finding.reach, Severity::kHigh);
  finding.confidence = Confidence::kHigh;
  return finding;
}

}  // namespace

void broker_beyond_caller(const Summary& summary, std::vector<Finding>& findings) {
  const Facts::Rows& own = summary.facts().of(FactKind::kPermittedOwn);
  for (const auto& [said, refused] : summary.facts().of(FactKind::kRefusedFor)) {
    const auto permitted = own.find({said.subject, said.object, ""});
    if (permitted == own.end()) continue;
    const std::vector<Seen> then = following(permitted->second.sample, refused.sample, kRetry);
    if (then.empty()) continue;
    Finding finding = beyond(summary, said);
    cite(finding, refused.sample);
    for (const Seen& seen : then) cite(finding, seen);
    finding.explanation = said.subject + " was refused " + said.object + " on behalf of " +
                          said.detail + ", and then did it in its own right.";
    finding.reasons = {"the same request, minutes after the refusal"};
    finding.ambiguity = {"the broker may need the same thing for itself"};
    findings.push_back(std::move(finding));
  }
}

void agent_beyond_task(const Summary& summary, std::vector<Finding>& findings) {
  for (const auto& [said, row] : summary.facts().of(FactKind::kLetThroughBeyond)) {
    if (!said.subject.starts_with("agent:")) continue;
    Finding finding = beyond(summary, said);
    cite(finding, row.sample);
    finding.explanation = said.subject + " used a right of " + said.detail + " (" + said.object +
                          ") that its own task does not hold.";
    finding.reasons = {"no delegation to the agent permits it, and the resource only watched"};
    findings.push_back(std::move(finding));
  }
}

void call_without_decision(const Summary& summary, std::vector<Finding>& findings) {
  struct Known {
    Instant first = kEndOfTime;
    Instant last = kBeginningOfTime;
    bool has_match = false;
  };
  const Facts::Rows& decided = summary.facts().of(FactKind::kDecided);
  const Facts::Rows& called = summary.facts().of(FactKind::kCalled);
  std::map<std::string, Known> known;  // by resource
  for (const auto& [said, row] : decided) {
    Known& at = known[said.object];
    at.first = std::min(at.first, row.first);
    at.last = std::max(at.last, row.last);
    at.has_match = at.has_match || called.contains(said);
  }
  for (const auto& [said, row] : called) {
    const auto at = known.find(said.object);
    // Only where both logs speak of the same time, in the same words.
    if (at == known.end() || !at->second.has_match || decided.contains(said)) continue;
    if (row.first < at->second.first || row.first > at->second.last) continue;
    Finding finding;
    cite(finding, row.sample);
    const auto used = summary.credentials().find(said.subject);
    if (used != summary.credentials().end()) finding.principal = used->second.principal;
    finding.credential = said.subject;
    finding.reach = reach_of(summary, said.subject);
    finding.severity = severity_of(finding.reach, Severity::kHigh);
    finding.confidence = Confidence::kHigh;
    finding.explanation = "At " + said.object + ", " + said.detail + " was carried out with " +
                          said.subject + "; no decision permits that.";
    finding.reasons = {"other calls there have their decision in the same journal"};
    finding.ambiguity = {"a decision kept in a cache, or journalled elsewhere"};
    findings.push_back(std::move(finding));
  }
}

void acts_without_consent(const Summary& summary, std::vector<Finding>& findings) {
  const Consents consents = consents_in(summary);
  for (const auto& [said, row] : summary.facts().of(FactKind::kActedFor)) {
    const std::string& app = said.subject;
    const auto users = consents.users.find(app);
    if (consents.for_all.contains(app)) continue;
    Finding finding;
    const auto own = consents.of.find({app, said.object});
    if (own != consents.of.end()) {
      const ChangeRow& newest = *own->second.back();
      if (newest.kind != ChangeKind::kConsentEnded) continue;
      if (cite_after(finding, row.sample, newest.seen.time + kConsentLag) == 0) continue;
      cite(finding, newest.seen);
      finding.reasons = {"the consent was withdrawn before"};
      finding.confidence = Confidence::kHigh;
    } else {
      // Everybody else's consent is in the log, so this one's should be.
      if (users == consents.users.end() || users->second.size() < kConsentsMin) continue;
      cite(finding, row.sample);
      finding.reasons = {counted(users->second.size(), "other user") + " consented to it first"};
      finding.confidence = Confidence::kMedium;
    }
    finding.principal = app;
    finding.reach.principals = 1;
    finding.severity = Severity::kHigh;
    finding.explanation =
        "The application " + app + " acted for " + said.object +
        (own == consents.of.end() ? ", who never consented." : ", who had withdrawn consent.");
    finding.ambiguity = {"a consent given before the log begins, or by an administrator for all"};
    findings.push_back(std::move(finding));
  }
}

void consent_to_new_application(const Summary& summary, std::vector<Finding>& findings) {
  std::set<std::string> known;  // applications
  std::size_t consents = 0;
  Instant began = kEndOfTime;
  for (const auto& [when, change] : summary.changes()) {
    if (change.kind != ChangeKind::kConsentGiven || when.first == kUntimed) continue;
    for (const PartyRow& party : change.parties) {
      const bool is_habit = consents >= kHabitConsents && change.seen.time - began >= kHabitSpan;
      const bool is_first = known.insert(party.id).second;
      // What reaches far has a rule of its own.
      if (!is_habit || !is_first || change.is_admin || is_sign_in_alone(change.right)) continue;
      Finding finding;
      cite(finding, change.seen);
      finding.principal = change.actor;
      finding.credential = change.credential;
      finding.reach = reach_of(summary, party.id);
      finding.severity = Severity::kLow;
      finding.confidence = Confidence::kMedium;
      finding.explanation = change.actor + " let " + party.id + " act for " + change.object + " (" +
                            change.right + "); nobody here had let it before.";
      finding.ambiguity = {"everything is new once"};
      findings.push_back(std::move(finding));
    }
    ++consents;
    began = std::min(began, change.seen.time);
  }
}

void path_never_seen(const Summary& summary, std::vector<Finding>& findings) {
  for (const auto& [actor, paths] : paths_in(summary)) {
    const auto* found = new_path(paths);
    if (found == nullptr) continue;
    Finding finding;
    cite(finding, found->second.sample);
    finding.principal = actor;
    finding.reach = reach_of(summary, actor);
    finding.severity = Severity::kMedium;
    finding.confidence = Confidence::kLow;
    finding.explanation = actor + ", which had kept to " + counted(paths.size() - 1, "way") +
                          " of working, did something new: " + found->first + ".";
    finding.reasons = {"nothing new was seen of it for days before"};
    finding.ambiguity = {"a new task, given on purpose"};
    findings.push_back(std::move(finding));
  }
}

}  // namespace mandate::observe::rules
