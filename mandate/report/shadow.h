// What resources in shadow would have refused: gathered from journal entries, told by who asked for
// what and why it would not have been permitted, with the document that would permit it. Bounded:
// past its bounds it counts on, and says that it left out who.
//
//   ShadowReport report(since);
//   report.add(entry);                         // every entry of the journal, in any order
//   report.missing(), report.to_json(propose(report, record))
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "mandate/authority/definition.h"

namespace mandate::report {

inline constexpr std::size_t kShadowRowsMax = 10'000;
inline constexpr std::size_t kShadowIdentifiersMax = 256;  // of a row and action
// As many are written out in a proposal; beyond that, the pattern that holds them all.
inline constexpr std::size_t kIdentifiersWrittenOut = 8;

// One party at one resource, on one party's behalf.
struct ShadowParty {
  std::string resource;
  std::string type;
  std::string subject;              // on whose behalf
  std::vector<std::string> actors;  // newest first; empty: nobody showed a token
  std::string principal() const { return actors.empty() ? subject : actors.front(); }
  friend auto operator<=>(const ShadowParty&, const ShadowParty&) = default;
};

struct ShadowReason {
  std::uint64_t count = 0;
  std::string first;  // RFC 3339
  std::string last;
  std::string detail;  // of the last one
};

struct ShadowRow {
  std::map<std::string, ShadowReason> reasons;
  // What a delegation could permit: by action, the identifiers; of each at most
  // kShadowIdentifiersMax.
  std::map<std::string, std::set<std::string>> wanted;
  bool without_identifier = false;
};

class ShadowReport {
 public:
  explicit ShadowReport(Instant since = kBeginningOfTime) : since_(since) {}

  // Passes over what is no decision in shadow, or older. Whether the entry is as young as `since`.
  bool add(const json::Value& entry);

  const std::map<ShadowParty, ShadowRow>& missing() const { return missing_; }
  std::uint64_t decided() const { return decided_; }
  std::uint64_t would_refuse() const { return would_refuse_; }
  std::uint64_t left_out() const { return left_out_; }  // refusals of parties past the bound

 private:
  Instant since_;
  std::map<ShadowParty, ShadowRow> missing_;
  std::uint64_t decided_ = 0;
  std::uint64_t would_refuse_ = 0;
  std::uint64_t left_out_ = 0;
};

// The part of the record that a proposal is made from.
struct ShadowRecord {
  std::vector<EntitlementDefinition> entitlements;
  std::vector<PrincipalDefinition> principals;  // at least those that the report names
  std::vector<TeamDefinition> teams;
};

// What would permit it, for each party that lacks authority: a chain of delegations from who holds
// it (the subject; else the principal's owner, a member of the owning team, anybody), or, where
// nobody does, an entitlement to begin with. `remedies` are in the order of `missing()`, each a
// sentence; the document is ready for `apply --dry-run`.
struct ShadowProposal {
  Document document;
  std::vector<std::string> remedies;
};
ShadowProposal propose(const ShadowReport& report, const ShadowRecord& record);

json::Value to_json(const ShadowReport& report, const ShadowProposal& proposal);
std::string to_text(const ShadowReport& report, const ShadowProposal& proposal);

}  // namespace mandate::report
