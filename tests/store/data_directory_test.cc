// What a server keeps beside its logs: its folder, its keys, its snapshot.
#include "mandate/store/data_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <functional>
#include <iterator>

#include "mandate/crypto/hash.h"
#include "mandate/ledger/note.h"
#include "mandate/store/key_files.h"
#include "mandate/store/snapshot_file.h"
#include "mandate/store/verifier_keys.h"
#include "testing/faulty_file_system.h"
#include "testing/matchers.h"
#include "testing/seeded_random.h"
#include "testing/temporary_folder.h"

namespace mandate::store {
namespace {

using test::ErrorIs;
using test::Fault;
using test::FaultyFileSystem;
using test::IsOk;
using test::Power;

struct Machine {
  test::TemporaryFolder folder;
  std::unique_ptr<FileSystem> files = posix_file_system();
  std::string path = folder.path() + "/data";
  unsigned mode(const std::string& name) const { return files->info(path + name).value()->mode; }
};

TEST(DataDirectoryTest, is_for_its_owner_alone) {
  Machine machine;
  const auto data = DataDirectory::open(*machine.files, machine.path + "//", "pid 1");
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(data->path(), machine.path);
  for (const char* name : {"", "/keys", "/journal", "/snapshots", "/log"}) {
    EXPECT_EQ(machine.mode(name), 0700U) << name;
  }
  EXPECT_EQ(machine.mode("/lock"), 0600U);
}

TEST(DataDirectoryTest, has_one_server_at_a_time) {
  Machine machine;
  {
    const auto first = DataDirectory::open(*machine.files, machine.path, "pid 4711");
    ASSERT_THAT(first, IsOk());
    const auto second = DataDirectory::open(*machine.files, machine.path, "pid 4712");
    ASSERT_THAT(second, ErrorIs(Reason::kBadRequest));
    EXPECT_EQ(second.error().place, Place::kConflict);
    EXPECT_NE(second.error().detail.find("another server uses"), std::string::npos);
    EXPECT_NE(second.error().detail.find("pid 4711"), std::string::npos);
  }
  EXPECT_THAT(DataDirectory::open(*machine.files, machine.path, "pid 4713"), IsOk());
}

TEST(DataDirectoryTest, that_others_can_write_is_refused) {
  Machine machine;
  ASSERT_EQ(::mkdir(machine.path.c_str(), 0700), 0);
  for (const auto& [mode, is_well] :
       {std::pair{0755U, true}, {0770U, false}, {0702U, false}, {01777U, false}, {0700U, true}}) {
    ASSERT_EQ(::chmod(machine.path.c_str(), mode), 0);
    const auto data = DataDirectory::open(*machine.files, machine.path, "pid 1");
    if (is_well) {
      EXPECT_THAT(data, IsOk()) << std::oct << mode;
      continue;
    }
    ASSERT_THAT(data, ErrorIs(Reason::kBadRequest)) << std::oct << mode;
    EXPECT_NE(data.error().detail.find("chmod go-w"), std::string::npos);
  }
}

TEST(DataDirectoryTest, knows_a_copy_from_itself) {
  Machine machine;
  const auto data = DataDirectory::open(*machine.files, machine.path, "pid 1");
  ASSERT_THAT(data, IsOk());
  ASSERT_THAT(replace_file(*machine.files, data->record_path(), "record"), IsOk());
  EXPECT_THAT(check_place(*machine.files, *data), ErrorIs(Reason::kBadRequest));  // never marked
  ASSERT_THAT(mark_place(*machine.files, *data), IsOk());
  EXPECT_THAT(check_place(*machine.files, *data), IsOk());
  // The same bytes in another file.
  ASSERT_THAT(replace_file(*machine.files, data->record_path(), "record"), IsOk());
  const auto copied = check_place(*machine.files, *data);
  ASSERT_THAT(copied, ErrorIs(Reason::kBadRequest));
  EXPECT_EQ(copied.error().place, Place::kConflict);
  EXPECT_NE(copied.error().detail.find("mandate restore"), std::string::npos);
}

TEST(DataDirectoryTest, a_place_that_cannot_be_one_is_refused) {
  Machine machine;
  ASSERT_THAT(machine.files->open(machine.path, OpenMode::kNew), IsOk());
  EXPECT_THAT(DataDirectory::open(*machine.files, machine.path, "pid 1"),
              ErrorIs(Reason::kRecordUnavailable));
}

// --- keys ---

constexpr const char* kKeyFiles[] = {"/keys/es256.jwk",      "/keys/rs256.jwk",
                                     "/keys/record-log.jwk", "/keys/journal-log.jwk",
                                     "/keys/receipt.jwk",    "/keys/nonce.key"};

// Made once: RSA takes its time.
class Keys : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    machine_ = new Machine;
    test::SeededRandom random(1);
    made_ = new KeyFiles(load_or_make_keys(*machine_->files, folder(), random).value());
  }
  static void TearDownTestSuite() {
    delete made_;
    delete machine_;
  }
  static std::string folder() { return machine_->path + "/keys"; }
  static Result<KeyFiles> load() {
    test::SeededRandom random(2);
    return load_or_make_keys(*machine_->files, folder(), random);
  }
  static Machine* machine_;
  static KeyFiles* made_;
};
Machine* Keys::machine_ = nullptr;
KeyFiles* Keys::made_ = nullptr;

