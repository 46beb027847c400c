// What would stand if a document were applied: its definitions over those on record. For
// `plan_apply`.
//
//   Proposal proposal(view, document, options);
//   proposal.check_stands(NodeKind::kTeam, "team:support", "owner of \"agent:triage\"")
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "mandate/record/bounds.h"
#include "mandate/record/command.h"

namespace mandate::record {

class Proposal {
 public:
  // All of them outlive the proposal.
  Proposal(const View& view, const Document& document, const ApplyOptions& options);

  bool in_document(NodeKind kind, std::string_view id) const;
  // Pruning would end it, were it live on record.
  bool pruned(NodeKind kind, std::string_view id) const;
  // `what` says who refers to it.
  Result<void> check_stands(NodeKind kind, std::string_view id, const std::string& what) const;

  // nullptr: stands nowhere, or has ended.
  const ResourceDefinition* resource(const ResourceId& id) const;
  // The delegations above one, nearest first. `bad_request` for a circle.
  Result<std::vector<DelegationDefinition>> parents_of(
      const DelegationDefinition& delegation) const;
  std::vector<Root> roots_of(const PrincipalId& principal) const;

  // Locations are resources that have the type and the actions.
  Result<void> check_resources(const Authority& authority, const std::string& what) const;
  // With `actions: ["*"]` as the actions that the resources have now.
  Result<Authority> expanded(const Authority& authority, const std::string& what) const;

 private:
  std::optional<DelegationDefinition> delegation(const DelegationId& id) const;

  const View& view_;
  const Document& document_;
  const ApplyOptions& options_;
  std::unordered_set<std::string_view> keep_;
  // By kind, the position of an id in the document's list.
  std::array<std::unordered_map<std::string_view, std::size_t>, kNodeKindCount> positions_;
  std::unordered_multimap<std::string_view, std::size_t> entitlements_by_principal_;
};

}  // namespace mandate::record
