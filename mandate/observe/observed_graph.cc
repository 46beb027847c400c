#include "mandate/observe/observed_graph.h"

#include <map>
#include <set>
#include <string>
#include <utility>

namespace mandate::observe {
namespace {

using graph::Node;
using graph::NodeKind;
using graph::Relation;

constexpr std::size_t kActionsShownMax = 6;

Evidence place_of(const Seen& seen) { return {seen.file, seen.line, seen.offset, seen.event_id}; }

std::string listed(const std::set<std::string>& actions) {
  std::string text;
  std::size_t shown = 0;
  for (const std::string& action : actions) {
    if (shown++ == kActionsShownMax) break;
    text += (text.empty() ? "" : ", ") + action;
  }
  if (actions.size() <= kActionsShownMax) return text;
  return text + " and " + std::to_string(actions.size() - kActionsShownMax) + " more";
}

std::string resource_id(const std::string& service, const std::string& target) {
  if (target.starts_with("arn:")) return target;
  return target.empty() ? service : service + "/" + target;
}

// How an event changed somebody; nothing for one that changed nobody's authority.
std::optional<std::pair<Relation, std::string>> effect_of(const ChangeRow& change) {
  switch (change.kind) {
    case ChangeKind::kCredentialMade: return {{Relation::kMayChange, "made a credential of it"}};
    case ChangeKind::kTokenMade: return {{Relation::kCanActAs, "made a token of it"}};
    case ChangeKind::kLoginSet: return {{Relation::kMayChange, "set its password"}};
    case ChangeKind::kFactorChanged: return {{Relation::kMayChange, "changed how it signs in"}};
    case ChangeKind::kRightsGranted: return {{Relation::kMayChange, "gave it " + change.right}};
    case ChangeKind::kEntered: return {{Relation::kCanActAs, "entered it while it ran"}};
    case ChangeKind::kTrustSet:
    case ChangeKind::kTrustAdded: return {{Relation::kMayChange, "changed whom it trusts"}};
    case ChangeKind::kNone:
    case ChangeKind::kTrustRemoved:
    case ChangeKind::kTrustRoot:
    case ChangeKind::kLogin:
    case ChangeKind::kConsentGiven:
    case ChangeKind::kPrincipalMade:
    case ChangeKind::kPrincipalRenamed:
    case ChangeKind::kPrincipalEnded:
    case ChangeKind::kUnproven:
    case ChangeKind::kBroadRole:
    case ChangeKind::kSharedRoleChanged:
    case ChangeKind::kApprovalSkipped:
    case ChangeKind::kApprovalRemoved:
    case ChangeKind::kUnauthorised:
    case ChangeKind::kConsentEnded:
    case ChangeKind::kPrincipalResumed: break;
  }
  return std::nullopt;
}

class Observed {
 public:
  Observed(const Summary& summary, graph::Builder& builder, std::vector<EdgeNote>& notes)
      : summary_(summary), builder_(builder), notes_(notes) {}

  void add() {
    for (const auto& [name, row] : summary_.credentials()) add_credential(name, row);
    for (const auto& [credential, issues] : summary_.issues()) {
      for (const IssueRow& issue : issues) add_issue(credential, issue);
    }
    for (const auto& [when, change] : summary_.changes()) add_change(change);
  }

 private:
  void edge(Node from, Node to, Relation relation, std::string text, const Evidence& evidence,
            graph::Evidence how = graph::kObserved, bool is_conditional = false) {
    if (from == to) return;
    builder_.edge({from, to, relation, how, static_cast<std::uint32_t>(notes_.size())});
    notes_.push_back({std::move(text), is_conditional, evidence});
  }

  Node principal(const std::string& name) { return builder_.node(NodeKind::kPrincipal, name); }

  // Whatever acted: a credential, or, where events name none, the principal itself.
  Node actor(const std::string& credential, const std::string& who) {
    if (credential.empty() || credential == who) return principal(who);
    const auto row = summary_.credentials().find(credential);
    const bool is_session =
        summary_.issues().contains(credential) ||
        (row != summary_.credentials().end() && row->second.kind == CredentialKind::kSession);
    return builder_.node(is_session ? NodeKind::kSession : NodeKind::kCredential, credential);
  }

