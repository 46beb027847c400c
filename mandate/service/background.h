// What takes long and may wait: one thread of low priority, so that neither the sequencer
// nor whoever decides is kept from its core by it.
//
//   Background background;   background.post([done] { done(listing()); });
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace mandate::service {

// Threads may share one. The work comes in its order, one after the other, but what is posted
// first; each piece answers somebody who is counted elsewhere, so the queue has no bound of its
// own.
class Background {
 public:
  using Work = std::function<void()>;

  // `begin`, where there is one, is called first, by the thread itself.
  explicit Background(std::function<void()> begin = {});
  ~Background();  // stops
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  void post(Work work);
  void post_first(Work work);  // before all that waits
  // What was posted is done first; what is posted later is not done.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace mandate::service
