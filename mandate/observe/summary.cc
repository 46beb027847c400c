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

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const std::array<std::uint64_t, 2> both{a, b};
  return XXH3_64bits(both.data(), sizeof both);
}

// What makes an event itself. Two trails deliver one event with one id and the same content; ids
// that were used twice for different events stay two.
EventKey key_of(const Activity& activity, const Place& place) {
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  auto put = [&state](std::string_view part) {
    const std::uint64_t size = part.size();
    XXH3_128bits_update(&state, &size, sizeof size);
    XXH3_128bits_update(&state, part.data(), part.size());
  };
  const auto time = activity.time.time_since_epoch().count();
  XXH3_128bits_update(&state, &time, sizeof time);
  if (activity.event_id.empty()) {
    put(place.record);
  } else {
    for (const std::string_view part :
         {activity.event_id, activity.service, activity.action, activity.actor.id,
          activity.credential.id, activity.context.source, activity.context.agent}) {
      put(part);
    }
  }
  const XXH128_hash_t made = XXH3_128bits_digest(&state);
  return {made.high64, made.low64 | 1};
}

std::uint64_t hash_of_use(const Activity& activity, std::string_view product) {
  const auto kinds = static_cast<std::uint64_t>(activity.context.agent_kind) << 2 |
                     static_cast<std::uint64_t>(activity.outcome);
  return mix(mix(hash(activity.context.source), hash(product)), kinds);
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

void add_to(CredentialRow& row, const Activity& activity, std::uint64_t counted) {
  row.count += counted;
  keep_greater(row.kind, activity.credential.kind);
  keep_greater(row.principal, activity.actor.id);
  keep_greater(row.role, activity.credential.role);
  keep_greater(row.session_name, activity.credential.session_name);
  keep_greater(row.machine, activity.credential.machine);
  row.is_privileged = row.is_privileged || is_privileged(activity);
  if (row.services.contains(activity.service)) return;
  row.services.emplace(activity.service);
  keep_lowest(row.services, CredentialRow::kServicesMax);
}

void add_to(Use& use, const Activity& activity, std::string_view product, std::uint64_t counted) {
  if (use.first > use.last) {
    use.key = {std::string(activity.context.source), std::string(product),
               activity.context.agent_kind, activity.outcome, activity.context.source_is_service};
  }
  use.count += counted;
  use.first = std::min(use.first, activity.time);
  use.last = std::max(use.last, activity.time);
  const auto hour = std::chrono::floor<std::chrono::hours>(activity.time.time_since_epoch());
  use.hours |= 1U << (hour.count() % 24);
  use.is_delegated = use.is_delegated || !activity.context.invoked_by.empty();
}

void add_to(PrincipalRow& row, const Activity& activity) {
  keep_greater(row.kind, activity.actor.kind);
  keep_greater(row.tenant, activity.actor.tenant);
  if (activity.actor.is_person && activity.outcome == Outcome::kSucceeded) {
    row.with_mfa = row.with_mfa || activity.context.mfa.value_or(false);
  }
  const std::string_view id = activity.actor.unique_id;
  if (id.empty() || row.unique_ids.contains(id)) return;
  row.unique_ids.emplace(id);
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
  mine.services.insert(row.services.begin(), row.services.end());
  keep_lowest(mine.services, CredentialRow::kServicesMax);
}

void merge_into(PrincipalRow& mine, const PrincipalRow& row) {
  keep_greater(mine.kind, row.kind);
  keep_greater(mine.tenant, row.tenant);
  mine.with_mfa = mine.with_mfa || row.with_mfa;
  mine.unique_ids.insert(row.unique_ids.begin(), row.unique_ids.end());
  keep_lowest(mine.unique_ids, Summary::kIssuesMax);
  mine.credentials.insert(row.credentials.begin(), row.credentials.end());
  keep_lowest(mine.credentials, CredentialRow::kUsesMax);
  mine.as_person.merge(row.as_person);
}

}  // namespace

bool Sample::wants(Instant time, const EventKey& key) const {
  if (events_.size() < kMax) return true;
  const Seen& last = events_.back();
  return std::tie(time, key) <= std::tie(last.time, last.key);
}

