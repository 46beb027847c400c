// A lineage whose nodes were looked up once and rest on one another; within this room only.
//
//   Result<Chain> chain = resolve(view, lineage);   chain->holder(0)  // who may act
#pragma once

#include <array>

#include "mandate/base/limits.h"
#include "mandate/decision/decision.h"

namespace mandate::decision {

struct Chain {
  std::array<const record::Delegation*, limits::kLineageDepthMax> hops{};  // leaf first
  std::size_t size = 0;
  const record::Entitlement* root = nullptr;

  // The delegate of hop `i`; of i == size the holder of the root. i <= size.
  record::PrincipalHandle holder(std::size_t i) const {
    return i == size ? root->principal : hops[i]->delegate;
  }
};

// `depth_exceeded`; `state_too_old` for a node that this revision does not know; `no_delegation`
// where one does not rest on the next.
Result<Chain> resolve(const record::View& view, const Lineage& lineage);

// Reads ahead what a decision over these nodes will look at: their places are known, so the memory
// brings them all at once instead of one after the other.
void read_ahead(const record::View& view, const Standing& standing);

// The same of what these nodes lead to: authorities and owners.
void read_ahead(const record::View& view, const Chain& chain);

// Refuses where one of these nodes is dead.
Result<void> check_rests_on(const record::View& view, const std::vector<record::NodeRef>& nodes,
                            Instant now);

// What the functions of the same names in decision.h check, with the nodes at hand.
Result<void> check_live(const record::View& view, Instant now, const Lineage& lineage,
                        const Chain& chain);
// `state_too_old` for a token of a revision that this state does not have: after a restore.
Result<void> check_revision(const record::View& view, const TokenClaims& claims);
// The token itself (`token_revoked`) and its transaction (`ancestor_revoked`).
Result<void> check_not_revoked(const record::View& view, const TokenClaims& claims,
                               std::uint64_t jti_hash, std::uint64_t transaction_hash);

}  // namespace mandate::decision
