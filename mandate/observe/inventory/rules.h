// The rules over inventories, each a row: what class it is of, what it needs to see, what it cannot
// know, what to do. A finding's class is its rule's class.
//
//   inventory_rule("aws_role_chain").finding_class == FindingClass::kBorrowedTrust
#pragma once

#include <span>
#include <string_view>

#include "mandate/observe/finding.h"

namespace mandate::observe {

struct InventoryRule {
  std::string_view id;
  FindingClass finding_class = FindingClass::kUngovernedDelegation;
  std::string_view needs;        // what the inventory must tell
  std::string_view owasp;        // OWASP Non-Human Identities Top 10, 2025
  std::string_view nist;         // NIST SP 800-207 tenet or CSF 2.0 subcategory
  std::string_view cannot_know;  // said with each finding
  std::string_view remedy;
};

std::span<const InventoryRule> inventory_rules();
// Precondition: a row of the table.
const InventoryRule& inventory_rule(std::string_view id);

}  // namespace mandate::observe
