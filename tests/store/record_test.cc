// What SQLite's record promises beyond the suite: its files, its tree, and every fault of the disk.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "tests/store/record_worlds.h"

namespace mandate::store {
namespace {

using test::ErrorIs;
using test::Fault;
using test::IsOk;
using test::Power;

using test::FaultyMachine;
using test::SqliteWorld;

std::vector<std::string> batch(record::Revision head, std::size_t count) {
  std::vector<std::string> entries;
  for (std::size_t i = 0; i < count; ++i) {
    entries.push_back("{\"revision\":" + std::to_string(head + i + 1) + "}");
  }
  return entries;
}

ledger::Frontier tree_of(const std::vector<std::string>& entries) {
  ledger::Frontier frontier;
  for (const std::string& entry : entries) frontier.append(ledger::leaf_hash(entry));
  return frontier;
}

TEST(SqliteRecordTest, keeps_the_tree_beside_the_rows) {
  SqliteWorld world;
  ASSERT_THAT(world.record().append(0, batch(0, 300)), IsOk());
  EXPECT_EQ(world.opened->frontier().root(), tree_of(batch(0, 300)).root());
  world.reopen();
  EXPECT_EQ(world.opened->frontier().root(), tree_of(batch(0, 300)).root());
  EXPECT_EQ(world.opened->frontier().size(), 300U);
}

TEST(SqliteRecordTest, refuses_an_entry_that_no_tile_could_hold) {
  SqliteWorld world;
  EXPECT_THAT(world.record().append(0, {std::string((60 << 10) + 1, 'x')}),
              ErrorIs(Reason::kLimitExceeded));
  EXPECT_THAT(world.record().append(0, {std::string(60 << 10, 'x')}), IsOk());
}

TEST(SqliteRecordTest, its_files_are_for_their_owner_alone) {
  SqliteWorld world;
  ASSERT_THAT(world.record().append(0, batch(0, 1)), IsOk());
  const auto files = posix_file_system();
  const std::vector<std::string> names = files->list(world.folder.path()).value();
  EXPECT_EQ(names, (std::vector<std::string>{"record.db", "record.db-shm", "record.db-wal"}));
  for (const std::string& name : names) {
    EXPECT_EQ(files->info(world.folder.path() + "/" + name).value()->mode, 0600U) << name;
  }
}

void run_sql(const std::string& path, const char* sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, sql, nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(database);
}

TEST(SqliteRecordTest, refuses_a_file_that_is_something_else) {
  struct Row {
    const char* sql;
    Reason reason;
  };
  for (const Row& row : {Row{"CREATE TABLE other (x)", Reason::kBadRequest},
                         Row{"PRAGMA user_version = 2", Reason::kBadRequest},
                         Row{"DELETE FROM entry WHERE revision = 3", Reason::kRecordUnavailable}}) {
    test::TemporaryFolder folder;
    const std::string path = folder.path() + "/record.db";
    const bool is_ours = std::string_view(row.sql).find("other") == std::string_view::npos;
    if (is_ours) {
      auto record = SqliteRecord::open({.path = path, .vfs = {}}).value();
      ASSERT_THAT(record->append(0, batch(0, 3)), IsOk());
    }
    run_sql(path, row.sql);
    EXPECT_THAT(SqliteRecord::open({.path = path, .vfs = {}}), ErrorIs(row.reason)) << row.sql;
  }
}

TEST(SqliteRecordTest, a_row_that_is_gone_is_an_error_and_not_a_shorter_answer) {
  test::TemporaryFolder folder;
  const std::string path = folder.path() + "/record.db";
  ASSERT_THAT(SqliteRecord::open({.path = path, .vfs = {}}).value()->append(0, batch(0, 5)),
              IsOk());
  run_sql(path, "DELETE FROM entry WHERE revision = 3");
  auto record = SqliteRecord::open({.path = path, .vfs = {}}).value();
  EXPECT_THAT(record->read(0, 10), ErrorIs(Reason::kRecordUnavailable));
  EXPECT_THAT(record->read(3, 10), IsOk());
}

TEST(SqliteRecordTest, moves_a_long_wal_into_the_database_without_the_writer) {
  SqliteWorld world;
  const std::string big(50 << 10, 'x');
  for (record::Revision head = 0; head < 200; ++head) {
    ASSERT_THAT(world.record().append(head, {big}), IsOk());
  }
  // 200 entries are 2,600 pages: the WAL was emptied on the way, or holds less than all of them.
  world.reopen();
  EXPECT_EQ(world.record().head().value(), 200U);
}

// --- faults ---

struct Outcome {
  std::vector<std::string> answered;  // appended, and said so
  std::vector<std::string> maybe;     // the batch that was refused, if any
};

// Appends batches until one is refused, or all are in.
Outcome append_until_fault(SqliteRecord& record) {
  Outcome outcome;
  for (int i = 0; i < 12; ++i) {
    const record::Revision head = outcome.answered.size();
    const std::vector<std::string> entries = batch(head, 1 + static_cast<std::size_t>(i) % 5);
    const auto done = record.append(head, entries);
    if (!done) {
      EXPECT_THAT(done, ErrorIs(Reason::kRecordUnavailable));
      outcome.maybe = entries;
      break;
    }
    outcome.answered.insert(outcome.answered.end(), entries.begin(), entries.end());
  }
  return outcome;
}

// What stands after the restart is all that was answered, and of what was not: all or nothing.
bool check_survivors(SqliteRecord& record, const Outcome& outcome) {
  const std::vector<std::string> found = record.read(0, 1000).value();
  std::vector<std::string> with = outcome.answered;
  with.insert(with.end(), outcome.maybe.begin(), outcome.maybe.end());
  EXPECT_TRUE(found == outcome.answered || found == with)
      << found.size() << " entries; " << outcome.answered.size() << " were answered";
  EXPECT_EQ(record.frontier().root(), tree_of(found).root());
  EXPECT_THAT(record.append(found.size(), batch(found.size(), 2)), IsOk());
  return found == outcome.answered;
}

void check_fault(std::uint64_t seed, std::uint64_t at, Fault fault, Power power) {
  SCOPED_TRACE("seed " + std::to_string(seed) + " operation " + std::to_string(at));
  FaultyMachine machine(seed);
  ASSERT_THAT(machine.open(), IsOk());
  machine.files().plan(at, fault);
  const Outcome outcome = append_until_fault(machine.record());
  SCOPED_TRACE(machine.files().met());
  if (!outcome.maybe.empty()) {
    EXPECT_THAT(machine.record().append(outcome.answered.size(), {"{}"}),
                ErrorIs(Reason::kRecordUnavailable));
  }
  machine.restart(power);
  ASSERT_THAT(machine.open(), IsOk());
  const bool nothing_more = check_survivors(machine.record(), outcome);
  // The disk failed once and then let us cut the batch off: it must never come back.
  if (fault != Fault::kCrash) {
    EXPECT_TRUE(nothing_more);
  }
}

TEST(SqliteRecordFaults, no_answer_is_lost_and_no_batch_half_done) {
  for (const Fault fault : {Fault::kFailsAndIsLost, Fault::kFailsButIsKept, Fault::kCrash}) {
    for (const Power power : {Power::kKept, Power::kLost}) {
      for (std::uint64_t at = 1; at <= 60; ++at) check_fault(at, at, fault, power);
    }
  }
}

TEST(SqliteRecordFaults, a_start_that_crashes_can_be_begun_again) {
  for (std::uint64_t at = 1; at <= 40; ++at) {
    SCOPED_TRACE(at);
    FaultyMachine machine(at);
    machine.files().plan(at, Fault::kCrash);
    if (machine.open()) (void)machine.record().append(0, {"{}"});
    machine.restart(Power::kLost);
    ASSERT_THAT(machine.open(), IsOk());
    const record::Revision head = machine.record().head().value();
    EXPECT_LE(head, 1U);
    EXPECT_THAT(machine.record().append(head, {"{}"}), IsOk());
  }
}

TEST(SqliteRecordFaults, a_full_disk_closes_it_and_reading_goes_on) {
  FaultyMachine machine(1);
  ASSERT_THAT(machine.open(), IsOk());
  ASSERT_THAT(machine.record().append(0, batch(0, 3)), IsOk());
  machine.files().limit_space(0);
  EXPECT_THAT(machine.record().append(3, {std::string(50'000, 'x')}),
              ErrorIs(Reason::kRecordUnavailable));
  EXPECT_EQ(machine.record().read(0, 10).value(), batch(0, 3));
  EXPECT_EQ(machine.record().head().value(), 3U);
  machine.files().limit_space(1 << 30);
  EXPECT_THAT(machine.record().append(3, {"{}"}), ErrorIs(Reason::kRecordUnavailable));
  machine.restart(Power::kKept);
  ASSERT_THAT(machine.open(), IsOk());
  EXPECT_EQ(machine.record().append(3, {"{}"}).value(), 4U);
}

}  // namespace
}  // namespace mandate::store
