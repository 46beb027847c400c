// Backups where an operation fails: refused, and nothing that could be taken for a whole one.
#include "mandate/store/backup.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>
#include <utility>

#include "mandate/base/bytes.h"
#include "mandate/crypto/hash.h"
#include "mandate/store/journal.h"
#include "mandate/store/sqlite_record.h"
#include "testing/fixed_clock.h"
#include "testing/matchers.h"
#include "testing/temporary_folder.h"

namespace mandate::store {
namespace {

using test::IsOk;

// The machine's files, of which the nth operation says that it failed, and is not done.
class FailingFiles final : public FileSystem {
 public:
  explicit FailingFiles(int nth) : left_(nth) {}
  bool met() const { return left_ <= 0; }

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    if (auto ok = count(); !ok) return fail(ok.error());
    Result<std::unique_ptr<File>> file = real_->open(path, mode);
    if (!file) return file;
    return std::make_unique<Failing>(*this, *std::move(file));
  }
  Result<std::optional<FileInfo>> info(const std::string& path) override {
    return count().and_then([&] { return real_->info(path); });
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return count().and_then([&] { return real_->rename(from, to); });
  }
  Result<void> remove(const std::string& path) override {
    return count().and_then([&] { return real_->remove(path); });
  }
  Result<void> make_directory(const std::string& path) override {
    return count().and_then([&] { return real_->make_directory(path); });
  }
  Result<std::vector<std::string>> list(const std::string& path) override {
    return count().and_then([&] { return real_->list(path); });
  }
  Result<void> sync_directory(const std::string& path) override {
    return count().and_then([&] { return real_->sync_directory(path); });
  }
  Result<void> sync_all(const std::string& path) override {
    return count().and_then([&] { return real_->sync_all(path); });
  }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path,
                                         std::string_view holder) override {
    return real_->lock(path, holder);
  }

 private:
  class Failing final : public File {
   public:
    Failing(FailingFiles& files, std::unique_ptr<File> real)
        : files_(files), real_(std::move(real)) {}
    Result<std::string> read(std::uint64_t offset, std::size_t size) override {
      return files_.count().and_then([&] { return real_->read(offset, size); });
    }
    Result<void> write(std::uint64_t offset, std::string_view bytes) override {
      return files_.count().and_then([&] { return real_->write(offset, bytes); });
    }
    Result<void> sync() override {
      return files_.count().and_then([&] { return real_->sync(); });
    }
    Result<void> truncate(std::uint64_t size) override { return real_->truncate(size); }
    Result<void> preallocate(std::uint64_t size) override { return real_->preallocate(size); }
    Result<std::uint64_t> size() override { return real_->size(); }

   private:
    FailingFiles& files_;
    std::unique_ptr<File> real_;
  };

  Result<void> count() {
    if (--left_ != 0) return {};
    return fail(Reason::kRecordUnavailable, "the disk says no");
  }

  int left_;
  std::unique_ptr<FileSystem> real_ = posix_file_system();
};

class Backups : public ::testing::Test {
 protected:
  Backups() {
    const auto files = posix_file_system();
    for (const char* folder : {"/log/record", "/keys"}) {
      EXPECT_THAT(make_directories(*files, data_ + folder), IsOk());
    }
    for (const auto& [name, text] :
         {std::pair{"/issuer", "https://mandate.acme.example"},
          std::pair{"/log/record/checkpoint", "mandate.acme.example/log/record\n1\n"},
          std::pair{"/keys/es256.jwk", "{}"}, std::pair{"/keys/receipt.jwk", "{}"}}) {
      EXPECT_THAT(replace_file(*files, data_ + name, text), IsOk());
    }
    auto record = SqliteRecord::open({.path = data_ + "/record.db", .vfs = {}});
    EXPECT_THAT(record, IsOk());
    EXPECT_THAT((*record)->append(0, {"{\"n\":1}", "{\"n\":2}"}), IsOk());
    const test::FixedClock clock{"2026-12-01T10:00:00Z"};
    EXPECT_THAT(SegmentJournal::open({.files = *files,
                                      .clock = clock,
                                      .folder = data_ + "/journal",
                                      .host = "mandate.acme.example",
                                      .run = "run",
                                      .replay = {},
                                      .published = {}}),
                IsOk());
  }

  // Makes it with every operation failing in turn, and once with none; `check` sees the last.
  template <class Make>
  int with_each_failing(const Make& make, const std::string& last_written) {
    for (int nth = 1;; ++nth) {
      SCOPED_TRACE("operation " + std::to_string(nth));
      FailingFiles files(nth);
      const auto made = make(files, out_);
      if (!files.met()) {
        EXPECT_THAT(made, IsOk());
        EXPECT_TRUE(std::filesystem::exists(out_ + last_written));
        return nth;
      }
      EXPECT_FALSE(made.has_value());
      const bool looks_whole = std::filesystem::exists(out_ + last_written);
      std::filesystem::remove_all(out_);
      if (looks_whole) ++told_late_;
    }
  }

  test::TemporaryFolder folder_;
  const std::string data_ = folder_.path() + "/data";
  const std::string out_ = folder_.path() + "/out";
  int told_late_ = 0;  // refused after the last name was there: only its durability is unknown
};

TEST_F(Backups, are_refused_wherever_an_operation_fails_and_never_look_whole) {
  EXPECT_GT(with_each_failing([&](FileSystem& files,
                                  const std::string& out) { return back_up(files, data_, out); },
                              "/SHA256SUMS"),
            20);
  EXPECT_LE(told_late_, 2) << "the folder's sync, and its own folder's";
  const auto files = posix_file_system();
  std::istringstream sums(read_file(*files, out_ + "/SHA256SUMS", 1 << 16).value());
  std::string sum;
  std::vector<std::string> names;
  for (std::string name; sums >> sum >> name; names.push_back(name)) {
    const std::string bytes = read_file(*files, out_ + "/" + name, 1 << 24).value();
    EXPECT_EQ(sum, encode_hex(view(crypto::sha256(bytes)))) << name;
  }
  ASSERT_EQ(names.size(), 3U);
  EXPECT_TRUE(names.front().starts_with("journal/"));
}

TEST_F(Backups, of_keys_are_refused_wherever_an_operation_fails) {
  EXPECT_GT(
      with_each_failing([&](FileSystem& files,
                            const std::string& out) { return back_up_keys(files, data_, out); },
                        "/receipt.jwk"),
      10);
}

TEST_F(Backups, are_not_made_over_another_one_nor_of_another_folder) {
  const auto files = posix_file_system();
  EXPECT_THAT(back_up(*files, data_, out_), IsOk());
  EXPECT_THAT(back_up(*files, data_, out_), test::ErrorIs(Reason::kBadRequest));
  EXPECT_THAT(back_up(*files, out_ + "/journal", out_ + "2"), test::ErrorIs(Reason::kBadRequest));
}

}  // namespace
}  // namespace mandate::store
