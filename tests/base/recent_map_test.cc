#include "mandate/base/recent_map.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace mandate {
namespace {

using Map = RecentMap<int, std::string>;

TEST(RecentMap, GivesWhatWasPutAndTheNewerOfTwo) {
  Map map(4);
  EXPECT_FALSE(map.find(1));
  map.put(1, "a");
  EXPECT_EQ(map.find(1), "a");
  map.put(1, "b");
  EXPECT_EQ(map.find(1), "b");
}

TEST(RecentMap, HoldsAtMostTwoGenerationsAndKeepsWhatIsAskedFor) {
  Map map(4);
  map.put(0, "asked for");
  map.put(-1, "forgotten");
  for (int i = 1; i <= 40; ++i) {
    map.put(i, "new");
    EXPECT_EQ(map.find(0), "asked for") << i;
  }
  EXPECT_FALSE(map.find(-1));
  int held = 0;
  for (int i = 1; i <= 40; ++i) held += map.find(i) ? 1 : 0;
  EXPECT_LE(held, 8);
  EXPECT_GE(held, 3);
}

TEST(RecentMap, AnswersManyThreadsAlike) {
  Map map(64);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&map] {
      for (int i = 0; i < 4000; ++i) {
        map.put(i % 200, std::to_string(i % 200));
        EXPECT_EQ(map.find(i % 173).value_or(std::to_string(i % 173)), std::to_string(i % 173));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace mandate
