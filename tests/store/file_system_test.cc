// The file port's promises, on the machine's files and on the twin; then the twin's own faults.
#include <gtest/gtest.h>

#include <memory>

#include "mandate/store/file_system.h"
#include "testing/faulty_file_system.h"
#include "testing/matchers.h"
#include "testing/temporary_folder.h"

namespace mandate::store {
namespace {

using test::ErrorIs;
using test::Fault;
using test::FaultyFileSystem;
using test::IsOk;
using test::Power;

struct PosixWorld {
  test::TemporaryFolder folder;
  std::unique_ptr<FileSystem> files = posix_file_system();
  std::string path(const std::string& name) const { return folder.path() + "/" + name; }
};
struct FaultyWorld {
  std::unique_ptr<FileSystem> files = std::make_unique<FaultyFileSystem>(1);
  std::string path(const std::string& name) const { return "/" + name; }
};

template <class World>
class FileSystemSuite : public ::testing::Test {
 protected:
  World world_;
  FileSystem& files() { return *world_.files; }
  std::string path(const std::string& name) { return world_.path(name); }
};
using Worlds = ::testing::Types<PosixWorld, FaultyWorld>;
TYPED_TEST_SUITE(FileSystemSuite, Worlds);

TYPED_TEST(FileSystemSuite, reads_what_was_written_where_it_was_written) {
  auto file = this->files().open(this->path("a"), OpenMode::kNew).value();
  ASSERT_THAT(file->write(0, "hello world"), IsOk());
  ASSERT_THAT(file->write(6, "there"), IsOk());
  ASSERT_THAT(file->write(13, "far"), IsOk());
  EXPECT_EQ(file->read(0, 100).value(), std::string("hello there\0\0far", 16));
  EXPECT_EQ(file->read(6, 5).value(), "there");
  EXPECT_EQ(file->read(15, 5).value(), "r");
  EXPECT_EQ(file->read(16, 5).value(), "");
  EXPECT_EQ(file->size().value(), 16U);
}

TYPED_TEST(FileSystemSuite, makes_room_and_cuts) {
  auto file = this->files().open(this->path("a"), OpenMode::kNew).value();
  ASSERT_THAT(file->write(0, "abc"), IsOk());
  ASSERT_THAT(file->preallocate(8), IsOk());
  EXPECT_EQ(file->read(0, 100).value(), std::string("abc\0\0\0\0\0", 8));
  ASSERT_THAT(file->truncate(2), IsOk());
  EXPECT_EQ(file->read(0, 100).value(), "ab");
}

TYPED_TEST(FileSystemSuite, opens_as_the_mode_says) {
  EXPECT_THAT(this->files().open(this->path("a"), OpenMode::kRead),
              ErrorIs(Reason::kRecordUnavailable));
  EXPECT_THAT(this->files().open(this->path("a"), OpenMode::kWrite),
              ErrorIs(Reason::kRecordUnavailable));
  ASSERT_THAT(this->files().open(this->path("a"), OpenMode::kNew).value()->write(0, "x"), IsOk());
  EXPECT_THAT(this->files().open(this->path("a"), OpenMode::kNew),
              ErrorIs(Reason::kRecordUnavailable));
  EXPECT_EQ(this->files().open(this->path("a"), OpenMode::kRead).value()->read(0, 9).value(), "x");
  EXPECT_EQ(this->files().open(this->path("a"), OpenMode::kReplace).value()->size().value(), 0U);
}

TYPED_TEST(FileSystemSuite, an_error_names_the_path_and_the_systems_words) {
  const auto error = this->files().open(this->path("none"), OpenMode::kRead).error();
  EXPECT_EQ(error.detail, "cannot open \"" + this->path("none") + "\": No such file or directory");
}

TYPED_TEST(FileSystemSuite, what_it_makes_is_for_its_owner_alone) {
  ASSERT_THAT(this->files().make_directory(this->path("d")), IsOk());
  ASSERT_THAT(this->files().open(this->path("d/f"), OpenMode::kNew), IsOk());
  EXPECT_EQ(this->files().info(this->path("d")).value()->mode, 0700U);
  EXPECT_EQ(this->files().info(this->path("d/f")).value()->mode, 0600U);
}

TYPED_TEST(FileSystemSuite, keeps_names) {
  ASSERT_THAT(make_directories(this->files(), this->path("d/e/f")), IsOk());
  ASSERT_THAT(make_directories(this->files(), this->path("d/e/f")), IsOk());
  for (const char* name : {"d/b", "d/a"}) {
    ASSERT_THAT(this->files().open(this->path(name), OpenMode::kNew), IsOk());
  }
  EXPECT_EQ(this->files().list(this->path("d")).value(), (std::vector<std::string>{"a", "b", "e"}));
  ASSERT_THAT(this->files().rename(this->path("d/a"), this->path("d/b")), IsOk());
  EXPECT_EQ(this->files().list(this->path("d")).value(), (std::vector<std::string>{"b", "e"}));
  ASSERT_THAT(this->files().remove(this->path("d/b")), IsOk());
  ASSERT_THAT(this->files().remove(this->path("d/b")), IsOk());
  EXPECT_FALSE(this->files().info(this->path("d/b")).value());
  EXPECT_THAT(this->files().remove(this->path("d/e")), ErrorIs(Reason::kRecordUnavailable));
  EXPECT_THAT(this->files().make_directory(this->path("none/d")),
              ErrorIs(Reason::kRecordUnavailable));
}

TYPED_TEST(FileSystemSuite, replaces_a_file_in_one_step) {
  ASSERT_THAT(replace_file(this->files(), this->path("a"), "old"), IsOk());
  ASSERT_THAT(replace_file(this->files(), this->path("a"), "new and longer"), IsOk());
  EXPECT_EQ(read_file(this->files(), this->path("a"), 14).value(), "new and longer");
  EXPECT_THAT(read_file(this->files(), this->path("a"), 13), ErrorIs(Reason::kLimitExceeded));
  EXPECT_EQ(this->files().list(folder_of(this->path("a"))).value(), std::vector<std::string>{"a"});
}

TYPED_TEST(FileSystemSuite, syncs_everything_in_one_go) {
  auto file = this->files().open(this->path("a"), OpenMode::kNew).value();
  ASSERT_THAT(file->write(0, "x"), IsOk());
  EXPECT_THAT(this->files().sync_all(folder_of(this->path("a"))), IsOk());
}

TYPED_TEST(FileSystemSuite, a_lock_is_held_once_and_names_its_holder) {
  auto first = this->files().lock(this->path("lock"), "pid 4711");
  ASSERT_THAT(first, IsOk());
  const auto second = this->files().lock(this->path("lock"), "pid 4712");
  ASSERT_THAT(second, ErrorIs(Reason::kBadRequest));
  EXPECT_EQ(second.error().place, Place::kConflict);
  EXPECT_NE(second.error().detail.find("pid 4711"), std::string::npos);
  first->reset();
  EXPECT_THAT(this->files().lock(this->path("lock"), "pid 4713"), IsOk());
}

// --- the twin's faults ---

class FaultyFiles : public ::testing::Test {
 protected:
  FaultyFileSystem files_{7};