TEST_F(Keys, are_files_for_their_owner_alone) {
  EXPECT_EQ(machine_->mode("/keys"), 0700U);
  for (const char* name : kKeyFiles) EXPECT_EQ(machine_->mode(name), 0600U) << name;
  EXPECT_EQ(machine_->files->list(folder()).value().size(), std::size(kKeyFiles));
}

TEST_F(Keys, survive_a_restart) {
  const auto again = load();
  ASSERT_THAT(again, IsOk());
  const auto same = [](const crypto::PrivateKey& a, const crypto::PrivateKey& b) {
    return json::canonical(a.to_private_jwk()) == json::canonical(b.to_private_jwk());
  };
  EXPECT_TRUE(same(again->es256, made_->es256));
  EXPECT_TRUE(same(again->rs256, made_->rs256));
  EXPECT_TRUE(same(again->record_log, made_->record_log));
  EXPECT_TRUE(same(again->journal_log, made_->journal_log));
  EXPECT_TRUE(same(again->receipt, made_->receipt));
  EXPECT_EQ(again->nonce_key, made_->nonce_key);
  EXPECT_FALSE(same(made_->record_log, made_->journal_log));
  EXPECT_FALSE(same(made_->record_log, made_->receipt));
  const auto known = load_log_keys(*machine_->files, folder());
  ASSERT_THAT(known, IsOk());
  EXPECT_EQ(known->record_log.ed25519_raw(), made_->record_log.public_key().ed25519_raw());
  EXPECT_EQ(known->receipt.ed25519_raw(), made_->receipt.public_key().ed25519_raw());
}

TEST_F(Keys, are_refused_where_others_could_have_read_them) {
  for (const char* name : kKeyFiles) {
    const std::string path = machine_->path + name;
    for (const ::mode_t mode : {0640U, 0604U, 0660U, 0610U, 0602U}) {
      ASSERT_EQ(::chmod(path.c_str(), mode), 0);
      const auto refused = load();
      ASSERT_THAT(refused, ErrorIs(Reason::kBadRequest)) << path << " " << mode;
      EXPECT_NE(refused.error().detail.find(path), std::string::npos);
      EXPECT_NE(refused.error().detail.find("expected mode 0600"), std::string::npos);
    }
    for (const ::mode_t mode : {0400U, 0600U}) {
      ASSERT_EQ(::chmod(path.c_str(), mode), 0);
      EXPECT_THAT(load(), IsOk()) << path << " " << mode;
    }
  }
}

TEST_F(Keys, that_are_damaged_are_refused_and_not_made_anew) {
  struct Row {
    const char* file;
    std::function<std::string(const std::string&)> change;
  };
  const auto cut = [](const std::string& bytes) { return bytes.substr(0, bytes.size() / 2); };
  const auto none = [](const std::string&) { return std::string(); };
  const auto flip = [](std::string bytes) {
    bytes[bytes.find("\"d\":\"") + 9] ^= 3;
    return bytes;
  };
  const auto other = [](const std::string&) {
    return read_file(*machine_->files, folder() + "/es256.jwk", 1 << 14).value();
  };
  for (const Row& row :
       {Row{"/keys/es256.jwk", cut}, Row{"/keys/es256.jwk", none}, Row{"/keys/es256.jwk", flip},
        Row{"/keys/rs256.jwk", other}, Row{"/keys/receipt.jwk", cut},
        Row{"/keys/receipt.jwk", flip}, Row{"/keys/record-log.jwk", other},
        Row{"/keys/nonce.key", none}, Row{"/keys/nonce.key", cut}}) {
    const std::string path = machine_->path + row.file;
    const std::string whole = read_file(*machine_->files, path, 1 << 14).value();
    const std::string damaged = row.change(whole);
    ASSERT_NE(damaged, whole);
    ASSERT_THAT(replace_file(*machine_->files, path, damaged), IsOk());
    const auto refused = load();
    ASSERT_THAT(refused, ErrorIs(Reason::kBadRequest)) << path;
    EXPECT_NE(refused.error().detail.find(path), std::string::npos) << refused.error().detail;
    EXPECT_EQ(read_file(*machine_->files, path, 1 << 14).value(), damaged);
    ASSERT_THAT(replace_file(*machine_->files, path, whole), IsOk());
    EXPECT_THAT(load(), IsOk());
  }
}

