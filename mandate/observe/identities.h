// Who a scan met: the identities that did something, and those that inventories list, by the ids
// that they would have on record (decision 24). Names come from logs: an id is made of any.
//
//   identities_of(part.summary, inventory.graph)
//   // human:ann@acme.example, workload:arn:aws:iam::111122223333:role/deploy
#pragma once

#include <string_view>
#include <vector>

#include "mandate/authority/ids.h"
#include "mandate/graph/graph.h"
#include "mandate/observe/summary.h"

namespace mandate::observe {

// Sorted, each once. A session counts as the role that it stands for; names that only failed, the
// platform's own services and the anonymous are left out.
std::vector<PrincipalId> identities_of(const Summary& summary, const graph::Graph& inventory);

// The name as it is where it is an id already; else behind `human:` or `workload:`. What no id can
// hold becomes `-`, with the beginning of the name's SHA-256 behind it.
PrincipalId identity_of(std::string_view name, bool is_person);

}  // namespace mandate::observe
