// What is kept of the activities: one row a credential, a principal, an issued credential and a
// change, whatever the number of events behind it. Summaries of parts merge, in any order and
// grouping, to the summary of the whole; events that both parts saw count once.
//
//   Summary all;
//   all.add(activity, {.file = "a.json", .offset = 120, .line = 3, .record = text});
//   all.merge(other);   all.credentials().at("AKIA1").uses
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/observe/activity.h"
#include "mandate/observe/event_set.h"
#include "mandate/observe/operations.h"
#include "mandate/observe/facts.h"

namespace mandate::observe {

// Where an activity was read.
struct Place {
  std::string_view file;
  std::uint64_t offset = 0;
  std::uint64_t line = 0;
  std::string_view record;  // the text, which tells activities without an id apart
  std::uint32_t part = 0;   // of the record's activities, in its order
};

struct UseKey {
  std::string source;
  std::string product;  // of the user agent
  AgentKind agent_kind = AgentKind::kUnknown;
  Outcome outcome = Outcome::kSucceeded;
  bool source_is_service = false;
  friend auto operator<=>(const UseKey&, const UseKey&) = default;
};

// One credential, used from one place by one program.
struct Use {
  UseKey key;
  std::uint64_t hash = 0;  // of the key
  std::uint64_t count = 0;
  Instant first = kEndOfTime;  // after `last` where no event told its time
  Instant last = kBeginningOfTime;
  std::uint32_t hours = 0;    // bit h: at that hour of the day, UTC
  bool is_delegated = false;  // a service acted on the credential's behalf, at least once
  Sample sample;
  Operations operations;  // those that succeeded
};

// A credential; or, where events name none, the principal itself.
struct CredentialRow {
  static constexpr std::size_t kUsesMax = 64;      // those with the lowest hashes are kept
  static constexpr std::size_t kServicesMax = 64;  // those with the lowest names are kept

  CredentialKind kind = CredentialKind::kNone;
  std::string principal;
  std::string role;
  std::string session_name;
  std::string machine;
  std::optional<Instant> since;  // the latest that was told
  std::uint64_t count = 0;
  bool uses_are_all = true;  // false: there were more than kUsesMax
  std::vector<Use> uses;
  std::set<std::string, std::less<>> services;
  bool is_privileged = false;  // changed identities, rights or trust
};

struct PrincipalRow {
  ActorKind kind = ActorKind::kUnknown;
  std::string tenant;
  std::set<std::string, std::less<>> unique_ids;  // more than one: deleted, and made again
  std::set<std::string, std::less<>> credentials;
  Sample as_person;  // interactive, with a browser or a console
  bool with_mfa = false;
  bool is_personal = false;
};

struct IssueRow {
  IssueKind kind = IssueKind::kNone;
  Seen seen;
  std::string issuer;             // principal
  std::string issuer_credential;  // empty where a service issued it by itself
  std::string for_whom;
  std::string session_name;
  std::string subject;
  std::string source;
  std::optional<Instant> until;
  friend bool operator==(const IssueRow&, const IssueRow&) = default;
};

struct PartyRow {
  std::string id;
  PartyScope scope = PartyScope::kOwn;
  bool is_conditioned = false;
  friend auto operator<=>(const PartyRow&, const PartyRow&) = default;
};

struct ChangeRow {
  ChangeKind kind = ChangeKind::kNone;
  Seen seen;
  std::string actor;
  std::string credential;
  std::string source;
  AgentKind agent_kind = AgentKind::kUnknown;
  std::optional<bool> mfa;
  std::string action;
  std::string object;
  std::string right;
  std::vector<PartyRow> parties = {};
  bool is_admin = false;
  bool is_new = false;
  bool must_replace = false;
  friend bool operator==(const ChangeRow&, const ChangeRow&) = default;
};

class Summary {
 public:
  static constexpr std::size_t kIssuesMax = 4;  // of one credential: more than one is ambiguous

  Summary();
  ~Summary();
  Summary(Summary&&) noexcept;
  Summary& operator=(Summary&&) noexcept;

  // False where the same event was added before.
  bool add(const Activity& activity, const Place& place);
  void merge(const Summary& other);

  using Credentials = std::map<std::string, CredentialRow, std::less<>>;
  using Principals = std::map<std::string, PrincipalRow, std::less<>>;
  const Credentials& credentials() const { return credentials_; }
  const Principals& principals() const { return principals_; }
  // By issued credential.
  const std::map<std::string, std::vector<IssueRow>, std::less<>>& issues() const {
    return issues_;
  }
  // By the credential that issued them: issued credentials, in whose `issues` it stands or stood.
  using IssuedWith = std::map<std::string, std::set<std::string>, std::less<>>;
  const IssuedWith& issued_with() const { return issued_with_; }
  // By time and event.
  const std::map<std::pair<Instant, EventKey>, ChangeRow>& changes() const { return changes_; }
  const Facts& facts() const { return facts_; }
  std::uint64_t events() const { return events_.size(); }
  std::uint64_t repeats() const { return repeats_; }

  // The whole summary as text, the same for the same activities: for tests and partials.
  std::string describe() const;

 private:
  struct Cache;

  void add_identity(const Activity& activity, std::string_view name);
  void add_rows(const Activity& activity, const Place& place, const EventKey& key);

  Credentials credentials_;
  Principals principals_;
  std::map<std::string, std::vector<IssueRow>, std::less<>> issues_;
  IssuedWith issued_with_;
  std::map<std::pair<Instant, EventKey>, ChangeRow> changes_;
  Facts facts_;
  EventSet events_;
  std::uint64_t repeats_ = 0;
  std::unique_ptr<Cache> cache_;
  std::pair<CredentialRow*, PrincipalRow*> at_;  // of the last `add_identity`
};

}  // namespace mandate::observe
