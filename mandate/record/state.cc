#include "mandate/record/state.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "mandate/record/command.h"
#include "mandate/record/state_impl.h"

namespace mandate::record {

std::string_view State::Impl::intern(std::string_view text) {
  if (text.empty()) return {};
  if (auto found = texts.find(text); found != texts.end()) return *found;
  return *texts.insert(text_at(arena.text(text))).first;
}

namespace {

std::uint64_t hash_of(const Authority& authority) {
  std::uint64_t hash = authority.permissions().size();
  const auto add = [&hash](std::string_view text) { hash = mix(hash ^ hash_of_text(text)); };
  for (const Permission& permission : authority.permissions()) {
    add(permission.type);
    for (const ResourceId& location : permission.locations) add(location.text());
    for (const std::string& action : permission.actions) add(action);
    if (permission.identifier) add(permission.identifier->text());
  }
  return hash;  // those that differ in constraints alone are told apart by comparison
}

}  // namespace

const Authority* State::Impl::intern(const Authority& authority) {
  const auto equal = [&](std::uint32_t index) { return authorities[index] == authority; };
  if (const auto found = authorities_by_hash.find(hash_of(authority), equal)) {
    return &authorities[*found];
  }
  const auto number = static_cast<std::uint32_t>(authorities.size());
  authorities.push_back(authority);
  authorities_by_hash.insert(hash_of(authority), number,
                             [&](std::uint32_t index) { return hash_of(authorities[index]); });
  return &authorities.back();
}

namespace {

template <class T>
void add_in_list(Table<T>& table, HashIndex& edges, Arena& arena, std::string_view id,
                 Revision revision, const T& value) {
  const Edge edge = edge_of(value);
  const auto edge_at = [&](std::uint32_t i) { return edge_of(table.nodes[i].first.value); };
  const auto same = [&](std::uint32_t i) { return edge_at(i) == edge; };
  std::optional<std::uint32_t> former = edges.find(edge.hash(), same);
  const std::uint32_t index = table.add(arena, id, former ? *former + 1 : 0, revision, value);
  edges.exchange(edge.hash(), index, same, [&](std::uint32_t i) { return edge_at(i).hash(); });
}

}  // namespace

void State::Impl::add_delegation(std::string_view id, Revision revision,
                                 const Delegation& delegation) {
  add_in_list(delegations, delegation_edges, arena, id, revision, delegation);
  const std::uint32_t index = delegations.nodes.size() - 1;
  if (!is_hop_grant(id) || !is_live(index, last_time)) return;
  const Edge edge = edge_of(delegation);
  std::vector<std::uint32_t>& live = hop_grants[hop_grants_key(edge.from_parent, edge.from)];
  std::erase_if(live, [this](std::uint32_t one) { return !is_live(one, last_time); });
  live.push_back(index);
}

std::size_t State::Impl::live_hop_grants(std::uint64_t key, Instant now) const {
  const auto at = hop_grants.find(key);
  if (at == hop_grants.end()) return 0;
  return static_cast<std::size_t>(std::count_if(
      at->second.begin(), at->second.end(), [&](std::uint32_t one) { return is_live(one, now); }));
}

void State::Impl::add_entitlement(std::string_view id, Revision revision,
                                  const Entitlement& entitlement) {
  add_in_list(entitlements, entitlement_edges, arena, id, revision, entitlement);
}

void State::Impl::put_guardrails(Revision revision, Guardrails all) {
  const Version<Guardrails>* older = guardrails.load(std::memory_order_relaxed);
  guardrails.store(
      &guardrail_versions.emplace_back(Version<Guardrails>{revision, older, std::move(all)}),
      std::memory_order_release);
}

State::State() : impl_(std::make_unique<Impl>()) {}
State::~State() = default;

Result<void> State::apply(const Event& event) {
  const Revision revision = applied() + 1;
  Result<void> done = std::visit(
      [&](const auto& change) -> Result<void> {
        using Kind = std::decay_t<decltype(change)>;
        if constexpr (std::is_same_v<Kind, Suspended>) {
          return impl_->fold_status(change.principal, Status::kActive, Status::kSuspended,
                                    revision);
        } else if constexpr (std::is_same_v<Kind, Resumed>) {
          return impl_->fold_status(change.principal, Status::kSuspended, Status::kActive,
                                    revision);
        } else if constexpr (std::is_same_v<Kind, SnapshotTaken>) {
          return {};  // for start-up; it changes no node
        } else {
          return impl_->fold(change, revision);
        }
      },
      event.change);
  if (!done) return done;
  impl_->last_time = event.time;
  impl_->applied.store(revision, std::memory_order_relaxed);
  return {};
}

void State::publish() {
  impl_->published_time.store(impl_->last_time, std::memory_order_relaxed);
  impl_->published.store(applied(), std::memory_order_release);
}

Revision State::applied() const { return impl_->applied.load(std::memory_order_relaxed); }
std::uint32_t State::discovered() const {
  return impl_->discovered.load(std::memory_order_relaxed);
}
Revision State::earliest() const { return impl_->earliest.load(std::memory_order_relaxed); }
View State::view() const { return {*this, impl_->published.load(std::memory_order_acquire)}; }
View State::view(Revision revision) const {
  // Whoever heard of the revision elsewhere must still see what was published with it.
  [[maybe_unused]] const Revision now = impl_->published.load(std::memory_order_acquire);
  assert(revision >= earliest() && revision <= std::max(now, applied()));
  return {*this, revision};
}

}  // namespace mandate::record
