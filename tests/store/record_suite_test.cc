// What every record promises, on each backend.
#include "testing/record_suite.h"

#include "tests/store/record_worlds.h"

namespace mandate::test {
namespace {

using Worlds = ::testing::Types<MemoryWorld, SqliteWorld, FaultyWorld>;
INSTANTIATE_TYPED_TEST_SUITE_P(Each, RecordSuite, Worlds);

}  // namespace
}  // namespace mandate::test
