// What stands on record, as edges of the authority graph with `granted` evidence: who holds which
// key, which resources entitlements and delegations allow, what rests on what. Only what is live
// at that instant, by the same checks that decisions make.
//
//   add_granted(view, now, {}, builder, notes);
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "mandate/graph/graph.h"
#include "mandate/observe/inventory/inventory.h"
#include "mandate/record/state.h"

namespace mandate::report {

struct GrantedOptions {
  // Where the definition of a node was written; empty where nobody can tell.
  std::function<observe::Evidence(record::NodeKind kind, std::string_view id)> place = {};
  // Edges from a delegation to the principal that it acts for, where this says so of its id. They
  // say who may act for it, and no more: what a delegation allows are its own edges, so whoever
  // searches on from that principal would reach too much.
  std::function<bool(std::string_view id)> acted_for = {};
};

// Principals on record and principals of the builder that a log or an inventory names alike
// ("human:ann@acme.example", "ann@acme.example") can act as each other. Precondition: the builder's
// edges have handles below `notes.size()`.
void add_granted(const record::View& view, Instant now, const GrantedOptions& options,
                 graph::Builder& builder, std::vector<observe::EdgeNote>& notes);

}  // namespace mandate::report
