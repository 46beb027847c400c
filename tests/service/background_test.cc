#include "mandate/service/background.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace mandate::service {
namespace {

TEST(Background, does_each_in_its_order_and_all_before_it_ends) {
  std::vector<int> done;
  std::promise<void> go;
  {
    Background background([&] { done.push_back(0); });
    background.post([&, opened = go.get_future().share()] {
      opened.wait();
      done.push_back(1);
    });
    for (int i = 2; i < 5; ++i) background.post([&, i] { done.push_back(i); });
    go.set_value();
  }
  EXPECT_EQ(done, (std::vector{0, 1, 2, 3, 4}));
}

TEST(Background, keeps_nobody_who_posts) {
  std::promise<void> go;
  bool is_done = false;
  {
    Background background;
    background.post([&] {
      go.get_future().wait();
      is_done = true;
    });
    EXPECT_FALSE(is_done);  // posted, and we are here
    go.set_value();
  }
  EXPECT_TRUE(is_done);
}

}  // namespace
}  // namespace mandate::service
