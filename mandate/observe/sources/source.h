// A source: one kind of log. What it wants of a record, and how that becomes an activity. To add
// one, write `sources/NAME.cc` with a `Source` of its own and name it in `sources.cc`.
//
//   const Source* source = ...;   // a row of all_sources()
//   if (source->read(slots, scratch, activity) == Reading::kActivity) summary.add(activity, place);
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/json/projection.h"
#include "mandate/observe/activity.h"
#include "mandate/observe/sources/text.h"

namespace mandate::observe {

// What a source makes for one record beyond views into it. Emptied before each record, but for what
// it remembers of all.
struct Scratch {
  std::deque<std::string> texts;
  std::vector<Party> parties;
  std::deque<Party> singles;
  std::vector<Fact> facts;     // of a record that tells one activity
  std::deque<Fact> one_each;   // of one that tells several
  Agents agents;               // of all records
  std::vector<Activity> more;  // after the first, of a record that tells several; bounded by it

  std::string_view keep(std::string text) { return texts.emplace_back(std::move(text)); }
  // A list of one that stays where it is, whatever else is kept.
  std::span<const Party> only(const Party& party) { return {&singles.emplace_back(party), 1}; }
  std::span<const Fact> only(const Fact& fact) { return {&one_each.emplace_back(fact), 1}; }
  void clear() {
    if (!texts.empty()) texts.clear();
    if (!singles.empty()) singles.clear();
    parties.clear();
    facts.clear();
    if (!one_each.empty()) one_each.clear();
    more.clear();
  }
};

enum class Reading : std::uint8_t {
  kActivity,
  kNotMine,        // of another source, or of none
  kUnusable,       // of this source, without a time or an operation
  kSaidElsewhere,  // of this source; another of its records says the same, and how it ended
};

struct Source {
  std::string_view name;   // lower case: "cloudtrail"
  std::string_view title;  // for people: "AWS CloudTrail"
  bool is_schema_only;     // written from its documentation: no third-party data to test it with
  std::span<const std::string_view> paths;  // of `json::Projection`
  // `slots` are those of `paths`. The activity is empty before, and its views live as long as the
  // record and the scratch. Never fails on what it does not know: it leaves that out.
  Reading (*read)(std::span<const json::Slot> slots, Scratch& scratch, Activity& activity);
};

// In the order in which a record is offered to them.
std::span<const Source* const> all_sources();

// Members of a top-level object whose array holds a source's records.
std::span<const std::string_view> all_envelopes();

extern const Source kCloudTrail;
extern const Source kKubernetes;
extern const Source kGitHub;
extern const Source kMandate;
extern const Source kTeleport;
extern const Source kVault;
extern const Source kWorkspace;
extern const Source kOkta;
extern const Source kGke;
extern const Source kGcpAudit;
extern const Source kEntra;
extern const Source kMicrosoft365;
extern const Source kOcsf;

}  // namespace mandate::observe
