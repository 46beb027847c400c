#include "tests/laws/for_all.h"

#include <rapidcheck.h>

namespace mandate::test {

bool for_all_seeds(const std::string& law,
                   const std::function<std::string(std::uint64_t seed)>& counterexample) {
  return rc::check(law, [&](std::uint64_t seed) {
    const std::string found = counterexample(seed);
    RC_LOG() << found;
    RC_ASSERT(found.empty());
  });
}

}  // namespace mandate::test
