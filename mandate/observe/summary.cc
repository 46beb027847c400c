#include "mandate/observe/summary.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <utility>

#include "mandate/observe/clipped.h"
#include "mandate/observe/sources/text.h"
#include "mandate/observe/tallies.h"

namespace mandate::observe {
namespace {

// What an entry of the event set holds of a hash.
std::uint32_t half(std::uint64_t hash) { return static_cast<std::uint32_t>(hash); }

std::uint64_t hash(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

std::uint64_t hash_all(std::initializer_list<std::uint64_t> parts) {
  return XXH3_64bits(parts.begin(), parts.size() * sizeof(std::uint64_t));
}

std::uint64_t hash_of_use(std::string_view source, std::string_view product, AgentKind agent_kind,
                          Outcome outcome) {
  return hash_all({hash(source), hash(product), static_cast<std::uint64_t>(agent_kind),
                   static_cast<std::uint64_t>(outcome)});
}

std::uint64_t hash_of_use(const Activity& activity) {
  const Context& context = activity.context;
  return hash_of_use(context.source, agent_product(context.agent), context.agent_kind,
                     activity.outcome);
}

// What the credential's row is called.
std::string_view name_of(const Activity& activity) {
  return activity.credential.id.empty() ? activity.actor.id : activity.credential.id;
}

// The hashes of an activity's parts, each made once.
struct Hashes {
  explicit Hashes(const Activity& activity)
      : name(hash(name_of(activity))),
        service(hash(activity.service)),
        identity(hash_all({name, hash(activity.actor.id), hash(activity.credential.role),
                           hash(activity.actor.unique_id), hash(activity.credential.machine),
                           static_cast<std::uint64_t>(activity.credential.kind),
                           static_cast<std::uint64_t>(activity.actor.kind)})),
        row(hash_all(
            {identity, hash(activity.actor.tenant), hash(activity.credential.session_name)})),
        use(hash_of_use(activity)),
        operation(hash_all({service, hash(activity.action)})) {}

  std::uint64_t name;
  std::uint64_t service;
  std::uint64_t identity;  // who acts with what
  std::uint64_t row;       // all that the rows of both keep of it
  std::uint64_t use;
  std::uint64_t operation;  // service and action
};

std::uint64_t hash_of_change(const Change& change) {
  if (change.kind == ChangeKind::kNone) return 0;
  std::uint64_t all = hash_all({static_cast<std::uint64_t>(change.kind), hash(change.object),
                                hash(change.right), static_cast<std::uint64_t>(change.is_admin),
                                static_cast<std::uint64_t>(change.must_replace)});
  for (const Party& party : change.parties) all = hash_all({all, hash(party.id)});
  return all;
}

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
  // What it was done to is no part of the order among events, which names would then change.
  const std::uint64_t all =
      hash_all({made.low64, hash(activity.target), hash_of_change(activity.change)});
  return {made.high64, all | 1};
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
  keep_greater(use.key, other.key);
  use.count += other.count;
  use.first = std::min(use.first, other.first);
  use.last = std::max(use.last, other.last);
  use.hours |= other.hours;
  use.is_delegated = use.is_delegated || other.is_delegated;
  use.sample.merge(other.sample);
  use.operations.merge(other.operations);
}

std::vector<Use>::iterator place_of(CredentialRow& row, std::uint64_t use_hash) {
  return std::lower_bound(row.uses.begin(), row.uses.end(), use_hash,
                          [](const Use& use, std::uint64_t h) { return use.hash < h; });
}

// nullptr where it is not kept.
Use* find_use(CredentialRow& row, std::uint64_t use_hash) {
  const auto at = place_of(row, use_hash);
  return at != row.uses.end() && at->hash == use_hash ? &*at : nullptr;
}

// The row of that hash, made where there is room for it; nullptr where there is none.
Use* find_or_add(CredentialRow& row, std::uint64_t use_hash) {
  const auto at = place_of(row, use_hash);
  if (at != row.uses.end() && at->hash == use_hash) return &*at;
  const auto index = at - row.uses.begin();
  if (row.uses.size() == CredentialRow::kUsesMax) {
    row.uses_are_all = false;
    if (at == row.uses.end()) return nullptr;
    row.uses.pop_back();
  }
  Use& made = *row.uses.emplace(row.uses.begin() + index);
  made.hash = use_hash;
  return &made;
}

// One event in two places: the first place, and whichever telling both orders choose.
template <class Row>
void keep_one(Row& kept, Row row) {
  const Seen first = std::min(kept.seen, row.seen);
  row.seen = kept.seen;
  if (kept < row) kept = std::move(row);
  kept.seen = first;
}

void add_issue(std::vector<IssueRow>& rows, IssueRow issue) {
  const auto at = std::find_if(rows.begin(), rows.end(),
                               [&](const IssueRow& row) { return row.seen.key == issue.seen.key; });
  if (at != rows.end()) return keep_one(*at, std::move(issue));
  rows.push_back(std::move(issue));
  std::sort(rows.begin(), rows.end(), [](const IssueRow& a, const IssueRow& b) {
    return std::tie(a.seen.time, a.seen.key) < std::tie(b.seen.time, b.seen.key);
  });
  if (rows.size() > Summary::kIssuesMax) rows.pop_back();
}

void add_change(SummaryRows::Changes& changes, ChangeRow row) {
  const auto at = changes.find({row.seen.time, row.seen.key});
  if (at != changes.end()) return keep_one(at->second, std::move(row));
  const std::pair<Instant, EventKey> key{row.seen.time, row.seen.key};
  changes.emplace(key, std::move(row));
}

Seen seen_at(const Activity& activity, const Place& place, const EventKey& key) {
  return {activity.time,           key,          std::string(activity.event_id),
          std::string(place.file), place.offset, place.line.number()};
}

bool is_privileged(const Activity& activity) {
  if (activity.outcome != Outcome::kSucceeded || activity.is_read) return false;
  return activity.change.kind != ChangeKind::kNone && activity.change.kind != ChangeKind::kLogin;
}

bool is_of_person(const Activity& activity) {
  return activity.actor.is_person && activity.outcome == Outcome::kSucceeded;
}

// The same of activities that add the same to the rows of who acts, but for their time and what
// they did.
std::uint64_t hash_of_kind(const Activity& activity, const Hashes& hashes) {
  const Context& context = activity.context;
  const std::uint64_t flags[] = {activity.actor.is_personal,
                                 activity.actor.is_person,
                                 is_privileged(activity),
                                 context.source_is_service,
                                 context.mfa.value_or(false),
                                 !context.invoked_by.empty(),
                                 activity.change.kind == ChangeKind::kLogin};
  std::uint64_t all = 0;
  for (const std::uint64_t flag : flags) all = all << 1 | flag;
  const Instant since = activity.credential.since.value_or(kBeginningOfTime);
  return hash_all(
      {hashes.row, hashes.use, all, static_cast<std::uint64_t>(since.time_since_epoch().count())});
}

void add_to(CredentialRow& row, const Activity& activity) {
  keep_greater(row.kind, activity.credential.kind);
  keep_greater(row.principal, activity.actor.id);
  keep_greater(row.role, activity.credential.role);
  keep_greater(row.session_name, activity.credential.session_name);
  keep_greater(row.machine, activity.credential.machine);
  keep_greater(row.since, activity.credential.since);
}

void add_to(Use& use, const Activity& activity) {
  if (use.sample.events().empty()) {
    use.key = {std::string(activity.context.source),
               std::string(agent_product(activity.context.agent)), activity.context.agent_kind,
               activity.outcome, activity.context.source_is_service};
  }
  keep_greater(use.key.source_is_service, activity.context.source_is_service);
  use.is_delegated = use.is_delegated || !activity.context.invoked_by.empty();
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

void add_to_samples(Tally& tally, const Activity& activity, const Place& place,
                    const EventKey& key) {
  Instant until = kBeginningOfTime;
  const auto offer = [&](Sample& sample) {
    if (sample.wants(activity.time, key)) sample.add(seen_at(activity, place, key));
    until = std::max(until, sample.until());
  };
  if (Use* use = find_use(*tally.row, tally.use)) offer(use->sample);
  if (is_of_person(activity)) offer(tally.principal->as_person);
  tally.sampled_until = until;
}

void add_operation(const Tally& tally, const Activity& activity, std::uint64_t operation) {
  CredentialRow& row = *tally.row;
  if (row.services.find(activity.service) == row.services.end()) {
    row.services.emplace(activity.service);
    keep_lowest(row.services, CredentialRow::kServicesMax);
  }
  // A login is how somebody came, and nothing that was done.
  const bool is_login = activity.change.kind == ChangeKind::kLogin;
  if (activity.outcome != Outcome::kSucceeded || is_login) return;
  if (Use* use = find_use(row, tally.use)) {
    use->operations.add(operation, activity.service, activity.action, activity.target);
  }
}

}  // namespace

std::uint64_t hash_of(const UseKey& key) {
  return hash_of_use(key.source, key.product, key.agent_kind, key.outcome);
}

std::uint64_t hash_of_operation(std::string_view service, std::string_view action) {
  return hash_all({hash(service), hash(action)});
}

void Tally::settle() {
  if (events == 0) return;
  row->count += events;
  if (Use* kept = find_use(*row, use)) {
    kept->count += events;
    kept->first = std::min(kept->first, first);
    kept->last = std::max(kept->last, last);
    kept->hours |= hours;
  }
  events = 0;
  hours = 0;
  first = kEndOfTime;
  last = kBeginningOfTime;
}

struct Summary::Cache {
  Tallies tallies;
  Lately done;  // operations, with their tally and target
};

Summary::Summary() : Summary(EventBounds{}) {}
Summary::Summary(EventBounds bounds)
    : events_(std::move(bounds)), cache_(std::make_unique<Cache>()) {}
Summary::Summary(SummaryRows rows, std::uint64_t repeats, EventBounds bounds)
    : rows_(std::move(rows)),
      events_(std::move(bounds)),
      repeats_(repeats),
      cache_(std::make_unique<Cache>()) {}
Summary::~Summary() = default;
Summary::Summary(Summary&&) noexcept = default;
Summary& Summary::operator=(Summary&&) noexcept = default;

// Adds to the rows all that they keep of such activities but what a tally counts.
Tally& Summary::begin_tally(std::uint64_t kind, const Activity& activity) {
  const std::string_view name = name_of(activity);
  auto found = rows_.credentials.find(name);
  if (found == rows_.credentials.end())
    found = rows_.credentials.try_emplace(std::string(name)).first;
  CredentialRow& row = found->second;
  add_to(row, activity);
  row.is_privileged = row.is_privileged || is_privileged(activity);
  auto known = rows_.principals.find(activity.actor.id);
  if (known == rows_.principals.end()) {
    known = rows_.principals.try_emplace(std::string(activity.actor.id)).first;
  }
  PrincipalRow& principal = known->second;
  add_to(principal, activity, name);
  if (is_of_person(activity)) {
    principal.with_mfa = principal.with_mfa || activity.context.mfa.value_or(false);
  }
  const std::uint64_t use_hash = hash_of_use(activity);
  if (Use* use = find_or_add(row, use_hash)) add_to(*use, activity);
  return cache_->tallies.begin(
      {.hash = kind, .row = &row, .principal = &principal, .use = use_hash});
}

void Summary::add(const Activity& activity, const Place& place) {
  if (Clipped::is_needed(activity)) return add(Clipped(activity).activity(), place);
  const Hashes hashes(activity);
  const std::uint64_t kind = hash_of_kind(activity, hashes);
  const std::uint64_t done = hash_all({kind, hashes.operation, hash(activity.target)});
  cache_->tallies.expect(kind);
  cache_->done.expect(done);
  const EventKey key = key_of(activity, place, hashes);
  events_.insert({key.low, half(hashes.name), half(hashes.use)});
  Tally* tally = cache_->tallies.find(kind);
  if (tally == nullptr) tally = &begin_tally(kind, activity);
  tally->count(activity.time);
  if (activity.time <= tally->sampled_until) add_to_samples(*tally, activity, place, key);
  // Adding twice changes nothing, so what was done lately need not be looked up.
  if (!cache_->done.add(done)) add_operation(*tally, activity, hashes.operation);
  add_rows(activity, place, key);
}

void Summary::add_rows(const Activity& activity, const Place& place, const EventKey& key) {
  if (!activity.issued.credential.empty()) {
    add_issue(rows_.issues[std::string(activity.issued.credential)],
              {activity.issued.kind, seen_at(activity, place, key), std::string(activity.actor.id),
               std::string(activity.credential.id), std::string(activity.issued.for_whom),
               std::string(activity.issued.session_name), std::string(activity.issued.subject),
               std::string(activity.context.source), activity.issued.until});
    if (!activity.credential.id.empty()) {
      rows_.issued_with[std::string(activity.credential.id)].emplace(activity.issued.credential);
    }
  }
  if (activity.time != kUntimed) {
    for (const Fact& fact : activity.facts) rows_.facts.add(fact, seen_at(activity, place, key));
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
  add_change(rows_.changes, std::move(made));
}

// First from the uses that are kept, which tells apart credentials whose hashes begin alike; what
// is left is of uses that were not kept.
void Summary::subtract_repeats() {
  cache_->tallies.settle();
  Repeats repeats = events_.take_repeats();
  if (repeats.all() == 0) return;
  repeats_ += repeats.all();
  for (auto& [name, row] : rows_.credentials) {
    for (Use& use : row.uses) {
      const std::uint64_t often = repeats.take(half(hash(name)), half(use.hash));
      use.count -= std::min(use.count, often);
      row.count -= std::min(row.count, often);
    }
  }
  for (auto& [name, row] : rows_.credentials) {
    if (row.uses_are_all) continue;
    row.count -= std::min(row.count, repeats.take(half(hash(name))));
  }
}

void Summary::merge(Summary&& other) {
  cache_->tallies.settle();
  other.cache_->tallies.settle();
  cache_ = std::make_unique<Cache>();
  SummaryRows& more = other.rows_;
  // What is new here moves as it is; what stays behind is known on both sides.
  rows_.credentials.merge(more.credentials);
  rows_.principals.merge(more.principals);
  rows_.issued_with.merge(more.issued_with);
  rows_.issues.merge(more.issues);
  rows_.changes.merge(more.changes);
  for (const auto& [name, row] : more.credentials) {
    CredentialRow& mine = rows_.credentials[name];
    mine.count += row.count;
    merge_into(mine, row);
    for (const Use& use : row.uses) {
      if (Use* kept = find_or_add(mine, use.hash)) merge_into(*kept, use);
    }
  }
  for (const auto& [name, row] : more.principals) merge_into(rows_.principals[name], row);
  for (auto& [issuer, issued] : more.issued_with) rows_.issued_with[issuer].merge(issued);
  for (auto& [credential, rows] : more.issues) {
    for (IssueRow& row : rows) add_issue(rows_.issues[credential], std::move(row));
  }
  for (auto& [key, row] : more.changes) add_change(rows_.changes, std::move(row));
  events_.merge(std::move(other.events_));
  rows_.facts.merge(other.rows_.facts);
  repeats_ += other.repeats_;
}

void Summary::move_lines(const LinesBefore& lines_before) {
  const auto move = [&lines_before](Seen& seen) { seen.line += lines_before(seen.offset); };
  for (auto& [name, row] : rows_.credentials) {
    for (Use& use : row.uses) use.sample.move_lines(lines_before);
  }
  for (auto& [name, row] : rows_.principals) row.as_person.move_lines(lines_before);
  for (auto& [credential, rows] : rows_.issues) {
    for (IssueRow& row : rows) move(row.seen);
  }
  for (auto& [key, row] : rows_.changes) move(row.seen);
  rows_.facts.move_lines(lines_before);
}

Result<void> Summary::settle() {
  Result<void> settled = events_.settle();
  subtract_repeats();
  return settled;
}

void Summary::settle_memory() {
  events_.settle_memory();
  subtract_repeats();
}

}  // namespace mandate::observe
