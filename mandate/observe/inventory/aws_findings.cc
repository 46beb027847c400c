#include "mandate/observe/inventory/aws_findings.h"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

namespace mandate::observe {
namespace {

using graph::NodeKind;
using graph::Relation;

bool is_assume(const AwsMove& move) { return move.way == &aws_assume_role(); }

// `iam:createpolicyversion` and the like as AWS writes them is not known here; lower case is.
std::string permissions_of(const AwsEscalation& way) {
  std::string out;
  for (std::string_view action : way.actions) {
    if (action.empty()) break;
    if (!out.empty()) out += " + ";
    out += action;
  }
  return out;
}

std::string sentence_of(const AwsMove& move) {
  bool is_self = move.from == move.to;
  return permissions_of(*move.way) + ": " + std::string(move.way->how) +
         (is_self ? " (its own)" : " (" + move.to->arn + ")");
}

}  // namespace

graph::Node AwsView::admin_node(Draft& draft, const std::string& account) {
  auto found = admin_nodes_.find(account);
  if (found != admin_nodes_.end()) return found->second;
  graph::Node node =
      draft.builder().node(NodeKind::kResource, "aws:" + account + std::string(kAdministrator));
  draft.builder().mark_privileged(node);
  admin_nodes_[account] = node;
  for (const AwsEntity& entity : accounts_.entities()) {
    if (entity.account != account || entity.kind == AwsKind::kGroup) continue;
    draft.edge(node, nodes_.at(&entity), Relation::kCanActAs,
               {"an administrator can act as everybody in the account", false,
                draft.evidence(entity.place, entity.arn)});
  }
  return node;
}

void AwsView::add_edges(Draft& draft) {
  for (const AwsEntity& entity : accounts_.entities()) {
    nodes_[&entity] = draft.builder().node(NodeKind::kPrincipal, entity.arn);
  }
  auto make_admin = [&](const AwsEntity* entity, bool is_conditional) {
    powerful_.insert(entity);
    draft.edge(node_of(*entity), admin_node(draft, entity->account), Relation::kCanActAs,
               {"its policies allow every action on everything", is_conditional,
                draft.evidence(entity->place, entity->arn)});
  };
  for (const AwsEntity* entity : reach_.admins) make_admin(entity, false);
  for (const AwsEntity* entity : reach_.maybe_admins) make_admin(entity, true);
  add_moves(draft);
  add_second_steps(draft);
  add_guests(draft);
}

void AwsView::add_moves(Draft& draft) {
  for (const AwsMove& move : reach_.moves) {
    EdgeNote note{sentence_of(move), move.truth == Truth::kMaybe,
                  draft.evidence(move.place, move.policy != nullptr && !move.policy->arn.empty()
                                                 ? move.policy->arn
                                                 : move.from->arn)};
    graph::Node from = node_of(*move.from);
    if (move.gain == AwsGain::kActAs) {
      draft.edge(from, node_of(*move.to), Relation::kCanActAs, std::move(note));
    } else if (move.from == move.to) {
      powerful_.insert(move.from);
      draft.edge(from, admin_node(draft, move.from->account), Relation::kCanActAs, std::move(note));
    } else {
      // Control over another's rights gives nothing by itself to who cannot act as the other.
      graph::Node rights = draft.builder().node(NodeKind::kResource, move.to->arn + ":rights");
      draft.builder().mark_privileged(rights);
      draft.edge(from, rights, Relation::kMayChange, std::move(note));
    }
  }
}

// Who may rewrite the rights of somebody that it can act as, in however many steps, needs no more.
void AwsView::add_second_steps(Draft& draft) {
  std::unordered_map<const AwsEntity*, std::vector<const AwsMove*>> acts;
  std::unordered_map<const AwsEntity*, std::vector<const AwsMove*>> rewrites;
  for (const AwsMove& move : reach_.moves) {
    if (move.gain == AwsGain::kActAs) acts[move.from].push_back(&move);
    if (move.gain == AwsGain::kRewrite) rewrites[move.from].push_back(&move);
  }
  for (const auto& [from, moves] : rewrites) {
    if (powerful_.contains(from)) continue;
    std::unordered_set<const AwsEntity*> seen{from};
    std::deque<const AwsEntity*> queue{from};
    while (!queue.empty()) {
      for (const AwsMove* move : acts[queue.front()]) {
        if (seen.insert(move->to).second) queue.push_back(move->to);
      }
      queue.pop_front();
    }
    auto both_ways = std::find_if(moves.begin(), moves.end(),
                                  [&](const AwsMove* move) { return seen.contains(move->to); });
    if (both_ways == moves.end()) continue;
    powerful_.insert(from);
    draft.edge(
        node_of(*from), admin_node(draft, from->account), Relation::kCanActAs,
        {sentence_of(**both_ways) + ", whom it can act as", (*both_ways)->truth == Truth::kMaybe,
         draft.evidence((*both_ways)->place, from->arn)});
  }
}

void AwsView::add_guests(Draft& draft) {
  for (const AwsGuest& guest : reach_.guests) {
    // Of one's own account the moves tell who.
    if (guest.scope == PartyScope::kOwn) continue;
    graph::Node node = draft.builder().node(NodeKind::kPrincipal, guest.party.id);
    draft.edge(node, node_of(*guest.role), Relation::kCanActAs,
               {"the role's trust lets it in", guest.truth == Truth::kMaybe,
                draft.evidence(guest.statement->place, guest.role->arn)});
  }
}

Finding AwsView::about(const Draft& draft, std::string_view rule, const AwsEntity& entity) const {
  Finding finding = draft.finding(rule, entity.arn, node_of(entity));
  finding.evidence.push_back(draft.evidence(entity.place, entity.arn));
  if (entity.misses_policies) {
    finding.reasons.emplace_back("some of its policies are not in the inventory");
  }
  return finding;
}

void AwsView::add_findings(Draft& draft) const {
  find_escalations(draft);
  find_chains(draft);
  find_guests(draft);
  find_posture(draft);
  find_duplicates(draft);
  find_ownerless(draft);
}

void AwsView::find_escalations(Draft& draft) const {
  std::map<const AwsEntity*, std::vector<const AwsMove*>> ways;
  for (const AwsMove& move : reach_.moves) {
    if (!is_assume(move) && move.from->kind != AwsKind::kGroup) ways[move.from].push_back(&move);
  }
  for (const auto& [who, moves] : ways) {
    Finding finding = about(draft, "aws_privilege_escalation", *who);
    // One sentence a way: of itself where it can be, else of its first target; administrators stand
    // first.
    std::map<const AwsEscalation*, const AwsMove*> told;
    bool is_certain = false;
    bool acts = false;
    for (const AwsMove* move : moves) {
      is_certain |= move->truth == Truth::kYes && move->way->object != AwsObject::kRoleInUse;
      acts |= move->gain == AwsGain::kActAs;
      auto [at, is_new] = told.emplace(move->way, move);
      if (!is_new && move->from == move->to) at->second = move;
    }
    std::vector<std::string> sentences;
    for (const auto& [way, move] : told) {
      sentences.push_back(sentence_of(*move));
      if (move->policy == nullptr || sentences.size() > 4) continue;
      finding.evidence.push_back(
          draft.evidence(move->place, move->policy->arn.empty() ? who->arn : move->policy->arn));
    }
    Outlook outlook = observe::outlook(draft, node_of(*who));
    bool is_admin = outlook.is_admin;
    finding.severity = !outlook.is_privileged                  ? Severity::kLow
                       : !is_admin                             ? Severity::kMedium
                       : outlook.is_conditional || !is_certain ? Severity::kHigh
                                                               : Severity::kCritical;
    finding.confidence = is_certain && (is_admin || acts) ? Confidence::kHigh : Confidence::kMedium;
    finding.explanation = who->arn +
                          (is_admin ? " can get every right in its account: "
                           : acts   ? " can get the rights of others: "
                                    : " can change the rights of others: ") +
                          listed(sentences);
    if (!is_certain) {
      finding.reasons.emplace_back(
          "each way hangs on a condition, or on something that uses the role already");
    }
    draft.add(std::move(finding));
  }
}

void AwsView::find_chains(Draft& draft) const {
  std::unordered_map<const AwsEntity*, std::vector<const AwsMove*>> assumes;
  for (const AwsMove& move : reach_.moves) {
    if (is_assume(move)) assumes[move.from].push_back(&move);
  }
  std::vector<std::vector<const AwsMove*>> chains;
  for (const AwsEntity& who : accounts_.entities()) {
    if (powerful_.contains(&who) || !assumes.contains(&who)) continue;
    std::unordered_map<const AwsEntity*, const AwsMove*> via{{&who, nullptr}};
    std::deque<const AwsEntity*> queue{&who};
    const AwsEntity* end = nullptr;
    while (!queue.empty() && end == nullptr) {
      for (const AwsMove* move : assumes[queue.front()]) {
        if (!via.emplace(move->to, move).second) continue;
        queue.push_back(move->to);
        if (powerful_.contains(move->to)) end = move->to;
        if (end != nullptr) break;
      }
      queue.pop_front();
    }
    if (end == nullptr) continue;
    std::vector<const AwsMove*> chain;
    for (const AwsMove* at = via[end]; at != nullptr; at = via[at->from]) chain.push_back(at);
    std::reverse(chain.begin(), chain.end());
    chains.push_back(std::move(chain));
  }
  // A chain that is the end of a longer one is told with it.
  std::stable_sort(chains.begin(), chains.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
  std::unordered_set<const AwsEntity*> told;
  for (const std::vector<const AwsMove*>& chain : chains) {
    const AwsEntity& first = *chain.front()->from;
    const AwsEntity& last = *chain.back()->to;
    if (told.contains(&first)) continue;
    Finding finding = about(draft, "aws_role_chain", first);
    finding.explanation = first.arn;
    Truth truth = Truth::kYes;
    for (const AwsMove* move : chain) {
      told.insert(move->to);
      truth = both(truth, move->truth);
      finding.explanation += " assumes " + move->to->arn + (move == chain.back() ? "" : ", which");
      finding.evidence.push_back(draft.evidence(move->to->place, move->to->arn));
    }
    finding.explanation += ", and so has every right in account " + last.account +
                           " or can get it, though its own policies give it none of that";
    finding.severity = truth == Truth::kYes ? Severity::kHigh : Severity::kMedium;
    finding.confidence = truth == Truth::kYes ? Confidence::kHigh : Confidence::kMedium;
    draft.add(std::move(finding));
  }
}

void AwsView::add_grants(Draft& draft) const {
  for (const AwsEntity& entity : accounts_.entities()) {
    if (entity.kind == AwsKind::kGroup) continue;
    for (const AwsPolicy* policy : entity.policies) {
      for (const AwsStatement& statement : policy->statements) {
        if (!statement.is_allow || statement.is_not_action || statement.is_not_resource) continue;
        for (const std::string& action : statement.actions) {
          const std::size_t colon = std::min(action.find(':'), action.size());
          const std::string name = action.substr(std::min(colon + 1, action.size()));
          for (const std::string& resource : statement.resources) {
            draft.grant({entity.arn, action.substr(0, colon), name, resource});
          }
        }
      }
    }
  }
}

}  // namespace mandate::observe
