// A finding: one place where trust is borrowed, with its evidence. Rules make findings, inventories
// and logs alike; reports show them. What scripts may rely on is the line that `to_ndjson` writes.
//
//   Finding f{.finding_class = FindingClass::kBorrowedCredential, .rule = "static_key_automated"};
//   f.evidence.push_back({.file = "a.json", .line = 3, .offset = 120, .event_id = "e1"});
//   f.id = finding_id(f);
//   to_ndjson(f) == R"({"id":"5c…","class":"borrowed_credential",…,"remedy":null})"
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/base/instant.h"
#include "mandate/json/value.h"

namespace mandate::observe {

// The only classes; a finding's class is its rule's class.
enum class FindingClass : std::uint8_t {
  kBorrowedTrust,         // legitimacy inherited through a broader or shared permission
  kTrustInheritance,      // accepted or replayed outside the context of issue
  kBorrowedCredential,    // a person's credential used by software
  kTrustDelegation,       // one event authorised another without being verified
  kUngovernedDelegation,  // stale, ownerless, over-broad, unreviewed, outliving its purpose
};

// How far it reaches if it is what it looks like.
enum class Severity : std::uint8_t { kLow, kMedium, kHigh, kCritical };
// How sure the evidence makes the rule.
enum class Confidence : std::uint8_t { kLow, kMedium, kHigh };

std::string_view name(FindingClass finding_class);
std::string_view name(Severity severity);
std::string_view name(Confidence confidence);

// A place in a file. In an inventory, `event_id` is the source's own name of the thing.
struct Evidence {
  std::string file;          // as it was given on the command line, or below it
  std::uint64_t line = 0;    // from 1, in the decompressed file
  std::uint64_t offset = 0;  // bytes, in the decompressed file
  std::string event_id;      // empty where the source gives none

  friend bool operator==(const Evidence&, const Evidence&) = default;
  friend auto operator<=>(const Evidence&, const Evidence&) = default;
};

// What can be reached from it, as far as the inputs tell.
struct Reach {
  std::uint64_t principals = 0;
  std::uint64_t resources = 0;
  bool privileged = false;  // control over identities, rights or trust itself

  friend bool operator==(const Reach&, const Reach&) = default;
};

struct Finding {
  std::string id;  // `finding_id`
  FindingClass finding_class = FindingClass::kBorrowedTrust;
  std::string rule;  // a row of the table of rules
  Severity severity = Severity::kLow;
  Confidence confidence = Confidence::kLow;
  std::string principal;           // whose trust it is, as the source names it
  std::string credential;          // id of the key, session or token; empty where none is known
  std::string incident;            // set by `group_into_incidents`
  std::optional<Instant> time;     // of the first evidence; none in an inventory
  std::vector<Evidence> evidence;  // sorted, without repeats
  Reach reach;
  std::optional<json::Value> remedy;  // a document for `mandate apply`

  // For incidents; not in NDJSON.
  std::optional<Instant> last;  // of the last evidence; none in an inventory
  std::string chain;            // the credential that `credential` was issued from, first of all

  // For people; not in NDJSON.
  std::string explanation;             // what happened, in a sentence that can be checked
  std::vector<std::string> reasons;    // why this confidence
  std::vector<std::string> ambiguity;  // other readings of the same evidence
};

// Hash of the rule, of whose trust it is, and of the evidence (by event ids, and where there are
// none by file and offset): the same in each run. Precondition: the evidence is sorted.
std::string finding_id(const Finding& finding);

// Sorts the evidence, drops repeats, gives the id.
void seal(Finding& finding);

// Findings that follow one another within this are of one incident, where they share whom they are
// about, a credential, or the credential that theirs were issued from.
inline constexpr Milliseconds kIncidentWindow = std::chrono::hours(24);

// Joins findings: those that share an event; those that share a principal, a credential or a chain,
// and whose evidence lies no further apart than the window; those of an inventory, which has no
// time, with each other and with the latest of logs. An incident's id is the hash of its earliest
// finding's, so it stays while the incident grows, and the order of the findings does not matter.
void group_into_incidents(std::vector<Finding>& findings);

// By time, then rule, then id: the order in which findings are shown.
void sort_findings(std::vector<Finding>& findings);

// The fields that scripts rely on, in this order: id, class, rule, severity, confidence, principal,
// credential, incident, time, evidence, reach, remedy. Text from logs is JSON-escaped, and control
// characters with it.
json::Value to_json(const Finding& finding);
std::string to_ndjson(const Finding& finding);  // one line, without its end

}  // namespace mandate::observe
