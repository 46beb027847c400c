#include "mandate/observe/inventory/aws_reach.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "mandate/observe/inventory/aws_pattern.h"

namespace mandate::observe {
namespace {

constexpr std::size_t kMovesMax = 4096;  // of one principal; administrators stand first
constexpr std::string_view kAnyPolicy = "arn:aws:iam::aws:policy/AdministratorAccess";
constexpr std::string_view kAssume = "sts:assumerole";

bool is_account_id(std::string_view text) {
  return text.size() == 12 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// "lambda" is the service of lambda.amazonaws.com and of its kin in other partitions and regions.
bool is_service(std::string_view principal, std::string_view services) {
  std::size_t end = principal.find(".amazonaws.com");
  if (end == std::string_view::npos) return false;
  std::string_view name = principal.substr(0, end);
  while (!services.empty()) {
    std::size_t space = std::min(services.find(' '), services.size());
    std::string_view service = services.substr(0, space);
    bool is_regional = name.starts_with(service) && name.substr(service.size()).starts_with('.');
    if (name == service || is_regional) return true;
    services.remove_prefix(std::min(space + 1, services.size()));
  }
  return false;
}

bool acts(const AwsStatement& statement, std::string_view action) {
  bool matches = std::any_of(statement.actions.begin(), statement.actions.end(),
                             [&](const std::string& a) { return glob_match(a, action); });
  return matches != statement.is_not_action;
}

class Finder {
 public:
  explicit Finder(const AwsAccounts& accounts) : accounts_(accounts), access_(accounts) {}

  AwsReach run() {
    index();
    for (const AwsEntity& who : accounts_.entities()) {
      if (who.is_service_linked() || admin_.at(&who) == Truth::kYes) continue;
      std::size_t before = reach_.moves.size();
      for (const AwsEscalation& way : aws_escalations()) try_way(who, way, before);
    }
    for (const AwsEntity& role : accounts_.entities()) {
      if (role.kind == AwsKind::kRole) read_trust(role);
    }
    return std::move(reach_);
  }

 private:
  struct Targets {
    std::vector<const AwsEntity*> of_kind[3];  // by AwsKind, administrators first
  };

  void index() {
    for (const AwsEntity& entity : accounts_.entities()) {
      Truth admin = access_.is_admin(entity);
      admin_[&entity] = admin;
      if (admin == Truth::kYes) reach_.admins.push_back(&entity);
      if (admin == Truth::kMaybe) reach_.maybe_admins.push_back(&entity);
      targets_[entity.account].of_kind[static_cast<std::size_t>(entity.kind)].push_back(&entity);
      for (const std::string& arn : entity.attached) holders_[arn].push_back(&entity);
      for (const std::string& group : entity.groups) {
        members_[{entity.account, group}].push_back(&entity);
      }
    }
    for (auto& [account, targets] : targets_) {
      for (auto& list : targets.of_kind) {
        std::stable_sort(list.begin(), list.end(), [&](const AwsEntity* a, const AwsEntity* b) {
          return admin_.at(a) > admin_.at(b);
        });
      }
    }
  }

  // All the way's permissions for the object; `services` decides for a role that is passed.
  AwsRight rights(const AwsEntity& who, const AwsEscalation& way, std::string_view object,
                  const AwsEntity* target, std::string_view passed_to) const {
    AwsRight all{Truth::kYes, nullptr, nullptr};
    for (std::string_view action : way.actions) {
      if (action.empty()) break;
      bool is_of_object = action.starts_with("iam:");
      AwsAsk ask{.resource = is_of_object ? object : std::string_view("*"),
                 .passed_to = passed_to,
                 .policy = kAnyPolicy,
                 .target = is_of_object ? target : nullptr};
      AwsRight right = access_.can(who, action, ask);
      all.truth = both(all.truth, right.truth);
      if (all.truth == Truth::kNo) return all;
      if (all.policy == nullptr) all = {all.truth, right.policy, right.statement};
    }
    return all;
  }

  void add(const AwsEntity& who, const AwsEntity& target, const AwsEscalation& way, AwsGain gain,
           const AwsRight& right, std::size_t before) {
    if (right.truth == Truth::kNo || reach_.moves.size() - before >= kMovesMax) return;
    InventoryPlace place = right.statement != nullptr ? right.statement->place : who.place;
    reach_.moves.push_back({&who, &target, &way, gain, right.truth, right.policy, place});
  }

  void try_way(const AwsEntity& who, const AwsEscalation& way, std::size_t before) {
    for (std::string_view action : way.actions) {
      if (action.empty()) break;
      if (access_.can(who, action, {.resource = "*"}).truth == Truth::kNo) return;
    }
    switch (way.object) {
      case AwsObject::kPolicy: return try_policies(who, way, before);
      case AwsObject::kUser: return try_entities(who, way, AwsKind::kUser, before);
      case AwsObject::kRole: return try_entities(who, way, AwsKind::kRole, before);
      case AwsObject::kGroup: return try_groups(who, way, before);
      case AwsObject::kPassedRole:
      case AwsObject::kRoleInUse: return try_services(who, way, before);
    }
  }

  void try_policies(const AwsEntity& who, const AwsEscalation& way, std::size_t before) {
    for (const auto& [arn, managed] : accounts_.policies()) {
      auto holders = holders_.find(arn);
      if (!managed.is_customers() || account_of(arn) != who.account || holders == holders_.end()) {
        continue;
      }
      AwsRight right = rights(who, way, arn, nullptr, {});
      if (right.truth == Truth::kNo) continue;
      // Which of the versions there are says more is not compared.
      if (way.id == "policy-switch-version" && !managed.has_other_versions) {
        right.truth = Truth::kMaybe;
      }
      for (const AwsEntity* holder : holders->second) {
        if (holder->kind == AwsKind::kGroup) {
          for (const AwsEntity* member : members_[{holder->account, holder->name}]) {
            add(who, *member, way, way.gain, right, before);
          }
        } else {
          add(who, *holder, way, way.gain, right, before);
        }
      }
    }
  }

  void try_entities(const AwsEntity& who, const AwsEscalation& way, AwsKind kind,
                    std::size_t before) {
    for (const AwsEntity* target : targets_[who.account].of_kind[static_cast<std::size_t>(kind)]) {
      if (target->is_service_linked() || (target == &who && way.gain == AwsGain::kActAs)) continue;
      add(who, *target, way, way.gain, rights(who, way, target->arn, target, {}), before);
    }
  }

  void try_groups(const AwsEntity& who, const AwsEscalation& way, std::size_t before) {
    constexpr auto kGroup = static_cast<std::size_t>(AwsKind::kGroup);
    for (const AwsEntity* group : targets_[who.account].of_kind[kGroup]) {
      AwsRight right = rights(who, way, group->arn, group, {});
      if (way.gain == AwsGain::kActAs) {
        // Only a user can be added; whoever else may add one gives the group's rights away.
        bool is_member =
            std::find(who.groups.begin(), who.groups.end(), group->name) != who.groups.end();
        AwsGain gain = who.kind == AwsKind::kUser ? AwsGain::kActAs : AwsGain::kRewrite;
        if (!is_member && !group->policies.empty()) add(who, *group, way, gain, right, before);
        continue;
      }
      for (const AwsEntity* member : members_[{group->account, group->name}]) {
        add(who, *member, way, way.gain, right, before);
      }
    }
  }

  void try_services(const AwsEntity& who, const AwsEscalation& way, std::size_t before) {
    constexpr auto kRole = static_cast<std::size_t>(AwsKind::kRole);
    for (const AwsEntity* role : targets_[who.account].of_kind[kRole]) {
      if (role->is_service_linked() || role == &who) continue;
      bool is_instance = way.services == "ec2";
      if (way.object == AwsObject::kRoleInUse && is_instance &&
          role->has_instance_profile == false) {
        continue;
      }
      std::optional<std::string> service = trusted_service(*role, way.services);
      if (!service) continue;
      add(who, *role, way, way.gain, rights(who, way, role->arn, role, *service), before);
    }
  }

  std::optional<std::string> trusted_service(const AwsEntity& role,
                                             std::string_view services) const {
    for (const AwsStatement& statement : role.trust.statements) {
      if (!statement.is_allow || !acts(statement, kAssume)) continue;
      if (access_.holds(statement.conditions, nullptr, role) == Truth::kNo) continue;
      for (const AwsParty& party : statement.parties) {
        if (party.kind == PartyKind::kService && is_service(party.id, services)) return party.id;
        if (party.kind == PartyKind::kAws && party.id == "*") {
          return std::string(services.substr(0, services.find(' '))) + ".amazonaws.com";
        }
      }
    }
    return std::nullopt;
  }

  // Trust.
  void read_trust(const AwsEntity& role) {
    for (const AwsStatement& statement : role.trust.statements) {
      if (!statement.is_allow) continue;
      if (statement.is_not_principal) {
        let_in(role, statement, {PartyKind::kAws, "*"});  // everybody but those named
        continue;
      }
      for (const AwsParty& party : statement.parties) let_in(role, statement, party);
    }
  }

  void let_in(const AwsEntity& role, const AwsStatement& statement, const AwsParty& party) {
    constexpr std::string_view kFederated[] = {"sts:assumerolewithsaml",
                                               "sts:assumerolewithwebidentity"};
    if (party.kind == PartyKind::kFederated) {
      bool is_taken = acts(statement, kFederated[0]) || acts(statement, kFederated[1]);
      if (is_taken) add_guest(role, statement, party, PartyScope::kFederated);
      return;
    }
    if (!acts(statement, kAssume)) return;
    if (party.kind == PartyKind::kService) {
      add_guest(role, statement, party, PartyScope::kService);
    } else if (party.kind == PartyKind::kAws) {
      let_in_aws(role, statement, party);
    }
  }

  void let_in_aws(const AwsEntity& role, const AwsStatement& statement, const AwsParty& party) {
    if (party.id == "*") return add_guest(role, statement, party, PartyScope::kPublic);
    std::string account = is_account_id(party.id) ? party.id : account_of(party.id);
    std::size_t slash = party.id.find('/');
    bool is_root = is_account_id(party.id) || party.id.ends_with(":root");
    if (is_root) {
      bool is_own = account == role.account;
      add_guest(role, statement, party, is_own ? PartyScope::kOwn : PartyScope::kExternal);
      if (accounts_.knows(account)) let_in_account(role, statement, account);
      return;
    }
    const AwsEntity* who = accounts_.find(party.id);
    bool is_session = party.id.find(":assumed-role/") != std::string::npos;
    if (is_session && slash != std::string::npos) {
      std::string_view rest = std::string_view(party.id).substr(slash + 1);
      who = accounts_.find_role(account, rest.substr(0, rest.find('/')));
    }
    if (who == nullptr) {
      bool is_own = account == role.account;
      add_guest(role, statement, party, is_own ? PartyScope::kOwn : PartyScope::kExternal);
      return;
    }
    assume(*who, role, statement, who->account != role.account, is_session);
    if (who->account != role.account) add_guest(role, statement, party, PartyScope::kExternal);
  }

  void let_in_account(const AwsEntity& role, const AwsStatement& statement,
                      const std::string& account) {
    for (AwsKind kind : {AwsKind::kUser, AwsKind::kRole}) {
      for (const AwsEntity* who : targets_[account].of_kind[static_cast<std::size_t>(kind)]) {
        assume(*who, role, statement, true, false);
      }
    }
  }

  // Where the trust names the principal itself, in its own account, that is enough; else its own
  // policies must allow it too.
  void assume(const AwsEntity& who, const AwsEntity& role, const AwsStatement& statement,
              bool needs_right, bool is_one_session) {
    if (&who == &role || who.is_service_linked() || admin_.at(&who) == Truth::kYes) return;
    AwsAsk ask{.resource = role.arn, .target = &role};
    AwsRight right = access_.can(who, kAssume, ask);
    if (!needs_right) {
      right.truth = negated(access_.is_denied(who, kAssume, ask));
    }
    right.truth = both(right.truth, access_.holds(statement.conditions, &who, role));
    right.truth = both(right.truth, negated(refused(role, &who, who.arn)));
    if (is_one_session) right.truth = both(right.truth, Truth::kMaybe);
    if (right.truth == Truth::kNo) return;
    InventoryPlace place =
        needs_right && right.statement != nullptr ? right.statement->place : statement.place;
    reach_.moves.push_back({&who, &role, &aws_assume_role(), AwsGain::kActAs, right.truth,
                            needs_right ? right.policy : nullptr, place});
  }

  // The role's trust denies it.
  Truth refused(const AwsEntity& role, const AwsEntity* who, std::string_view id) const {
    Truth refused = Truth::kNo;
    for (const AwsStatement& statement : role.trust.statements) {
      if (statement.is_allow || !acts(statement, kAssume)) continue;
      bool is_named = std::any_of(
          statement.parties.begin(), statement.parties.end(), [&](const AwsParty& party) {
            bool is_account = who != nullptr &&
                              (party.id == who->account || (party.id.ends_with(":root") &&
                                                            account_of(party.id) == who->account));
            return party.id == "*" || party.id == id || is_account;
          });
      if (is_named == statement.is_not_principal) continue;
      refused = either(refused, access_.holds(statement.conditions, who, role));
    }
    return refused;
  }

  void add_guest(const AwsEntity& role, const AwsStatement& statement, const AwsParty& party,
                 PartyScope scope) {
    Truth truth = both(access_.holds(statement.conditions, nullptr, role),
                       negated(refused(role, nullptr, party.id)));
    if (truth == Truth::kNo) return;
    reach_.guests.push_back({&role, party, scope, truth, &statement});
  }

  const AwsAccounts& accounts_;
  AwsAccess access_;
  AwsReach reach_;
  std::unordered_map<const AwsEntity*, Truth> admin_;
  std::map<std::string, Targets> targets_;  // by account
  std::map<std::string, std::vector<const AwsEntity*>> holders_;
  std::map<std::pair<std::string, std::string>, std::vector<const AwsEntity*>> members_;
};

}  // namespace

AwsReach find_aws_reach(const AwsAccounts& accounts) { return Finder(accounts).run(); }

}  // namespace mandate::observe
