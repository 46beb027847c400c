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
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/base/result.h"
#include "mandate/json/record_stream.h"
#include "mandate/observe/activity.h"
#include "mandate/observe/event_set.h"
#include "mandate/observe/facts.h"
#include "mandate/observe/operations.h"

namespace mandate::observe {

// Of a record; of the one that a stream stands at it is counted when asked for, which few are.
class Line {
 public:
  Line(std::uint64_t number) : number_(number) {}  // NOLINT(google-explicit-constructor): a number
  // Behind so many lines that the stream does not count.
  Line(json::RecordStream& in, std::uint64_t before) : in_(&in), number_(before) {}
  std::uint64_t number() const { return in_ == nullptr ? number_ : number_ + in_->line(); }

 private:
  json::RecordStream* in_ = nullptr;
  std::uint64_t number_ = 0;
};

// Where an activity was read.
struct Place {
  std::string_view file;
  std::uint64_t offset = 0;
  Line line = 0;
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
std::uint64_t hash_of(const UseKey& key);
std::uint64_t hash_of_operation(std::string_view service, std::string_view action);

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
  friend auto operator<=>(const IssueRow&, const IssueRow&) = default;
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
  friend auto operator<=>(const ChangeRow&, const ChangeRow&) = default;
};

struct Tally;

// Of what the rows name by themselves.
struct SummaryRows {
  using Credentials = std::map<std::string, CredentialRow, std::less<>>;
  using Principals = std::map<std::string, PrincipalRow, std::less<>>;
  using Issues = std::map<std::string, std::vector<IssueRow>, std::less<>>;
  using IssuedWith = std::map<std::string, std::set<std::string>, std::less<>>;
  using Changes = std::map<std::pair<Instant, EventKey>, ChangeRow>;

  Credentials credentials;
  Principals principals;
  Issues issues;           // by issued credential; the earliest kIssuesMax
  IssuedWith issued_with;  // by the credential that issued them
  Changes changes;         // by time and event
  Facts facts;
};

class Summary {
 public:
  static constexpr std::size_t kIssuesMax = 4;  // of one credential: more than one is ambiguous

  Summary();
  explicit Summary(EventBounds bounds);
  // What was written down and is read again; its events follow with `add_event`.
  Summary(SummaryRows rows, std::uint64_t repeats, EventBounds bounds);
  ~Summary();
  Summary(Summary&&) noexcept;
  Summary& operator=(Summary&&) noexcept;

  // The same event counts once. Counts and times show after `settle`.
  void add(const Activity& activity, const Place& place);
  // Of the rows that it was made with.
  void add_event(const EventSet::Entry& entry) { events_.insert(entry); }
  void merge(Summary&& other);
  // Of events that were counted from the beginning of a piece of a file.
  void move_lines(const LinesBefore& lines_before);
  // Makes the counts those of distinct events; until then they may count repeats. Rules come after
  // it. An error is one of the disk's, where the events were bounded.
  Result<void> settle();
  // The same as far as memory goes: of everything, where nothing is bounded.
  void settle_memory();

  using Credentials = SummaryRows::Credentials;
  using Principals = SummaryRows::Principals;
  const SummaryRows& rows() const { return rows_; }
  const Credentials& credentials() const { return rows_.credentials; }
  const Principals& principals() const { return rows_.principals; }
  // By issued credential.
  const SummaryRows::Issues& issues() const { return rows_.issues; }
  // By the credential that issued them: issued credentials, in whose `issues` it stands or stood.
  using IssuedWith = SummaryRows::IssuedWith;
  const IssuedWith& issued_with() const { return rows_.issued_with; }
  // By time and event.
  const SummaryRows::Changes& changes() const { return rows_.changes; }
  const EventSet& event_set() const { return events_; }
  const Facts& facts() const { return rows_.facts; }
  std::uint64_t events() const { return events_.size(); }
  std::uint64_t repeats() const { return repeats_; }

  // The whole summary as text, the same for the same activities: for tests.
  std::string describe() const;

 private:
  struct Cache;

  Tally& begin_tally(std::uint64_t kind, const Activity& activity);
  void add_rows(const Activity& activity, const Place& place, const EventKey& key);
  void subtract_repeats();

  SummaryRows rows_;
  EventSet events_;
  std::uint64_t repeats_ = 0;
  std::unique_ptr<Cache> cache_;
};

}  // namespace mandate::observe
