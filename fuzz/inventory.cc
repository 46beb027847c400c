// Whatever bytes come as an inventory, each kind of it, the report stands: findings have their
// rule's class and an id, evidence stands in the file, edges rest on notes, and a second reading
// says the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "mandate/observe/inventory/inventory.h"
#include "mandate/observe/rules.h"

namespace {

using mandate::observe::Evidence;
using mandate::observe::Finding;
using mandate::observe::Inventories;
using mandate::observe::InventoryReport;

void require(bool holds) {
  if (!holds) std::abort();
}

InventoryReport read(std::string_view text) {
  Inventories inventories;
  inventories.add("file", text);
  return std::move(inventories).finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Inventories::recognises(text);
  if (size > 1 << 14) return 0;
  InventoryReport report = read(text);
  for (const Finding& finding : report.findings) {
    require(mandate::observe::rule(finding.rule).finding_class == finding.finding_class);
    require(!finding.id.empty() && !finding.evidence.empty() && !finding.explanation.empty());
    for (const Evidence& evidence : finding.evidence) require(evidence.offset <= size);
    require(!mandate::observe::to_ndjson(finding).empty());
  }
  for (std::size_t i = 0; i < report.graph.edge_count(); ++i) {
    require(report.graph.edge(static_cast<mandate::graph::Edge>(i)).handle < report.edges.size());
  }
  require(read(text).findings.size() == report.findings.size());
  return 0;
}
