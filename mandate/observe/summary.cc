#include "mandate/observe/summary.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

#include "mandate/observe/sources/text.h"

namespace mandate::observe {
namespace {

std::uint64_t hash(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

// The hashes of an activity's parts, each made once.
struct Hashes {
  Hashes(const Activity& activity, std::string_view credential, std::string_view product)
      : name(hash(credential)),
        service(hash(activity.service)),
        identity(hash_all({name, hash(activity.actor.id), hash(activity.credential.role),
                           hash(activity.actor.unique_id), hash(activity.credential.machine),
                           static_cast<std::uint64_t>(activity.credential.kind),
                           static_cast<std::uint64_t>(activity.actor.kind)})),
        use(hash_all({hash(activity.context.source), hash(product),
                      static_cast<std::uint64_t>(activity.context.agent_kind),
                      static_cast<std::uint64_t>(activity.outcome)})),
        operation(hash_all({service, hash(activity.action)})) {}

  static std::uint64_t hash_all(std::initializer_list<std::uint64_t> parts) {
    return XXH3_64bits(parts.begin(), parts.size() * sizeof(std::uint64_t));
  }

  std::uint64_t name;
  std::uint64_t service;
  std::uint64_t identity;  // who acts with what
  std::uint64_t use;
  std::uint64_t operation;  // service and action
};

// What makes an event itself. Two trails deliver one event with one id and the same content; ids
// that were used twice for different events stay two.
EventKey key_of(const Activity& activity, const Place& place, const Hashes& hashes) {
  const std::string_view id = activity.event_id.empty() ? place.record : activity.event_id;
  const XXH128_hash_t of_id = XXH3_128bits_withSeed(id.data(), id.size(), place.part);
  const std::array<std::uint64_t, 7> parts{
      of_id.high64,
      of_id.low64,
      hashes.identity,
      hashes.use,
      hashes.service,
      hashes.operation,
      static_cast<std::uint64_t>(activity.time.time_since_epoch().count())};
  const XXH128_hash_t made = XXH3_128bits(parts.data(), sizeof parts);
  return {made.high64, made.low64 | 1};
}

// Of two values of one field, the one that both orders give.
template <class T, class U>
void keep_greater(T& kept, const U& other) {
  if (kept < other) kept = other;
}

template <class Set>
void keep_lowest(Set& set, std::size_t max) {
  while (set.size() > max) set.erase(std::prev(set.end()));
}

void merge_into(Use& use, const Use& other) {
  use.count += other.count;
  use.first = std::min(use.first, other.first);
  use.last = std::max(use.last, other.last);
  use.hours |= other.hours;
  use.is_delegated = use.is_delegated || other.is_delegated;
  use.sample.merge(other.sample);
  use.operations.merge(other.operations);
}

// The row of that hash, made where there is room for it; nullptr where there is none.
Use* find_or_add(CredentialRow& row, std::uint64_t use_hash) {
  const auto at = std::lower_bound(row.uses.begin(), row.uses.end(), use_hash,
                                   [](const Use& use, std::uint64_t h) { return use.hash < h; });
  if (at != row.uses.end() && at->hash == use_hash) return &*at;
  const std::size_t index = static_cast<std::size_t>(at - row.uses.begin());
  if (row.uses.size() == CredentialRow::kUsesMax) {
    row.uses_are_all = false;
    if (index == row.uses.size()) return nullptr;
    row.uses.pop_back();
  }
  Use& made = *row.uses.emplace(row.uses.begin() + static_cast<std::ptrdiff_t>(index));
  made.hash = use_hash;
  return &made;
}

void add_issue(std::vector<IssueRow>& rows, IssueRow issue) {
  const auto at = std::find_if(rows.begin(), rows.end(),
                               [&](const IssueRow& row) { return row.seen.key == issue.seen.key; });
  if (at != rows.end()) {
    if (issue.seen < at->seen) at->seen = std::move(issue.seen);
    return;
  }
  rows.push_back(std::move(issue));
  std::sort(rows.begin(), rows.end(), [](const IssueRow& a, const IssueRow& b) {
    return std::tie(a.seen.time, a.seen.key) < std::tie(b.seen.time, b.seen.key);
  });
  if (rows.size() > Summary::kIssuesMax) rows.pop_back();
}

Seen seen_at(const Activity& activity, const Place& place, const EventKey& key) {
  return {activity.time,           key,          std::string(activity.event_id),
          std::string(place.file), place.offset, place.line};
}

bool is_privileged(const Activity& activity) {
  if (activity.outcome != Outcome::kSucceeded || activity.is_read) return false;
  return activity.change.kind != ChangeKind::kNone && activity.change.kind != ChangeKind::kLogin;
}

void add_to(CredentialRow& row, const Activity& activity) {
  keep_greater(row.kind, activity.credential.kind);
  keep_greater(row.principal, activity.actor.id);
  keep_greater(row.role, activity.credential.role);
  keep_greater(row.session_name, activity.credential.session_name);
  keep_greater(row.machine, activity.credential.machine);
  keep_greater(row.since, activity.credential.since);
}

void add_to(Use& use, const Activity& activity, std::string_view product, std::uint64_t counted) {
  if (use.sample.events().empty()) {
    use.key = {std::string(activity.context.source), std::string(product),
               activity.context.agent_kind, activity.outcome, activity.context.source_is_service};
  }
  use.count += counted;
  use.is_delegated = use.is_delegated || !activity.context.invoked_by.empty();
  if (activity.time == kUntimed) return;
  use.first = std::min(use.first, activity.time);
  use.last = std::max(use.last, activity.time);
  const auto hour = std::chrono::floor<std::chrono::hours>(activity.time.time_since_epoch());
  use.hours |= 1U << (hour.count() % 24);
}

void add_to(PrincipalRow& row, const Activity& activity, std::string_view credential) {
  keep_greater(row.kind, activity.actor.kind);
  keep_greater(row.tenant, activity.actor.tenant);
  row.is_personal = row.is_personal || activity.actor.is_personal;
  row.credentials.emplace(credential);
  keep_lowest(row.credentials, CredentialRow::kUsesMax);
  if (activity.actor.unique_id.empty()) return;
  row.unique_ids.emplace(activity.actor.unique_id);
  keep_lowest(row.unique_ids, Summary::kIssuesMax);
}

void merge_into(CredentialRow& mine, const CredentialRow& row) {
  mine.uses_are_all = mine.uses_are_all && row.uses_are_all;
  mine.is_privileged = mine.is_privileged || row.is_privileged;
  keep_greater(mine.kind, row.kind);
  keep_greater(mine.principal, row.principal);
  keep_greater(mine.role, row.role);
  keep_greater(mine.session_name, row.session_name);
  keep_greater(mine.machine, row.machine);
  keep_greater(mine.since, row.since);
  mine.services.insert(row.services.begin(), row.services.end());
  keep_lowest(mine.services, CredentialRow::kServicesMax);
}

void merge_into(PrincipalRow& mine, const PrincipalRow& row) {
  keep_greater(mine.kind, row.kind);
  keep_greater(mine.tenant, row.tenant);
  mine.with_mfa = mine.with_mfa || row.with_mfa;
  mine.is_personal = mine.is_personal || row.is_personal;
  mine.unique_ids.insert(row.unique_ids.begin(), row.unique_ids.end());
  keep_lowest(mine.unique_ids, Summary::kIssuesMax);
  mine.credentials.insert(row.credentials.begin(), row.credentials.end());
  keep_lowest(mine.credentials, CredentialRow::kUsesMax);
  mine.as_person.merge(row.as_person);
}

}  // namespace

// Rows by the hash of their name. What a row keeps of an activity is the same for the same identity
// and service, so most events need not look.
struct Summary::Cache {
  static constexpr std::size_t kSlots = 4096;
  struct Slot {
    std::uint64_t identity = 0;
    CredentialRow* row = nullptr;
    PrincipalRow* principal = nullptr;
    std::vector<std::uint64_t> services;  // hashes of those that the row has; few
  };
  std::array<Slot, kSlots> slots;
  std::array<std::uint64_t, 2 * kSlots> added{};  // hashes of operations, with their use and target
};

Summary::Summary() : cache_(std::make_unique<Cache>()) {}
Summary::~Summary() = default;
Summary::Summary(Summary&&) noexcept = default;
Summary& Summary::operator=(Summary&&) noexcept = default;

void Summary::add_identity(const Activity& activity, std::string_view name) {
  auto found = credentials_.find(name);
  if (found == credentials_.end()) found = credentials_.try_emplace(std::string(name)).first;
  add_to(found->second, activity);
  auto principal = principals_.find(activity.actor.id);
  if (principal == principals_.end()) {
    principal = principals_.try_emplace(std::string(activity.actor.id)).first;
  }
  add_to(principal->second, activity, name);
  at_ = {&found->second, &principal->second};
}

bool Summary::add(const Activity& activity, const Place& place) {
  const std::string_view product = agent_product(activity.context.agent);
  const std::string_view name =
      activity.credential.id.empty() ? activity.actor.id : activity.credential.id;
  const Hashes hashes(activity, name, product);
  const EventKey key = key_of(activity, place, hashes);
  events_.prefetch(key);
  Cache::Slot& slot = cache_->slots[hashes.identity % Cache::kSlots];
  if (slot.row == nullptr || slot.identity != hashes.identity) {
    add_identity(activity, name);
    slot = {hashes.identity, at_.first, at_.second, {}};
  }
  CredentialRow& row = *slot.row;
  const auto known = std::find(slot.services.begin(), slot.services.end(), hashes.service);
  if (known == slot.services.end()) {
    row.services.emplace(activity.service);
    keep_lowest(row.services, CredentialRow::kServicesMax);
    slot.services.push_back(hashes.service);
  }
  row.is_privileged = row.is_privileged || is_privileged(activity);
  const bool is_new = events_.insert(
      {key, static_cast<std::uint32_t>(hashes.name), static_cast<std::uint32_t>(hashes.use)});
  const std::uint64_t counted = is_new ? 1 : 0;
  repeats_ += 1 - counted;
  row.count += counted;
  if (Use* use = find_or_add(row, hashes.use)) {
    add_to(*use, activity, product, counted);
    if (use->sample.wants(activity.time, key)) use->sample.add(seen_at(activity, place, key));
    if (activity.outcome == Outcome::kSucceeded) {
      // Adding twice changes nothing, so what was added lately need not be looked up.
      const std::uint64_t added =
          Hashes::hash_all({hashes.name, hashes.use, hashes.operation, hash(activity.target)});
      std::uint64_t& lately = cache_->added[added % cache_->added.size()];
      if (lately != added) {
        use->operations.add(hashes.operation, activity.service, activity.action, activity.target);
      }
      lately = added;
    }
  }
  if (activity.actor.is_person && activity.outcome == Outcome::kSucceeded) {
    PrincipalRow& principal = *slot.principal;
    principal.with_mfa = principal.with_mfa || activity.context.mfa.value_or(false);
    if (principal.as_person.wants(activity.time, key)) {
      principal.as_person.add(seen_at(activity, place, key));
    }
  }
  add_rows(activity, place, key);
  return is_new;
}

void Summary::add_rows(const Activity& activity, const Place& place, const EventKey& key) {
  if (!activity.issued.credential.empty()) {
    add_issue(issues_[std::string(activity.issued.credential)],
              {activity.issued.kind, seen_at(activity, place, key), std::string(activity.actor.id),
               std::string(activity.credential.id), std::string(activity.issued.for_whom),
               std::string(activity.issued.session_name), std::string(activity.issued.subject),
               std::string(activity.context.source), activity.issued.until});
    if (!activity.credential.id.empty()) {
      issued_with_[std::string(activity.credential.id)].emplace(activity.issued.credential);
    }
  }
  if (activity.time != kUntimed) {
    for (const Fact& fact : activity.facts) facts_.add(fact, seen_at(activity, place, key));
  }
  const Change& change = activity.change;
  if (change.kind == ChangeKind::kNone || activity.outcome != Outcome::kSucceeded) return;
  ChangeRow made{.kind = change.kind,
                 .seen = seen_at(activity, place, key),
                 .actor = std::string(activity.actor.id),
                 .credential = std::string(activity.credential.id),
                 .source = std::string(activity.context.source),
                 .agent_kind = activity.context.agent_kind,
                 .mfa = activity.context.mfa,
                 .action = std::string(activity.action),
                 .object = std::string(change.object),
                 .right = std::string(change.right),
                 .is_admin = change.is_admin,
                 .is_new = change.is_new,
                 .must_replace = change.must_replace};
  for (const Party& party : change.parties) {
    made.parties.push_back({std::string(party.id), party.scope, party.is_conditioned});
  }
  const auto [at, is_first] = changes_.try_emplace({activity.time, key}, made);
  if (!is_first && made.seen < at->second.seen) at->second.seen = made.seen;
}

void Summary::merge(const Summary& other) {
  cache_ = std::make_unique<Cache>();
  // By row: the events that were counted on both sides.
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> twice;
  other.events_.each([&](const EventSet::Entry& entry) {
    if (events_.insert(entry)) return;
    ++repeats_;
    ++twice[{entry.credential, entry.use}];
  });
  for (const auto& [name, row] : other.credentials_) {
    CredentialRow& mine = credentials_[name];
    const auto credential = static_cast<std::uint32_t>(hash(name));
    std::uint64_t repeated = 0;
    const auto first = twice.lower_bound({credential, 0});
    for (auto at = first; at != twice.end() && at->first.first == credential; ++at) {
      repeated += at->second;
    }
    mine.count += row.count - repeated;
    merge_into(mine, row);
    for (const Use& use : row.uses) {
      Use* kept = find_or_add(mine, use.hash);
      if (kept == nullptr) continue;
      kept->key = use.key;
      merge_into(*kept, use);
      const auto again = twice.find({credential, static_cast<std::uint32_t>(use.hash)});
      if (again != twice.end()) kept->count -= again->second;
    }
  }
  for (const auto& [name, row] : other.principals_) merge_into(principals_[name], row);
  for (const auto& [credential, rows] : other.issues_) {
    for (const IssueRow& row : rows) add_issue(issues_[credential], row);
  }
  for (const auto& [issuer, issued] : other.issued_with_) {
    issued_with_[issuer].insert(issued.begin(), issued.end());
  }
  for (const auto& [key, row] : other.changes_) {
    const auto [at, is_first] = changes_.try_emplace(key, row);
    if (!is_first && row.seen < at->second.seen) at->second.seen = row.seen;
  }
  facts_.merge(other.facts_);
  repeats_ += other.repeats_;
}

}  // namespace mandate::observe
