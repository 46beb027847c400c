#include "mandate/record/state.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "mandate/record/command.h"
#include "mandate/record/state_impl.h"

namespace mandate::record {

TextHandle State::Impl::intern(std::string_view text) {
  if (text.empty()) return {};
  if (auto found = texts.find(text); found != texts.end()) return found->second;
  const TextHandle handle{arena.text(text)};
  texts.emplace(arena.text_at(handle.place), handle);
  return handle;
}

namespace {

std::uint64_t hash_of_terms(const Permission& permission) {
  std::uint64_t hash = hash_of_text(permission.type);
  const auto add = [&hash](std::string_view text) { hash = mix(hash ^ hash_of_text(text)); };
  for (const ResourceId& location : permission.locations) add(location.text());
  for (const std::string& action : permission.actions) add(action);
  if (!permission.constraints.empty()) add(json::canonical(permission.constraints.to_json()));
  return hash;
}

std::uint64_t hash_of(std::span<const StoredAuthority::Part> parts) {
  std::uint64_t hash = parts.size();
  for (const StoredAuthority::Part& part : parts) {
    hash = mix(hash ^ reinterpret_cast<std::uintptr_t>(part.terms));
    if (part.identifier) hash = mix(hash ^ hash_of_text(*part.identifier));
  }
  return hash;
}

std::vector<StoredAuthority::Part> parts_of(const StoredAuthority& authority) {
  std::vector<StoredAuthority::Part> parts;
  for (std::size_t i = 0; i < authority.size(); ++i) parts.push_back(authority[i]);
  return parts;
}

bool is_of(const StoredAuthority& authority, std::span<const StoredAuthority::Part> parts) {
  bool equal = authority.size() == parts.size();
  for (std::size_t i = 0; equal && i < parts.size(); ++i) equal = authority[i] == parts[i];
  return equal;
}

}  // namespace

const Permission* State::Impl::intern_terms(const Permission& permission) {
  const auto equal = [&](std::uint32_t index) { return same_terms(terms[index], permission); };
  const std::uint64_t hash = hash_of_terms(permission);
  if (const auto found = terms_by_hash.find(hash, equal)) return &terms[*found];
  terms.push_back(permission);
  terms.back().identifier = std::nullopt;
  terms_by_hash.insert(hash, static_cast<std::uint32_t>(terms.size() - 1), equal,
                       [&](std::uint32_t index) { return hash_of_terms(terms[index]); });
  return &terms.back();
}

const StoredAuthority* State::Impl::intern(const Authority& authority) {
  std::vector<StoredAuthority::Part> parts;
  for (const Permission& permission : authority.permissions()) {
    StoredAuthority::Part& part = parts.emplace_back();
    part.terms = intern_terms(permission);
    if (permission.identifier) part.identifier = permission.identifier->text();
  }
  return intern(parts);
}

const StoredAuthority* State::Impl::intern(std::span<const StoredAuthority::Part> parts) {
  const auto equal = [&](std::uint32_t index) { return is_of(*authorities[index], parts); };
  const std::uint64_t hash = hash_of(parts);
  if (const auto found = authorities_by_hash.find(hash, equal)) return authorities[*found];
  const std::uint32_t number = authorities.size();
  const StoredAuthority* made =
      StoredAuthority::make(arena.allocate(StoredAuthority::size_of(parts)).memory, parts);
  authorities.emplace(made);
  authorities_by_hash.insert(hash, number, equal, [&](std::uint32_t index) {
    return hash_of(parts_of(*authorities[index]));
  });
  return made;
}

namespace {

// The newest of an edge is its list's head.
template <class T>
void link(Table<T>& table, HashIndex& edges, std::uint32_t index, const Edge& edge) {
  const auto edge_at = [&](std::uint32_t i) { return edge_of(table.nodes[i].first); };
  edges.exchange(
      edge.hash(), index, [&](std::uint32_t i) { return edge_at(i) == edge; },
      [&](std::uint32_t i) { return edge_at(i).hash(); },
      [&](std::optional<std::uint32_t> former) {
        table.nodes[index].next = former ? *former + 1 : 0;
      });
}

}  // namespace

void State::Impl::link_delegation(std::uint32_t index, const Edge& edge) {
  link(delegations, delegation_edges, index, edge);
  if (!is_hop_grant(delegations.id(index)) || !is_live(index, last_time)) return;
  std::vector<std::uint32_t>& live = hop_grants[hop_grants_key(edge.from_parent, edge.from)];
  std::erase_if(live, [this](std::uint32_t one) { return !is_live(one, last_time); });
  live.push_back(index);
}

void State::Impl::link_entitlement(std::uint32_t index, const Edge& edge) {
  link(entitlements, entitlement_edges, index, edge);
}

void State::Impl::add_delegation(std::string_view id, Revision revision,
                                 const Delegation& delegation) {
  link_delegation(delegations.add(id, revision, delegation), edge_of(delegation));
}

void State::Impl::add_entitlement(std::string_view id, Revision revision,
                                  const Entitlement& entitlement) {
  link_entitlement(entitlements.add(id, revision, entitlement), edge_of(entitlement));
}

std::size_t State::Impl::live_hop_grants(std::uint64_t key, Instant now) const {
  const auto at = hop_grants.find(key);
  if (at == hop_grants.end()) return 0;
  return static_cast<std::size_t>(std::count_if(
      at->second.begin(), at->second.end(), [&](std::uint32_t one) { return is_live(one, now); }));
}

void State::Impl::put_guardrails(Revision revision, Guardrails all) {
  const GuardrailsVersion* older = guardrails.load(std::memory_order_relaxed);
  guardrails.store(
      &guardrail_versions.emplace_back(GuardrailsVersion{revision, older, std::move(all)}),
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
