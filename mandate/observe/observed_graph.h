// What logs show, as edges of the authority graph: who used which credential, which session was
// issued to whom by what, what each acted on, whose rights or credentials were changed. Evidence is
// `observed`; each edge has a note with the first event that shows it.
//
//   std::vector<EdgeNote> notes;   graph::Builder builder;
//   add_observed(part.summary, builder, notes);
#pragma once

#include <vector>

#include "mandate/graph/graph.h"
#include "mandate/observe/inventory/inventory.h"
#include "mandate/observe/summary.h"

namespace mandate::observe {

// Only what succeeded is an edge. A resource is named as the log names it: by an ARN alone, else by
// service and name ("s3.amazonaws.com/bucket/key"), and belongs to its service. Precondition: the
// summary is settled, and the builder's edges have handles below `notes.size()`.
void add_observed(const Summary& summary, graph::Builder& builder, std::vector<EdgeNote>& notes);

}  // namespace mandate::observe
