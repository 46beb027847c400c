// Tells a server of the identities that a scan met; what is new there becomes a discovered
// principal (decision 24).
//
//   auto discoverer = Discoverer::connect(connection);      // reads the identity, asks nothing yet
//   discoverer->tell(observe::identities_of(...), false);   // true: the server has them all
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "apps/mandate/commands.h"
#include "mandate/authority/ids.h"

namespace mandate::app {

class Discoverer {
 public:
  // Nothing where the connection names no usable identity, which has been said.
  static std::optional<Discoverer> connect(const Connection& connection);

  // Those that this one has not told of yet, in bounded requests, each of which the server takes
  // whole or not at all. Says on stderr what came of it. False: some are not told, and the next
  // call, or the next scan, tells of them.
  bool tell(const std::vector<PrincipalId>& met, bool dry_run);

 private:
  explicit Discoverer(const Connection& connection) : connection_(connection) {}

  Connection connection_;
  std::set<PrincipalId> told_;
};

}  // namespace mandate::app
