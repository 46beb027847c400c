// What the server publishes of its logs: derived from their truth, made again at a start, and in
// step with it whatever the disk does.
#include "mandate/store/published_logs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "mandate/ledger/tile.h"
#include "tests/store/log_world.h"

namespace mandate::store {
namespace {

using test::Copy;
using test::ErrorIs;
using test::Fault;
using test::IsOk;
using test::kinds_of;
using test::LogWorld;
using test::MemoryFolder;
using test::Power;
using test::text_of;
using ::testing::IsEmpty;

std::vector<std::string> audited(LogWorld& world, std::optional<std::string_view> against = {}) {
  const auto report = audit::verify(MemoryFolder(world.copy()), world.keys(), against);
  EXPECT_THAT(report, IsOk());
  for (const audit::Finding& finding : report->findings) ADD_FAILURE() << finding.message;
  return kinds_of(*report);
}

// 600 entries on record, and a journal of two logs.
void fill(LogWorld& world) {
  world.record_more(600);
  ASSERT_THAT(world.open(), IsOk());
  world.journal.append_together(2, 300);
  world.journal.clock.advance(std::chrono::hours(24));
  ASSERT_THAT(world.journal.append(text_of(302)), IsOk());
  ASSERT_THAT(world.publish(), IsOk());
}

// --- tiles are derived ---

struct Loss {
  const char* name;
  void (*change)(LogWorld& world);
};
void PrintTo(const Loss& row, std::ostream* out) { *out << row.name; }
class LostTiles : public ::testing::TestWithParam<Loss> {};

void remove_all(LogWorld& world, const std::string& beginning) {
  for (const auto& [path, bytes] : world.copy()) {
    if (!path.starts_with(beginning)) continue;
    EXPECT_THAT(world.files().remove("/log/" + path), IsOk());
  }
}

TEST_P(LostTiles, are_made_again_at_the_next_start) {
  LogWorld world;
  fill(world);
  ASSERT_THAT(world.open(), IsOk());  // `started` is in, so that both starts publish the same
  world.close();
  const Copy before = world.copy();
  GetParam().change(world);
  ASSERT_THAT(world.open(), IsOk());
  EXPECT_THAT(audited(world, before.at("record/checkpoint")), IsEmpty());
  EXPECT_THAT(audited(world, before.at("journal/0000000001/checkpoint")), IsEmpty());
  EXPECT_THAT(audited(world, before.at("journal/0000000002/checkpoint")), IsEmpty());
}

constexpr auto kLossName = [](const auto& row) { return std::string(row.param.name); };
INSTANTIATE_TEST_SUITE_P(
    Each, LostTiles,
    ::testing::Values(
        Loss{"nothing", [](LogWorld&) {}},
        Loss{"a_full_bundle", [](LogWorld& w) { remove_all(w, "record/tile/entries/000"); }},
        Loss{"the_last_bundle", [](LogWorld& w) { remove_all(w, "record/tile/entries/002"); }},
        Loss{"a_full_hash_tile", [](LogWorld& w) { remove_all(w, "record/tile/0/001"); }},
        Loss{"the_last_hash_tile", [](LogWorld& w) { remove_all(w, "record/tile/0/002"); }},
        Loss{"a_hash_tile_above", [](LogWorld& w) { remove_all(w, "record/tile/1"); }},
        Loss{"all_tiles", [](LogWorld& w) { remove_all(w, "record/tile"); }},
        Loss{"a_whole_log", [](LogWorld& w) { remove_all(w, "journal/0000000002"); }},
        Loss{"all_logs", [](LogWorld& w) { remove_all(w, ""); }},
        Loss{"an_emptied_tile",
             [](LogWorld& w) { w.files().overwrite("/log/record/tile/0/001", ""); }},
        Loss{"a_changed_tile_of_the_edge",
             [](LogWorld& w) {
               w.files().overwrite("/log/record/tile/1/000.p/2", std::string(64, 'x'));
             }},
        Loss{"a_changed_bundle_of_the_edge",
             [](LogWorld& w) {
               w.files().overwrite("/log/record/tile/entries/002.p/88", "garbage");
             }}),
    kLossName);

// --- a checkpoint is for ever ---

struct Truth {
  const char* name;
  void (*change)(LogWorld& world);
  bool is_refused;
};
void PrintTo(const Truth& row, std::ostream* out) { *out << row.name; }
class ChangedTruth : public ::testing::TestWithParam<Truth> {};

TEST_P(ChangedTruth, is_signed_only_where_it_goes_on) {  // ATTACKS H3
  for (const bool is_at_start : {true, false}) {
    LogWorld world;
    fill(world);
    const std::string before = world.copy().at("record/checkpoint");
    if (is_at_start) world.close();
    GetParam().change(world);
    const Result<void> done = is_at_start ? world.open() : world.publish();
    if (!GetParam().is_refused) {
      EXPECT_THAT(done, IsOk());
      EXPECT_THAT(audited(world, before), IsEmpty());
      continue;
    }
    EXPECT_THAT(done, ErrorIs(Reason::kRecordUnavailable));
    EXPECT_EQ(world.copy().at("record/checkpoint"), before);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Each, ChangedTruth,
    ::testing::Values(Truth{"the_same", [](LogWorld&) {}, false},
                      Truth{"longer", [](LogWorld& w) { w.record_more(1); }, false},
                      Truth{"shorter", [](LogWorld& w) { w.record.pop_back(); }, true},
                      Truth{"another_of_the_same_size",
                            [](LogWorld& w) { w.record.back() = "{\"other\":1}"; }, true},
                      Truth{"another_and_longer",
                            [](LogWorld& w) {
                              w.record.at(300) = "{\"other\":1}";
                              w.record_more(1);
                            },
                            true}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(PublishedLogsTest, a_published_journal_log_without_its_segment_is_refused) {
  LogWorld world;
  fill(world);
  world.close();
  ASSERT_THAT(world.files().remove("/journal/0000000002.segment"), IsOk());
  const auto opened = world.open();
  ASSERT_THAT(opened, ErrorIs(Reason::kRecordUnavailable));
  EXPECT_NE(opened.error().detail.find("cut, or restored"), std::string::npos);
}

TEST(PublishedLogsTest, the_size_that_a_log_was_published_with_is_read_from_its_checkpoint) {
  LogWorld world;
  ASSERT_THAT(world.open(), IsOk());
  ASSERT_THAT(world.journal.append("{}"), IsOk());
  ASSERT_THAT(world.publish(), IsOk());
  const auto size = [&](std::uint32_t log, std::string_view host, char key) {
    return published_size(world.files(), "/log", host, test::key_of(key).public_key(), log);
  };
  EXPECT_EQ(size(1, "m.example", 'j'), 3U);
  EXPECT_EQ(size(2, "m.example", 'j'), 0U);
  // One that is not ours says nothing; nothing published is not what it means either.
  EXPECT_FALSE(size(1, "m.example", 'r').has_value());
  EXPECT_FALSE(size(1, "n.example", 'j').has_value());
}

TEST(PublishedLogsTest, a_checkpoint_covers_durable_entries_only) {
  LogWorld world;
  ASSERT_THAT(world.open(), IsOk());
  // The writer's next group is written and not synced when the machine stands.
  const std::uint64_t before = world.journal.journal().frontier(1).value().size();
  world.files().plan(2, Fault::kCrash);
  EXPECT_THAT(world.journal.append(text_of(1)), ErrorIs(Reason::kRecordUnavailable));
  EXPECT_EQ(world.files().met(), "sync /journal/0000000001.segment");
  EXPECT_EQ(world.journal.journal().frontier(1).value().size(), before);
}

// --- reading ---

TEST(PublishedLogsTest, proves_each_entry_of_each_log) {
  LogWorld world;
  fill(world);
  ASSERT_EQ(world.logs().name_of("m.example/log/journal/0000000001"), "journal/0000000001");
  ASSERT_EQ(world.logs().name_of("m.example/log/record"), "record");
  EXPECT_EQ(world.logs().name_of("m.example/log/journal/0000000009"), std::nullopt);
  const auto verifier =
      ledger::NoteVerifier::parse(LogWorld::vkey("m.example/log/record", 'r')).value();
  for (const std::uint64_t index : {0U, 1U, 255U, 256U, 511U, 512U, 599U}) {
    const auto proof = world.logs().prove("record", index).value();
    const auto checkpoint = ledger::open_checkpoint(proof.checkpoint, verifier).value();
    EXPECT_THAT(ledger::verify_inclusion(index, checkpoint.size, ledger::leaf_hash(text_of(index)),
                                         proof.hashes, checkpoint.root),
                IsOk());
  }
  for (const auto& [log, index] : std::map<std::string, std::uint64_t>{
           {"record", 600}, {"journal/0000000003", 0}, {"journal/1", 0}, {"other", 0}}) {
    const auto refused = world.logs().prove(log, index);
    ASSERT_THAT(refused, ErrorIs(Reason::kBadRequest)) << log;
    EXPECT_EQ(refused.error().place, Place::kPath);
  }
}

struct TileRow {
  const char* path;
  std::size_t bytes;  // 0: there is no such tile
};

TEST(PublishedLogsTest, gives_the_tiles_that_the_checkpoint_covers) {  // ATTACKS H4
  LogWorld world;
  fill(world);
  for (const TileRow& row : {TileRow{"tile/0/000", 8192},
                             {"tile/0/002.p/88", 2816},
                             {"tile/0/002.p/1", 0},  // was never written
                             {"tile/0/001.p/7", 224},
                             {"tile/1/000.p/2", 64},
                             {"tile/0/002", 0},
                             {"tile/0/002.p/89", 0},
                             {"tile/0/003", 0},
                             {"tile/1/000", 0},
                             {"tile/1/001", 0},
                             {"tile/2/000", 0},
                             {"tile/0/0000", 0},
                             {"tile/0/x000/000", 0},
                             {"tile/0/x001/000", 0},
                             {"tile/0/001.p/0", 0},
                             {"tile/0/001.p/256", 0},
                             {"tile/0/001.p/07", 0},
                             {"tile/64/000", 0},
                             {"tile/-1/000", 0},
                             {"tile/0/../../checkpoint", 0},
                             {"tile/entries/../0/000", 0},
                             {"checkpoint", 0},
                             {"", 0}}) {
    const auto tile = world.logs().read_tile("record", row.path);
    if (row.bytes > 0) {
      ASSERT_THAT(tile, IsOk()) << row.path;
      EXPECT_EQ(tile->size(), row.bytes) << row.path;
      continue;
    }
    ASSERT_THAT(tile, ErrorIs(Reason::kBadRequest)) << row.path;
    EXPECT_EQ(tile.error().place, Place::kPath);
  }
  EXPECT_EQ(
      ledger::decode_bundle(world.logs().read_tile("record", "tile/entries/001.p/3").value(), 3)
          .value(),
      (std::vector<std::string>{text_of(256), text_of(257), text_of(258)}));
  EXPECT_THAT(world.logs().read_tile("journal/0000000001", "tile/0/001.p/46"), IsOk());
  EXPECT_THAT(world.logs().read_tile("../record", "tile/0/000"), ErrorIs(Reason::kBadRequest));
}

// --- every step of publishing x each fault ---

// All checkpoints that were ever shown, or lay on the disk; never two roots for one size.
class Shown {
 public:
  void take(LogWorld& world) {
    for (const auto& [path, bytes] : world.copy()) {
      if (path.ends_with("/checkpoint")) add(path, bytes);
    }
    for (const char* log : {"record", "journal/0000000001", "journal/0000000002"}) {
      if (const auto note = world.logs().read_checkpoint(log)) {
        add(std::string(log) + "/checkpoint", *note);
        shown_.insert(*note);
      }
    }
  }
  const std::set<std::string>& notes() const { return shown_; }

 private:
  void add(const std::string& log, const std::string& note) {
    const auto checkpoint =
        ledger::Checkpoint::parse(note.substr(0, note.find("\n\n") + 1)).value();
    const auto [at, is_new] = roots_.emplace(std::pair(log, checkpoint.size), checkpoint.root);
    EXPECT_EQ(at->second, checkpoint.root) << "a second root for size " << checkpoint.size;
  }
  std::map<std::pair<std::string, std::uint64_t>, Digest> roots_;
  std::set<std::string> shown_;
};

// Across a tile's end, then into the next journal log. Whether the fault was met.
bool check_fault(std::uint64_t at, Fault fault, Power power) {
  SCOPED_TRACE("operation " + std::to_string(at));
  LogWorld world(at);
  world.record_more(250);
  EXPECT_THAT(world.open(), IsOk());
  Shown shown;
  shown.take(world);
  world.files().only_paths_with("/log");
  world.files().plan(at, fault);
  world.record_more(9);
  world.journal.append_group({text_of(1), text_of(2)});
  for (int time = 0; time < 2; ++time) {
    // The first call may meet the fault; where the disk works again, the next makes it good.
    const bool is_published = world.publish().has_value();
    if (fault != Fault::kCrash && !is_published) {
      EXPECT_THAT(world.publish(), IsOk());
    }
    if (!world.files().info("/log")) break;  // the machine stands
    shown.take(world);
    world.journal.clock.advance(std::chrono::hours(24));
    EXPECT_THAT(world.journal.append(text_of(3)), IsOk());
  }
  const bool was_met = !world.files().met().empty();
  SCOPED_TRACE(world.files().met());
  world.crash(power);
  EXPECT_THAT(world.open(), IsOk());
  shown.take(world);
  for (const std::string& note : shown.notes()) EXPECT_THAT(audited(world, note), IsEmpty());
  return was_met;
}

TEST(PublishedLogsFaults, what_was_shown_holds_after_every_fault) {
  for (const Fault fault : {Fault::kFailsAndIsLost, Fault::kFailsButIsKept, Fault::kCrash}) {
    for (const Power power : {Power::kKept, Power::kLost}) {
      std::uint64_t at = 1;
      while (check_fault(at, fault, power) && !HasFailure()) ++at;
      EXPECT_GT(at, 30U);
    }
  }
}

}  // namespace
}  // namespace mandate::store
