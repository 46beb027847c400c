// The table of rules, for people and for programs; and which of its controls findings touch.
//
//   print(rules_text(observe::all_rules()))   // `mandate scan --rules`
#pragma once

#include <span>
#include <string>

#include "mandate/json/value.h"
#include "mandate/observe/rules.h"

namespace mandate::report {

// "medium to critical", or the one there is.
std::string severities(const observe::Rule& rule);

std::string rules_text(std::span<const observe::Rule> rules);

// An array of: rule, class, input ("logs" or "inventories"), title, needs, severity {least, most},
// owasp_nhi, nist_csf, nist_sp_800_207, nist_sp_800_63 (or null), delegation (whether the remedy
// may be one), remedy, cannot_know.
json::Value rules_json(std::span<const observe::Rule> rules);

// Which risk, outcome, tenet or section the findings are about: by framework an array of {id,
// title, rules, findings}, those of OWASP all ten.
json::Value controls_json(std::span<const observe::Finding> findings);

}  // namespace mandate::report
