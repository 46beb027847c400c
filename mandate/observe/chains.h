// Who issued what to whom, and what became of it: each issue joined to the uses of the credential
// that it issued, never of the session's name.
//
//   for (const Chain& chain : chains_of(summary)) write(to_ndjson(chain));
#pragma once

#include <string>
#include <vector>

#include "mandate/json/value.h"
#include "mandate/observe/summary.h"

namespace mandate::observe {

struct Chain {
  IssueRow issue;
  std::string issued_key = {};
  std::uint64_t uses = 0;
  std::vector<std::string> use_sources = {};     // sorted
  std::vector<std::string> use_principals = {};  // sorted
  bool is_ambiguous = false;                     // several issues gave out one credential
};

// By time and event. Credentials that were used and whose issue no input shows are not here:
// `issued_outside`.
std::vector<Chain> chains_of(const Summary& summary);

// Sessions whose issue lies outside what was read, sorted.
std::vector<std::string> issued_outside(const Summary& summary);

// issue_event, time, issuer, issuer_key, role, session_name, issued_key, uses, use_sources,
// use_arn, ambiguous.
json::Value to_json(const Chain& chain);

}  // namespace mandate::observe
