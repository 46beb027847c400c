// An activity whose texts and lists are no longer than what is kept of them: a log can hold a name
// as long as a record. What is cut ends in its hash, so that two long names stay two.
//
//   if (Clipped::is_needed(activity)) return add(Clipped(activity).activity(), place);
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "mandate/observe/activity.h"

namespace mandate::observe {

class Clipped {
 public:
  static constexpr std::size_t kTextBytesMax = 1024;
  static constexpr std::size_t kPartiesMax = 256;  // of one change: the first

  static bool is_needed(const Activity& activity);
  explicit Clipped(const Activity& activity);
  Clipped(const Clipped&) = delete;
  Clipped& operator=(const Clipped&) = delete;

  // Lives as long as this and what was clipped.
  const Activity& activity() const { return activity_; }

 private:
  void clip(std::string_view& text);

  Activity activity_;
  std::vector<Party> parties_;
  std::vector<Fact> facts_;
  std::deque<std::string> kept_;
};

}  // namespace mandate::observe
