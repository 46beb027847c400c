#include "mandate/service/background.h"

#include <utility>

namespace mandate::service {

Background::Background(std::function<void()> begin)
    : thread_([this, begin = std::move(begin)] {
        if (begin) begin();
        run();
      }) {}

Background::~Background() { stop(); }

void Background::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Background::post_first(Work work) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_front(std::move(work));
  }
  wake_.notify_one();
}

void Background::post(Work work) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
  }
  wake_.notify_one();
}

void Background::run() {
  for (;;) {
    Work work;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

}  // namespace mandate::service