  void add_credential(const std::string& name, const CredentialRow& row) {
    const Node node = actor(name, row.principal);
    const Use* first = nullptr;
    std::map<std::string, std::pair<std::set<std::string>, const Use*>> touched;  // by resource
    std::map<std::string, std::string> services;                                  // by resource
    for (const Use& use : row.uses) {
      if (use.key.outcome != Outcome::kSucceeded || use.sample.events().empty()) continue;
      if (first == nullptr || use.first < first->first) first = &use;
      for (const Operation& operation : use.operations.rows()) {
        std::vector<std::string> targets =
            operation.targets.patterns().value_or(std::vector<std::string>{std::string()});
        if (targets.empty()) targets.emplace_back();
        for (const std::string& target : targets) {
          const std::string id = resource_id(operation.service, target);
          if (id.empty()) continue;
          auto& [actions, seen] =
              touched.try_emplace(id, std::set<std::string>(), &use).first->second;
          actions.insert(operation.action);
          if (use.first < seen->first) seen = &use;
          if (id != operation.service) services.emplace(id, operation.service);
        }
      }
    }
    if (first == nullptr) return;
    const Evidence seen = place_of(first->sample.events().front());
    const Node role = principal(row.role.empty() ? row.principal : row.role);
    edge(node, role, Relation::kCanActAs, "acted as it", seen);
    edge(principal(row.principal), node, Relation::kCanActAs, "used it", seen);
    for (const auto& [id, how] : touched) {
      const Node resource = builder_.node(NodeKind::kResource, id);
      const Evidence place = place_of(how.second->sample.events().front());
      edge(node, resource, Relation::kActedOn, listed(how.first), place);
      if (!row.role.empty()) {
        edge(role, resource, Relation::kActedOn, listed(how.first) + ", by " + name, place);
      }
      const auto service = services.find(id);
      if (service == services.end() || service->second.empty()) continue;
      edge(resource, builder_.node(NodeKind::kResource, service->second), Relation::kBelongsTo,
           "is of the service", place);
    }
  }

  void add_issue(const std::string& credential, const IssueRow& issue) {
    const Evidence seen = place_of(issue.seen);
    const Node session = builder_.node(NodeKind::kSession, credential);
    std::string how = "was issued it";
    if (!issue.for_whom.empty()) how += " as " + issue.for_whom;
    if (!issue.session_name.empty()) how += ", named " + issue.session_name;
    if (!issue.issuer.empty()) {
      edge(actor(issue.issuer_credential, issue.issuer), session, Relation::kCanActAs, how, seen);
      // A key that was never seen at work otherwise is its principal's all the same.
      edge(principal(issue.issuer), actor(issue.issuer_credential, issue.issuer),
           Relation::kCanActAs, "used it", seen);
    }
    if (!issue.for_whom.empty()) {
      edge(session, principal(issue.for_whom), Relation::kCanActAs, "stands for it", seen);
    }
  }

  void add_change(const ChangeRow& change) {
    if (change.object.empty() || change.actor.empty()) return;
    const Evidence seen = place_of(change.seen);
    const Node object = principal(change.object);
    if (const auto effect = effect_of(change)) {
      edge(actor(change.credential, change.actor), object, effect->first, effect->second, seen);
    }
    const bool is_trust =
        change.kind == ChangeKind::kTrustSet || change.kind == ChangeKind::kTrustAdded;
    const bool is_consent = change.kind == ChangeKind::kConsentGiven;
    if (!is_trust && !is_consent) return;
    // That somebody could is seen here; that it did shows in its own use.
    for (const PartyRow& party : change.parties) {
      if (party.id.empty()) continue;
      edge(principal(party.id), object, is_trust ? Relation::kCanActAs : Relation::kMayActFor,
           (is_trust ? "was let in" : "was given consent") +
               (change.right.empty() ? "" : ": " + change.right),
           seen, graph::kPossible, party.is_conditioned);
    }
  }

  const Summary& summary_;
  graph::Builder& builder_;
  std::vector<EdgeNote>& notes_;
};

}  // namespace

void add_observed(const Summary& summary, graph::Builder& builder, std::vector<EdgeNote>& notes) {
  Observed(summary, builder, notes).add();
}

}  // namespace mandate::observe