  std::unique_ptr<File> synced_file(const std::string& path, std::string_view bytes) {
    auto file = files_.open(path, OpenMode::kNew).value();
    EXPECT_THAT(file->write(0, bytes), IsOk());
    EXPECT_THAT(file->sync(), IsOk());
    EXPECT_THAT(files_.sync_directory("/"), IsOk());
    return file;
  }
  std::string content(const std::string& path) { return read_file(files_, path, 100).value(); }
};

TEST_F(FaultyFiles, power_takes_what_was_not_synced_and_a_kill_does_not) {
  for (const Power power : {Power::kKept, Power::kLost}) {
    bool was_lost = false;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      FaultyFileSystem files(seed);
      auto file = files.open("/a", OpenMode::kNew).value();
      ASSERT_TRUE(file->write(0, "kept") && file->sync() && files.sync_directory("/"));
      ASSERT_THAT(file->write(4, "more"), IsOk());
      files.crash();
      EXPECT_THAT(file->read(0, 1), ErrorIs(Reason::kRecordUnavailable));
      files.restart(power);
      const std::string left = read_file(files, "/a", 100).value();
      EXPECT_TRUE(left.starts_with("kept"));
      was_lost = was_lost || left != "keptmore";
    }
    EXPECT_EQ(was_lost, power == Power::kLost);
  }
}

TEST_F(FaultyFiles, a_name_that_was_not_synced_can_go) {
  bool was_lost = false;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    FaultyFileSystem files(seed);
    auto file = files.open("/a", OpenMode::kNew).value();
    ASSERT_TRUE(file->write(0, "x") && file->sync());
    files.restart(Power::kLost);
    was_lost = was_lost || !files.info("/a").value();
  }
  EXPECT_TRUE(was_lost);
}