TEST_F(Keys, of_the_logs_are_named_as_their_verifiers_want_them) {
  const std::string log = machine_->path + "/log";
  ASSERT_THAT(make_directories(*machine_->files, log + "/record"), IsOk());
  ASSERT_THAT(make_directories(*machine_->files, log + "/journal/0000000001"), IsOk());
  ASSERT_THAT(make_directories(*machine_->files, log + "/journal/0000000002"), IsOk());
  ASSERT_THAT(
      replace_file(*machine_->files, log + "/record/checkpoint", "m.example/log/record\n0\n"),
      IsOk());
  const auto lines = verifier_keys(*machine_->files, machine_->path);
  ASSERT_THAT(lines, IsOk());
  ASSERT_EQ(lines->size(), 4U);
  const auto line = [](const char* name, const crypto::PrivateKey& key) {
    return ledger::NoteVerifier::make(name, key.public_key()).value().text();
  };
  EXPECT_EQ(lines->at(0), line("m.example/log/record", made_->record_log));
  EXPECT_EQ(lines->at(1), line("m.example/log/journal/0000000001", made_->journal_log));
  EXPECT_EQ(lines->at(2), line("m.example/log/journal/0000000002", made_->journal_log));
  EXPECT_EQ(lines->at(3), line("m.example/receipt", made_->receipt));
}

TEST(KeyFilesFaults, a_key_that_was_given_out_is_there_after_a_crash) {
  // In the first key, after it, in the RSA key (the slow one), in the last, and never.
  for (const std::uint64_t at : {4U, 8U, 11U, 30U, 99U}) {
    SCOPED_TRACE(at);
    FaultyFileSystem files(at);
    ASSERT_THAT(files.make_directory("/data"), IsOk());
    ASSERT_THAT(files.sync_directory("/"), IsOk());
    files.plan(at, Fault::kCrash);
    test::SeededRandom random(at);
    const auto made = load_or_make_keys(files, "/data/keys", random);
    files.crash();
    files.restart(Power::kLost);
    const auto after = load_or_make_keys(files, "/data/keys", random);
    ASSERT_THAT(after, IsOk());
    if (!made) continue;
    EXPECT_EQ(after->es256.public_key().thumbprint(), made->es256.public_key().thumbprint());
    EXPECT_EQ(after->nonce_key, made->nonce_key);
  }
}

// --- the snapshot ---

// What is read to its end; nothing where that shows that it is damaged, or where there is none.
std::optional<std::string> read_snapshot(FileSystem& files, const std::string& path) {
  const Result<std::unique_ptr<SnapshotFile>> file = open_snapshot(files, path);
  EXPECT_THAT(file, IsOk());
  if (!*file) return std::nullopt;
  std::string bytes;
  for (;;) {
    const Result<std::string_view> piece = (*file)->next();
    if (!piece) return std::nullopt;
    if (piece->empty()) break;
    bytes += *piece;
  }
  EXPECT_EQ((*file)->size(), bytes.size());
  EXPECT_EQ((*file)->head(), bytes.substr(0, record::SnapshotSource::kHeadBytes));
  EXPECT_EQ((*file)->digest(), crypto::sha256(bytes));
  return bytes;
}

TEST(SnapshotFile, gives_back_what_was_written_with_its_digest) {
  for (const std::string& bytes : {std::string("state"), std::string(), std::string(1 << 20, 'x'),
                                   std::string((1 << 20) + 1, 'x')}) {
    Machine machine;
    const std::string path = machine.folder.path() + "/state";
    EXPECT_FALSE(read_snapshot(*machine.files, path).has_value());
    const Digest digest = write_snapshot(*machine.files, path, bytes).value();
    EXPECT_EQ(digest, crypto::sha256(bytes));
    EXPECT_EQ(read_snapshot(*machine.files, path), bytes);
  }
}

TEST(SnapshotFile, that_is_damaged_is_passed_over) {
  Machine machine;
  const std::string path = machine.folder.path() + "/state";
  ASSERT_THAT(write_snapshot(*machine.files, path, "some state"), IsOk());
  const std::string whole = read_file(*machine.files, path, 1 << 10).value();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    ASSERT_THAT(replace_file(*machine.files, path, changed), IsOk());
    EXPECT_FALSE(read_snapshot(*machine.files, path).has_value()) << at;
    ASSERT_THAT(replace_file(*machine.files, path, whole.substr(0, at)), IsOk());
    EXPECT_FALSE(read_snapshot(*machine.files, path).has_value()) << at;
  }
  ASSERT_THAT(replace_file(*machine.files, path, whole), IsOk());
  EXPECT_TRUE(read_snapshot(*machine.files, path).has_value());
}

TEST(SnapshotFile, is_the_old_or_the_new_after_every_crash) {
  for (std::uint64_t at = 1; at <= 6; ++at) {
    FaultyFileSystem files(at);
    ASSERT_THAT(write_snapshot(files, "/state", "old"), IsOk());
    files.plan(at, Fault::kCrash);
    const bool was_written = write_snapshot(files, "/state", "new").has_value();
    files.restart(Power::kLost);
    const auto left = read_snapshot(files, "/state");
    ASSERT_TRUE(left.has_value());
    EXPECT_TRUE(left == "new" || (left == "old" && !was_written)) << *left;
  }
}

}  // namespace
}  // namespace mandate::store
