// Snapshots: the newest version of every node, by handle. Layout: magic, revision, last time, how
// many of each kind, the terms of the authorities in use, these authorities, then each kind's
// nodes; terms and authorities stand once.
#include <utility>

#include "mandate/record/snapshot_bytes.h"
#include "mandate/record/state_impl.h"

namespace mandate::record {
namespace {

// A token that has ended is refused for that; it is forgotten only well after, since clocks differ.
constexpr Milliseconds kForgetAfter = std::chrono::hours(1);

json::Value to_json(const Guardrails& guardrails) {
  json::Value all = json::Value::array({});
  for (const GuardrailDefinition& guardrail : guardrails) all.push_back(guardrail.to_json());
  return all;
}

class Writer {
 public:
  Writer(const Arena& texts, Revision revision, Instant last_time)
      : texts_(texts), revision_(revision), last_time_(last_time) {}

  template <class T>
  void table(const Table<T>& table) {
    const std::uint32_t count = table.count(revision_);
    body_.number(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      Revision since = 0;
      const T& value = *table.at(i, revision_, &since);
      body_.text(table.id(i));
      body_.number(since);
      body_.number(static_cast<std::uint64_t>(value.status));
      write(value);
    }
  }

  void ended(const Table<Ended>& table) {
    std::vector<std::uint32_t> kept;
    for (std::uint32_t i = 0; i < table.count(revision_); ++i) {
      const Instant until = table.at(i, revision_)->until;
      const bool over = until < kEndOfTime - kForgetAfter && until + kForgetAfter < last_time_;
      if (!over) kept.push_back(i);
    }
    body_.number(kept.size());
    for (std::uint32_t i : kept) {
      body_.text(table.id(i));
      body_.number(table.nodes[i].first_revision);
      body_.instant(table.at(i, revision_)->until);
    }
  }

  void guardrails(const GuardrailsVersion* newest) {
    newest = version_at(newest, revision_);
    body_.number(newest ? newest->revision : 0);
    body_.text(newest ? json::canonical(to_json(newest->all)) : "[]");
  }

  std::string finish() {
    SnapshotWriter out;
    out.raw(kSnapshotMagic);
    out.number(revision_);
    out.instant(last_time_);
    SnapshotWriter authorities;
    authorities.number(authorities_.size());
    for (const StoredAuthority* authority : authorities_) write_parts(authorities, *authority);
    out.number(terms_.size());
    for (const Permission* terms : terms_) {
      out.text(json::canonical(Authority::of({*terms}).value().to_json()));
    }
    out.raw(authorities.bytes());
    out.raw(body_.bytes());
    return out.take();
  }

 private:
  void write(TextHandle text) { body_.text(texts_.text_at(text.place)); }
  template <class H>
  void write(Compact<H> handle) {
    body_.number(handle ? std::uint64_t{(*handle).index} + 1 : 0);
  }
  template <class H>
  void write(std::span<const H> handles) {
    body_.number(handles.size());
    for (H handle : handles) body_.number(handle.index);
  }
  void write(const StoredAuthority* authority) { body_.number(number_of(authority, authorities_)); }
  void write_parts(SnapshotWriter& out, const StoredAuthority& authority) {
    out.number(authority.size());
    for (std::size_t i = 0; i < authority.size(); ++i) {
      const StoredAuthority::Part part = authority[i];
      out.number(number_of(part.terms, terms_));
      out.text(part.identifier.value_or(std::string_view()));  // none is empty
    }
  }
  template <class T>
  std::uint64_t number_of(const T* shared, std::vector<const T*>& all) {
    auto [found, is_new] = numbers_.emplace(shared, all.size());
    if (is_new) all.push_back(shared);
    return found->second;
  }

  void write(const Principal& principal) {
    write(principal.owner_team);
    write(principal.owner);
    write(principal.environment);
    body_.instant(principal.not_after);
    write(principal.authenticators);
  }
  void write(const Team& team) { write(team.members); }
  void write(const Resource& resource) {
    body_.text(json::canonical(resource.definition->to_json()));
  }
  void write(const Entitlement& entitlement) {
    body_.number(entitlement.principal.index);
    write(entitlement.authority);
    body_.number(static_cast<std::uint64_t>(entitlement.max_depth));
  }
  void write(const Delegation& delegation) {
    write(delegation.parent);
    if (!delegation.parent) body_.number(delegation.delegator.index);
    body_.number(delegation.delegate.index);
    write(delegation.authority);
    body_.instant(delegation.not_before);
    body_.instant(delegation.not_after);
    body_.number(static_cast<std::uint64_t>(delegation.max_depth));
    const std::optional<Seconds> lifetime = delegation.max_token_lifetime;
    body_.number(lifetime ? static_cast<std::uint64_t>(lifetime->count()) + 1 : 0);
    write(delegation.purpose);
  }
  void write(const AuthenticatorRecord& record) {
    body_.number(record.revoked ? 1 : 0);
    body_.number(record.principal.index);
    body_.instant(record.not_after);
    const auto* issued = std::get_if<Authenticator::Issued>(&record.definition->proof);
    body_.number(issued ? 1 : 0);
    if (!issued) {
      body_.text(json::canonical(std::get<json::Value>(record.definition->proof)));
      return;
    }
    body_.text(issued->issuer.text());
    body_.number(issued->claims.size());
    for (const auto& [claim, value] : issued->claims) {
      body_.text(claim);
      body_.text(value);
    }
  }
  void write(const TrustedIssuer& issuer) {
    body_.text(json::canonical(issuer.definition->to_json()));
  }

  const Arena& texts_;
  const Revision revision_;
  const Instant last_time_;
  SnapshotWriter body_;
  std::vector<const StoredAuthority*> authorities_;
  std::vector<const Permission*> terms_;
  std::unordered_map<const void*, std::uint64_t> numbers_;  // of both
};

}  // namespace

std::string State::snapshot() const { return snapshot(applied()); }

std::string State::snapshot(Revision revision) const {
  // What is not published yet is the writer's alone.
  const bool is_published = revision <= impl_->published.load(std::memory_order_acquire);
  Writer out(impl_->arena, revision,
             is_published ? impl_->published_time.load() : impl_->last_time);
  out.table(impl_->trusted_issuers);
  out.table(impl_->principals);
  out.table(impl_->teams);
  out.table(impl_->authenticators);
  out.table(impl_->resources);
  out.table(impl_->entitlements);
  out.table(impl_->delegations);
  out.ended(impl_->tokens);
  out.ended(impl_->transactions);
  out.guardrails(impl_->guardrails.load(std::memory_order_acquire));
  return out.finish();
}

}  // namespace mandate::record
