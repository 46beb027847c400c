// The rules: each a row of one table and a function over the finished summary. A rule looks at
// behaviour and context, not at the names of tools, and says what it cannot know.
//
//   std::vector<Finding> findings = find_borrowed_trust(summary);   // sorted, in incidents
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "mandate/observe/finding.h"
#include "mandate/observe/summary.h"

namespace mandate::observe {

struct Rule {
  std::string_view id;
  FindingClass finding_class;
  std::string_view title;
  std::string_view needs;        // of the input, to see it at all
  std::string_view owasp;        // OWASP Non-Human Identities Top 10 (2025)
  std::string_view nist;         // CSF 2.0
  std::string_view remedy;       // what to do, in a sentence
  std::string_view cannot_know;  // what the same lines could also mean
  // Adds what it finds. Class and rule are filled in by the caller.
  void (*find)(const Summary& summary, std::vector<Finding>& findings);
};

std::span<const Rule> all_rules();
const Rule* rule_of(std::string_view id);

// Every rule, then ids, incidents and order.
std::vector<Finding> find_borrowed_trust(const Summary& summary);

// The rules' functions, for the table.
namespace rules {
void person_key_automated(const Summary& summary, std::vector<Finding>& findings);
void machine_session_elsewhere(const Summary& summary, std::vector<Finding>& findings);
void named_session_from_key(const Summary& summary, std::vector<Finding>& findings);
void trust_widened(const Summary& summary, std::vector<Finding>& findings);
void trust_root_added(const Summary& summary, std::vector<Finding>& findings);
void login_set_for_another(const Summary& summary, std::vector<Finding>& findings);
void login_without_second_factor(const Summary& summary, std::vector<Finding>& findings);
void everything_granted(const Summary& summary, std::vector<Finding>& findings);
void key_made_for_another(const Summary& summary, std::vector<Finding>& findings);
void workload_identity_shared(const Summary& summary, std::vector<Finding>& findings);
void lasting_key_shared(const Summary& summary, std::vector<Finding>& findings);
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
}  // namespace rules

}  // namespace mandate::observe