TEST_F(FaultyFiles, a_failed_sync_is_not_made_good_by_a_second_one) {
  auto file = synced_file("/a", "kept");
  ASSERT_THAT(file->write(4, "more"), IsOk());
  files_.plan(1, Fault::kFailsAndIsLost);
  EXPECT_THAT(file->sync(), ErrorIs(Reason::kRecordUnavailable));
  EXPECT_EQ(files_.met(), "sync /a");
  EXPECT_THAT(file->sync(), IsOk());
  EXPECT_EQ(content("/a"), "keptmore");
  files_.restart(Power::kLost);
  EXPECT_EQ(content("/a"), "kept");
}

TEST_F(FaultyFiles, a_sync_can_fail_and_yet_be_durable) {
  auto file = synced_file("/a", "kept");
  ASSERT_THAT(file->write(4, "more"), IsOk());
  files_.plan(1, Fault::kFailsButIsKept);
  EXPECT_THAT(file->sync(), ErrorIs(Reason::kRecordUnavailable));
  files_.restart(Power::kLost);
  EXPECT_EQ(content("/a"), "keptmore");
}

TEST_F(FaultyFiles, a_failed_write_leaves_a_part) {
  auto file = synced_file("/a", "");
  files_.plan(1, Fault::kFailsAndIsLost);
  EXPECT_THAT(file->write(0, "0123456789"), ErrorIs(Reason::kRecordUnavailable));
  EXPECT_TRUE(std::string("0123456789").starts_with(content("/a")));
  EXPECT_LT(content("/a").size(), 10U);
}

TEST_F(FaultyFiles, space_ends) {
  files_.limit_space(10);
  auto file = files_.open("/a", OpenMode::kNew).value();
  EXPECT_THAT(file->write(0, "0123456789"), IsOk());
  const auto refused = file->write(10, "x");
  ASSERT_THAT(refused, ErrorIs(Reason::kRecordUnavailable));
  EXPECT_EQ(refused.error().detail, "cannot write \"/a\": No space left on device");
  EXPECT_THAT(file->write(9, "x"), IsOk());
  EXPECT_THAT(file->preallocate(11), ErrorIs(Reason::kRecordUnavailable));
}

TEST_F(FaultyFiles, replacing_a_file_gives_the_old_or_the_new_at_every_crash) {
  const auto replace = [](FaultyFileSystem& files) { return replace_file(files, "/a", "new"); };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    for (std::uint64_t at = 1; at <= 6; ++at) {
      FaultyFileSystem files(seed);
      ASSERT_THAT(replace_file(files, "/a", "old"), IsOk());
      files.plan(at, Fault::kCrash);
      const bool was_done = replace(files).has_value();
      EXPECT_EQ(was_done, at == 6) << at;  // make, write, sync, rename, sync the folder
      files.restart(Power::kLost);
      const std::string left = read_file(files, "/a", 100).value();
      EXPECT_TRUE(left == "new" || (left == "old" && !was_done)) << left;
    }
  }
}

}  // namespace
}  // namespace mandate::store
