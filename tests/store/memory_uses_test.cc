// One-use identifiers and use counts: counted in parallel, forgotten in time, and there again after
// a start, because the entry of each use names it.
#include "mandate/store/memory_uses.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "testing/seeded_random.h"
#include "tests/store/journal_world.h"

namespace mandate::store {
namespace {

using record::Consumed;
using test::IsOk;
using test::JournalWorld;
using test::Power;

const Instant kNow = parse_rfc3339("2026-12-01T10:00:00Z").value();
const Instant kUntil = kNow + Seconds(300);

test::SeededRandom random(7);

int is_first(Consumed consumed) { return consumed == Consumed::kFirst ? 1 : 0; }

Digest key_of(int n) { return ledger::leaf_hash(std::to_string(n)); }

std::string entry_of(const Digest& key, Instant until) {
  return R"({"type":"issued","uses":[{"key":")" + encode_base64url(view(key)) + R"(","until":")" +
         format_rfc3339(until) + "\"}]}";
}

TEST(MemoryUses, the_first_uses_up_to_the_limit_are_permitted) {
  for (const int limit : {0, 1, 2, 5}) {
    MemoryUses uses(random);
    for (int use = 1; use <= limit + 2; ++use) {
      EXPECT_EQ(uses.consume(key_of(1), limit, kUntil, kNow),
                use <= limit ? Consumed::kFirst : Consumed::kUsedBefore)
          << "use " << use << " of " << limit;
    }
    EXPECT_EQ(uses.consume(key_of(2), 1, kUntil, kNow), Consumed::kFirst);
  }
}

TEST(MemoryUses, a_use_lasts_until_its_end_and_no_longer) {
  MemoryUses uses(random);
  EXPECT_EQ(uses.consume(key_of(1), 1, kUntil, kNow), Consumed::kFirst);
  EXPECT_EQ(uses.consume(key_of(1), 1, kUntil + Seconds(1), kUntil - Milliseconds(1)),
            Consumed::kUsedBefore);
  EXPECT_EQ(uses.consume(key_of(1), 1, kUntil + Seconds(1), kUntil), Consumed::kFirst);
  // What is over already cannot be used at all.
  EXPECT_EQ(uses.consume(key_of(2), 1, kNow + Milliseconds(1), kNow), Consumed::kFirst);
  EXPECT_EQ(uses.consume(key_of(3), 1, kNow, kNow), Consumed::kCannotRemember);
  EXPECT_EQ(uses.consume(key_of(3), 1, kNow - Seconds(1), kNow), Consumed::kCannotRemember);
}

TEST(MemoryUses, the_latest_end_of_a_count_holds) {
  MemoryUses uses(random);
  EXPECT_EQ(uses.consume(key_of(1), 2, kUntil, kNow), Consumed::kFirst);
  EXPECT_EQ(uses.consume(key_of(1), 2, kUntil + Seconds(60), kNow), Consumed::kFirst);
  EXPECT_EQ(uses.consume(key_of(1), 2, kUntil + Seconds(120), kUntil), Consumed::kUsedBefore);
  EXPECT_EQ(uses.consume(key_of(1), 2, kUntil + Seconds(120), kUntil + Seconds(60)),
            Consumed::kFirst);
}

TEST(MemoryUses, what_cannot_be_remembered_is_refused) {
  MemoryUses uses(random, 64);  // one a shard
  int permitted = 0;
  for (int n = 0; n < 1000; ++n) permitted += is_first(uses.consume(key_of(n), 1, kUntil, kNow));
  EXPECT_EQ(permitted, 64);
  EXPECT_EQ(uses.size(), 64U);
  int used_before = 0;
  for (int n = 0; n < 1000; ++n) {
    const Consumed again = uses.consume(key_of(n), 1, kUntil, kNow);
    EXPECT_NE(again, Consumed::kFirst);
    used_before += again == Consumed::kUsedBefore ? 1 : 0;
  }
  EXPECT_EQ(used_before, 64);
  // Room comes back when their time is over.
  permitted = 0;
  for (int n = 0; n < 1000; ++n) {
    permitted += is_first(uses.consume(key_of(n), 1, kUntil + Seconds(1), kUntil));
  }
  EXPECT_EQ(permitted, 64);
}

// A key is a digest of what its user chose; who shares a shard with whom is the run's secret.
TEST(MemoryUses, nobody_chooses_where_their_uses_stand) {
  std::vector<Digest> alike;
  for (int n = 0; alike.size() < 1000; ++n) {
    alike.push_back(key_of(n));
    alike.back().back() = 0;
    alike.back().front() = 0;
  }
  MemoryUses roomy(random, 64 * 64);
  for (const Digest& key : alike) {
    EXPECT_EQ(roomy.consume(key, 1, kUntil, kNow), Consumed::kFirst);
  }
  const auto taken = [&](std::uint64_t seed) {
    test::SeededRandom seeded(seed);
    MemoryUses uses(seeded, 64);
    std::vector<bool> all;
    for (const Digest& key : alike) {
      all.push_back(uses.consume(key, 1, kUntil, kNow) == Consumed::kFirst);
    }
    return all;
  };
  EXPECT_EQ(taken(1), taken(1));
  EXPECT_NE(taken(1), taken(2));
}

TEST(MemoryUses, of_many_at_once_exactly_the_limit_are_permitted) {
  for (const int limit : {1, 3}) {
    MemoryUses uses(random);
    std::atomic<int> permitted = 0;
    std::vector<std::thread> threads;
    for (int n = 0; n < 20; ++n) {
      threads.emplace_back([&] {
        for (int time = 0; time < 100; ++time) {
          permitted += is_first(uses.consume(key_of(1), limit, kUntil, kNow));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(permitted, limit);
  }
}

TEST(MemoryUses, remembers_what_an_entry_names) {
  struct Row {
    const char* name;
    std::string entry;
    bool is_free;
  };
  const std::string named = entry_of(key_of(1), kUntil);
  for (const Row& row :
       {Row{"named", named, false}, Row{"another key", entry_of(key_of(2), kUntil), true},
        Row{"over", entry_of(key_of(1), kNow), true}, Row{"no uses", R"({"type":"issued"})", true},
        Row{"no JSON", "\"uses\"", true}, Row{"no list", R"({"uses":{}})", true},
        Row{"cut", named.substr(0, 40), true}}) {
    MemoryUses uses(random);
    uses.remember(row.entry, kNow);
    EXPECT_EQ(uses.consume(key_of(1), 1, kUntil, kNow),
              row.is_free ? Consumed::kFirst : Consumed::kUsedBefore)
        << row.name;
  }
}

TEST(MemoryUses, each_use_of_a_count_is_remembered) {
  MemoryUses uses(random);
  for (int use = 0; use < 2; ++use) uses.remember(entry_of(key_of(1), kUntil), kNow);
  EXPECT_EQ(uses.consume(key_of(1), 3, kUntil, kNow), Consumed::kFirst);
  EXPECT_EQ(uses.consume(key_of(1), 3, kUntil, kNow), Consumed::kUsedBefore);
}

TEST(MemoryUses, what_was_answered_is_refused_after_any_crash) {
  for (const Power power : {Power::kKept, Power::kLost}) {
    JournalWorld<test::TwinFiles> world(3);
    ASSERT_THAT(world.open(), IsOk());
    for (int n = 0; n < 5; ++n) {
      ASSERT_THAT(world.append(entry_of(key_of(n), world.clock.now() + Seconds(300))), IsOk());
    }
    // Into the next day's log, so that the time that is remembered spans two.
    world.clock.move_to(parse_rfc3339("2026-12-02T00:00:00Z").value() - Seconds(100));
    const Instant until = world.clock.now() + Seconds(300);
    ASSERT_THAT(world.append(entry_of(key_of(10), until)), IsOk());
    world.clock.advance(Seconds(150));
    ASSERT_THAT(world.append(entry_of(key_of(11), until)), IsOk());
    ASSERT_EQ(world.journal().log_count(), 2U);
    world.crash(power);

    MemoryUses uses(random);
    const Instant now = world.clock.now();
    world.replay = [&](std::string_view entry) { uses.remember(entry, now); };
    ASSERT_THAT(world.open(), IsOk());
    EXPECT_EQ(uses.size(), 2U);  // the first five are long over
    EXPECT_EQ(uses.consume(key_of(10), 1, until, now), Consumed::kUsedBefore);
    EXPECT_EQ(uses.consume(key_of(11), 1, until, now), Consumed::kUsedBefore);
    EXPECT_EQ(uses.consume(key_of(12), 1, until, now), Consumed::kFirst);
  }
}

}  // namespace
}  // namespace mandate::store
