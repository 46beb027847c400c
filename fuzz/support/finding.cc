#include "fuzz/support/finding.h"

#include <cstdio>
#include <cstdlib>

namespace mandate::fuzz {

void found(std::string_view what, std::string_view detail) {
  std::fprintf(stderr, "%.*s%s%.*s\n", static_cast<int>(what.size()), what.data(),
               detail.empty() ? "" : ": ", static_cast<int>(detail.size()), detail.data());
  std::abort();
}

}  // namespace mandate::fuzz
