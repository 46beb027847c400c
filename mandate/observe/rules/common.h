// What rules share: evidence from kept events, and reach.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "mandate/observe/finding.h"
#include "mandate/observe/summary.h"

namespace mandate::observe::rules {

// Adds the event to the evidence; the finding's time becomes that of its earliest.
void cite(Finding& finding, const Seen& seen);
void cite(Finding& finding, const Sample& sample);

// From a credential: itself and what it was exchanged for, as far as the issues tell; resources
// are the services acted on.
Reach reach_of(const Summary& summary, std::string_view credential);

// The credential from which this one was issued, over every hop that the issues tell; itself where
// none does.
std::string chain_of(const Summary& summary, std::string_view credential);

// Critical with control over identities, and otherwise `least`.
Severity severity_of(const Reach& reach, Severity least);

// "4 calls", "1 call".
std::string counted(std::uint64_t count, std::string_view what);

// The workload that a pod is one of: "web-7998647bdf-phvq7" and "web-0" are both "web".
std::string_view workload_of(std::string_view pod);
// "a, b", at most five, and then that there are others.
std::string joined(const std::set<std::string>& texts);

// One name for everything that is one principal: renamed, or with a unique id that two names share.
class Names {
 public:
  explicit Names(const Summary& summary);
  // `name` itself where nothing else is known.
  std::string_view of(std::string_view name) const;
  bool are_one(std::string_view a, std::string_view b) const { return of(a) == of(b); }

 private:
  void join(const std::string& a, const std::string& b);
  std::map<std::string, std::string, std::less<>> parents_;
};

}  // namespace mandate::observe::rules
