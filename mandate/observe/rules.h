// The rules, of logs and of inventories: each a row of one table. A rule over logs has a function
// over the finished summary; a rule over an inventory is applied where the inventory is read. A
// rule looks at behaviour and context, not at the names of tools, and says what it cannot know.
//
//   std::vector<Finding> findings = find_borrowed_trust(summary);   // sorted, in incidents
//   rule("aws_role_chain").finding_class == FindingClass::kBorrowedTrust
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "mandate/observe/finding.h"
#include "mandate/observe/summary.h"

namespace mandate::observe {

// From what a delegation that would replace the trust can be made: whose use, of what.
enum class RemedyFrom : std::uint8_t {
  kNothing,     // no delegation answers it; the row's sentence says what does
  kSoftware,    // the credential's use by software: one delegation to that software
  kPrograms,    // the credential's use, by program: a delegation for each
  kWorkloads,   // the principal's use, by workload: a delegation for each
  kHome,        // the role's use from where it is not told of: a delegation bound to that network
  kCredential,  // all use of the credential
  kPrincipal,   // all use by the principal, or as the role that it is
  kGranted,     // the use by whom the cited change gave rights to
};

struct Rule {
  std::string_view id;
  FindingClass finding_class;
  std::string_view title;
  std::string_view needs;      // of the input, to see it at all
  std::string_view owasp;      // OWASP Non-Human Identities Top 10 (2025): "NHI5"
  std::string_view csf;        // NIST CSF 2.0 subcategory: "PR.AA-05"
  std::string_view tenet;      // NIST SP 800-207 section 2.1: "tenet 4"
  std::string_view sp_800_63;  // NIST SP 800-63-4, volume and section: "63B-4 4"; or empty
  Severity least;              // what a finding's severity lies between: it follows from reach
  Severity most;
  std::string_view remedy;       // what to do, in a sentence
  std::string_view cannot_know;  // what the same lines could also mean
  RemedyFrom remedy_from;
  // Adds what it finds. Class and rule are filled in by the caller. Null: a rule over inventories.
  void (*find)(const Summary& summary, std::vector<Finding>& findings);

  bool is_of_logs() const { return find != nullptr; }
};

std::span<const Rule> all_rules();
const Rule* find_rule(std::string_view id);  // nullptr where there is none
const Rule& rule(std::string_view id);       // precondition: a row of the table

// What the columns of the table refer to: a risk, an outcome, a tenet, a section.
enum class Framework : std::uint8_t { kOwaspNhi, kCsf, kZeroTrust, kDigitalIdentity };
inline constexpr Framework kFrameworks[] = {Framework::kOwaspNhi, Framework::kCsf,
                                            Framework::kZeroTrust, Framework::kDigitalIdentity};
std::string_view name(Framework framework);  // "OWASP Non-Human Identities Top 10 (2025)"
std::string_view slug(Framework framework);  // "owasp_nhi"
std::string_view column(const Rule& rule, Framework framework);

struct Control {
  Framework framework;
  std::string_view id;
  std::string_view title;  // OWASP's own; the others in our words
};
// In the frameworks' order; of OWASP all ten, of the others those that a rule refers to.
std::span<const Control> all_controls();

// Every rule of logs, then ids, incidents and order.
std::vector<Finding> find_borrowed_trust(const Summary& summary);

// The rules' functions, for the table.
namespace rules {
void person_key_automated(const Summary& summary, std::vector<Finding>& findings);
void machine_session_elsewhere(const Summary& summary, std::vector<Finding>& findings);
void named_session_from_key(const Summary& summary, std::vector<Finding>& findings);
void trust_widened(const Summary& summary, std::vector<Finding>& findings);
void account_opened(const Summary& summary, std::vector<Finding>& findings);
void trust_root_added(const Summary& summary, std::vector<Finding>& findings);
void login_set_for_another(const Summary& summary, std::vector<Finding>& findings);
void login_without_second_factor(const Summary& summary, std::vector<Finding>& findings);
void everything_granted(const Summary& summary, std::vector<Finding>& findings);
void key_made_for_another(const Summary& summary, std::vector<Finding>& findings);
void workload_identity_shared(const Summary& summary, std::vector<Finding>& findings);
void lasting_key_shared(const Summary& summary, std::vector<Finding>& findings);
void lasting_key_new_network(const Summary& summary, std::vector<Finding>& findings);
void workload_token_elsewhere(const Summary& summary, std::vector<Finding>& findings);
void workload_entered(const Summary& summary, std::vector<Finding>& findings);
void workload_token_read(const Summary& summary, std::vector<Finding>& findings);
void token_made_for_another(const Summary& summary, std::vector<Finding>& findings);
void actor_unproven(const Summary& summary, std::vector<Finding>& findings);
void broad_role_defined(const Summary& summary, std::vector<Finding>& findings);
void shared_role_changed(const Summary& summary, std::vector<Finding>& findings);
void permitted_in_shadow(const Summary& summary, std::vector<Finding>& findings);
void approval_skipped(const Summary& summary, std::vector<Finding>& findings);
void recovery_then_right(const Summary& summary, std::vector<Finding>& findings);
void factor_set_on_password_alone(const Summary& summary, std::vector<Finding>& findings);
void consent_over_broad(const Summary& summary, std::vector<Finding>& findings);
void consent_to_new_application(const Summary& summary, std::vector<Finding>& findings);
void chain_gains_privilege(const Summary& summary, std::vector<Finding>& findings);
void broker_beyond_caller(const Summary& summary, std::vector<Finding>& findings);
void session_two_contexts(const Summary& summary, std::vector<Finding>& findings);
void agent_beyond_task(const Summary& summary, std::vector<Finding>& findings);
void assertion_presented_twice(const Summary& summary, std::vector<Finding>& findings);
void secret_of_many(const Summary& summary, std::vector<Finding>& findings);
void session_driven_by_software(const Summary& summary, std::vector<Finding>& findings);
void personal_credential_scheduled(const Summary& summary, std::vector<Finding>& findings);
void account_two_behaviours(const Summary& summary, std::vector<Finding>& findings);
void admin_left_to_automation(const Summary& summary, std::vector<Finding>& findings);
void session_past_its_end(const Summary& summary, std::vector<Finding>& findings);
void approved_by_its_starter(const Summary& summary, std::vector<Finding>& findings);
void stage_without_predecessor(const Summary& summary, std::vector<Finding>& findings);
void call_without_decision(const Summary& summary, std::vector<Finding>& findings);
void run_outside_hours(const Summary& summary, std::vector<Finding>& findings);
void path_never_seen(const Summary& summary, std::vector<Finding>& findings);
void credential_past_rotation(const Summary& summary, std::vector<Finding>& findings);
void acts_without_consent(const Summary& summary, std::vector<Finding>& findings);
void used_after_end(const Summary& summary, std::vector<Finding>& findings);
}  // namespace rules

}  // namespace mandate::observe