void Sample::add(Seen seen) {
  const auto at =
      std::lower_bound(events_.begin(), events_.end(), seen, [](const Seen& a, const Seen& b) {
        return std::tie(a.time, a.key) < std::tie(b.time, b.key);
      });
  if (at != events_.end() && at->key == seen.key) {
    if (seen < *at) *at = std::move(seen);
    return;
  }
  events_.insert(at, std::move(seen));
  if (events_.size() > kMax) events_.pop_back();
}

void Sample::merge(const Sample& other) {
  for (const Seen& seen : other.events_) {
    if (wants(seen.time, seen.key)) add(seen);
  }
}

// Rows by the hash of their name, so that most events need no comparison of long names.
struct Summary::Cache {
  static constexpr std::size_t kSlots = 4096;
  struct Slot {
    const std::string* name = nullptr;
    CredentialRow* row = nullptr;
    const std::string* principal_name = nullptr;
    PrincipalRow* principal = nullptr;
  };
  std::array<Slot, kSlots> slots;
};

Summary::Summary() : cache_(std::make_unique<Cache>()) {}
Summary::~Summary() = default;
Summary::Summary(Summary&&) noexcept = default;
Summary& Summary::operator=(Summary&&) noexcept = default;

CredentialRow& Summary::credential_row(std::string_view name, std::uint64_t name_hash) {
  Cache::Slot& slot = cache_->slots[name_hash % Cache::kSlots];
  if (slot.row == nullptr || *slot.name != name) {
    auto found = credentials_.find(name);
    if (found == credentials_.end()) found = credentials_.try_emplace(std::string(name)).first;
    slot = {&found->first, &found->second, nullptr, nullptr};
  }
  return *slot.row;
}

// Precondition: `credential_row` was just called.
PrincipalRow& Summary::principal_row(const Activity& activity, std::string_view name,
                                     std::uint64_t name_hash) {
  Cache::Slot& slot = cache_->slots[name_hash % Cache::kSlots];
  if (slot.principal == nullptr || *slot.principal_name != activity.actor.id) {
    const auto found = principals_.try_emplace(std::string(activity.actor.id)).first;
    slot.principal_name = &found->first;
    slot.principal = &found->second;
    found->second.credentials.emplace(name);
    keep_lowest(found->second.credentials, CredentialRow::kUsesMax);
  }
  return *slot.principal;
}

bool Summary::add(const Activity& activity, const Place& place) {
  const EventKey key = key_of(activity, place);
  const std::string_view product = agent_product(activity.context.agent);
  const std::uint64_t use_hash = hash_of_use(activity, product);
  const std::string_view name =
      activity.credential.id.empty() ? activity.actor.id : activity.credential.id;
  const std::uint64_t name_hash = hash(name);
  const bool is_new = events_.insert(
      {key, static_cast<std::uint32_t>(name_hash), static_cast<std::uint32_t>(use_hash)});
  if (!is_new) ++repeats_;
  const std::uint64_t counted = is_new ? 1 : 0;
  CredentialRow& row = credential_row(name, name_hash);
  add_to(row, activity, counted);
  if (Use* use = find_or_add(row, use_hash)) {
    add_to(*use, activity, product, counted);
    if (use->sample.wants(activity.time, key)) use->sample.add(seen_at(activity, place, key));
  }
  PrincipalRow& principal = principal_row(activity, name, name_hash);
  add_to(principal, activity);
  const bool is_interactive = activity.actor.is_person && activity.outcome == Outcome::kSucceeded;
  if (is_interactive && principal.as_person.wants(activity.time, key)) {
    principal.as_person.add(seen_at(activity, place, key));
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
               std::string(activity.context.source)});
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
  for (const auto& [key, row] : other.changes_) {
    const auto [at, is_first] = changes_.try_emplace(key, row);
    if (!is_first && row.seen < at->second.seen) at->second.seen = row.seen;
  }
  repeats_ += other.repeats_;
}

}  // namespace mandate::observe
