// The journal: what it promises on the machine's files and on the twin, then every fault of the
// disk at every step of the log writer.
#include "mandate/store/journal.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>

#include "mandate/base/limits.h"
#include "mandate/store/log_entries.h"
#include "tests/store/journal_world.h"

namespace mandate::store {
namespace {

using test::ErrorIs;
using test::Fault;
using test::IsOk;
using test::Power;

using test::JournalWorld;
using test::text_of;

// --- what it promises, on each file system ---

template <class Files>
class Journals : public ::testing::Test {
 protected:
  JournalWorld<Files> world_;
};
using EachFiles = ::testing::Types<test::MachineFiles, test::TwinFiles>;
TYPED_TEST_SUITE(Journals, EachFiles);

TYPED_TEST(Journals, each_start_says_where_it_stood) {
  auto& world = this->world_;
  ASSERT_THAT(world.open(), IsOk());
  ASSERT_THAT(world.append("{\"n\":1}"), IsOk());
  ASSERT_THAT(world.open(), IsOk());
  EXPECT_EQ(world.entries(),
            (std::vector<std::string>{
                R"({"run":"run-1","time":"2026-12-01T10:00:00Z","type":"opened"})",
                R"({"run":"run-1","size":1,"time":"2026-12-01T10:00:00Z","type":"started"})",
                R"({"n":1})",
                R"({"run":"run-2","size":3,"time":"2026-12-01T10:00:00Z","type":"started"})"}));
}

TYPED_TEST(Journals, an_entry_is_found_by_its_leaf_before_and_after_a_start) {
  auto& world = this->world_;
  ASSERT_THAT(world.open(), IsOk());
  ASSERT_THAT(world.append("{\"n\":1}"), IsOk());
  const Digest leaf = ledger::leaf_hash("{\"n\":1}");
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(world.journal().origin_of(leaf), "m.example/log/journal/0000000001");
    const auto place = world.journal().find(leaf).value();
    ASSERT_TRUE(place.has_value());
    EXPECT_EQ(place->index, 2U);
    EXPECT_EQ(world.journal().origin_of(ledger::leaf_hash("{\"n\":2}")), std::nullopt);
    EXPECT_FALSE(world.journal().find(ledger::leaf_hash("{\"n\":2}")).value().has_value());
    ASSERT_THAT(world.open(), IsOk());
  }
}

TYPED_TEST(Journals, a_log_closes_by_its_day) {
  auto& world = this->world_;
  world.clock.move_to(parse_rfc3339("2026-12-01T23:59:59Z").value());
  ASSERT_THAT(world.open(), IsOk());
  ASSERT_THAT(world.append("{\"n\":1}"), IsOk());
  EXPECT_EQ(world.journal().log_count(), 1U);
  world.clock.advance(Seconds(1));  // midnight
  ASSERT_THAT(world.append("{\"n\":2}"), IsOk());
  EXPECT_EQ(world.journal().log_count(), 2U);
  world.check_chain();
}

TYPED_TEST(Journals, a_log_closes_by_its_size_and_the_next_names_its_root) {
  auto& world = this->world_;
  ASSERT_THAT(world.open(), IsOk());
  const std::string entry = text_of(1);
  const std::uint64_t frame = kFrameHeadBytes + entry.size();
  // Exactly full, then one entry more.
  world.log_bytes_max = world.segment_bytes(1) + 2 * frame;
  // The next start's own entry stands in it as well.
  world.log_bytes_max += kFrameHeadBytes + world.started_bytes();
  ASSERT_THAT(world.open(), IsOk());
  ASSERT_THAT(world.append(entry), IsOk());
  ASSERT_THAT(world.append(entry), IsOk());
  EXPECT_EQ(world.journal().log_count(), 1U);
  EXPECT_FALSE(world.journal().closed_log(1).has_value());
  ASSERT_THAT(world.append(entry), IsOk());
  EXPECT_EQ(world.journal().log_count(), 2U);
  world.check_chain();
  ASSERT_THAT(world.open(), IsOk());
  world.check_chain();
  EXPECT_EQ(world.journal().log_of("m.example/log/journal/0000000002"), 2U);
  for (const char* other : {"m.example/log/journal/0000000003", "m.example/log/journal/2",
                            "n.example/log/journal/0000000002", "0000000002", ""}) {
    EXPECT_EQ(world.journal().log_of(other), std::nullopt) << other;
  }
}

TYPED_TEST(Journals, an_entry_has_a_size_that_a_tile_holds) {  // ATTACKS H6
  auto& world = this->world_;
  ASSERT_THAT(world.open(), IsOk());
  EXPECT_THAT(world.append(""), ErrorIs(Reason::kLimitExceeded));
  EXPECT_THAT(world.append("x"), IsOk());
  EXPECT_THAT(world.append(std::string(limits::kLogEntryBytesMax, 'x')), IsOk());
  EXPECT_THAT(world.append(std::string(limits::kLogEntryBytesMax + 1, 'x')),
              ErrorIs(Reason::kLimitExceeded));
}

TYPED_TEST(Journals, reads_from_an_index_and_at_most_so_many) {
  auto& world = this->world_;
  ASSERT_THAT(world.open(), IsOk());
  world.append_together(2, 700);  // indexes 2 to 701
  SegmentJournal& journal = world.journal();
  for (const std::uint64_t from : {2U, 255U, 256U, 257U, 511U, 512U, 600U}) {
    EXPECT_EQ(journal.read(1, from, 2).value(),
              (std::vector<std::string>{text_of(from), text_of(from + 1)}));
  }
  EXPECT_EQ(journal.read(1, 701, 9).value(), (std::vector<std::string>{text_of(701)}));
  EXPECT_THAT(journal.read(1, 702, 9).value(), ::testing::IsEmpty());
  EXPECT_THAT(journal.read(2, 0, 9), ErrorIs(Reason::kBadRequest));
  EXPECT_THAT(journal.read(0, 0, 9), ErrorIs(Reason::kBadRequest));
}

TYPED_TEST(Journals, a_full_queue_refuses_and_takes_again_what_the_writer_freed) {
  auto& world = this->world_;
  ASSERT_THAT(world.open(), IsOk());
  std::promise<void> freed;
  {
    const auto held = world.hold_writer();
    ASSERT_THAT(world.journal().append("x", [&](Result<void>) { freed.set_value(); }), IsOk());
    for (std::size_t i = 1; i < kJournalQueueEntriesMax; ++i) {
      ASSERT_THAT(world.journal().append("x", {}), IsOk());
    }
    const auto refused = world.journal().append("x", {});
    EXPECT_THAT(refused, ErrorIs(Reason::kLimitExceeded));
    EXPECT_EQ(refused.error().place, Place::kRate);
  }
  freed.get_future().wait();
  EXPECT_THAT(world.append("y"), IsOk());
  EXPECT_EQ(world.journal().frontier(1).value().size(), 2 + 1 + kJournalQueueEntriesMax + 1);
}

TYPED_TEST(Journals, what_was_queued_is_written_before_the_end) {
  auto& world = this->world_;
  ASSERT_THAT(world.open(), IsOk());
  for (std::uint64_t i = 0; i < 100; ++i)
    ASSERT_THAT(world.journal().append(text_of(i), {}), IsOk());
  ASSERT_THAT(world.open(), IsOk());
  EXPECT_EQ(world.entries().size(), 2U + 100U + 1U);
}

TYPED_TEST(Journals, what_somebody_waits_for_takes_along_what_nobody_does) {
  auto& world = this->world_;
  ASSERT_THAT(world.open(), IsOk());
  const std::uint64_t before = world.journal().frontier(1).value().size();
  for (std::uint64_t i = 0; i < 10; ++i)
    ASSERT_THAT(world.journal().append(text_of(i), {}), IsOk());
  ASSERT_THAT(world.append(text_of(10)), IsOk());
  EXPECT_EQ(world.journal().frontier(1).value().size(), before + 11);
}

TYPED_TEST(Journals, what_nobody_waits_for_is_durable_soon) {
  auto& world = this->world_;
  ASSERT_THAT(world.open(), IsOk());
  const std::uint64_t before = world.journal().frontier(1).value().size();
  ASSERT_THAT(world.journal().append(text_of(1), {}), IsOk());
  for (int i = 0; i < 1000 && world.journal().frontier(1).value().size() == before; ++i) {
    (void)std::promise<void>().get_future().wait_for(Milliseconds(5));
  }
  EXPECT_EQ(world.journal().frontier(1).value().size(), before + 1);
}

// As at the end of a server whose disk is slow: what the callbacks use stands until `stop` returns.
TYPED_TEST(Journals, stopping_waits_for_what_a_slow_disk_holds_and_takes_no_more) {
  auto& world = this->world_;
  ASSERT_THAT(world.open(), IsOk());
  std::atomic<bool> answered = false;
  std::future<bool> stopped;
  {
    const auto held = world.hold_writer();
    ASSERT_THAT(world.journal().append(text_of(1), [&](Result<void> ok) { answered = !!ok; }),
                IsOk());
    stopped = std::async(std::launch::async, [&] {
      world.journal().stop();
      return answered.load();
    });
    EXPECT_EQ(stopped.wait_for(Milliseconds(50)), std::future_status::timeout);
  }
  EXPECT_TRUE(stopped.get());
  EXPECT_THAT(world.append(text_of(2)), ErrorIs(Reason::kRecordUnavailable));
  EXPECT_FALSE(world.journal().closed().has_value());
  world.journal().stop();  // nothing more to do
  EXPECT_EQ(world.sent_entries(), (std::vector<std::string>{text_of(1)}));
}

TYPED_TEST(Journals, replays_what_is_remembered) {
  auto& world = this->world_;
  ASSERT_THAT(world.open(), IsOk());
  ASSERT_THAT(world.append("{\"n\":1}"), IsOk());
  world.clock.advance(std::chrono::hours(24));
  ASSERT_THAT(world.append("{\"n\":2}"), IsOk());
  world.clock.advance(std::chrono::hours(1));
  std::vector<std::string> replayed;
  world.replay = [&](std::string_view entry) { replayed.emplace_back(entry); };
  ASSERT_THAT(world.open(), IsOk());
  // The second log began an hour ago: with it the hour that is remembered.
  ASSERT_EQ(replayed.size(), 2U);
  EXPECT_EQ(replayed.back(), "{\"n\":2}");
  // What is older is found all the same, and said to be nowhere only where it is nowhere.
  EXPECT_EQ(world.journal().find(ledger::leaf_hash("{\"n\":1}")).value()->index, 2U);
}

// --- damage ---

struct Damage {
  const char* name;
  const char* segment;
  void (*change)(std::string& bytes);
  const char* says;  // empty: it opens
};

void PrintTo(const Damage& row, std::ostream* out) { *out << row.name; }
class DamagedJournals : public ::testing::TestWithParam<Damage> {};

TEST_P(DamagedJournals, are_refused_unless_only_a_tail_is_torn) {
  JournalWorld<test::TwinFiles> world;
  ASSERT_THAT(world.open(), IsOk());
  ASSERT_THAT(world.append("{\"n\":1}"), IsOk());
  world.clock.advance(std::chrono::hours(24));
  ASSERT_THAT(world.append("{\"n\":2}"), IsOk());
  world.close();
  const std::string path = "/journal/" + std::string(GetParam().segment);
  std::string bytes = read_file(world.files(), path, 1U << 30).value();
  GetParam().change(bytes);
  world.files().overwrite(path, bytes);
  const auto opened = world.open();
  if (*GetParam().says == '\0') {
    ASSERT_THAT(opened, IsOk());
    world.check_chain();
    EXPECT_TRUE(world.journal().find(ledger::leaf_hash("{\"n\":2}")).value().has_value());
    return;
  }
  ASSERT_THAT(opened, ErrorIs(Reason::kRecordUnavailable));
  EXPECT_NE(opened.error().detail.find(GetParam().says), std::string::npos)
      << opened.error().detail;
}

INSTANTIATE_TEST_SUITE_P(
    Each, DamagedJournals,
    ::testing::Values(Damage{"nothing", "0000000001.segment", [](std::string&) {}, ""},
                      Damage{"garbage_after_the_tail", "0000000002.segment",
                             [](std::string& bytes) {
                               bytes.resize(bytes.find_last_not_of('\0') + 1);
                               bytes += "garbage";
                             },
                             ""},
                      Damage{"a_byte_of_a_closed_log", "0000000001.segment",
                             [](std::string& bytes) { bytes[bytes.find("{\"n\":1}") + 5] = '7'; },
                             "log 1 of the journal"},
                      Damage{"the_last_entry_of_a_closed_log", "0000000001.segment",
                             [](std::string& bytes) { bytes.resize(bytes.find("{\"n\":1}") + 3); },
                             "log 1 of the journal"},
                      Damage{"the_first_entry_of_a_closed_log", "0000000001.segment",
                             [](std::string& bytes) { bytes[20] ^= 1; }, "log 1 of the journal"},
                      Damage{"the_head_of_a_closed_log", "0000000001.segment",
                             [](std::string& bytes) { bytes[0] = 'M'; }, "log 1 of the journal"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(DamagedJournal, a_segment_that_is_gone_is_refused) {
  JournalWorld<test::TwinFiles> world;
  ASSERT_THAT(world.open(), IsOk());
  world.clock.advance(std::chrono::hours(24));
  ASSERT_THAT(world.append("{\"n\":2}"), IsOk());
  world.close();
  ASSERT_THAT(world.files().remove("/journal/0000000001.segment"), IsOk());
  const auto opened = world.open();
  ASSERT_THAT(opened, ErrorIs(Reason::kRecordUnavailable));
  EXPECT_NE(opened.error().detail.find("expected segment 1"), std::string::npos);
}

// Bytes in the middle of the newest log: its tail looks torn there, but was published whole.
TEST(DamagedJournal, a_newest_log_shorter_than_published_is_refused_and_left_as_it_is) {
  struct Row {
    const char* name;
    std::uint64_t published;
    const char* at;  // the entry whose first byte changes
    bool opens;
  };
  for (const Row& row :
       {Row{"nothing published", 0, "{\"n\":1}", true}, Row{"before it", 2, "{\"n\":1}", true},
        Row{"itself", 3, "{\"n\":1}", false}, Row{"after it", 4, "{\"n\":1}", false},
        Row{"up to it", 3, "{\"n\":2}", true},
        Row{"the first entry", 1, "{\"run\":\"run-1\",\"time", false}}) {
    SCOPED_TRACE(row.name);
    JournalWorld<test::TwinFiles> world;
    ASSERT_THAT(world.open(), IsOk());
    for (const std::uint64_t n : {1U, 2U}) ASSERT_THAT(world.append(text_of(n)), IsOk());
    world.close();
    const std::string path = "/journal/0000000001.segment";
    std::string bytes = read_file(world.files(), path, 1U << 30).value();
    bytes[bytes.find(row.at)] = '[';
    world.files().overwrite(path, bytes);
    world.published = [&](std::uint32_t log) -> Result<std::uint64_t> {
      EXPECT_EQ(log, 1U);
      return row.published;
    };
    const auto opened = world.open();
    if (row.opens) {
      EXPECT_THAT(opened, IsOk());
      continue;
    }
    ASSERT_THAT(opened, ErrorIs(Reason::kRecordUnavailable));
    EXPECT_NE(opened.error().detail.find(path), std::string::npos) << opened.error().detail;
    EXPECT_EQ(read_file(world.files(), path, 1U << 30).value(), bytes);
  }
}

std::string frame_of(const std::string& entry) {
  std::string bytes;
  append_frame(bytes, entry, ledger::leaf_hash(entry));
  return bytes;
}

// The disk wrote the end of a group and not its beginning.
TEST(DamagedJournal, what_follows_a_torn_frame_never_comes_back) {
  JournalWorld<test::TwinFiles> world;
  ASSERT_THAT(world.open(), IsOk());
  // As long as the entry that the next start writes in its place.
  std::string torn = frame_of(std::string(world.started_bytes(), 'x'));
  torn.back() = 'y';
  const std::uint64_t end = world.segment_bytes(1);
  world.close();
  {
    auto file = world.files().open("/journal/0000000001.segment", OpenMode::kWrite).value();
    ASSERT_TRUE(file->write(end, torn + frame_of("{\"old\":1}")) && file->sync());
  }
  for (int start = 0; start < 2; ++start) {
    ASSERT_THAT(world.open(), IsOk());
    EXPECT_THAT(world.entries(), ::testing::Not(::testing::Contains("{\"old\":1}")));
    EXPECT_EQ(world.entries().size(), 3U + static_cast<std::size_t>(start));
  }
}

// Killed after a sync that failed: what can be read is not on the disk, and no later sync would
// bring it there.
TEST(DamagedJournal, what_a_start_reads_is_on_the_disk_before_it_is_built_on) {
  JournalWorld<test::TwinFiles> world;
  ASSERT_THAT(world.open(), IsOk());
  const std::uint64_t end = world.segment_bytes(1);
  world.close();
  {
    auto file = world.files().open("/journal/0000000001.segment", OpenMode::kWrite).value();
    ASSERT_THAT(file->write(end, frame_of(text_of(1))), IsOk());
    world.files().plan(1, Fault::kFailsAndIsLost);
    ASSERT_THAT(file->sync(), ErrorIs(Reason::kRecordUnavailable));
  }
  world.crash(Power::kKept);
  ASSERT_THAT(world.open(), IsOk());
  ASSERT_THAT(world.append(text_of(2)), IsOk());
  world.crash(Power::kLost);
  ASSERT_THAT(world.open(), IsOk());
  EXPECT_EQ(world.sent_entries(), (std::vector<std::string>{text_of(1), text_of(2)}));
}

// --- every step of the writer x each fault ---

struct Story {
  std::vector<std::string> sent;      // in this order
  std::vector<std::string> answered;  // durable, as their callbacks said
  bool was_refused = false;           // a callback, or an append, said no
};

// Three groups in one log, a fourth in the next day's.
Story run_story(JournalWorld<test::TwinFiles>& world) {
  Story story;
  for (std::uint64_t group = 0; group < 4; ++group) {
    if (group == 3) world.clock.advance(std::chrono::hours(24));
    std::vector<std::string> entries;
    for (std::uint64_t i = 0; i < 1 + group; ++i) entries.push_back(text_of(100 * group + i));
    for (const auto& [entry, durable] : world.append_group(entries)) {
      story.sent.push_back(entry);
      if (durable) story.answered.push_back(entry);
      if (durable) continue;
      EXPECT_THAT(durable, ErrorIs(Reason::kRecordUnavailable));
      story.was_refused = true;
    }
  }
  return story;
}

void check_fault(std::uint64_t at, Fault fault, Power power) {
  SCOPED_TRACE("operation " + std::to_string(at));
  JournalWorld<test::TwinFiles> world(at);
  ASSERT_THAT(world.open(), IsOk());
  world.files().plan(at, fault);
  const Story story = run_story(world);
  SCOPED_TRACE(world.files().met());
  if (story.was_refused) {
    EXPECT_THAT(world.append("{}"), ErrorIs(Reason::kRecordUnavailable));
  }
  world.crash(power);
  ASSERT_THAT(world.open(), IsOk());
  world.check_chain();
  const std::vector<std::string> found = world.sent_entries();
  // Whole entries in their order, all that were answered.
  ASSERT_LE(found.size(), story.sent.size());
  EXPECT_TRUE(std::equal(found.begin(), found.end(), story.sent.begin()));
  ASSERT_GE(found.size(), story.answered.size());
  EXPECT_TRUE(std::equal(story.answered.begin(), story.answered.end(), found.begin()));
  // Where the disk failed once, the group was cut off again: what was refused never comes back.
  if (fault != Fault::kCrash) {
    EXPECT_EQ(found.size(), story.answered.size());
  }
  ASSERT_THAT(world.append("{\"after\":1}"), IsOk());
  world.crash(Power::kLost);
  ASSERT_THAT(world.open(), IsOk());
  EXPECT_EQ(world.sent_entries().size(), found.size() + 1);
}

TEST(JournalFaults, no_answer_is_lost_and_nothing_refused_comes_back) {
  std::uint64_t operations = 0;
  {
    JournalWorld<test::TwinFiles> world(1);
    ASSERT_THAT(world.open(), IsOk());
    const std::uint64_t before = world.files().operations();
    EXPECT_FALSE(run_story(world).was_refused);
    operations = world.files().operations() - before;
  }
  ASSERT_GT(operations, 10U);
  for (const Fault fault : {Fault::kFailsAndIsLost, Fault::kFailsButIsKept, Fault::kCrash}) {
    for (const Power power : {Power::kKept, Power::kLost}) {
      for (std::uint64_t at = 1; at <= operations; ++at) check_fault(at, fault, power);
    }
  }
}

TEST(JournalFaults, a_crash_loses_nothing_answered_from_many_seeds) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    check_fault(1 + seed % 16, Fault::kCrash, seed % 2 == 0 ? Power::kLost : Power::kKept);
  }
}

TEST(JournalFaults, a_start_that_meets_a_fault_can_be_begun_again) {
  for (const Fault fault : {Fault::kFailsAndIsLost, Fault::kFailsButIsKept, Fault::kCrash}) {
    for (const bool is_first : {true, false}) {
      for (std::uint64_t at = 1; at <= 10; ++at) {
        SCOPED_TRACE(at);
        JournalWorld<test::TwinFiles> world(at);
        if (!is_first) {
          ASSERT_THAT(world.open(), IsOk());
          ASSERT_THAT(world.append(text_of(1)), IsOk());
          world.close();
        }
        world.files().plan(at, fault);
        const bool was_opened = world.open().has_value();
        EXPECT_TRUE(was_opened || !world.files().met().empty());
        world.crash(Power::kLost);
        ASSERT_THAT(world.open(), IsOk());
        world.check_chain();
        EXPECT_EQ(world.sent_entries().size(), is_first ? 0U : 1U);
      }
    }
  }
}

TEST(JournalFaults, a_full_disk_closes_it_and_reading_goes_on) {
  JournalWorld<test::TwinFiles> world;
  ASSERT_THAT(world.open(), IsOk());
  ASSERT_THAT(world.append(text_of(1)), IsOk());
  world.files().limit_space(0);
  world.clock.advance(std::chrono::hours(24));  // a new log needs room
  EXPECT_FALSE(world.journal().closed().has_value());
  EXPECT_THAT(world.append(text_of(2)), ErrorIs(Reason::kRecordUnavailable));
  ASSERT_TRUE(world.journal().closed().has_value());
  for (const char* said : {"/journal/0000000002.segment", "No space left"}) {
    EXPECT_NE(world.journal().closed()->detail.find(said), std::string::npos)
        << world.journal().closed()->detail;
  }
  EXPECT_EQ(world.sent_entries(), (std::vector<std::string>{text_of(1)}));
  world.files().limit_space(std::uint64_t{1} << 40);
  EXPECT_THAT(world.append(text_of(3)), ErrorIs(Reason::kRecordUnavailable));
  ASSERT_THAT(world.open(), IsOk());
  EXPECT_THAT(world.append(text_of(4)), IsOk());
}

}  // namespace
}  // namespace mandate::store
