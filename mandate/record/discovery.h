// Identities that a scan met, put on record as discovered principals where nothing there is them
// already: by id, by the same name behind another kind, or by a claim of an authenticator
// (decision 24).
//
//   Discovery discovery(seen);   discovery.look(view);   // anywhere, which may take a while
//   Plan plan = discovery.plan(view);                    // on the writer's thread
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mandate/record/command.h"

namespace mandate::record {

class Discovery {
 public:
  // In any order; of several that have one name the first counts.
  explicit Discovery(std::vector<PrincipalId> seen);

  const std::vector<PrincipalId>& seen() const { return seen_; }
  // Takes in the authenticators, and the principals whose names are mail addresses, that it has not
  // looked at yet. What they say never changes, so each is looked at once. O(those).
  void look(const View& view);
  // A `discovered` for each that is not on record at the view's revision. Looks first.
  Plan plan(const View& view);

 private:
  std::vector<PrincipalId> seen_;
  std::unordered_map<std::string, std::size_t> by_name_;  // position in `seen_`
  std::vector<bool> is_bound_;                            // by position: an authenticator names it
  std::uint32_t looked_at_ = 0;
  std::uint32_t looked_at_principals_ = 0;
};

}  // namespace mandate::record
