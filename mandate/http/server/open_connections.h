// Counts open connections, in all and by address, with a bound for each address.
//
//   OpenConnections open(1024);   if (open.enter("192.0.2.1")) { ...  open.leave("192.0.2.1"); }
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>

#include "mandate/base/peer.h"

namespace mandate::http {

struct Connection {
  const Peer& peer;
  std::size_t requests_left = 0;
  bool is_silent = false;  // it ended while nothing was asked
};

// Threads may share one.
class OpenConnections {
 public:
  explicit OpenConnections(std::size_t per_address_max) : per_address_max_(per_address_max) {}

  // Counts one more, unless its address has as many as it may.
  bool enter(const std::string& whose) {
    const std::scoped_lock lock(mutex_);
    std::size_t& count = by_address_[whose];
    if (count >= per_address_max_) return false;
    ++count;
    ++count_;
    return true;
  }
  // Precondition: it entered.
  void leave(const std::string& whose) {
    const std::scoped_lock lock(mutex_);
    const auto found = by_address_.find(whose);
    if (--found->second == 0) by_address_.erase(found);
    --count_;
  }
  std::size_t count() const { return count_.load(); }

 private:
  const std::size_t per_address_max_;
  std::atomic<std::size_t> count_{0};
  std::mutex mutex_;
  std::map<std::string, std::size_t> by_address_;
};

}  // namespace mandate::http
