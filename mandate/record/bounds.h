// What bounds a delegation that is to be written: its parents, its roots, its depth. Widening
// cannot be written (Law 1).
//
//   check_bounds(definition, parents, roots)   // parents nearest first
#pragma once

#include <string>
#include <vector>

#include "mandate/authority/definition.h"
#include "mandate/record/state.h"

namespace mandate::record {

// An entitlement that a delegation may rest on.
struct Root {
  std::string id;
  Authority authority;
  int max_depth;
};
// The live ones of a principal on record.
std::vector<Root> roots_on_record(const View& view, PrincipalHandle principal);

// The meet along a lineage: the root's authority, then each parent's, nearest last.
Result<Authority> authority_below(const Authority& root,
                                  const std::vector<DelegationDefinition>& parents);

// Refuses with `depth_exceeded` where a parent, every root or the longest lineage does not allow
// one delegation more, and with `outside_authority` where the delegation does not lie within its
// nearest parent's authority, or within what one root grants along the parents.
Result<void> check_bounds(const DelegationDefinition& delegation,
                          const std::vector<DelegationDefinition>& parents,
                          const std::vector<Root>& roots);

}  // namespace mandate::record
