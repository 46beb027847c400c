// Findings of an inventory written in a test, as texts to compare.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mandate/observe/inventory/inventory.h"

namespace mandate::observe {

inline InventoryReport report_of(const std::vector<std::string>& texts) {
  Inventories inventories;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    inventories.add("file" + std::to_string(i), texts[i]);
  }
  return std::move(inventories).finish();
}

// "rule principal", sorted; of one rule, or of all.
inline std::vector<std::string> found(const InventoryReport& report, std::string_view rule = {}) {
  std::vector<std::string> out;
  for (const Finding& finding : report.findings) {
    if (rule.empty()) {
      out.push_back(finding.rule + " " + finding.principal);
    } else if (finding.rule == rule) {
      out.push_back(finding.principal);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

inline const Finding* finding_of(const InventoryReport& report, std::string_view rule) {
  auto found = std::find_if(report.findings.begin(), report.findings.end(),
                            [rule](const Finding& finding) { return finding.rule == rule; });
  return found == report.findings.end() ? nullptr : &*found;
}

}  // namespace mandate::observe
