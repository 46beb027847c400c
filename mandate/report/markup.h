// Text of logs inside markup, and the drawing of who acts through what.
//
//   html += "<p>" + in_markup(finding.explanation) + "</p>";
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "mandate/report/scan_view.h"

namespace mandate::report {

// For element content and for attributes in double quotes: what the eye cannot see is a '?', and
// < > & " ' are references.
std::string in_markup(std::string_view text);

inline constexpr std::size_t kDrawnPerColumnMax = 14;

// An SVG of the steps, left to right; empty where there are none. Whole names are titles.
std::string drawing_of(std::span<const ThroughStep> steps);

}  // namespace mandate::report
