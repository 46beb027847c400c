#include "mandate/report/record_graph.h"

#include <optional>
#include <set>
#include <string>
#include <utility>

#include "mandate/decision/decision.h"

namespace mandate::report {
namespace {

using decision::Lineage;
using graph::Node;
using graph::Relation;
using record::DelegationHandle;
using record::EntitlementHandle;
using record::NodeKind;
using record::PrincipalHandle;
using record::View;

// "read, comment on queue/eu/*"
std::string text_of(const Permission& permission) {
  std::string text;
  for (const std::string& action : permission.actions) {
    text += (text.empty() ? "" : ", ") + action;
  }
  if (permission.identifier) text += " on " + permission.identifier->text();
  return text;
}

class Granted {
 public:
  Granted(const View& view, Instant now, const GrantedOptions& options, graph::Builder& builder,
          std::vector<observe::EdgeNote>& notes)
      : view_(view), now_(now), options_(options), builder_(builder), notes_(notes) {}

  void add() {
    for (std::uint32_t i = 0; i < view_.count(NodeKind::kPrincipal); ++i) add_principal({i});
    for (std::uint32_t i = 0; i < view_.count(NodeKind::kEntitlement); ++i) {
      const PrincipalHandle holder = view_.entitlement({i})->principal;
      add_authority(principal(holder), Lineage{{i}, {}},
                    "by entitlement " + std::string(view_.id(EntitlementHandle{i})),
                    place(NodeKind::kEntitlement, view_.id(EntitlementHandle{i})));
    }
    for (std::uint32_t i = 0; i < view_.count(NodeKind::kDelegation); ++i) add_delegation({i});
  }

 private:
  Node principal(PrincipalHandle handle) {
    return builder_.node(graph::NodeKind::kPrincipal, view_.id(handle));
  }
  Node delegation(DelegationHandle handle) {
    return builder_.node(graph::NodeKind::kDelegation, view_.id(handle));
  }
  observe::Evidence place(NodeKind kind, std::string_view id) const {
    return options_.place ? options_.place(kind, id) : observe::Evidence();
  }

  void edge(Node from, Node to, Relation relation, std::string text,
            const observe::Evidence& evidence, graph::Evidence how = graph::kGranted,
            bool is_conditional = false) {
    builder_.edge({from, to, relation, how, static_cast<std::uint32_t>(notes_.size())});
    notes_.push_back({std::move(text), is_conditional, evidence});
  }

  void add_principal(PrincipalHandle handle) {
    const record::Principal* row = view_.principal(handle);
    const std::string id(view_.id(handle));
    const observe::Evidence written = place(NodeKind::kPrincipal, id);
    const Node node = principal(handle);
    // One that ended, or was only discovered, is named alike all the same.
    const std::string name = id.starts_with("spiffe:") ? id : id.substr(id.find(':') + 1);
    if (const auto alike = builder_.find(graph::NodeKind::kPrincipal, name);
        alike && *alike != node) {
      edge(node, *alike, Relation::kCanActAs, "is named so outside the record", written,
           graph::kAnyEvidence);
      edge(*alike, node, Relation::kCanActAs, "stands on record as it", written,
           graph::kAnyEvidence);
    }
    if (!decision::check_principal(view_, handle, now_)) return;
    for (const record::AuthenticatorHandle each : row->authenticators) {
      const record::AuthenticatorRecord* key = view_.authenticator(each);
      const bool is_key = std::holds_alternative<json::Value>(key->definition->proof);
      if (!is_key || key->status != record::Status::kActive || key->not_after <= now_) continue;
      const Node held = builder_.node(graph::NodeKind::kCredential, view_.id(each));
      edge(held, node, Relation::kCanActAs, "is a key of it", written);
      edge(node, held, Relation::kCanActAs, "holds it", written);
    }
  }

  // Resources that are allowed along a lineage; false where it is not live, or allows none.
  bool add_authority(Node from, const Lineage& lineage, const std::string& by,
                     const observe::Evidence& written) {
    if (!decision::check_live(view_, now_, lineage)) return false;
    const Result<Authority> authority = decision::authority_of(view_, lineage);
    if (!authority) return false;
    for (const Permission& permission : authority->permissions()) {
      for (const ResourceId& location : permission.locations) {
        edge(from, builder_.node(graph::NodeKind::kResource, location.text()), Relation::kActedOn,
             "may " + text_of(permission) + (by.empty() ? "" : ", " + by), written, graph::kGranted,
             !permission.constraints.all().empty());
      }
    }
    return !authority->empty();
  }

  void add_delegation(DelegationHandle leaf) {
    delegation(leaf);  // one that is dead reaches nothing, and is known
    const Result<std::vector<DelegationHandle>> chain = decision::chain_of(view_, leaf);
    if (!chain) return;
    const observe::Evidence written = place(NodeKind::kDelegation, view_.id(leaf));
    const record::Delegation& row = *view_.delegation(leaf);
    const PrincipalHandle root = view_.delegation(chain->back())->delegator;
    bool is_live = false;
    for (const EntitlementHandle entitlement : view_.entitlements_of(root)) {
      is_live =
          add_authority(delegation(leaf), Lineage{entitlement, *chain}, "", written) || is_live;
    }
    if (!is_live) return;
    const std::string whom(view_.id(row.delegator));
    std::string how = "for " + whom;
    if (row.not_after != kEndOfTime) how += ", until " + format_rfc3339(row.not_after);
    if (const std::string_view purpose = view_.text(row.purpose); !purpose.empty()) {
      how += ": " + std::string(purpose);
    }
    edge(principal(row.delegate), delegation(leaf), Relation::kMayActFor, how, written);
    edge(row.parent ? delegation(*row.parent) : principal(row.delegator), delegation(leaf),
         Relation::kGranted, "to " + std::string(view_.id(row.delegate)), written);
    if (options_.acted_for && options_.acted_for(whom)) {
      edge(delegation(leaf), principal(row.delegator), Relation::kMayActFor, "within its bounds",
           written);
    }
  }

  const View& view_;
  const Instant now_;
  const GrantedOptions& options_;
  graph::Builder& builder_;
  std::vector<observe::EdgeNote>& notes_;
};

}  // namespace

void add_granted(const record::View& view, Instant now, const GrantedOptions& options,
                 graph::Builder& builder, std::vector<observe::EdgeNote>& notes) {
  Granted(view, now, options, builder, notes).add();
}

}  // namespace mandate::report
