// The journal under load: who waits, and how many share a sync.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "mandate/store/journal.h"
#include "tests/store/journal_world.h"

namespace mandate::store {
namespace {

using test::IsOk;
using test::JournalWorld;
using test::text_of;

TEST(Journal, those_who_keep_coming_share_their_syncs) {
  constexpr std::uint64_t kCallers = 8;
  constexpr std::uint64_t kEach = 250;
  JournalWorld<test::TwinFiles> world;
  ASSERT_THAT(world.open(), IsOk());
  const std::uint64_t before = world.files().operations();
  {
    std::vector<std::jthread> callers;
    for (std::uint64_t caller = 0; caller < kCallers; ++caller) {
      callers.emplace_back([&, caller] {
        for (std::uint64_t n = 0; n < kEach; ++n) {
          EXPECT_THAT(world.append(text_of(caller * kEach + n)), IsOk());
        }
      });
    }
  }
  // A group is a write and a sync.
  EXPECT_LT((world.files().operations() - before) / 2, kCallers * kEach / 3);
  EXPECT_EQ(world.entries().size(), 2 + kCallers * kEach);
}

}  // namespace
}  // namespace mandate::store
