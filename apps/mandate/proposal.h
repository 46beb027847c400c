// `mandate propose`, once everything is read: of the findings that are meant, the one document that
// replaces them, and what it would refuse of what was seen and of what an inventory grants.
#pragma once

#include <vector>

#include "apps/mandate/commands.h"
#include "mandate/observe/inventory/inventory.h"
#include "mandate/observe/summary.h"

namespace mandate::app {

int write_proposal(const ProposeOptions& options, Format format,
                   const std::vector<observe::Finding>& findings, const observe::Summary& summary,
                   const observe::InventoryReport& inventory);

}  // namespace mandate::app
