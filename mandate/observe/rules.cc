#include "mandate/observe/rules.h"

#include <algorithm>

namespace mandate::observe {
namespace {

constexpr Rule kRules[] = {
    {"person_key_automated", FindingClass::kBorrowedCredential,
     "a person's lasting key used by software", "events of the key and of the person's logins",
     "NHI10:2025 Human Use of NHI", "PR.AA-01",
     "give the software a principal of its own and a delegation of what it used; delete the key",
     "whether the person started each run", rules::person_key_automated},
    {"machine_session_elsewhere", FindingClass::kTrustInheritance,
     "a machine's session used where somebody else's credential is used",
     "the address and the machine of each event", "NHI2:2025 Secret Leakage", "PR.AA-03",
     "end the role's sessions; bind the role to the machine's network; issue key-bound tokens",
     "who used it there", rules::machine_session_elsewhere},
    {"named_session_from_key", FindingClass::kTrustInheritance,
     "a session under another name made with a lasting key", "the event that issued it",
     "NHI7:2025 Long-Lived Secrets", "PR.AA-05",
     "delegate to the named party itself, with an end; deny federation tokens to keys",
     "whom the name stands for", rules::named_session_from_key},
    {"trust_widened", FindingClass::kBorrowedTrust, "an outside party let in",
     "events that change trust, with what they set", "NHI5:2025 Overprivileged NHI", "PR.AA-05",
     "take the party out; where it is a partner, delegate what it needs, with an end",
     "which outside accounts belong to the same organisation", rules::trust_widened},
    {"trust_root_added", FindingClass::kBorrowedTrust, "another issuer believed",
     "events that add issuers and certificate authorities", "NHI4:2025 Insecure Authentication",
     "PR.AA-03", "remove it, or bind what it vouches for to named workloads",
     "who holds the issuer's key", rules::trust_root_added},
    {"login_set_for_another", FindingClass::kTrustDelegation,
     "a password set for another, and not to be replaced", "events of logins and passwords",
     "NHI10:2025 Human Use of NHI", "PR.AA-02",
     "reset it with a step-up of its owner; let a recovery be approved by somebody else",
     "whether the owner asked for it", rules::login_set_for_another},
    {"login_without_second_factor", FindingClass::kTrustDelegation, "a login by password alone",
     "login events that name the factors", "NHI4:2025 Insecure Authentication", "PR.AA-03",
     "require a second factor, or an issuer that does", "factors asked for by another system",
     rules::login_without_second_factor},
    {"everything_granted", FindingClass::kUngovernedDelegation, "every right granted at once",
     "events that grant rights", "NHI5:2025 Overprivileged NHI", "PR.AA-05",
     "grant what is used; for the rest an approval each time", "what the principal is for",
     rules::everything_granted},
    {"key_made_for_another", FindingClass::kUngovernedDelegation,
     "a lasting key made for another principal", "events that make credentials",
     "NHI7:2025 Long-Lived Secrets", "PR.AA-01",
     "let the principal prove a key of its own; delete this one", "who was given the key",
     rules::key_made_for_another},
};

}  // namespace

std::span<const Rule> all_rules() { return kRules; }

const Rule* rule_of(std::string_view id) {
  const auto* found = std::find_if(std::begin(kRules), std::end(kRules),
                                   [id](const Rule& rule) { return rule.id == id; });
  return found == std::end(kRules) ? nullptr : found;
}

std::vector<Finding> find_borrowed_trust(const Summary& summary) {
  std::vector<Finding> findings;
  for (const Rule& rule : kRules) {
    const std::size_t before = findings.size();
    rule.find(summary, findings);
    for (std::size_t i = before; i < findings.size(); ++i) {
      findings[i].rule = rule.id;
      findings[i].finding_class = rule.finding_class;
      seal(findings[i]);
    }
  }
  group_into_incidents(findings);
  sort_findings(findings);
  return findings;
}

}  // namespace mandate::observe
