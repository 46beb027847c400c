// What a scan found, for people and programs: text, JSON, OCSF 1.8, SARIF 2.1.0 and one HTML page.
// Every text of a log is made harmless for where it goes: terminals, JSON, markup.
//
//   ScanView view{findings, summary, inventory, read, now, "0.1.0"};
//   print(scan_text(view));   print(scan_ocsf(view));   print(json::to_line(scan_sarif(view)));
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mandate/json/value.h"
#include "mandate/observe/finding.h"
#include "mandate/observe/inventory/inventory.h"
#include "mandate/observe/summary.h"

namespace mandate::report {

// What was read, and what could not be.
struct ScanInput {
  std::uint64_t events = 0;
  std::uint64_t repeats = 0;
  std::uint64_t files = 0;
  std::uint64_t inventories = 0;
  std::uint64_t foreign_files = 0;
  std::vector<std::string> problems;
};

struct ScanView {
  std::span<const observe::Finding> findings;  // in incidents, sorted
  const observe::Summary& summary;
  const observe::InventoryReport& inventory;
  const ScanInput& input;
  Instant now;  // of the scan
  std::string version;
};

// Incidents in the order of their worst finding, then of their time.
struct Incident {
  std::string id;
  observe::Severity severity = observe::Severity::kLow;
  std::vector<const observe::Finding*> findings;  // worst first, then by time
  std::vector<std::string> principals;            // whose trust it is, sorted
  std::optional<Instant> first;                   // of what logs tell
  std::optional<Instant> last;
};
std::vector<Incident> incidents_of(std::span<const observe::Finding> findings);

// One step of who acts through what.
struct ThroughStep {
  std::string from;
  std::string to;
  std::string how;  // "holds", "acts as", "issued", "used"; of an inventory what the edge rests on
  friend auto operator<=>(const ThroughStep&, const ThroughStep&) = default;
};
inline constexpr std::size_t kThroughStepsMax = 24;  // of a finding

// From who began it to what was reached; in a log by the credentials, each issue joined to its use;
// in an inventory the shortest way to control.
std::vector<ThroughStep> path_of(const observe::Finding& finding, const observe::Summary& summary,
                                 const observe::InventoryReport& inventory);

std::string scan_text(const ScanView& view);
// {"summary": {…, "controls"}, "incidents": […], "findings": […]}: a finding has the members of its
// NDJSON line, then title, explanation, reasons, ambiguity, to_do, path.
json::Value scan_json(const ScanView& view);
// OCSF 1.8, one event a line: Detection Finding (2004) of logs, IAM Analysis Finding (2008) of
// inventories.
std::string scan_ocsf(const ScanView& view);
json::Value scan_sarif(const ScanView& view);  // OASIS SARIF 2.1.0
std::string scan_html(const ScanView& view);

}  // namespace mandate::report
