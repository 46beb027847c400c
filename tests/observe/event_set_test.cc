// Events that do not fit in memory: each counted once all the same.
#include "mandate/observe/event_set.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>
#include <set>

#include "mandate/observe/summary.h"

namespace mandate::observe {
namespace {

// A file in memory, which can be full.
class MemorySpill : public Spill {
 public:
  MemorySpill(std::size_t room, std::size_t& files) : room_(room), files_(&files) { ++files; }
  ~MemorySpill() override { --*files_; }
  Result<void> append(std::string_view bytes) override {
    if (bytes_.size() + bytes.size() > room_) {
      return fail(Reason::kRecordUnavailable, "no space left");
    }
    bytes_ += bytes;
    return {};
  }
  Result<void> read(std::uint64_t offset, std::span<char> into) override {
    EXPECT_LE(offset + into.size(), bytes_.size());
    std::memcpy(into.data(), bytes_.data() + offset, into.size());
    return {};
  }

 private:
  std::string bytes_;
  std::size_t room_;
  std::size_t* files_;
};

struct Disk {
  std::size_t room = SIZE_MAX;
  std::size_t files = 0;
  EventBounds bounds(std::size_t bytes_max) {
    return {bytes_max, [this]() -> Result<std::unique_ptr<Spill>> {
              return std::make_unique<MemorySpill>(room, files);
            }};
  }
};

constexpr std::size_t kLeast = 16 << 10;  // the first table

EventSet::Entry entry(std::uint64_t number) {
  return {number * 0x9e3779b97f4a7c15U | 1, static_cast<std::uint32_t>(number % 5),
          static_cast<std::uint32_t>(number % 3)};
}

TEST(EventSet, beyond_its_bound_counts_each_event_once) {
  for (const std::size_t sets : {1U, 3U}) {
    Disk disk;
    std::mt19937_64 random(7);
    std::set<EventSet::Entry> expected;
    std::vector<EventSet> parts;
    for (std::size_t i = 0; i < sets; ++i) parts.emplace_back(disk.bounds(kLeast));
    constexpr std::uint64_t kInserted = 30'000;
    for (std::uint64_t i = 0; i < kInserted; ++i) {
      const EventSet::Entry one = entry(random() % 9'000);
      expected.insert(one);
      parts[random() % sets].insert(one);
    }
    EXPECT_GT(disk.files, 0U);
    for (std::size_t i = 1; i < sets; ++i) parts[0].merge(std::move(parts[i]));
    ASSERT_TRUE(parts[0].settle());
    EXPECT_EQ(parts[0].size(), expected.size());
    EXPECT_EQ(parts[0].take_repeats().all(), kInserted - expected.size());
    std::vector<EventSet::Entry> found;
    ASSERT_TRUE(parts[0].each([&](const EventSet::Entry& one) { found.push_back(one); }));
    EXPECT_EQ(found, std::vector(expected.begin(), expected.end()));
    // Once more: nothing is counted again, and what comes later is found against what was.
    parts[0].insert(*expected.begin());
    ASSERT_TRUE(parts[0].settle());
    EXPECT_EQ(parts[0].take_repeats().all(), 1U);
    EXPECT_EQ(parts[0].size(), expected.size());
    parts.clear();
    EXPECT_EQ(disk.files, 0U);
  }
}

TEST(EventSet, spills_only_beyond_its_bound) {
  Disk disk;
  EventSet set(disk.bounds(2 * kLeast));
  const std::size_t within = 2 * kLeast / 16 * 3 / 4;
  for (std::size_t i = 0; i < within; ++i) set.insert(entry(i + 1));
  set.settle_memory();
  EXPECT_EQ(disk.files, 0U);
  set.insert(entry(within + 1));
  set.settle_memory();
  EXPECT_EQ(disk.files, 1U);
  EXPECT_EQ(set.size(), within + 1);
}

TEST(EventSet, says_that_the_disk_is_full) {
  Disk disk{.room = 100};
  EventSet set(disk.bounds(kLeast));
  for (std::size_t i = 1; i <= 5'000; ++i) set.insert(entry(i));
  set.settle_memory();
  ASSERT_TRUE(set.error());
  EXPECT_EQ(set.error()->detail, "no space left");
  EXPECT_EQ(set.size(), 5'000U);  // in memory
  const Result<void> settled = set.settle();
  ASSERT_FALSE(settled);
  EXPECT_EQ(settled.error().detail, "no space left");
}

// The same activities with a small bound and without one.
TEST(Summary, is_the_same_whatever_memory_it_may_use) {
  Disk disk;
  Summary small(disk.bounds(kLeast));
  Summary large;
  std::mt19937 random(11);
  for (int i = 0; i < 20'000; ++i) {
    const std::size_t number = random() % 7'000;
    const std::string id = "e" + std::to_string(number);
    const std::string key = "AKIA" + std::to_string(number % 11);
    const std::string source = "192.0.2." + std::to_string(number % 200);
    Activity a;
    a.event_id = id;
    a.service = "s3";
    a.action = "Get";
    a.actor.id = "user";
    a.credential = {.id = key, .kind = CredentialKind::kStaticKey};
    a.context.source = source;
    for (Summary* summary : {&small, &large}) {
      summary->add(a, {.file = "f", .offset = 1, .line = 1, .record = id});
    }
  }
  EXPECT_EQ(disk.files, 1U);
  small.settle_memory();
  large.settle_memory();
  EXPECT_NE(small.describe(), large.describe());  // repeats that nobody has looked for yet
  ASSERT_TRUE(small.settle());
  EXPECT_EQ(small.describe(), large.describe());
  EXPECT_EQ(small.repeats(), large.repeats());
  EXPECT_LE(large.events(), 7'000U);
}

}  // namespace
}  // namespace mandate::observe
