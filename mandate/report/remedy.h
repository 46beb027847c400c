// The delegation that would replace borrowed trust: made from the use that logs show, and no wider.
// Who acted gets a principal of its own; whose right it was delegates what was done, to what, from
// where and at which hours, as far as the evidence supports each; what was refused then stays so.
//
//   Remedies remedies(summary);
//   std::optional<Remedy> remedy = remedies.of(finding);   // nothing: no delegation answers it
//   finding.remedy = remedy->document.to_json();           // ready for `mandate apply --dry-run`
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/authority/definition.h"
#include "mandate/base/ports.h"
#include "mandate/observe/inventory/inventory.h"
#include "mandate/observe/rules.h"
#include "mandate/observe/summary.h"

namespace mandate::report {

// How long a proposed delegation goes on after the last use that was seen; where no event told a
// time, its end has to be named.
inline constexpr Milliseconds kRemedyGoesOn = std::chrono::hours(90 * 24);
inline constexpr Seconds kRemedyTokenLifetime{900};
// Shorter than this, use says nothing about the hours at which it happens.
inline constexpr Milliseconds kHoursEvidenceMin = std::chrono::hours(7 * 24);
inline constexpr std::size_t kNetworksMax = 16;  // addresses; of more, nothing is said

// One party's part: a delegation with its own entitlement, and the use that it was made from.
struct RemedyPart {
  EntitlementId entitlement;
  DelegationId delegation;
  std::vector<const observe::Use*> uses;  // of the summary
};

struct Remedy {
  Document document;
  std::vector<RemedyPart> parts;
};

class Remedies {
 public:
  // Precondition: the summary outlives this.
  explicit Remedies(const observe::Summary& summary);

  // Nothing where the rule's remedy is no delegation, where the use was not seen, or where more of
  // it was than a summary keeps.
  std::optional<Remedy> of(const observe::Finding& finding) const;

 private:
  struct Party;
  std::vector<Party> parties_of(const observe::Finding& finding, const observe::Rule& rule) const;
  std::vector<Party> as_itself(const std::string& principal) const;
  std::vector<Party> by_program(const observe::Finding& finding, bool is_one) const;
  std::vector<Party> by_workload(const observe::Finding& finding) const;
  std::vector<Party> at_home(const observe::Finding& finding) const;
  std::vector<Party> of_credential(const observe::Finding& finding) const;
  std::vector<const observe::CredentialRow*> used_as(std::string_view principal) const;
  std::string tenant_of(std::string_view principal) const;
  bool is_person(std::string_view principal) const;

  const observe::Summary& summary_;
  std::multimap<std::string, const observe::CredentialRow*, std::less<>> by_principal_;
  std::multimap<std::string, const observe::CredentialRow*, std::less<>> by_role_;
  std::multimap<std::string, const observe::ChangeRow*, std::less<>> grants_by_event_;
};

// Several as one: lists are joined, a resource has the actions of all, and what two findings made
// of the same use stands there once.
Remedy joined(std::vector<Remedy> remedies);

// What is asked for when somebody does that, as a permission of a remedy sees it.
AccessRequest request_of(std::string_view service, std::string_view action, std::string_view target,
                         std::string_view address);

// What the proposal refuses: of what was observed (nothing, or the proposal is wrong), each
// operation on each thing asked of the engine; and of what an inventory grants the principals.
struct RemedyComparison {
  std::uint64_t observed = 0;
  std::uint64_t observed_refused = 0;
  std::string first_refused;  // why, of the first
  std::uint64_t granted = 0;  // pairs of action and resource; 0 without an inventory
  std::uint64_t granted_refused = 0;
};
RemedyComparison compare(const Remedy& remedy, const TimeZones& zones);
// Adds what the inventory grants: `granted`.
void compare_with_grants(const Document& document, std::span<const observe::GrantedPair> granted,
                         RemedyComparison& comparison);
// What the authorities permit, in words: "s3.amazonaws.com: GetObject on bucket/a".
std::string in_words(const Document& document);

}  // namespace mandate::report
