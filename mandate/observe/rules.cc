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
    {"workload_identity_shared", FindingClass::kBorrowedTrust,
     "one service account of several workloads", "events that name the pod of a token",
     "NHI9:2025 NHI Reuse", "PR.AA-01",
     "give each workload an account of its own, and a delegation of what it used",
     "whether the workloads belong together", rules::workload_identity_shared},
    {"lasting_key_shared", FindingClass::kBorrowedTrust,
     "one lasting key of several programs at once", "the address and program of each event",
     "NHI9:2025 NHI Reuse", "PR.AA-01",
     "give each job an identity of its own, and a delegation of the one stage that it is",
     "whether the programs are one job", rules::lasting_key_shared},
    {"workload_token_elsewhere", FindingClass::kTrustInheritance,
     "a pod's token used from several addresses", "events that name the pod of a token",
     "NHI2:2025 Secret Leakage", "PR.AA-03",
     "delete the pod; bind what its account may do to tokens that prove a key",
     "a sidecar shares pod, node and address: only its container tells it apart",
     rules::workload_token_elsewhere},
    {"workload_entered", FindingClass::kTrustDelegation,
     "a running workload entered, and with it its identity", "events of exec and attach",
     "NHI10:2025 Human Use of NHI", "PR.AA-05",
     "let entering a workload be approved by somebody else, with an end", "what was done inside",
     rules::workload_entered},
    {"workload_token_read", FindingClass::kTrustInheritance,
     "a workload's own credential read out of it", "events of exec with their command",
     "NHI2:2025 Secret Leakage", "PR.AA-03",
     "delete the pod, so that its tokens end; forbid exec where nobody debugs",
     "whether the command was run to its end", rules::workload_token_read},
    {"token_made_for_another", FindingClass::kUngovernedDelegation,
     "a workload's token made for somebody else", "events of token requests",
     "NHI10:2025 Human Use of NHI", "PR.AA-01",
     "delegate to whoever needs it; allow token requests to nodes only", "who was given the token",
     rules::token_made_for_another},
    {"actor_unproven", FindingClass::kTrustInheritance, "a change by nobody who is known",
     "events of anonymous actors", "NHI4:2025 Insecure Authentication", "PR.AA-03",
     "turn anonymous access off, or bind it to nothing", "who it was", rules::actor_unproven},
    {"broad_role_defined", FindingClass::kUngovernedDelegation,
     "a role with more than named actions on named things", "events that define roles",
     "NHI5:2025 Overprivileged NHI", "PR.AA-05", "define the role by what its holders use",
     "who will hold the role", rules::broad_role_defined},
    {"shared_role_changed", FindingClass::kBorrowedTrust,
     "a role of the platform itself changed by hand", "events that change roles",
     "NHI5:2025 Overprivileged NHI", "PR.AA-05",
     "restore the role; give whoever needs more a role of its own",
     "whether it became wider or narrower", rules::shared_role_changed},
    {"approval_skipped", FindingClass::kTrustDelegation,
     "a change without the approval that it demands", "events of protection and its bypass",
     "NHI6:2025 Insecure Cloud Deployment Configurations", "PR.AA-05",
     "let nobody bypass; where it must be, let somebody else approve, on record",
     "whether somebody approved elsewhere", rules::approval_skipped},
    {"permitted_in_shadow", FindingClass::kUngovernedDelegation,
     "let through though no delegation permits it", "Mandate's journal",
     "NHI5:2025 Overprivileged NHI", "PR.AA-05",
     "delegate what was meant to be allowed, then let the resource enforce",
     "whether the resource refused by itself", rules::permitted_in_shadow},
    {"recovery_then_right", FindingClass::kTrustDelegation,
     "a recovery that led to a right, with no step-up between",
     "events of passwords and factors, of logins and of rights",
     "NHI4:2025 Insecure Authentication", "PR.AA-02",
     "take the right back until its owner steps up; let recoveries be approved apart",
     "whether the owner was asked in another way", rules::recovery_then_right},
    {"factor_set_on_password_alone", FindingClass::kTrustDelegation,
     "a factor changed from a new address after a login by password alone",
     "login events that name the factors, and events of factors",
     "NHI4:2025 Insecure Authentication", "PR.AA-03",
     "remove the factor; have its owner enrol again with a step-up", "whether the owner travels",
     rules::factor_set_on_password_alone},
    {"consent_over_broad", FindingClass::kBorrowedTrust,
     "an application with consent to more than it needs by name", "events of consent, with scopes",
     "NHI5:2025 Overprivileged NHI", "PR.AA-05",
     "withdraw the consent; delegate to the application what it uses, with an end",
     "what the application goes on to use", rules::consent_over_broad},
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
