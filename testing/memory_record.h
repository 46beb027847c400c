// Records in memory: a plain one, and a twin that fails when told to.
//
//   MemoryRecord record;   record.append(0, {"{}"});
//   FailingRecord failing;   failing.fail_from(3);   // the third append and all later ones
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "mandate/base/bytes.h"
#include "mandate/record/ports.h"

namespace mandate::test {

class MemoryRecord : public record::Record {
 public:
  MemoryRecord() = default;
  explicit MemoryRecord(std::vector<std::string> entries) : entries_(std::move(entries)) {}

  Result<record::Revision> append(record::Revision expected_head,
                                  const std::vector<std::string>& entries) override {
    std::lock_guard lock(mutex_);
    if (expected_head != entries_.size()) {
      return fail(Reason::kBadRequest, Place::kConflict,
                  "the head is " + std::to_string(entries_.size()) + "; expected " +
                      std::to_string(expected_head));
    }
    entries_.insert(entries_.end(), entries.begin(), entries.end());
    ++appends_;
    changed_.notify_all();
    return entries_.size();
  }
  Result<std::vector<std::string>> read(record::Revision from, std::size_t max) override {
    std::lock_guard lock(mutex_);
    std::vector<std::string> out;
    for (std::size_t i = from; i < entries_.size() && out.size() < max; ++i) {
      out.push_back(entries_[i]);
    }
    return out;
  }
  Result<record::Revision> head() override {
    std::lock_guard lock(mutex_);
    return entries_.size();
  }
  bool wait(record::Revision beyond, Milliseconds at_most) override {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, at_most, [&] { return entries_.size() > beyond; });
  }

  std::size_t appends() const {
    std::lock_guard lock(mutex_);
    return appends_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> entries_;
  std::size_t appends_ = 0;
};

class FailingRecord : public MemoryRecord {
 public:
  // The nth append from now on (1 is the next) and all later ones write nothing.
  void fail_from(std::size_t nth) {
    std::lock_guard lock(mutex_);
    left_ = nth - 1;
    failing_ = true;
  }
  Result<record::Revision> append(record::Revision expected_head,
                                  const std::vector<std::string>& entries) override {
    {
      std::lock_guard lock(mutex_);
      if (failing_ && left_ == 0) {
        return fail(Reason::kRecordUnavailable, "the test's record does not write");
      }
      if (failing_) --left_;
    }
    return MemoryRecord::append(expected_head, entries);
  }

 private:
  std::mutex mutex_;
  bool failing_ = false;
  std::size_t left_ = 0;
};

}  // namespace mandate::test
