// Changes of trust, of logins, of rights: judged by what was so before and after.
#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "mandate/observe/rules.h"
#include "mandate/observe/rules/common.h"

namespace mandate::observe::rules {
namespace {

constexpr Milliseconds kLoginFollows = std::chrono::hours(24);

// Whom the owner's own organisation does not answer for.
bool is_outside(const PartyRow& party) {
  if (party.is_conditioned) return false;
  return party.scope == PartyScope::kExternal || party.scope == PartyScope::kPublic;
}

std::set<std::string> outside(const ChangeRow& change) {
  std::set<std::string> parties;
  for (const PartyRow& party : change.parties) {
    const bool is_certificate =
        change.kind == ChangeKind::kTrustAdded && party.scope == PartyScope::kFederated;
    if (is_outside(party) || is_certificate) parties.insert(party.id);
  }
  return parties;
}

bool is_public(const ChangeRow& change) {
  return std::any_of(change.parties.begin(), change.parties.end(), [](const PartyRow& party) {
    return party.scope == PartyScope::kPublic && !party.is_conditioned;
  });
}

// The changes of one kind, by what they changed, each in time's order.
using ByObject = std::multimap<std::string_view, const ChangeRow*>;

ByObject by_object(const Summary& summary, ChangeKind kind) {
  ByObject rows;
  for (const auto& [when, change] : summary.changes()) {
    if (change.kind == kind) rows.emplace(change.object, &change);
  }
  return rows;
}

std::string_view last_part(std::string_view name) { return name.substr(name.rfind('/') + 1); }

// "ann@acme.example" and "ann" in a directory's path are one account.
bool is_named(std::string_view account, std::string_view name) {
  const std::string_view user = account.substr(0, account.find('@'));
  return user.size() == name.size() &&
         std::equal(user.begin(), user.end(), name.begin(), [](unsigned char a, unsigned char b) {
           return std::tolower(a) == std::tolower(b);
         });
}

// The actor changes itself: its own name, or as a session that carries that name.
bool is_own(const ChangeRow& change) {
  return change.object == change.actor || last_part(change.object) == last_part(change.actor);
}

bool is_platform(const Summary& summary, const std::string& actor) {
  const auto found = summary.principals().find(actor);
  return found != summary.principals().end() && found->second.kind == ActorKind::kService;
}

Finding made_by(const Summary& summary, const ChangeRow& change) {
  Finding finding;
  cite(finding, change.seen);
  finding.principal = change.actor;
  finding.credential = change.credential;
  finding.reach = reach_of(summary, change.credential.empty() ? change.actor : change.credential);
  return finding;
}

}  // namespace

void trust_widened(const Summary& summary, std::vector<Finding>& findings) {
  std::map<std::string, std::set<std::string>> trusted;  // by object
  std::map<std::string, Seen> with_everything;
  for (const auto& [when, change] : summary.changes()) {
    if (change.kind == ChangeKind::kRightsGranted && change.is_admin) {
      with_everything.try_emplace(change.object, change.seen);
    }
  }
  for (const auto& [when, change] : summary.changes()) {
    const bool is_set = change.kind == ChangeKind::kTrustSet;
    if (!is_set && change.kind != ChangeKind::kTrustAdded &&
        change.kind != ChangeKind::kTrustRemoved) {
      continue;
    }
    std::set<std::string>& before = trusted[change.object];
    std::set<std::string> after = outside(change);
    if (change.kind == ChangeKind::kTrustRemoved) {
      for (const std::string& party : after) before.erase(party);
      continue;
    }
    std::set<std::string> added;
    std::set_difference(after.begin(), after.end(), before.begin(), before.end(),
                        std::inserter(added, added.end()));
    if (is_set) before.clear();
    before.insert(after.begin(), after.end());
    if (added.empty()) continue;
    Finding finding = made_by(summary, change);
    const auto granted = with_everything.find(change.object);
    finding.reach.privileged = granted != with_everything.end();
    if (finding.reach.privileged) cite(finding, granted->second);
    finding.severity = severity_of(finding.reach, Severity::kHigh);
    finding.confidence =
        is_public(change) || !change.is_new ? Confidence::kHigh : Confidence::kMedium;
    finding.explanation = change.actor + " let " + joined(added) + " act on or as " +
                          change.object + "; nothing read before says that they might.";
    finding.reasons = {change.is_new ? "made so" : "changed to be so"};
    finding.ambiguity = {"a partner's account looks like a stranger's"};
    findings.push_back(std::move(finding));
  }
}

// Own accounts: a mailbox that another account may open, or send in the name of.
void account_opened(const Summary& summary, std::vector<Finding>& findings) {
  std::map<std::pair<std::string, std::string>, std::set<std::string>> accounts;  // by actor, party
  for (const auto& [when, change] : summary.changes()) {
    if (change.kind != ChangeKind::kTrustAdded || change.right.empty()) continue;
    if (change.parties.empty() || is_platform(summary, change.actor)) continue;
    const PartyRow& party = change.parties.front();
    if (party.scope != PartyScope::kOwn) continue;
    const bool is_for_itself = is_named(change.actor, party.id);
    const std::string account = change.object.substr(0, change.object.find(":\\"));
    const bool is_owners = is_named(change.actor, account);
    std::set<std::string>& given = accounts[{change.actor, party.id}];
    given.insert(account);
    const bool is_again = given.size() > 1;
    Finding finding = made_by(summary, change);
    finding.severity = is_for_itself || is_again ? Severity::kMedium : Severity::kLow;
    finding.confidence = Confidence::kMedium;
    finding.explanation =
        change.actor + " let " + party.id + " act as " + change.object + " (" + change.right + ").";
    if (is_for_itself) finding.reasons = {"given to itself"};
    if (is_again) finding.reasons.emplace_back("one of several accounts given to the same party");
    finding.ambiguity = {is_owners ? "its owner's own wish" : "an assistant, or a shared mailbox"};
    findings.push_back(std::move(finding));
  }
}

void trust_root_added(const Summary& summary, std::vector<Finding>& findings) {
  for (const auto& [when, change] : summary.changes()) {
    if (change.kind != ChangeKind::kTrustRoot) continue;
    Finding finding = made_by(summary, change);
    finding.severity = Severity::kHigh;
    finding.confidence = Confidence::kMedium;
    finding.explanation = change.actor + " made another issuer believed here: " + change.object +
                          ". Whoever holds its key can become what it vouches for.";
    finding.ambiguity = {"setting up federation looks the same"};
    findings.push_back(std::move(finding));
  }
}

void login_set_for_another(const Summary& summary, std::vector<Finding>& findings) {
  const ByObject logins = by_object(summary, ChangeKind::kLogin);
  for (const auto& [when, change] : summary.changes()) {
    if (change.kind != ChangeKind::kLoginSet || change.must_replace || is_own(change)) continue;
    // Set for its owner, who proved themselves in another way: nobody else knows it.
    if (is_platform(summary, change.actor)) continue;
    Finding finding = made_by(summary, change);
    finding.severity = Severity::kMedium;
    finding.confidence = Confidence::kMedium;
    finding.explanation = change.actor + " set a password of " + change.object +
                          " that need not be replaced, so two know it.";
    const auto [begin, end] = logins.equal_range(change.object);
    for (auto at = begin; at != end; ++at) {
      const ChangeRow& login = *at->second;
      const Milliseconds after = login.seen.time - when.first;
      if (when.first == kUntimed) continue;
      if (after < Milliseconds(0) || after > kLoginFollows || login.mfa.value_or(false)) continue;
      cite(finding, login.seen);
      finding.severity = Severity::kHigh;
      finding.confidence = Confidence::kHigh;
      finding.reasons = {"a login without a second factor followed"};
    }
    findings.push_back(std::move(finding));
  }
}

void login_without_second_factor(const Summary& summary, std::vector<Finding>& findings) {
  std::map<std::string_view, Finding> by_actor;
  std::map<std::string_view, std::size_t> logins;
  for (const auto& [when, change] : summary.changes()) {
    if (change.kind != ChangeKind::kLogin || change.mfa.value_or(true)) continue;
    const auto [found, is_first] = by_actor.try_emplace(change.actor);
    if (is_first) {
      found->second = made_by(summary, change);
    } else {
      cite(found->second, change.seen);
    }
    ++logins[change.actor];
  }
  for (auto& [actor, finding] : by_actor) {
    finding.severity = severity_of(finding.reach, Severity::kMedium);
    finding.confidence = Confidence::kMedium;
    finding.explanation =
        std::string(actor) + " logged in with a password alone" +
        (logins[actor] > 1 ? ", " + std::to_string(logins[actor]) + " times." : ".");
    finding.ambiguity = {"a second factor asked for elsewhere is not in this log"};
    findings.push_back(std::move(finding));
  }
}

void everything_granted(const Summary& summary, std::vector<Finding>& findings) {
  const ByObject made = by_object(summary, ChangeKind::kPrincipalMade);
  for (const auto& [when, change] : summary.changes()) {
    if (change.kind != ChangeKind::kRightsGranted || !change.is_admin) continue;
    Finding finding = made_by(summary, change);
    const auto [begin, end] = made.equal_range(change.object);
    for (auto at = begin; at != end; ++at) cite(finding, at->second->seen);
    finding.reach.privileged = true;
    finding.severity = Severity::kHigh;
    finding.confidence = Confidence::kHigh;
    finding.explanation =
        change.actor + " gave " + change.object + " every right (" + change.right + ").";
    finding.ambiguity = {"an administrator's own account is made this way too"};
    findings.push_back(std::move(finding));
  }
}

void key_made_for_another(const Summary& summary, std::vector<Finding>& findings) {
  for (const auto& [when, change] : summary.changes()) {
    if (change.kind != ChangeKind::kCredentialMade) continue;
    const bool is_root = change.actor.ends_with(":root") && change.object == change.actor;
    if (is_own(change) && !is_root) continue;
    Finding finding = made_by(summary, change);
    finding.severity = is_root ? Severity::kHigh : Severity::kMedium;
    finding.confidence = Confidence::kMedium;
    finding.explanation = change.actor + " made a lasting key of " + change.object +
                          ": whoever holds it acts as that principal until it is deleted.";
    finding.ambiguity = {"a provisioning tool that hands the key on looks the same"};
    findings.push_back(std::move(finding));
  }
}

}  // namespace mandate::observe::rules
